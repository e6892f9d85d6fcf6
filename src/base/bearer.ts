/**
 * Secrets that open something for whoever has them. Greppable, so that a scanner for leaked secrets
 * can find them, and with a checksum, so that a cut or mistyped one is told from an unknown one
 * without a look-up:
 *
 *   pri_ 3f9a1c20b7d4 _ <secret: 48 hex digits> <CRC-32 of all before: 8 hex digits>
 *        id, 12 hex       192 random bits
 *
 * Only the SHA-256 of the whole is kept. The secret is random and long, so that a slow hash would
 * add nothing.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What kind of secret it is: four characters, the last being `_`. */
export type BearerPrefix = 'prv_' | 'pri_' | 'prt_';

const ID_AT = 4;
const ID_DIGITS = 12;
const SECRET_AT = ID_AT + ID_DIGITS + 1;
const SECRET_DIGITS = 48;
const CHECK_AT = SECRET_AT + SECRET_DIGITS;
const LENGTH = CHECK_AT + 8;

export interface NewBearer {
  /** Shown once, never stored. */
  readonly text: string;
  /** 12 hex digits; public. */
  readonly id: string;
  /** SHA-256 of the text, 64 hex digits. */
  readonly hash: string;
}

/** @param random a source of random bytes; tests pass their own */
export function createBearer(
  prefix: BearerPrefix,
  random: (size: number) => Uint8Array = randomBytes,
): NewBearer {
  const id = Buffer.from(random(ID_DIGITS / 2)).toString('hex');
  const body = `${prefix}${id}_${Buffer.from(random(SECRET_DIGITS / 2)).toString('hex')}`;
  const text = body + checksum(body);
  return { text, id, hash: hashBearer(text) };
}

/** SHA-256, 64 hex digits. */
export function hashBearer(text: string): string {
  return hash('sha256', text, 'hex');
}

/** The id that a secret claims, if it has the length and prefix; proves nothing. */
export function claimedBearer(prefix: BearerPrefix, text: string): string | undefined {
  if (text.length !== LENGTH || !text.startsWith(prefix)) return undefined;
  return text.slice(ID_AT, ID_AT + ID_DIGITS);
}

/** Whether it is the one with that hash (hex, as Latin-1 bytes), in a time that tells nothing. */
export function isBearerOf(text: string, expected: Buffer): boolean {
  return timingSafeEqual(Buffer.from(hashBearer(text), 'latin1'), expected);
}

/** Whether it could be a whole one of that kind. */
export function isWholeBearer(prefix: BearerPrefix, text: string): boolean {
  if (claimedBearer(prefix, text) === undefined) return false;
  return checksum(text.slice(0, CHECK_AT)) === text.slice(CHECK_AT);
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}
