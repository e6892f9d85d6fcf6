/** Decisions of a range of entries, computed again; the part of `replay.ts` that runs on each core. */
import { asProvisoError } from '#base/errors.ts';
import type { JsonValue } from '#base/json.ts';
import type { LogPlace } from '#ledger/archive.ts';
import type { Entry } from '#ledger/entry.ts';
import { readEntries } from '#ledger/read.ts';
import { valuesFileOf } from '#ledger/values.ts';
import { loadStoredPack } from '#terms/store.ts';
import { compileTerms, type Terms } from '#terms/terms.ts';
import { type Difference, differencesFrom, replayDecision } from './replay-decision.ts';
import { type Values, ValuesReader, valuesOf } from './values.ts';

export interface ReplayTask {
  readonly place: LogPlace;
  /** Whose `terms/<hash>/` has the packs that were in force. */
  readonly dataDir: string;
  readonly masterKey: Uint8Array;
  /** Of the log. */
  readonly size: number;
  /** Entries, the last one not included; all in one file of values. */
  readonly from: number;
  readonly to: number;
}

/** A decision that came out otherwise. */
export interface Differing {
  readonly entry: number;
  readonly differences: readonly Difference[];
}

/** Decisions that could not be computed again, for one reason. */
export interface Unreplayed {
  readonly problem: string;
  readonly decisions: number;
  /** The first of them. */
  readonly entry: number;
}

export interface ReplayedRange {
  readonly from: number;
  readonly to: number;
  /** They lie in an archive that is not at hand, and none was decided again. */
  readonly elsewhere: boolean;
  readonly same: number;
  /** Decisions whose facts were erased. */
  readonly erased: number;
  readonly differing: readonly Differing[];
  readonly unreplayed: readonly Unreplayed[];
  /** Decisions by what the detectors were whose word the facts are. */
  readonly detectors: Readonly<Record<string, number>>;
}

/** The task of one thread; see `base/cores.ts`. */
export async function run(task: ReplayTask): Promise<ReplayedRange> {
  const { place, size, from, to } = task;
  const report: Counting = {
    same: 0,
    erased: 0,
    differing: [],
    unreplayed: new Map(),
    detectors: {},
  };
  let elsewhere = false;
  try {
    const values = await new ValuesReader(place, task.masterKey).file(valuesFileOf(from));
    for await (const entry of readEntries(place, size, from, to)) {
      if (entry.kind === 'decision') replayEntry(entry, values, task.dataDir, report);
    }
  } catch (error) {
    if (asProvisoError(error).code !== 'entry_archived') throw error;
    elsewhere = true;
  }
  return { ...report, unreplayed: [...report.unreplayed.values()], from, to, elsewhere };
}

interface Counting {
  same: number;
  erased: number;
  readonly differing: Differing[];
  /** By the problem. */
  readonly unreplayed: Map<string, Unreplayed>;
  readonly detectors: Record<string, number>;
}

function replayEntry(entry: Entry, values: Values, dataDir: string, report: Counting): void {
  const { byName, isErased, problems } = valuesOf(entry, values);
  const facts = byName.get('facts');
  const unreplayed = (problem: string): void => {
    addUnreplayed(report.unreplayed, { problem, decisions: 1, entry: entry.index });
  };
  if (facts === undefined) {
    if (isErased) report.erased++;
    else unreplayed(problems[0] ?? 'The vault has no facts of it.');
    return;
  }
  try {
    const terms = termsOf(entry.public['terms'] as string, dataDir);
    const differences = differencesFrom(entry.public, replayDecision(facts, terms));
    if (differences.length === 0) report.same++;
    else report.differing.push({ entry: entry.index, differences });
  } catch (error) {
    unreplayed(asProvisoError(error).publicMessage);
  }
  const detectors = detectorsOf(facts);
  report.detectors[detectors] = (report.detectors[detectors] ?? 0) + 1;
}

export function addUnreplayed(sum: Map<string, Unreplayed>, more: Unreplayed): void {
  const { problem, decisions, entry } = sum.get(more.problem) ?? { ...more, decisions: 0 };
  sum.set(problem, { problem, decisions: decisions + more.decisions, entry });
}

function detectorsOf(facts: JsonValue): string {
  const [first] = facts as readonly { signals?: { detectors?: readonly string[] } }[];
  return first?.signals?.detectors?.join(' ') ?? 'not recorded';
}

/** Of this thread: a pack takes long to read, and most decisions were made under the same one. */
const known = new Map<string, Terms | Error>();

function termsOf(hash: string, dataDir: string): Terms {
  const key = `${dataDir}\0${hash}`;
  let terms = known.get(key);
  if (terms === undefined) {
    try {
      terms = compileTerms(loadStoredPack(dataDir, hash));
    } catch (error) {
      terms = error as Error;
    }
    known.set(key, terms);
  }
  if (terms instanceof Error) throw terms;
  return terms;
}
