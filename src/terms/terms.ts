/** Terms in force: a pack made ready to decide. */
import { type Authorize, compilePolicies } from './authorize.ts';
import type { Pack } from './pack.ts';
import type { PackRule } from './rules.ts';
import { compileToolClasses, type ToolClasses } from './tools.ts';

export interface Terms {
  readonly pack: Pack;
  readonly authorize: Authorize;
  readonly toolClasses: ToolClasses;
  /** Milliseconds since 1970: from the first on and before the second, something can be permitted. */
  readonly effective: { readonly from: number; readonly until: number };
  /** By id: what a denied caller is told of a rule. */
  readonly rules: ReadonlyMap<string, DecidedRule>;
}

export interface DecidedRule {
  readonly id: string;
  readonly clause?: string | undefined;
  readonly title?: string | undefined;
  /** The clause's own wording. */
  readonly words?: string | undefined;
  /** The approval that would lift it. */
  readonly hold?: string | undefined;
}

/**
 * Red lines are decided with the rules: they only forbid, so a proof that the rules never reach
 * them takes nothing away, and without a proof they still hold. Assurances are not: a permit that
 * only a floor gives would hide that the rules do not give it.
 */
export function compileTerms(pack: Pack): Terms {
  const inForce = [...pack.rules, ...pack.redLines];
  return {
    pack,
    authorize: compilePolicies(inForce.map(({ policy }) => policy)),
    toolClasses: compileToolClasses(pack.toolClasses),
    effective: effectiveOf(pack),
    rules: new Map(inForce.map((rule) => [rule.policy.id, decidedRule(rule, pack)])),
  };
}

/** Milliseconds since 1970; without dates, always. */
export function effectiveOf({ manifest: { effective } }: Pack): Terms['effective'] {
  const { from, until } = effective ?? {};
  return {
    from: from === undefined ? -Infinity : Date.parse(from),
    until: until === undefined ? Infinity : Date.parse(until),
  };
}

function decidedRule({ policy, clause, hold }: PackRule, pack: Pack): DecidedRule {
  const { title, words } = pack.clauses.get(clause) ?? {};
  return { id: policy.id, clause, title, words, hold };
}
