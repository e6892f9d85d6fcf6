/**
 * `proviso ledger replay`: each recorded decision again, with the terms that were in force then and
 * the facts that were recorded then. No detector, provider or clock is asked. INVARIANT (10)
 */
import { onAllCores } from '#base/cores.ts';
import { ProvisoError } from '#base/errors.ts';
import type { NoteVerifier } from '#base/note.ts';
import type { LogPlace } from '#ledger/archive.ts';
import { joined, type Unread } from '#ledger/pairing.ts';
import { readCheckpoint } from '#ledger/read.ts';
import { VALUES_WIDTH } from '#ledger/values.ts';
import type { Progress } from '#ledger/verify.ts';
import {
  addUnreplayed,
  type Differing,
  type ReplayedRange,
  type ReplayTask,
  type Unreplayed,
} from './replay-range.ts';

export interface ReplaySource {
  readonly place: LogPlace;
  readonly log: NoteVerifier;
  /** Whose `terms/<hash>/` has the packs that were in force. */
  readonly dataDir: string;
  readonly masterKey: Uint8Array;
}

/** Entries, both included. */
export interface EntryRange {
  readonly first: number;
  readonly last: number;
}

export interface ReplayReport {
  readonly origin: string;
  readonly range: EntryRange;
  readonly decisions: number;
  readonly same: number;
  readonly different: number;
  /** Decisions whose facts were erased. */
  readonly erased: number;
  /** Decisions that could not be computed again, though nothing was erased. */
  readonly unreplayed: number;
  /** Entries in archives that are not at hand; the last one not included. */
  readonly elsewhere: readonly Unread[];
  /** Decisions by the detectors whose word the facts are, `name@version`. */
  readonly detectors: Readonly<Record<string, number>>;
  /** The first hundred. */
  readonly differences: readonly Differing[];
  /** Why decisions could not be computed again: the first hundred reasons. */
  readonly problems: readonly Unreplayed[];
}

const SHOWN_MAX = 100;
const MODULE = new URL('./replay-range.ts', import.meta.url);

/**
 * @param range all published entries unless given
 * @throws ProvisoError `not_found` for a range past the log's end, `entry_archived`
 */
export async function replayLedger(
  { place, log, dataDir, masterKey }: ReplaySource,
  range: EntryRange | undefined,
  onProgress: Progress = () => undefined,
): Promise<ReplayReport> {
  const { origin, size } = await readCheckpoint(place, log);
  const { first, last } = range ?? { first: 0, last: size - 1 };
  if (range && last >= size) {
    throw new ProvisoError('not_found', `The ledger has ${size} entries, from 0 to ${size - 1}.`);
  }
  const tasks: ReplayTask[] = [];
  for (let from = first; from <= last; ) {
    const to = Math.min(last + 1, from - (from % VALUES_WIDTH) + VALUES_WIDTH);
    tasks.push({ place, dataDir, masterKey, size, from, to });
    from = to;
  }
  const sum = { same: 0, different: 0, erased: 0, unreplayed: 0 };
  const detectors: Record<string, number> = {};
  const differences: Differing[] = [];
  const problems = new Map<string, Unreplayed>();
  const elsewhere: Unread[] = [];
  let done = 0;
  for await (const part of onAllCores<ReplayTask, ReplayedRange>(MODULE, tasks)) {
    sum.same += part.same;
    sum.different += part.differing.length;
    sum.erased += part.erased;
    for (const each of part.unreplayed) {
      sum.unreplayed += each.decisions;
      addUnreplayed(problems, each);
    }
    for (const [name, count] of Object.entries(part.detectors)) {
      detectors[name] = (detectors[name] ?? 0) + count;
    }
    differences.push(...part.differing.slice(0, SHOWN_MAX - differences.length));
    done += part.to - part.from;
    if (part.elsewhere) elsewhere.push({ from: part.from, to: part.to });
    onProgress(done, last + 1 - first);
  }
  const decisions = sum.same + sum.different + sum.erased + sum.unreplayed;
  return {
    origin,
    range: { first, last },
    decisions,
    ...sum,
    elsewhere: joined(elsewhere),
    detectors,
    differences,
    problems: [...problems.values()].slice(0, SHOWN_MAX),
  };
}
