/**
 * JSON as it may come in, and as it is signed.
 *
 * `parseJson` is stricter than `JSON.parse`, so that what we decide and what anyone else reads from
 * the same bytes cannot differ: UTF-8 only, no duplicate keys, bounded depth, well-formed strings,
 * and numbers that a double would change are kept as they were written.
 *
 * `canonicalJson` is RFC 8785; it stands in `exact-json.ts`, which a browser can load too.
 */
import { isUtf8 } from 'node:buffer';
import { ProvisoError } from './errors.ts';
import { type JsonObject, type JsonValue, parseExact } from './exact-json.ts';
import { JSON_DEPTH_MAX } from './limits.ts';

export type { JsonObject, JsonValue, JsonWritable } from './exact-json.ts';
export { canonicalJson, isObject } from './exact-json.ts';

/** Bytes an attacker controls → a value; throws `invalid_json` or `duplicate_key`. */
export function parseJson(bytes: Uint8Array): JsonValue {
  if (!isUtf8(bytes)) throw new ProvisoError('invalid_json', 'The body is not valid UTF-8.');
  return parseJsonText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
}

/** The same for text. */
export function parseJsonText(text: string): JsonValue {
  const value = parse(text);
  const shape = scan(text);
  if (countKeys(value) !== shape.keys) {
    const key = firstDuplicateKey(text);
    throw new ProvisoError('duplicate_key', `The body names the key \`${key}\` twice.`, {
      at: key,
    });
  }
  // Half a character can only be written as an escape: UTF-8 has none.
  if (text.includes('\\u') && /\\u[dD][89a-fA-F]/.test(text)) requireWellFormed(value);
  return shape.hasLongNumber ? parseExact(text) : value;
}

/**
 * JSON that is read, taken apart and encoded anew, so that a key named twice does no harm: what a
 * provider answers. Numbers stay exact here too; throws `invalid_json`.
 */
export function parseProviderJson(text: string): JsonValue {
  const value = parse(text);
  return scan(text).hasLongNumber ? parseExact(text) : value;
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new ProvisoError('invalid_json', `The body is not JSON: ${(cause as Error).message}.`, {
      cause,
    });
  }
}

interface Shape {
  readonly keys: number;
  readonly hasLongNumber: boolean;
}

/** Every number of so many digits is exact in a double. */
const EXACT_DIGITS = 15;

/** One pass over text that `JSON.parse` has accepted. Strings, most of it, are passed over. */
function scan(text: string): Shape {
  let keys = 0;
  let depth = 0;
  let digits = 0;
  let hasLongNumber = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = endOfString(text, i);
    else if (c === 0x3a) keys++;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > JSON_DEPTH_MAX) {
        throw new ProvisoError('invalid_json', `The body nests deeper than ${JSON_DEPTH_MAX}.`);
      }
    } else if (c === 0x7d || c === 0x5d) depth--;
    else if (c === 0x2e) continue;
    else if (c >= 0x30 && c <= 0x39) {
      if (++digits > EXACT_DIGITS) hasLongNumber = true;
      continue;
    } else if ((c === 0x65 || c === 0x45) && digits > 0) hasLongNumber = true;
    digits = 0;
  }
  return { keys, hasLongNumber };
}

/** The offset of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

function countKeys(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') keys += countKeys(item);
    return keys;
  }
  const object = value as JsonObject;
  for (const key in object) {
    if (key === '__proto__') {
      throw new ProvisoError('invalid_json', 'The body has a key `__proto__`.');
    }
    keys++;
    const member = object[key];
    if (typeof member === 'object') keys += countKeys(member);
  }
  return keys;
}

/** The slow way, for the error message only. */
function firstDuplicateKey(text: string): string {
  const open: Set<string>[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '{' || c === '[') open.push(new Set());
    else if (c === '}' || c === ']') open.pop();
    else if (c === '"') {
      let end = i + 1;
      while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
      let next = end + 1;
      while (/\s/.test(text[next] ?? '')) next++;
      if (text[next] === ':') {
        const key = JSON.parse(text.slice(i, end + 1)) as string;
        const keys = open.at(-1);
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
      i = end;
    }
  }
  return '?';
}

function requireWellFormed(value: JsonValue): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) {
      throw new ProvisoError('invalid_json', 'A string in the body holds half a character.');
    }
  } else if (Array.isArray(value)) value.forEach(requireWellFormed);
  else if (value !== null && typeof value === 'object') {
    for (const [key, member] of Object.entries(value)) {
      requireWellFormed(key);
      requireWellFormed(member);
    }
  }
}
