/**
 * An entry and what is disclosed of it, from bytes that anyone may have made (docs/spec/ledger.md,
 * "Entries" and "Commitments").
 */
import { ProvisoError } from '#base/errors.ts';
import {
  canonicalJson,
  isObject,
  type JsonObject,
  type JsonValue,
  parseExact,
} from '#base/exact-json.ts';
import { base64url, fromBase64url, sha256, textOf, utf8 } from './bytes.ts';

export interface ReadEntry {
  readonly index: number;
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly closes: number | undefined;
  readonly public: JsonObject;
  readonly digests: readonly string[];
}

/** A private value, as the entry committed to it. */
export interface Disclosed {
  readonly name: string;
  readonly value: JsonValue;
}

/** @throws ProvisoError `proof_invalid` unless the text is an entry in canonical form */
export function readEntry(text: string, index: number): ReadEntry {
  const value = parsedCanonical(text);
  if (!isObject(value)) throw invalid(index, 'is not an object in canonical JSON');
  const { _sd: digests, at, closes, kind, public: facts, v, ...rest } = value;
  if (v !== 1 || Object.keys(rest).length > 0) throw invalid(index, 'is of an unknown version');
  if (typeof kind !== 'string' || !isCount(at) || !isObject(facts)) {
    throw invalid(index, 'has no kind, time or public facts');
  }
  if (closes !== undefined && !isCount(closes)) throw invalid(index, 'closes what is no number');
  if (!Array.isArray(digests) || !digests.every((digest) => typeof digest === 'string')) {
    throw invalid(index, 'has no commitments');
  }
  return { index, kind, at, closes, public: facts, digests };
}

/**
 * A disclosure of RFC 9901, as base64url.
 * @throws ProvisoError `proof_invalid` unless the entry committed to it
 */
export async function openDisclosure(disclosure: string, entry: ReadEntry): Promise<Disclosed> {
  const digest = base64url(await sha256(utf8(disclosure)));
  if (!entry.digests.includes(digest)) {
    throw invalid(entry.index, 'does not commit to a value that is shown as its own');
  }
  const bytes = fromBase64url(disclosure);
  const text = bytes && textOf(bytes);
  const parts = text === undefined ? undefined : parsed(text);
  if (!Array.isArray(parts) || parts.length !== 3) throw invalid(entry.index, malformed);
  const [salt, name, value] = parts as readonly JsonValue[];
  if (typeof salt !== 'string' || typeof name !== 'string' || value === undefined) {
    throw invalid(entry.index, malformed);
  }
  return { name, value };
}

const malformed = 'commits to what is no disclosure';

/** Numbers that a double would change are rare, and the parser that keeps them is slow. */
function parsedCanonical(text: string): JsonValue | undefined {
  try {
    const value = JSON.parse(text) as JsonValue;
    if (canonicalJson(value) === text) return value;
  } catch {
    return undefined;
  }
  const exact = parsed(text);
  return exact !== undefined && canonicalJson(exact) === text ? exact : undefined;
}

function parsed(text: string): JsonValue | undefined {
  try {
    return parseExact(text);
  } catch {
    return undefined;
  }
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function invalid(index: number, problem: string): ProvisoError {
  return new ProvisoError('proof_invalid', `Entry ${index} ${problem}.`, { at: `entry ${index}` });
}
