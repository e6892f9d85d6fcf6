/**
 * Capabilities: optional attributes and tags that are known to be there, because a `has` before said
 * so.
 */
import type { Expr } from '../policy.ts';

/** What is known to be there: attributes and tags, as `capability` writes them. */
export type Capabilities = ReadonlySet<string>;

export const NONE: Capabilities = new Set();

export function capability(of: Expr, name: string | Expr): string {
  return JSON.stringify([exprText(of), typeof name === 'string' ? name : [exprText(name)]]);
}

/** Equal expressions, and only those, have equal texts. */
function exprText(expr: Expr): string {
  return JSON.stringify(expr, (_key, value: unknown) => {
    if (typeof value === 'bigint') return { long: value.toString() };
    return value instanceof Map ? { fields: [...value].sort(byName) } : value;
  });
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

export function union(a: Capabilities, b: Capabilities): Capabilities {
  return a.size === 0 ? b : b.size === 0 ? a : a.union(b);
}

export function intersection(a: Capabilities, b: Capabilities): Capabilities {
  return a.intersection(b);
}
