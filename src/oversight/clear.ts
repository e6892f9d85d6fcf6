/**
 * The stage between a decision and anything that follows from it: a permit is cleared, everything
 * else is answered with what the caller needs to know. A hold clears nothing: what people approved
 * has been decided again, and is a permit by then. INVARIANT (6)
 */
import { type ErrorCode, ProvisoError } from '#base/errors.ts';

declare const cleared: unique symbol;

/** What this stage reads of a decision. */
export interface Judgement {
  readonly effect: 'permit' | 'deny' | 'hold';
  readonly code?: ErrorCode | undefined;
  /** Why no rule determined it, where none did. */
  readonly reason?: string | undefined;
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly id: string;
  readonly clause?: string | undefined;
  /** The clause's own wording. */
  readonly words?: string | undefined;
}

export type Cleared<P> = P & {
  readonly decision: { readonly effect: 'permit' };
  readonly [cleared]: true;
};

/**
 * @param askWhom whom a denied caller is told to ask
 * @throws ProvisoError with the decision's code, the rule, the clause's words and the entry
 */
export function clear<P extends { readonly decision: Judgement; readonly entry: number }>(
  recorded: P,
  askWhom: string,
): Cleared<P> {
  if (recorded.decision.effect === 'permit') return recorded as Cleared<P>;
  throw new ProvisoError(
    denialCode(recorded.decision),
    denialWords(recorded.decision, recorded.entry, askWhom),
    {
      facts: {
        entry: recorded.entry,
        rules: recorded.decision.rules.map(({ id }) => id),
        clauses: recorded.decision.rules.flatMap(({ clause }) => clause ?? []),
        ask: askWhom,
      },
    },
  );
}

export function denialCode({ effect, code }: Judgement): ErrorCode {
  return effect === 'hold' ? 'approval_required' : (code ?? 'terms_denied');
}

/** One paragraph for a person: the rules, their clauses' words, the entry, whom to ask. */
export function denialWords(decision: Judgement, entry: number, askWhom: string): string {
  const why = decision.rules.length > 0 ? groundsOf(decision.rules) : decision.reason;
  const what =
    decision.effect === 'hold' ? 'This needs a human approval' : 'The terms do not permit this';
  return `${what} (${why ?? 'no rule permits it'}). Ledger entry ${entry}. Ask ${askWhom}.`;
}

/** Each clause's words once, with the rules that carry it out. */
function groundsOf(rules: readonly Rule[]): string {
  const byClause = Map.groupBy(rules, ({ clause }) => clause);
  return [...byClause]
    .map(([clause, [first, ...more]]) => {
      const ids = [first, ...more].map((rule) => `\`${rule?.id}\``).join(', ');
      const named = `${more.length > 0 ? 'rules' : 'rule'} ${ids}`;
      return clause === undefined ? named : `${named}, clause ${clause}: “${first?.words ?? ''}”`;
    })
    .join('; ');
}
