/** The checks of what a disclosure holds, once its checkpoint is known: each its own function. */
import { ProvisoError } from '#base/errors.ts';
import type { JsonValue } from '#base/exact-json.ts';
import { areSame, type Bytes, utf8 } from './bytes.ts';
import { openDisclosure, type ReadEntry, readEntry } from './entry.ts';
import type { DisclosedEntry, DisclosedRange } from './file.ts';
import type { SignedCheckpoint } from './note.ts';
import { leafHash, rootOf } from './tree.ts';
import type { ShownEntry } from './verdict.ts';
import { type Filter, matches } from './where.ts';

/** What every `decision` commits to: none of these can be missing from it. */
export const DECISION_VALUES: readonly string[] = ['caller', 'content', 'facts'];

/** Hashed at once: WebCrypto answers each with a promise. */
const HASHED_AT_ONCE = 1_000;

/** @throws ProvisoError `proof_invalid` unless entries and proof have the signed root */
export async function requireRoot(
  { size, root }: SignedCheckpoint,
  entries: readonly DisclosedEntry[],
  proof: readonly Bytes[],
): Promise<void> {
  const indexes = entries.map(({ index }) => index);
  const last = indexes.at(-1);
  if (last !== undefined && last >= size) {
    throw invalid(`Entry ${last} is past the checkpoint, which covers ${size}.`);
  }
  const leaves: Bytes[] = [];
  for (let at = 0; at < entries.length; at += HASHED_AT_ONCE) {
    const some = entries.slice(at, at + HASHED_AT_ONCE);
    leaves.push(...(await Promise.all(some.map(({ entry }) => leafHash(utf8(entry))))));
  }
  if (areSame(await rootOf(size, indexes, leaves, proof), root)) return;
  throw invalid('The entries are not those of the signed ledger: they have another root.');
}

/** @throws ProvisoError `proof_invalid` */
export async function openEntries(
  entries: readonly DisclosedEntry[],
  fields: readonly string[],
): Promise<readonly ShownEntry[]> {
  const opened: ShownEntry[] = [];
  for (const one of entries) {
    const entry = readEntry(one.entry, one.index);
    const before = opened.at(-1);
    if (before && entry.at < before.at) {
      throw invalid(
        `Entry ${entry.index} is older than entry ${before.index}, which is before it.`,
      );
    }
    const values = await openValues(one, entry, fields);
    opened.push({
      index: entry.index,
      kind: entry.kind,
      at: entry.at,
      closes: entry.closes,
      public: entry.public,
      private: values,
      erased: one.erased,
      matches: undefined,
    });
  }
  return opened;
}

async function openValues(
  { index, disclosures, erased }: DisclosedEntry,
  entry: ReadEntry,
  fields: readonly string[],
): Promise<Record<string, JsonValue>> {
  const values = new Map<string, JsonValue>();
  for (const disclosure of disclosures) {
    const { name, value } = await openDisclosure(disclosure, entry);
    if (values.has(name)) throw invalid(`Entry ${index} has \`${name}\` twice.`);
    if (!fields.includes(name)) throw invalid(`\`fields\` does not name \`${name}\`.`);
    values.set(name, value);
  }
  const wrong = erased.find((name) => values.has(name) || !fields.includes(name));
  if (wrong !== undefined) throw invalid(`Entry ${index} cannot have \`${wrong}\` erased.`);
  return Object.fromEntries(values);
}

/** Is every entry of the range here, with every field that each must have? */
export function requireComplete(
  range: DisclosedRange,
  entries: readonly ShownEntry[],
  fields: readonly string[],
  size: number,
): void {
  const { from, to } = range;
  if (to > size) throw invalid(`The range ends at ${to}, and the checkpoint covers ${size}.`);
  const inRange = entries.filter(({ index }) => isIn(range, index));
  if (inRange.length !== to - from) {
    throw invalid(
      `Of the ${to - from} entries from ${from} to ${to - 1}, ${inRange.length} are here.`,
    );
  }
  requireTimes(range, entries, size);
  for (const { index, kind, private: values, erased } of inRange) {
    if (kind !== 'decision') continue;
    const missing = DECISION_VALUES.find(
      (name) => fields.includes(name) && !Object.hasOwn(values, name) && !erased.includes(name),
    );
    if (missing !== undefined) throw invalid(`Entry ${index} does not show its \`${missing}\`.`);
  }
}

/** Where the range is one of time, the entries beside it show that it is all of that time. */
function requireTimes(
  { from, to, after, before }: DisclosedRange,
  entries: readonly ShownEntry[],
  size: number,
): void {
  const neighbours = entries.filter(({ index }) => index < from || index >= to);
  for (const { index, at } of neighbours) {
    const isBefore = index === from - 1 && after !== undefined && at < after;
    const isAfter = index === to && before !== undefined && at >= before;
    if (!isBefore && !isAfter)
      throw invalid(`Entry ${index} is not beside the range as it should be.`);
  }
  for (const { index, at } of entries) {
    if (index < from || index >= to) continue;
    const isWithin = (after === undefined || at >= after) && (before === undefined || at < before);
    if (!isWithin) throw invalid(`Entry ${index} is not of the time that the range names.`);
  }
  const isThere = (index: number): boolean => neighbours.some((entry) => entry.index === index);
  if (after !== undefined && from > 0 && !isThere(from - 1)) {
    throw invalid(`Entry ${from - 1}, which the range begins after, is not here.`);
  }
  if (before !== undefined && to < size && !isThere(to)) {
    throw invalid(`Entry ${to}, which the range ends before, is not here.`);
  }
}

/** Which entries match; neighbours of a range are not asked. */
export function withMatches(
  entries: readonly ShownEntry[],
  filters: readonly Filter[],
  range: DisclosedRange | undefined,
): readonly ShownEntry[] {
  return entries.map((entry) => {
    if (range && !isIn(range, entry.index)) return entry;
    const filtered = { ...entry, private: new Map(Object.entries(entry.private)) };
    return { ...entry, matches: matches(filtered, filters) };
  });
}

/** @throws ProvisoError `proof_invalid` where an entry is none of those that the file is about */
export function requireMatches(entries: readonly ShownEntry[]): void {
  const stranger = entries.find((entry) => entry.matches === 'no');
  if (stranger) throw invalid(`Entry ${stranger.index} does not match the filters.`);
}

function isIn({ from, to }: DisclosedRange, index: number): boolean {
  return index >= from && index < to;
}

function invalid(message: string): ProvisoError {
  return new ProvisoError('proof_invalid', message);
}
