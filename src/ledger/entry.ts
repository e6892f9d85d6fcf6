/**
 * Entries: one line of canonical JSON (RFC 8785) each.
 *
 *   {"_sd":["…"],"at":1760000000000,"closes":12,"kind":"outcome","public":{…},"v":1}
 *
 * `at` is in milliseconds since 1970, `closes` is the number of the decision that an outcome ends.
 * INVARIANT (9): of private values only the salted commitments in `_sd` stand here.
 */
import { ProvisoError } from '#base/errors.ts';
import {
  canonicalJson,
  isObject,
  type JsonObject,
  type JsonValue,
  type JsonWritable,
  parseJson,
  parseJsonText,
} from '#base/json.ts';
import { ENTRY_BYTES_MAX } from '#base/limits.ts';
import { commitTo, DIGEST_CHARS, disclosureText } from './commitments.ts';

export type EntryKind = 'decision' | 'outcome' | 'sign_in' | StateKind;
/** Entries that change what is in force; the state is built from these: INVARIANT (13). */
export type StateKind =
  | 'start'
  | 'stop'
  | 'terms'
  | 'key'
  | 'purpose'
  | 'erasure'
  | 'archive'
  | 'retention'
  | 'inquiry'
  | 'person'
  | 'token'
  | 'tool'
  | 'hold'
  | 'approval'
  | 'release'
  | 'hold_end'
  | 'release_key';

export interface NewEntry {
  readonly kind: EntryKind;
  /** Stands in the log in clear, for ever. Fastest when its keys are in sorted order. */
  readonly public: JsonObject;
  /** Goes to the vault; the log has commitments only. */
  readonly private?: Readonly<Record<string, JsonWritable>> | undefined;
  /** The subject or purpose whose key encrypts `private`: erasing that key erases the values. */
  readonly vaultKey?: string | undefined;
  /** Of an outcome: the number of its decision. */
  readonly closes?: number | undefined;
}

export interface Entry {
  /** Its number in the log, from 0. */
  readonly index: number;
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly public: JsonObject;
  /** Commitments and decoys, base64url. */
  readonly digests: readonly string[];
  readonly closes?: number | undefined;
}

/** How many digests an entry has at least. Outcomes are as many as decisions, and hide less. */
const DIGESTS_MIN = { outcome: 2, other: 4 } as const;

export interface EncodedEntry {
  readonly json: string;
  /** The texts behind the digests, for the vault. */
  readonly disclosures: readonly string[];
}

/** @throws `invalid_json` for half a character in the public facts */
export function encodeEntry(entry: NewEntry, at: number): EncodedEntry {
  const disclosures: string[] = [];
  const values = entry.private;
  if (values !== undefined) {
    for (const name in values) disclosures.push(disclosureText(name, values[name] as JsonWritable));
  }
  const digestsMin = entry.kind === 'outcome' ? DIGESTS_MIN.outcome : DIGESTS_MIN.other;
  const digests = commitTo(disclosures, digestsMin).join('","');
  const closes = entry.closes === undefined ? '' : `"closes":${entry.closes},`;
  const facts = sortedJson(entry.public);
  // Half a character is written as an escape, and no verifier would read it.
  if (facts.includes('\\ud')) parseJsonText(facts);
  return {
    json: `{"_sd":["${digests}"],"at":${at},${closes}"kind":"${entry.kind}","public":${facts},"v":1}`,
    disclosures,
  };
}

/** @throws `entry_too_large` */
export function requireEntrySize(bytes: number, kind: string): void {
  if (bytes <= ENTRY_BYTES_MAX) return;
  throw new ProvisoError(
    'entry_too_large',
    `A \`${kind}\` entry would have ${bytes} bytes; the log’s format ends at ${ENTRY_BYTES_MAX}.`,
  );
}

/** @throws `ledger_corrupt` unless the bytes are an entry in canonical form */
export function decodeEntry(bytes: Buffer, index: number): Entry {
  let value: JsonValue;
  try {
    value = parseJson(bytes);
  } catch (cause) {
    throw invalid(index, 'is not JSON', cause);
  }
  if (sortedJson(value) !== bytes.toString('utf8')) throw invalid(index, 'is not canonical JSON');
  if (!isObject(value)) throw invalid(index, 'is not an object');
  const { _sd: digests, at, closes, kind, public: facts, v } = value;
  if (v !== 1) throw invalid(index, 'is of an unknown version');
  if (typeof kind !== 'string' || !/^[a-z_]+$/.test(kind)) throw invalid(index, 'has no kind');
  if (!isCount(at)) throw invalid(index, 'has no time');
  if (!isObject(facts)) throw invalid(index, 'has no public facts');
  if (!areDigests(digests)) throw invalid(index, 'has malformed commitments');
  if (closes === undefined) return { index, kind, at, public: facts, digests };
  if (!isCount(closes)) throw invalid(index, 'closes what is no number');
  return { index, kind, at, public: facts, digests, closes };
}

/**
 * Canonical JSON, by the engine's own writer where every object's keys happen to be in order: a
 * tenth of the cost of sorting, and the same text.
 */
function sortedJson(value: JsonValue): string {
  return isSorted(value) ? JSON.stringify(value) : canonicalJson(value);
}

function isSorted(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  const object = value as JsonObject;
  let before = '';
  for (const key in object) {
    if (key < before) return false;
    before = key;
    const member = object[key];
    if (typeof member === 'object' && !isSorted(member)) return false;
  }
  return true;
}

function areDigests(value: JsonValue | undefined): value is readonly string[] {
  if (!Array.isArray(value)) return false;
  let before = '';
  for (const digest of value as readonly JsonValue[]) {
    if (typeof digest !== 'string' || digest.length !== DIGEST_CHARS) return false;
    if (digest <= before) return false;
    before = digest;
  }
  return true;
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function invalid(index: number, problem: string, cause?: unknown): ProvisoError {
  return new ProvisoError('ledger_corrupt', `Entry ${index} ${problem}.`, {
    at: `entry ${index}`,
    cause,
  });
}
