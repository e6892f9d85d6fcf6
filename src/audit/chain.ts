/**
 * What holds only along the log: each decision was made under the terms of the last `terms` entry
 * before it, and by a caller whose key was good. Ranges are looked at apart and joined in order.
 */
import { isObject, type JsonValue } from '#base/json.ts';
import type { Entry } from '#ledger/entry.ts';
import { TILE_WIDTH, tilePath } from '#ledger/tiles.ts';
import type { AuditFault } from './fault.ts';

/** Terms that came into force, or the first of decisions in a row that were made under them. */
export interface TermsStep {
  readonly entry: number;
  readonly hash: string;
  readonly isActivation: boolean;
}

/** The newest call in a range that a key was used for. */
export interface KeyUse {
  readonly key: string;
  readonly entry: number;
  readonly at: number;
}

/** As it travels between threads. */
export interface ChainRange {
  readonly terms: readonly TermsStep[];
  readonly uses: readonly KeyUse[];
  /** Entries that are neither decision nor outcome. */
  readonly state: readonly (readonly [entry: number, kind: string])[];
}

/** Gathers what joining needs of a range's entries, in order. */
export class ChainGatherer {
  readonly #terms: TermsStep[] = [];
  readonly #uses = new Map<string, KeyUse>();
  readonly #state: [number, string][] = [];

  add({ index, kind, public: facts }: Entry): void {
    if (kind === 'outcome') return;
    if (kind !== 'decision') this.#state.push([index, kind]);
    const isActivation = kind === 'terms';
    const hash = isActivation ? facts['hash'] : kind === 'decision' ? facts['terms'] : undefined;
    if (hash === undefined) return;
    const step = { entry: index, hash: typeof hash === 'string' ? hash : '', isActivation };
    if (isActivation || this.#terms.at(-1)?.hash !== step.hash) this.#terms.push(step);
  }

  /** @param caller the private value of a decision */
  addCaller({ index, at, public: facts }: Entry, caller: JsonValue | undefined): void {
    // A tool call belongs to a call, and may come long after it.
    if (facts['parent'] !== undefined || !isObject(caller)) return;
    const key = caller['keyId'];
    if (typeof key === 'string') this.#uses.set(key, { key, entry: index, at });
  }

  range(): ChainRange {
    return { terms: this.#terms, uses: [...this.#uses.values()], state: this.#state };
  }
}

/** A call may be this much longer under way than its key was good: its body is read first. */
const USE_GRACE_MS = 10 * 60_000;

const OTHER_TERMS =
  'It was decided by terms that were not in force then, or the entry that brought them into force is not in this log.';
const REVOKED_KEY = 'A call was let through with a key that was no longer good.';

export class Chain {
  /** Entries that are neither decision nor outcome. */
  readonly state: (readonly [entry: number, kind: string])[] = [];
  /** Every pack that decisions were made under or that came into force, and the entry that says so. */
  readonly packs = new Map<string, number>();
  readonly #uses = new Map<string, KeyUse>();
  #inForce: string | undefined;
  #wrong: string | undefined;

  /** Takes the range that follows what was taken so far. */
  join({ terms, uses, state }: ChainRange, onFault: (fault: AuditFault) => void): void {
    for (const each of state) this.state.push(each);
    for (const use of uses) this.#uses.set(use.key, use);
    for (const { entry, hash, isActivation } of terms) {
      if (!this.packs.has(hash)) this.packs.set(hash, entry);
      if (isActivation) this.#inForce = hash;
      const isWrong = hash !== this.#inForce;
      // Of decisions in a row under the same wrong terms the first is named.
      const isNew = isWrong && hash !== this.#wrong;
      this.#wrong = isWrong ? hash : undefined;
      if (isNew) {
        const inForce = this.#inForce === undefined ? 'none' : `\`${this.#inForce}\``;
        onFault({
          file: bundleOf(entry),
          entry,
          problem: `Entry ${entry} was decided by the terms \`${hash}\`; in force was ${inForce}.`,
          consequence: OTHER_TERMS,
        });
      }
    }
  }

  /** @param endOf until when a key was good, milliseconds since 1970; `undefined` where it still is */
  checkUses(
    endOf: (key: string) => number | undefined,
    onFault: (fault: AuditFault) => void,
  ): void {
    for (const { key, entry, at } of this.#uses.values()) {
      const end = endOf(key);
      if (end === undefined || at <= end + USE_GRACE_MS) continue;
      onFault({
        file: bundleOf(entry),
        entry,
        problem: `Entry ${entry} is a call with the key \`prv_${key}\`, which was good until ${new Date(end).toISOString()}.`,
        consequence: REVOKED_KEY,
      });
    }
  }
}

export function bundleOf(entry: number): string {
  return tilePath('entries', Math.floor(entry / TILE_WIDTH));
}
