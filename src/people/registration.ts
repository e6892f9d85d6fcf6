/** A new passkey: what a browser made for a challenge, checked. WebAuthn Level 3, section 7.1. */
import { verifyRegistrationResponse } from '@simplewebauthn/server';
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { refuseFramed } from './assertion.ts';
import type { Passkey, RelyingParty } from './credential.ts';

const base64url = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .regex(/^[A-Za-z0-9_-]+$/, { error: 'must be base64url without padding' });

export const passkeyRegistration = z.strictObject({
  /** The credential's ID. */
  credential: base64url(1_400),
  clientDataJSON: base64url(8_000),
  attestationObject: base64url(60_000),
  transports: z.array(z.string().regex(/^[a-z-]{1,20}$/)).max(8),
});
export type PasskeyRegistration = z.infer<typeof passkeyRegistration>;

/** COSE algorithms: EdDSA, ES256, RS256, which every authenticator has one of. */
export const ALGORITHMS: readonly number[] = [-8, -7, -257];

/**
 * @param challenge the 32 bytes for which the browser was asked
 * @throws ProvisoError `assertion_invalid`
 */
export async function verifyRegistration(
  challenge: Uint8Array,
  given: PasskeyRegistration,
  relyingParty: RelyingParty,
): Promise<Passkey> {
  const { credential: id, clientDataJSON, attestationObject, transports } = given;
  refuseFramed(clientDataJSON);
  const checked = await verifyRegistrationResponse({
    response: {
      id,
      rawId: id,
      type: 'public-key',
      response: { clientDataJSON, attestationObject },
      clientExtensionResults: {},
    },
    expectedChallenge: Buffer.from(challenge).toString('base64url'),
    expectedOrigin: [...relyingParty.origins],
    expectedRPID: relyingParty.id,
    expectedType: 'webauthn.create',
    requireUserVerification: true,
    supportedAlgorithmIDs: [...ALGORITHMS],
  }).catch((cause: unknown) => {
    throw invalid(cause);
  });
  if (!checked.verified) throw invalid(undefined);
  const { credential, credentialDeviceType } = checked.registrationInfo;
  // The page says which it is, the authenticator's own data says it too.
  if (credential.id !== id) throw invalid(undefined);
  return {
    kind: 'passkey',
    id,
    publicKey: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    isSynced: credentialDeviceType === 'multiDevice',
    transports,
  };
}

function invalid(cause: unknown): ProvisoError {
  return new ProvisoError(
    'assertion_invalid',
    'The new passkey could not be registered: it was made for another page or challenge, or without verifying the person. Ask again, and set up a PIN or biometrics.',
    { cause },
  );
}
