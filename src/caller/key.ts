/** Key material of callers: `prv_…`, a secret as `#base/bearer.ts` makes them. */
import {
  claimedBearer,
  createBearer,
  hashBearer,
  isBearerOf,
  isWholeBearer,
} from '#base/bearer.ts';

const PREFIX = 'prv_';

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
export function createKey(random?: (size: number) => Uint8Array): NewKey {
  const { text, id, hash } = createBearer(PREFIX, random);
  return { key: text, id, hash };
}

/** SHA-256 of a key, 64 hex digits. */
export const hashKey = hashBearer;

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
  return claimedBearer(PREFIX, credential);
}

/** Whether the credential is the key with that hash, in a time that does not tell how nearly. */
export const isKeyOf = isBearerOf;

/** What is wrong with the form of a credential; `undefined` when it could be a key. */
export function malformation(credential: string): string | undefined {
  if (!credential.startsWith(PREFIX))
    return `is not one of this gateway’s, which begin \`${PREFIX}\``;
  return isWholeBearer(PREFIX, credential)
    ? undefined
    : 'is cut off or mistyped: its checksum does not fit';
}
