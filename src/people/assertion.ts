/**
 * A person's signature over 32 bytes, the *challenge*: what is asked, hashed by whoever asks.
 *
 *   passkey     WebAuthn Level 3, section 7.2; user verification is required
 *   local key   Ed25519 over  "proviso person signature v1" ‖ 00 ‖ challenge
 *
 * Nothing here makes a challenge single-use or lets it expire: who made it does. docs/spec/people.md
 */
import { createPublicKey, verify } from 'node:crypto';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { Credential, LocalKey, Passkey, RelyingParty } from './credential.ts';

export const CHALLENGE_BYTES = 32;

const base64url = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .regex(/^[A-Za-z0-9_-]+$/, { error: 'must be base64url without padding' });

export const passkeyAssertion = z.strictObject({
  kind: z.literal('passkey'),
  /** The credential's ID. */
  credential: base64url(1_400),
  clientDataJSON: base64url(8_000),
  authenticatorData: base64url(8_000),
  signature: base64url(4_000),
});

export const localKeyAssertion = z.strictObject({
  kind: z.literal('local-key'),
  credential: base64url(22),
  signature: base64url(86),
});

/** As it travels and as it is kept in entries: all that a later verifier needs beside the key. */
export const assertion = z.discriminatedUnion('kind', [passkeyAssertion, localKeyAssertion]);
export type Assertion = z.infer<typeof assertion>;
export type PasskeyAssertion = z.infer<typeof passkeyAssertion>;
type LocalKeyAssertion = z.infer<typeof localKeyAssertion>;

export interface VerifiedAssertion {
  /** The ID of the credential that signed. */
  readonly credential: string;
  /** The signature counter of a passkey, to be remembered; 0 where there is none. */
  readonly counter: number;
}

/**
 * @param challenge 32 bytes that were made for this one signature
 * @throws ProvisoError `assertion_invalid` unless the credential signed that challenge, for this
 *   relying party, with the person verified and a counter that went on
 */
export async function verifyAssertion(
  credential: Credential,
  challenge: Uint8Array,
  given: Assertion,
  relyingParty: RelyingParty,
): Promise<VerifiedAssertion> {
  if (challenge.length !== CHALLENGE_BYTES) throw new TypeError('a challenge has 32 bytes');
  if (given.credential !== credential.id) throw invalid('was made with another key');
  if (credential.kind === 'passkey' && given.kind === 'passkey') {
    return verifyPasskey(credential, challenge, given, relyingParty);
  }
  if (credential.kind === 'local-key' && given.kind === 'local-key') {
    return verifyLocalKey(credential, challenge, given);
  }
  throw invalid('is of another kind than the key');
}

async function verifyPasskey(
  { id, publicKey, counter }: Passkey,
  challenge: Uint8Array,
  { clientDataJSON, authenticatorData, signature }: PasskeyAssertion,
  relyingParty: RelyingParty,
): Promise<VerifiedAssertion> {
  refuseFramed(clientDataJSON);
  const checked = await verifyAuthenticationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      response: { clientDataJSON, authenticatorData, signature },
      clientExtensionResults: {},
    },
    expectedChallenge: Buffer.from(challenge).toString('base64url'),
    expectedOrigin: [...relyingParty.origins],
    expectedRPID: relyingParty.id,
    expectedType: 'webauthn.get',
    requireUserVerification: true,
    credential: { id, publicKey: Buffer.from(publicKey, 'base64url'), counter },
  }).catch((cause: unknown) => {
    throw invalid(reasonOf(cause), cause);
  });
  if (!checked.verified) throw invalid('does not fit the registered key');
  return { credential: id, counter: checked.authenticationInfo.newCounter };
}

/** The library lets a page within another site's page pass where the browser does not name it. */
export function refuseFramed(clientDataJSON: string): void {
  let clientData: unknown;
  try {
    clientData = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString());
  } catch (cause) {
    throw invalid('has unreadable client data', cause);
  }
  if ((clientData as { crossOrigin?: unknown } | null)?.crossOrigin === true) {
    throw invalid('was made within a page of another site');
  }
}

const LOCAL_DOMAIN = 'proviso person signature v1\0';

/** What a local key signs for a challenge. */
export function localKeyMessage(challenge: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(LOCAL_DOMAIN), challenge]);
}

function verifyLocalKey(
  { id, publicKey }: LocalKey,
  challenge: Uint8Array,
  { signature }: LocalKeyAssertion,
): VerifiedAssertion {
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: publicKey },
    format: 'jwk',
  });
  const isTrue = verify(null, localKeyMessage(challenge), key, Buffer.from(signature, 'base64url'));
  if (!isTrue) throw invalid('does not fit the registered key');
  return { credential: id, counter: 0 };
}

/** The library's messages quote what was sent; these say the same and quote nothing. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/challenge/, 'is over another challenge: ask again, and sign what is asked now'],
  [/origin/i, 'was made on another page than this gateway’s'],
  [/RP ID/i, 'was made for another site'],
  [/not present/, 'was made without anybody present'],
  [/User verification/, 'was made without verifying the person: set up a PIN or biometrics'],
  [/counter/, 'has a counter that did not go on: the key may have been copied'],
  [/type/, 'is no WebAuthn assertion'],
];

function reasonOf(cause: unknown): string {
  const { name = '', message = '' } = cause as Partial<Error>;
  const found = REASONS.find(([pattern]) => pattern.test(`${name} ${message}`));
  return found?.[1] ?? 'could not be read';
}

function invalid(problem: string, cause?: unknown): ProvisoError {
  return new ProvisoError('assertion_invalid', `The signature ${problem}.`, { cause });
}
