/** The words of a range of entries; the part of filling the search index that runs on each core. */
import { asProvisoError } from '#base/errors.ts';
import type { LogPlace } from '#ledger/archive.ts';
import type { Entry } from '#ledger/entry.ts';
import { readEntries } from '#ledger/read.ts';
import { valuesFileOf } from '#ledger/values.ts';
import { callerOf, publicTags, tag } from './search-tags.ts';
import { type Values, ValuesReader, valuesOf } from './values.ts';

export interface TagsTask {
  readonly place: LogPlace;
  /** Absent where the vault is not to be read: then entries are not found by their caller. */
  readonly masterKey: Uint8Array | undefined;
  /** Of the log. */
  readonly size: number;
  /** Entries, the last one not included; all in one file of values. */
  readonly from: number;
  readonly to: number;
}

export interface TaggedRange {
  readonly from: number;
  readonly to: number;
  /** Some of its entries lie in an archive that is not at hand. */
  readonly isPart: boolean;
  /** The words that occur. */
  readonly words: readonly string[];
  /** For each: an entry, and a word by its place in `words`. */
  readonly tags: readonly (readonly [entry: number, word: number])[];
  readonly outcomes: readonly (readonly [decision: number, outcome: number])[];
}

/** The task of one thread; see `base/cores.ts`. */
export async function run({ place, masterKey, size, from, to }: TagsTask): Promise<TaggedRange> {
  const reader = masterKey && new ValuesReader(place, masterKey);
  const words = new Map<string, number>();
  const tags: [number, number][] = [];
  const outcomes: [number, number][] = [];
  let isPart = false;
  try {
    const values = await reader?.file(valuesFileOf(from));
    for await (const entry of readEntries(place, size, from, to)) {
      if (entry.closes !== undefined) outcomes.push([entry.closes, entry.index]);
      const found = publicTags(entry);
      const token = reader && values && callerToken(entry, values, reader);
      if (token !== undefined) found.push(tag('caller', token));
      for (const text of found) tags.push([entry.closes ?? entry.index, numberOf(text, words)]);
    }
  } catch (error) {
    if (asProvisoError(error).code !== 'entry_archived') throw error;
    isPart = true;
  }
  return { from, to, isPart, words: [...words.keys()], tags, outcomes };
}

function numberOf(text: string, words: Map<string, number>): number {
  const known = words.get(text);
  if (known !== undefined) return known;
  words.set(text, words.size);
  return words.size - 1;
}

function callerToken(entry: Entry, values: Values, reader: ValuesReader): string | undefined {
  if (entry.kind !== 'decision' && entry.kind !== 'key') return undefined;
  const { byName, sealedBy } = valuesOf(entry, values);
  const caller = callerOf(byName.get('caller'));
  return caller === undefined || !sealedBy ? undefined : reader.tokenOf(sealedBy, caller);
}
