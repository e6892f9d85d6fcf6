/**
 * Local keys: Ed25519 in a PEM file (PKCS #8), with which a person signs in a terminal.
 * docs/spec/people.md, Keys
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
} from 'node:crypto';
import { ProvisoError } from '#base/errors.ts';
import { type Assertion, localKeyMessage } from './assertion.ts';
import type { LocalKey } from './credential.ts';

export interface LocalSigner {
  /** What is registered. */
  readonly key: LocalKey;
  /** @param challenge 32 bytes */
  sign(challenge: Uint8Array): Assertion;
}

/** A new key, as its file holds it. */
export function createLocalKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

/** @throws ProvisoError `invalid_request` unless the text is an Ed25519 private key in PEM */
export function openLocalKey(pem: string): LocalSigner {
  let secret: KeyObject;
  try {
    secret = createPrivateKey(pem);
  } catch (cause) {
    throw notAKey(cause);
  }
  if (secret.asymmetricKeyType !== 'ed25519') throw notAKey(undefined);
  const key = localKeyOf(createPublicKey(secret).export({ format: 'jwk' }).x ?? '');
  return {
    key,
    sign: (challenge) => ({
      kind: 'local-key',
      credential: key.id,
      signature: sign(null, localKeyMessage(challenge), secret).toString('base64url'),
    }),
  };
}

/** @param publicKey 32 bytes, base64url */
export function localKeyOf(publicKey: string): LocalKey {
  const digest = hash('sha256', Buffer.from(publicKey, 'base64url'), 'buffer');
  return { kind: 'local-key', id: digest.subarray(0, 16).toString('base64url'), publicKey };
}

function notAKey(cause: unknown): ProvisoError {
  return new ProvisoError(
    'invalid_request',
    'This is no Ed25519 private key in PEM; `proviso person key create FILE` makes one.',
    { cause },
  );
}
