/**
 * What entries must be to each other: INVARIANT (4), one outcome for each decision, and time. A
 * log's ranges can be looked at apart, on several cores, and then be joined in their order.
 */
import type { Entry } from './entry.ts';

/** What is wrong with an entry. */
export interface Mispairing {
  readonly entry: number;
  readonly problem: string;
}

export interface Unread {
  readonly from: number;
  readonly to: number;
}

/** A range's part of the pairing, as it travels between threads. */
export interface PairedRange {
  readonly decisions: number;
  readonly outcomes: number;
  /** Its decisions that no outcome in it closes. */
  readonly open: readonly number[];
  /** Its outcomes of decisions before it: their numbers, and what they close. */
  readonly earlier: readonly (readonly [entry: number, closes: number])[];
  /** Entries that could not be looked at, the last one not included: an outcome may be of one. */
  readonly unread: readonly Unread[];
  /** Its first entry and the times of that and of the newest, where it has any. */
  readonly first?: { readonly entry: number; readonly at: number } | undefined;
  readonly lastAt: number;
}

export class Pairing {
  /** Decisions that no outcome has closed. */
  readonly open = new Set<number>();
  decisions = 0;
  outcomes = 0;
  readonly #from: number;
  readonly #earlier: [number, number][] = [];
  /** Entries that were passed over. */
  readonly unread: Unread[] = [];
  #first: { entry: number; at: number } | undefined;
  #lastAt = 0;

  /** @param from the first entry that is looked at; what is before it is for who joins the ranges */
  constructor(from = 0) {
    this.#from = from;
  }

  /** Takes the log's entries in order. @returns what is wrong with this one, if anything */
  add({ index, kind, at, closes }: Entry): string | undefined {
    this.#first ??= { entry: index, at };
    const isOlder = at < this.#lastAt;
    this.#lastAt = Math.max(at, this.#lastAt);
    const isOutcome = kind === 'outcome';
    if (kind === 'decision') {
      this.decisions++;
      this.open.add(index);
    }
    if (isOutcome) {
      this.outcomes++;
      if (closes === undefined) return notOpen(index, closes);
      if (closes < this.#from) this.#earlier.push([index, closes]);
      else if (!this.#close(closes)) return notOpen(index, closes);
    } else if (closes !== undefined) return `Entry ${index} is no outcome, and closes ${closes}.`;
    return isOlder ? older(index) : undefined;
  }

  /** Passes over entries that lie elsewhere. */
  skip(unread: Unread): void {
    this.unread.push(unread);
  }

  /** What there is to join with the ranges before. */
  range(): PairedRange {
    return {
      decisions: this.decisions,
      outcomes: this.outcomes,
      open: [...this.open],
      earlier: this.#earlier,
      unread: this.unread,
      first: this.#first,
      lastAt: this.#lastAt,
    };
  }

  /** Takes the range that follows what was taken so far. @returns what only shows together */
  join({ decisions, outcomes, open, earlier, unread, first, lastAt }: PairedRange): Mispairing[] {
    const wrong: Mispairing[] = [];
    if (first && first.at < this.#lastAt) {
      wrong.push({ entry: first.entry, problem: older(first.entry) });
    }
    for (const [entry, closes] of earlier) {
      if (!this.#close(closes)) wrong.push({ entry, problem: notOpen(entry, closes) });
    }
    this.unread.push(...unread);
    for (const entry of open) this.open.add(entry);
    this.decisions += decisions;
    this.outcomes += outcomes;
    this.#lastAt = Math.max(lastAt, this.#lastAt);
    return wrong;
  }

  #close(closes: number): boolean {
    return (
      this.open.delete(closes) || this.unread.some(({ from, to }) => from <= closes && closes < to)
    );
  }
}

/** Those that follow each other as one. */
export function joined(unread: readonly Unread[]): Unread[] {
  const spans: Unread[] = [];
  for (const { from, to } of unread) {
    const last = spans.at(-1);
    if (last?.to === from) spans[spans.length - 1] = { from: last.from, to };
    else spans.push({ from, to });
  }
  return spans;
}

function notOpen(entry: number, closes: number | undefined): string {
  return `Entry ${entry} is an outcome of ${closes ?? 'nothing'}, which is no open decision.`;
}

function older(entry: number): string {
  return `Entry ${entry} is older than the one before it.`;
}
