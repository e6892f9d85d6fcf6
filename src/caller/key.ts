/**
 * Key material of callers. Greppable, so that a scanner for leaked secrets can find it, and with a
 * checksum, so that a cut or mistyped key is told from an unknown one without a look-up:
 *
 *   prv_ 3f9a1c20b7d4 _ <secret: 48 hex digits> <CRC-32 of all before: 8 hex digits>
 *        id, 12 hex       192 random bits
 *
 * Only the SHA-256 of the whole key is kept. The secret is random and long, so that a slow hash
 * would add nothing.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'prv_';
const ID_AT = PREFIX.length;
const ID_DIGITS = 12;
const SECRET_AT = ID_AT + ID_DIGITS + 1;
const SECRET_DIGITS = 48;
const CHECK_AT = SECRET_AT + SECRET_DIGITS;
const KEY_LENGTH = CHECK_AT + 8;

/** Finds keys in text, for scanners. */
export const KEY_PATTERN = /\bprv_[0-9a-f]{12}_[0-9a-f]{56}\b/g;

export interface NewKey {
  /** Shown once, never stored. */
  readonly key: string;
  /** 12 hex digits; public. */
  readonly id: string;
  /** SHA-256 of the key, 64 hex digits. */
  readonly hash: string;
}

/** @param random a source of random bytes; tests pass their own */
export function createKey(random: (size: number) => Uint8Array = randomBytes): NewKey {
  const id = Buffer.from(random(ID_DIGITS / 2)).toString('hex');
  const body = `${PREFIX}${id}_${Buffer.from(random(SECRET_DIGITS / 2)).toString('hex')}`;
  const key = body + checksum(body);
  return { key, id, hash: hashKey(key) };
}

/** SHA-256 of a key, 64 hex digits. */
export function hashKey(key: string): string {
  return hash('sha256', key, 'hex');
}

/** The line that proviso.yaml takes as `keyHash`. */
export function formatKeyHash({
  id,
  hash,
}: {
  readonly id: string;
  readonly hash: string;
}): string {
  return `${PREFIX}${id}:${hash}`;
}

/** The id a credential claims, if it has a key's length and prefix; proves nothing. */
export function claimedId(credential: string): string | undefined {
  if (credential.length !== KEY_LENGTH || !credential.startsWith(PREFIX)) return undefined;
  return credential.slice(ID_AT, ID_AT + ID_DIGITS);
}

/** Whether the credential is the key with that hash, in a time that does not tell how nearly. */
export function isKeyOf(credential: string, hash: Buffer): boolean {
  return timingSafeEqual(Buffer.from(hashKey(credential), 'latin1'), hash);
}

/** What is wrong with the form of a credential; `undefined` when it could be a key. */
export function malformation(credential: string): string | undefined {
  if (!credential.startsWith(PREFIX))
    return `is not one of this gateway’s, which begin \`${PREFIX}\``;
  const isWhole =
    credential.length === KEY_LENGTH &&
    checksum(credential.slice(0, CHECK_AT)) === credential.slice(CHECK_AT);
  return isWhole ? undefined : 'is cut off or mistyped: its checksum does not fit';
}

function checksum(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}
