/** What entries must be to each other: INVARIANT (4), one outcome for each decision, and time. */
import type { Entry } from './entry.ts';

export class Pairing {
  /** Decisions that no outcome has closed. */
  readonly open = new Set<number>();
  decisions = 0;
  outcomes = 0;
  #lastAt = 0;

  /** Takes the log's entries in order. @returns what is wrong with this one, if anything */
  add({ index, kind, at, closes }: Entry): string | undefined {
    const isOlder = at < this.#lastAt;
    this.#lastAt = Math.max(at, this.#lastAt);
    const isOutcome = kind === 'outcome';
    if (kind === 'decision') {
      this.decisions++;
      this.open.add(index);
    }
    if (isOutcome) {
      this.outcomes++;
      if (closes === undefined || !this.open.delete(closes)) {
        return `Entry ${index} is an outcome of ${closes ?? 'nothing'}, which is no open decision.`;
      }
    } else if (closes !== undefined) return `Entry ${index} is no outcome, and closes ${closes}.`;
    return isOlder ? `Entry ${index} is older than the one before it.` : undefined;
  }
}
