/**
 * The stage: a call with its facts → a call with its decision, and the only maker of `Decided`.
 *
 *   errors, or a fact missing            → deny      INVARIANT (5)
 *   a forbid applies, each with @hold    → hold
 *   a forbid applies                     → deny
 *   a permit applies                     → permit
 *   nothing applies                      → deny
 *
 * What an approval lifts, its rule says itself (`unless { context.approvals.contains("…") }`): with
 * the approval among the facts the same question is asked again, and must then be a permit.
 */
import type { ErrorCode } from '#base/errors.ts';
import type { JsonValue } from '#base/json.ts';
import type { Authorization } from './authorize.ts';
import { beyondTerms } from './bounds.ts';
import { type Facts, parseFacts } from './facts.ts';
import type { Policy } from './policy.ts';
import { requestOf } from './request.ts';
import type { DecidedRule, Terms } from './terms.ts';

export interface Decision {
  readonly effect: 'permit' | 'deny' | 'hold';
  /** Set unless the effect is a permit. */
  readonly code?: ErrorCode | undefined;
  /** In plain words, where no rule determined the decision. */
  readonly reason?: string | undefined;
  /** The rules that determined it, in the order of the pack. */
  readonly rules: readonly DecidedRule[];
  /** Rules that could not be evaluated. */
  readonly errors: readonly RuleError[];
}

interface RuleError {
  readonly rule: string;
  readonly message: string;
}

declare const decided: unique symbol;

export type Decided<P> = P & { readonly decision: Decision; readonly [decided]: true };

/** Never throws. */
export function decide<P extends Facts>(call: P, terms: Terms): Decided<P> {
  return { ...call, decision: decisionOf(call, terms) } as Decided<P>;
}

/**
 * Decides again from the facts that the ledger keeps. INVARIANT (10)
 * @throws ProvisoError `invalid_request` when they are not facts
 */
export function decideFacts(facts: JsonValue, terms: Terms): Decision {
  const parsed = parseFacts(facts);
  return beyondTerms(parsed) ?? decisionOf(parsed, terms);
}

function decisionOf(call: Facts, terms: Terms): Decision {
  const { from, until } = terms.effective;
  if (call.instant < from || call.instant >= until) {
    return deny('terms_not_in_force', `The terms ${periodWords(terms)}: nothing is permitted.`);
  }
  const { missing } = call.signals;
  if (missing.length > 0) {
    return deny('fact_missing', `Could not be established: ${missing.join(', ')}.`);
  }
  const authorization = terms.authorize(requestOf(call, terms.toolClasses));
  if (authorization.errors.length > 0) return failed(authorization);
  if (authorization.decision === 'allow') {
    return { effect: 'permit', rules: decidedRules(authorization, terms), errors: [] };
  }
  if (authorization.reasons.length === 0) {
    return deny('terms_denied', 'No rule of the terms permits it.');
  }
  return forbidden(authorization.reasons, decidedRules(authorization, terms), call);
}

/** When terms begin or end to permit anything, as the end of a sentence that begins with them. */
export function periodWords({ effective: { from, until } }: Pick<Terms, 'effective'>): string {
  const instant = (ms: number): string => new Date(ms).toISOString();
  const begins = from === -Infinity ? '' : `come into force at ${instant(from)}`;
  const ends = until === Infinity ? '' : `end at ${instant(until)}`;
  return [begins, ends].filter((words) => words !== '').join(' and ');
}

/** INVARIANT (5): Cedar would skip the rules that err, and might permit. */
function failed({ errors }: Authorization): Decision {
  const rules = errors.map(({ policy }) => `\`${policy.id}\``).join(', ');
  return {
    ...deny('terms_error', `Could not be evaluated: ${rules}.`),
    errors: errors.map(({ policy, message }) => ({ rule: policy.id, message })),
  };
}

function forbidden(
  policies: readonly Policy[],
  rules: readonly DecidedRule[],
  call: Facts,
): Decision {
  if (rules.every(({ hold }) => hold !== undefined)) {
    return { effect: 'hold', code: 'approval_required', rules, errors: [] };
  }
  const asksPurpose =
    call.purpose === undefined &&
    policies.every(({ annotations }) => annotations.get('asks') === 'purpose');
  const code = asksPurpose ? 'purpose_required' : 'terms_denied';
  return { effect: 'deny', code, rules, errors: [] };
}

function deny(code: ErrorCode, reason: string): Decision {
  return { effect: 'deny', code, reason, rules: [], errors: [] };
}

function decidedRules({ reasons }: Authorization, { rules }: Terms): readonly DecidedRule[] {
  return reasons.map(({ id }) => rules.get(id) ?? { id });
}
