/**
 * Arrays to Bool as a model prints them: `(store … item true)` over `((as const …) false)`, and now
 * and then a `lambda`.
 */
import { printed, type SExpr } from './sexpr.ts';

export interface ArrayValue {
  /** The items that it is printed with. */
  readonly items: readonly SExpr[];
  /** Whether it holds others too. */
  readonly holdsOthers: boolean;
  readonly holds: (item: SExpr) => boolean;
}

/** Undefined for what is printed in any other way. */
export function arrayOf(value: SExpr): ArrayValue | undefined {
  const items = new Map<string, { readonly item: SExpr; readonly isIn: boolean }>();
  let at = value;
  while (typeof at === 'object' && at[0] === 'store') {
    const [, inner = '', item = '', isIn = ''] = at;
    // The outermost store is the last word on an item.
    if (!items.has(printed(item))) items.set(printed(item), { item, isIn: isIn === 'true' });
    at = inner;
  }
  const base = baseOf(at);
  return (
    base && {
      items: [...items.values()].map(({ item }) => item),
      holdsOthers: base === 'all',
      holds: (item) => {
        const known = items.get(printed(item));
        if (known) return known.isIn;
        return typeof base === 'function' ? base(item) : base === 'all';
      },
    }
  );
}

function baseOf(value: SExpr): 'all' | 'none' | ((item: SExpr) => boolean) | undefined {
  if (typeof value !== 'object') return undefined;
  const [head, second, body] = value;
  if (typeof head === 'object' && head[0] === 'as') return second === 'true' ? 'all' : 'none';
  const [parameter] = head === 'lambda' && typeof second === 'object' ? second : [];
  const name = parameter?.[0];
  if (typeof name !== 'string' || body === undefined) return undefined;
  return (item) => evaluated(body, name, item) === 'true';
}

/** The value of a body with the parameter put in place; what it does not know it leaves as it is. */
function evaluated(body: SExpr, name: string, item: SExpr): SExpr {
  if (typeof body === 'string') return body === name ? item : body;
  const [head, ...args] = body;
  const values = args.map((arg) => evaluated(arg, name, item));
  const [a = '', b = '', c = ''] = values;
  const bool = (is: boolean): SExpr => (is ? 'true' : 'false');
  switch (head) {
    case '=':
      return bool(printed(a) === printed(b));
    case 'not':
      return bool(a !== 'true');
    case 'and':
      return bool(values.every((value) => value === 'true'));
    case 'or':
      return bool(values.includes('true'));
    case 'ite':
      return a === 'true' ? b : c;
    default:
      return body;
  }
}
