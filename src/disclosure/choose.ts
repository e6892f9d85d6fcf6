/** Which entries answer a question, and which of their values the answer shows. */
import { ProvisoError } from '#base/errors.ts';
import type { JsonValue } from '#base/json.ts';
import { DISCLOSURE_LIMITS } from '#base/limits.ts';
import type { NoteVerifier } from '#base/note.ts';
import type { LogPlace } from '#ledger/archive.ts';
import { parseDisclosure } from '#ledger/commitments.ts';
import { decodeEntry, type Entry } from '#ledger/entry.ts';
import { readBundle } from '#ledger/read.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import type { Bound } from './range.ts';
import { VaultTexts } from './vault-texts.ts';
import { DECISION_VALUES } from './verify/contents.ts';
import type { DisclosedRange } from './verify/file.ts';
import { FILTER_NAMES, type Filter, matches, parseWhere, privateFieldOf } from './verify/where.ts';

export interface Question {
  /** Filters, all of which must match. */
  readonly where: readonly string[];
  /** Names of public facts and of private values. */
  readonly fields: readonly string[];
  /** Show every entry of the range, so that none can be missing. */
  readonly isComplete: boolean;
  readonly from?: Bound | undefined;
  /** Not included. */
  readonly to?: Bound | undefined;
}

export interface Source {
  readonly place: LogPlace;
  readonly log: NoteVerifier;
  /** Asked for only where a private value is needed. */
  readonly masterKey: () => Promise<Uint8Array>;
}

export interface ChosenEntry {
  readonly entry: Entry;
  readonly bytes: Buffer;
  /** Disclosure texts of the values that are shown. */
  readonly texts: readonly string[];
  /** Names of values that should be shown and were erased. */
  readonly erased: readonly string[];
}

/** What an entry says of itself beside its public facts. */
const ENVELOPE: readonly string[] = ['kind', 'at', 'closes'];

/** Names that may be asked for where no entry has them: an empty range is an answer too. */
const EXPECTED: readonly string[] = [
  ...DECISION_VALUES,
  ...FILTER_NAMES,
  'attempts',
  'finish',
  'inputTokens',
  'outputTokens',
  'parent',
  'rules',
  'streamed',
  'targets',
];

export async function chooseEntries(
  source: Source,
  size: number,
  range: DisclosedRange,
  question: Question,
  onProgress: (done: number, total: number) => void,
): Promise<readonly ChosenEntry[]> {
  const filters = question.where.flatMap(parseWhere);
  requireShownFilters(filters, question);
  const vault = new VaultTexts(source.place, source.masterKey);
  const found: FoundEntry[] = [];
  const shown = question.isComplete ? withNeighbours(range, size) : range;
  for await (const one of entriesOf(source.place, size, shown.from, shown.to)) {
    onProgress(one.entry.index - shown.from, shown.to - shown.from);
    if (!question.isComplete && !(await isAsked(one.entry, filters, vault))) continue;
    found.push(one);
    requireFew(found.length);
  }
  if (found.length === 0 && !question.isComplete) {
    const words = 'No entry matches; `--complete` makes a disclosure that shows that.';
    throw new ProvisoError('not_found', words);
  }
  const isInRange = ({ entry: { index } }: FoundEntry): boolean =>
    index >= range.from && index < range.to;
  const wanted = privateOf(question.fields, found.filter(isInRange));
  const chosen: ChosenEntry[] = [];
  for (const one of found) {
    const values = isInRange(one) ? await valuesOf(one.entry, wanted, vault) : NOTHING;
    chosen.push({ ...one, ...values });
  }
  requireFound(wanted, chosen);
  return chosen;
}

interface FoundEntry {
  readonly entry: Entry;
  readonly bytes: Buffer;
}

const NOTHING = { texts: [], erased: [] } as const;

