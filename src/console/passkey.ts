/** What the browser's authenticator signs or makes, in the form in which the gateway takes it. */
import { startAuthentication, startRegistration } from '@simplewebauthn/browser';
import type { Input, Result } from './api.ts';

export type Assertion = Input<'signIn'>['assertion'];

/** Asks for a touch, a face or a PIN. Throws where the person declines. */
export async function signWithPasskey(
  options: Result<'beginSignIn'>['options'],
): Promise<Assertion> {
  const { id, response } = await startAuthentication({ optionsJSON: options });
  return {
    kind: 'passkey',
    credential: id,
    clientDataJSON: response.clientDataJSON,
    authenticatorData: response.authenticatorData,
    signature: response.signature,
  };
}

export async function makePasskey(
  options: Result<'beginRegistration'>['options'],
): Promise<Input<'finishRegistration'>['passkey']> {
  const made = await startRegistration({ optionsJSON: options });
  return {
    credential: made.id,
    clientDataJSON: made.response.clientDataJSON,
    attestationObject: made.response.attestationObject,
    transports: made.response.transports ?? [],
  };
}
