/**
 * What the pipeline writes to the ledger: a `decision` before anything is carried, and its one
 * `outcome`. Public facts are words from the configuration, the terms or this code; whatever a
 * caller or a provider wrote is private: committed to, and kept in the vault.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { NewEntry } from '#ledger/ledger.ts';
import type { Attempt } from '#providers/carry.ts';
import type { Usage } from '#wire/exchange.ts';

/** Values of calls without a purpose are sealed with this key. */
const VAULT_KEY_NO_PURPOSE = 'no-purpose';

export interface DecisionFacts {
  readonly at: number;
  readonly action: string;
  readonly protocol: string;
  readonly isStreamed: boolean;
  readonly effect: 'permit' | 'deny' | 'hold';
  readonly code?: string | undefined;
  readonly rules: readonly string[];
  readonly terms: string;
  readonly purpose?: string | undefined;
  /** `provider/model` of each target that the decision covers. */
  readonly targets: readonly string[];
  /** The class of the tool, and the entry of the call in whose answer it was called. */
  readonly toolClass?: string | undefined;
  readonly parent?: number | undefined;
  readonly caller: JsonObject;
  /** What the terms were asked, enough to ask again: INVARIANT (10). */
  readonly facts: JsonValue;
  readonly content: JsonValue;
}

export function decisionEntry(decision: DecisionFacts): NewEntry {
  const { caller, facts, content, purpose } = decision;
  return {
    kind: 'decision',
    public: {
      at: decision.at,
      action: decision.action,
      protocol: decision.protocol,
      streamed: decision.isStreamed,
      effect: decision.effect,
      ...(decision.code === undefined ? {} : { code: decision.code }),
      rules: decision.rules,
      terms: decision.terms,
      ...(purpose === undefined ? {} : { purpose }),
      targets: decision.targets,
      ...(decision.toolClass === undefined ? {} : { toolClass: decision.toolClass }),
      ...(decision.parent === undefined ? {} : { parent: decision.parent }),
    },
    private: { caller, facts, content },
    vaultKey: vaultKeyOf(purpose),
  };
}

export interface OutcomeFacts {
  readonly at: number;
  readonly result: 'answered' | 'denied' | 'failed' | 'cancelled' | 'delivered' | 'withheld';
  readonly code?: string | undefined;
  readonly attempts?: readonly Attempt[];
  readonly dropped?: ReadonlySet<string>;
  readonly usage?: Usage | undefined;
  readonly finish?: string | undefined;
  readonly purpose?: string | undefined;
  readonly content?: JsonValue | undefined;
}

export function outcomeEntry(decision: number, outcome: OutcomeFacts): NewEntry {
  const { attempts, dropped, usage, content } = outcome;
  return {
    kind: 'outcome',
    closes: decision,
    public: {
      at: outcome.at,
      result: outcome.result,
      ...(outcome.code === undefined ? {} : { code: outcome.code }),
      ...(attempts === undefined ? {} : { attempts: attempts.map((attempt) => ({ ...attempt })) }),
      ...(dropped === undefined || dropped.size === 0 ? {} : { dropped: namesOf(dropped) }),
      ...(usage === undefined
        ? {}
        : { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens }),
      ...(outcome.finish === undefined ? {} : { finish: outcome.finish }),
    },
    ...(content === undefined
      ? {}
      : { private: { content }, vaultKey: vaultKeyOf(outcome.purpose) }),
  };
}

function vaultKeyOf(purpose: string | undefined): string {
  return purpose === undefined ? VAULT_KEY_NO_PURPOSE : `purpose:${purpose}`;
}

/** Names that a provider chose are cut: an entry has room for 64 KiB, and the head for less. */
export function namesOf(dropped: ReadonlySet<string>): string[] {
  return [...dropped].slice(0, 32).map((name) => name.replace(/[^\x21-\x7e]/g, '?').slice(0, 64));
}