/** What the verifier could not see for itself would be no answer. */
function requireShownFilters(filters: readonly Filter[], { fields, isComplete }: Question): void {
  if (!isComplete) return;
  const hidden = filters.map(privateFieldOf).find((name) => name && !fields.includes(name));
  if (hidden === undefined) return;
  throw new ProvisoError(
    'usage_invalid',
    `A complete disclosure by \`${hidden}\` shows the \`${hidden}\` of every decision in the range; ` +
      `if that is meant, name \`${hidden}\` in \`--fields\` too.`,
  );
}

/** The entries beside a range of time, which show that it is all of that time. */
function withNeighbours({ from, to, after, before }: DisclosedRange, size: number) {
  return {
    from: after !== undefined && from > 0 ? from - 1 : from,
    to: before !== undefined && to < size ? to + 1 : to,
  };
}

async function* entriesOf(
  place: LogPlace,
  size: number,
  from: number,
  to: number,
): AsyncGenerator<FoundEntry> {
  for (let index = from; index < to; ) {
    const n = Math.floor(index / TILE_WIDTH);
    const bundle = await readBundle(place, size, n);
    for (const end = Math.min(to, (n + 1) * TILE_WIDTH); index < end; index++) {
      const bytes = bundle[index % TILE_WIDTH] as Buffer;
      yield { entry: decodeEntry(bytes, index), bytes };
    }
  }
}

async function isAsked(
  entry: Entry,
  filters: readonly Filter[],
  vault: VaultTexts,
): Promise<boolean> {
  const inClear = matches({ ...entry, private: new Map() }, filters);
  if (inClear !== 'unknown') return inClear === 'yes';
  const { texts } = await vault.of(entry);
  return matches({ ...entry, private: valuesByName(texts) }, filters) === 'yes';
}

/** Those of the fields that are not in clear in any of the entries. */
function privateOf(fields: readonly string[], found: readonly FoundEntry[]): readonly string[] {
  return fields.filter(
    (name) =>
      !ENVELOPE.includes(name) && !found.some(({ entry }) => Object.hasOwn(entry.public, name)),
  );
}

async function valuesOf(
  entry: Entry,
  wanted: readonly string[],
  vault: VaultTexts,
): Promise<Pick<ChosenEntry, 'texts' | 'erased'>> {
  if (wanted.length === 0) return NOTHING;
  const { texts, isErased } = await vault.of(entry);
  const shown = texts.filter((text) => wanted.includes(parseDisclosure(text)?.name ?? ''));
  if (entry.kind !== 'decision') return { texts: shown, erased: [] };
  const there = valuesByName(shown);
  const missing = wanted.filter((name) => DECISION_VALUES.includes(name) && !there.has(name));
  if (missing.length > 0 && !isErased) {
    const names = missing.map((name) => `\`${name}\``).join(', ');
    throw new ProvisoError('vault_unreadable', `The vault lacks ${names} of entry ${entry.index}.`);
  }
  return { texts: shown, erased: missing.sort() };
}

function valuesByName(texts: readonly string[]): ReadonlyMap<string, JsonValue> {
  const disclosed = texts.map(parseDisclosure).filter((one) => one !== undefined);
  return new Map(disclosed.map(({ name, value }) => [name, value]));
}

/** A misspelt field would be missing from what is shown, and nobody would know. */
function requireFound(wanted: readonly string[], chosen: readonly ChosenEntry[]): void {
  const there = new Set(
    chosen.flatMap(({ texts, erased }) => [...valuesByName(texts).keys(), ...erased]),
  );
  const missing = wanted.find((name) => !there.has(name) && !EXPECTED.includes(name));
  if (missing === undefined) return;
  throw new ProvisoError(
    'usage_invalid',
    `No entry of the answer has a field \`${missing}\`. Private values are disclosed whole: \`caller\`, not \`caller.id\`.`,
    { at: missing },
  );
}

function requireFew(count: number): void {
  if (count <= DISCLOSURE_LIMITS.entriesMax) return;
  throw new ProvisoError(
    'usage_invalid',
    `The disclosure would show more than ${DISCLOSURE_LIMITS.entriesMax} entries; ask for less.`,
  );
}
