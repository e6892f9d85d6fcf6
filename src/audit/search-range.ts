/** The words of a range of entries; the part of filling the search index that runs on each core. */
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
  readonly to: number;
  /** The words that occur. */
  readonly words: readonly string[];
  /** For each: an entry, and a word by its place in `words`. */
  readonly tags: readonly (readonly [entry: number, word: number])[];
  readonly outcomes: readonly (readonly [decision: number, outcome: number])[];
}

/** The task of one thread; see `base/cores.ts`. */
export async function run({ place, masterKey, size, from, to }: TagsTask): Promise<TaggedRange> {
  const reader = masterKey && new ValuesReader(place, masterKey);
  const values = await reader?.file(valuesFileOf(from));
  const words = new Map<string, number>();
  const tags: [number, number][] = [];
  const outcomes: [number, number][] = [];
  for await (const entry of readEntries(place, size, from, to)) {
    if (entry.closes !== undefined) outcomes.push([entry.closes, entry.index]);
    const found = publicTags(entry);
    const token = reader && values && callerToken(entry, values, reader);
    if (token !== undefined) found.push(tag('caller', token));
    for (const text of found) {
      let word = words.get(text);
      if (word === undefined) {
        word = words.size;
        words.set(text, word);
      }
      tags.push([entry.closes ?? entry.index, word]);
    }
  }
  return { to, words: [...words.keys()], tags, outcomes };
}

function callerToken(entry: Entry, values: Values, reader: ValuesReader): string | undefined {
  if (entry.kind !== 'decision' && entry.kind !== 'key') return undefined;
  const { byName, sealedBy } = valuesOf(entry, values);
  const caller = callerOf(byName.get('caller'));
  return caller === undefined || !sealedBy ? undefined : reader.tokenOf(sealedBy, caller);
}
