/** The disclosure file, read strictly: docs/spec/disclosure.md, "The file". */
import { canonicalJson, type JsonValue } from '#base/exact-json.ts';
import type { Bytes } from './bytes.ts';
import { count, hashes, list, malformed, record, requireAscending, text, texts } from './shape.ts';

export const FILE_TYPE = 'proviso-disclosure/v1';

export interface DisclosureFile {
  /** The signed note, as it was published. */
  readonly checkpoint: string;
  /** Ascending. */
  readonly entries: readonly DisclosedEntry[];
  readonly fields: readonly string[];
  readonly keys: readonly string[];
  readonly proof: readonly Bytes[];
  readonly range: DisclosedRange | undefined;
  readonly where: readonly string[];
}

export interface DisclosedEntry {
  readonly index: number;
  /** Its bytes, as text. */
  readonly entry: string;
  readonly disclosures: readonly string[];
  /** Fields whose values are no longer there, as the one who disclosed says. */
  readonly erased: readonly string[];
}

export interface DisclosedRange {
  /** The first entry in it, and the first that no longer is. */
  readonly from: number;
  readonly to: number;
  /** Milliseconds since 1970: none in the range is older than `after`, or as new as `before`. */
  readonly after: number | undefined;
  readonly before: number | undefined;
}

/** @throws ProvisoError `proof_invalid` */
export function parseDisclosureFile(fileText: string): DisclosureFile {
  const file = record(parsed(fileText), 'the file', [
    'checkpoint',
    'entries',
    'fields',
    'keys',
    'proof',
    'range',
    'type',
    'where',
  ]);
  if (file.type !== FILE_TYPE) throw malformed('type', `is not \`${FILE_TYPE}\``);
  const entries = list(file.entries, 'entries').map(parseEntry);
  const indexes = entries.map(({ index }) => index);
  requireAscending(indexes, 'entries');
  const fields = texts(file.fields, 'fields');
  requireAscending(fields, 'fields');
  return {
    checkpoint: text(file.checkpoint, 'checkpoint'),
    entries,
    fields,
    keys: texts(file.keys, 'keys'),
    proof: hashes(file.proof, 'proof'),
    range: file.range === undefined ? undefined : parseRange(file.range),
    where: texts(file.where, 'where'),
  };
}

function parsed(fileText: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(fileText) as JsonValue;
  } catch {
    throw malformed('the file', 'is not JSON');
  }
  if (`${canonicalJson(value)}\n` !== fileText) {
    throw malformed('the file', 'is not canonical JSON and a newline');
  }
  return value;
}

function parseEntry(value: JsonValue): DisclosedEntry {
  const at = 'entries';
  const entry = record(value, at, ['disclosures', 'entry', 'erased', 'index']);
  const erased = entry.erased === undefined ? [] : texts(entry.erased, 'erased');
  if (entry.erased !== undefined && erased.length === 0) throw malformed('erased', 'is empty');
  requireAscending(erased, 'erased');
  return {
    index: count(entry.index, 'index'),
    entry: text(entry.entry, 'entry'),
    disclosures: texts(entry.disclosures, 'disclosures'),
    erased,
  };
}

function parseRange(value: JsonValue): DisclosedRange {
  const { from, to, after, before } = record(value, 'range', ['after', 'before', 'from', 'to']);
  const range = {
    from: count(from, 'range.from'),
    to: count(to, 'range.to'),
    after: after === undefined ? undefined : count(after, 'range.after'),
    before: before === undefined ? undefined : count(before, 'range.before'),
  };
  if (range.from > range.to) throw malformed('range', 'ends before it begins');
  return range;
}
