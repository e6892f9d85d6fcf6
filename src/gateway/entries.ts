/**
 * What the pipeline writes to the ledger: a `decision` before anything is carried, and its one
 * `outcome`. Public facts are words of the configuration, the terms or this code, and numbers;
 * whatever a caller or a provider wrote is private: committed to, and kept in the vault.
 *
 * Public facts stand in sorted order, which spares the ledger the sorting.
 */
import type { JsonObject, JsonWritable } from '#base/json.ts';
import type { NewEntry } from '#ledger/entry.ts';
import type { Attempt } from '#providers/carry.ts';
import type { Usage } from '#wire/exchange.ts';

export interface DecisionFacts {
  readonly action: string;
  readonly code: string | undefined;
  readonly effect: 'permit' | 'deny' | 'hold';
  /** The call in whose answer a tool call stands; of what is decided again, the hold. */
  readonly parent: number | undefined;
  readonly protocol: string;
  readonly purpose: string | undefined;
  readonly rules: readonly string[];
  readonly isStreamed: boolean;
  /** `provider/model` of each target that the decision covers. */
  readonly targets: readonly string[];
  /** Hash of the terms pack. */
  readonly terms: string;
  readonly toolClass: string | undefined;
  readonly caller: JsonWritable;
  /** What the terms were asked, enough to ask again: INVARIANT (10). */
  readonly facts: JsonWritable;
  readonly content: JsonWritable;
  /** For whom the private values are encrypted. */
  readonly vaultKey: string;
}

export function decisionEntry(decision: DecisionFacts): NewEntry {
  const { caller, facts, content, purpose, vaultKey } = decision;
  return {
    kind: 'decision',
    public: {
      action: decision.action,
      ...(decision.code === undefined ? undefined : { code: decision.code }),
      effect: decision.effect,
      ...(decision.parent === undefined ? undefined : { parent: decision.parent }),
      protocol: decision.protocol,
      ...(purpose === undefined ? undefined : { purpose }),
      rules: decision.rules,
      streamed: decision.isStreamed,
      targets: decision.targets,
      terms: decision.terms,
      ...(decision.toolClass === undefined ? undefined : { toolClass: decision.toolClass }),
    },
    private: { caller, content, facts },
    vaultKey,
  };
}

export type OutcomeResult =
  | 'answered'
  | 'denied'
  | 'failed'
  | 'cancelled'
  /** People are asked: it goes on with the hold. */
  | 'held'
  /** Of a tool call that people approved. */
  | 'released'
  /** Of a tool call. */
  | 'delivered'
  | 'withheld';

export interface OutcomeFacts {
  readonly result: OutcomeResult;
  readonly attempts?: readonly Attempt[] | undefined;
  readonly code?: string | undefined;
  readonly dropped?: ReadonlySet<string> | undefined;
  readonly finish?: string | undefined;
  /** Of `held`: the hold's id. */
  readonly hold?: string | undefined;
  readonly usage?: Usage | undefined;
  readonly content?: JsonWritable | undefined;
  /** For whom `content` is encrypted. */
  readonly vaultKey?: string | undefined;
}

export function outcomeEntry(decision: number, outcome: OutcomeFacts): NewEntry {
  const { attempts, dropped, usage, content } = outcome;
  return {
    kind: 'outcome',
    closes: decision,
    public: {
      ...(attempts === undefined
        ? undefined
        : { attempts: attempts as readonly object[] as readonly JsonObject[] }),
      ...(outcome.code === undefined ? undefined : { code: outcome.code }),
      ...(dropped === undefined || dropped.size === 0 ? undefined : { dropped: namesOf(dropped) }),
      ...(outcome.finish === undefined ? undefined : { finish: outcome.finish }),
      ...(outcome.hold === undefined ? undefined : { hold: outcome.hold }),
      ...(usage === undefined ? undefined : { inputTokens: usage.inputTokens }),
      outcome: outcome.result,
      ...(usage === undefined ? undefined : { outputTokens: usage.outputTokens }),
    },
    ...(content === undefined ? undefined : { private: { content }, vaultKey: outcome.vaultKey }),
  };
}

/** Names that a provider may have chosen, cut to what an entry and a header have room for. */
export function namesOf(dropped: ReadonlySet<string>): string[] {
  return [...dropped].slice(0, 32).map((name) => name.replace(/[^\x21-\x7e]/g, '?').slice(0, 64));
}
