/**
 * Salted commitments to values that stay private, as RFC 9901 (SD-JWT) §4.2 encodes them.
 *
 *   disclosure text   ["<salt>","<name>",<value>]            JSON; kept in the vault
 *   disclosure        base64url(disclosure text)             shown to whom it is disclosed
 *   digest            base64url(SHA-256(ASCII(disclosure)))  stands in the entry's `_sd`
 *
 * Without its salt a digest says nothing of the value, and a decoy cannot be told from a digest.
 */
import { hash, randomBytes } from 'node:crypto';
import { type JsonValue, type JsonWritable, parseProviderJson } from '#base/json.ts';

/** 22 characters of base64url: 132 random bits, where RFC 9901 asks for 128. */
const SALT_CHARS = 22;
export const DIGEST_CHARS = 43;
/** How many `_sd` may have: entries of a kind cannot be told apart by how much they hide. */
const DIGEST_COUNTS = [2, 4, 8, 16, 32, 64, 128, 256];

export interface Disclosed {
  readonly salt: string;
  readonly name: string;
  readonly value: JsonValue;
}

export function disclosureText(name: string, value: JsonWritable): string {
  return `["${randomChars(SALT_CHARS)}",${JSON.stringify([name, value]).slice(1)}`;
}

export function disclosureOf(text: string): string {
  return Buffer.from(text).toString('base64url');
}

export function digestOf(text: string): string {
  return hash('sha256', disclosureOf(text), 'base64url');
}

/** Digests and decoys, sorted, so that their order tells nothing either. */
export function commitTo(texts: readonly string[], atLeast: number): string[] {
  const digests: string[] = [];
  for (const text of texts) digests.push(digestOf(text));
  const wanted = Math.max(digests.length, atLeast);
  const count = DIGEST_COUNTS.find((allowed) => allowed >= wanted) ?? wanted;
  while (digests.length < count) digests.push(decoy());
  return digests.sort();
}

/**
 * `undefined` unless the text is a disclosure's JSON: three members, salt and name being strings. The
 * value is whatever was committed to, a key `__proto__` in a model's arguments too.
 */
export function parseDisclosure(text: string): Disclosed | undefined {
  const parts = parseProviderJson(text);
  if (!Array.isArray(parts) || parts.length !== 3) return undefined;
  const [salt, name, value] = parts as readonly JsonValue[];
  if (typeof salt !== 'string' || typeof name !== 'string' || value === undefined) return undefined;
  return { salt, name, value };
}

const POOL_BYTES = 24_576;
let pool = '';
let poolAt = 0;

/** Random base64url characters, six bits each; drawn from the system in blocks. */
function randomChars(count: number): string {
  if (poolAt + count > pool.length) {
    pool = randomBytes(POOL_BYTES).toString('base64url');
    poolAt = 0;
  }
  const chars = pool.slice(poolAt, poolAt + count);
  poolAt += count;
  return chars;
}

/** 256 bits end in a character of four bits: one of these sixteen. */
const LAST_CHARS = 'AEIMQUYcgkosw048';

function decoy(): string {
  const chars = randomChars(DIGEST_CHARS);
  const last = chars.charCodeAt(DIGEST_CHARS - 1);
  return chars.slice(0, -1) + LAST_CHARS[lastBits(last)];
}

/** The low four of the six bits that a base64url character stands for. */
function lastBits(char: number): number {
  if (char >= 0x61) return (char - 0x61 + 26) & 15;
  if (char === 0x5f) return 63 & 15;
  if (char >= 0x41) return (char - 0x41) & 15;
  return char === 0x2d ? 62 & 15 : (char - 0x30 + 52) & 15;
}
