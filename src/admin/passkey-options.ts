/**
 * What a browser is told to ask of an authenticator: WebAuthn's options in JSON, as
 * `PublicKeyCredential.parseRequestOptionsFromJSON` and `@simplewebauthn/browser` take them.
 */
import { z } from 'zod';
import type { Credential, RelyingParty } from '#people/credential.ts';
import type { Person } from '#people/person.ts';
import { ALGORITHMS } from '#people/registration.ts';

const descriptor = z.strictObject({
  type: z.literal('public-key'),
  id: z.string().describe('The credential’s ID, base64url.'),
  transports: z.array(z.string()),
});

const common = {
  challenge: z.string().describe('32 bytes, base64url.'),
  timeout: z.int().describe('Milliseconds.'),
};

export const requestOptions = z.strictObject({
  ...common,
  rpId: z.string(),
  allowCredentials: z.array(descriptor).describe('Empty: any that the browser has for the site.'),
  userVerification: z.literal('required'),
});

export const creationOptions = z.strictObject({
  ...common,
  rp: z.strictObject({ id: z.string(), name: z.string() }),
  user: z.strictObject({ id: z.string(), name: z.string(), displayName: z.string() }),
  pubKeyCredParams: z.array(z.strictObject({ type: z.literal('public-key'), alg: z.int() })),
  excludeCredentials: z.array(descriptor),
  authenticatorSelection: z.strictObject({
    residentKey: z.literal('required'),
    requireResidentKey: z.literal(true),
    userVerification: z.literal('required'),
  }),
  attestation: z.literal('none'),
});

/**
 * To sign a challenge.
 * @param credentials those that may sign; none stands for any
 */
export function toSign(
  challenge: Uint8Array,
  timeout: number,
  { id: rpId }: RelyingParty,
  credentials: readonly Credential[] = [],
): z.infer<typeof requestOptions> {
  return {
    challenge: Buffer.from(challenge).toString('base64url'),
    timeout,
    rpId,
    allowCredentials: descriptorsOf(credentials),
    userVerification: 'required',
  };
}

/** To make a passkey for a person. */
export function toMake(
  challenge: Uint8Array,
  timeout: number,
  { id: rpId }: RelyingParty,
  { id, name, email, credentials }: Person,
): z.infer<typeof creationOptions> {
  return {
    challenge: Buffer.from(challenge).toString('base64url'),
    timeout,
    rp: { id: rpId, name: 'Proviso' },
    user: {
      id: Buffer.from(id).toString('base64url'),
      name: email ?? name,
      displayName: name,
    },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: descriptorsOf(credentials),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    attestation: 'none',
  };
}

function descriptorsOf(credentials: readonly Credential[]): z.infer<typeof descriptor>[] {
  return credentials
    .filter((credential) => credential.kind === 'passkey')
    .map(({ id, transports }) => ({ type: 'public-key', id, transports: [...transports] }));
}
