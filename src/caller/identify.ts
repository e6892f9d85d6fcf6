/** The stage that says who asks: only here does an `Identified` come to be. */
import { ProvisoError } from '#base/errors.ts';
import { claimedId, isKeyOf, malformation } from './key.ts';
import type { Caller, KeyRing } from './ring.ts';

declare const identified: unique symbol;

/** What was received, with who sent it and without the credential. */
export type Identified<P> = P & { readonly caller: Caller; readonly [identified]: true };

/** Compared with when no such key exists, so that the time taken does not tell. */
const NO_KEY = Buffer.alloc(64);

/**
 * @param nowMs milliseconds since 1970
 * @throws ProvisoError `caller_unknown`, `caller_revoked` or `caller_expired`
 */
export function identify<P extends { readonly credential: string | undefined }>(
  received: P,
  ring: KeyRing,
  nowMs: number,
): Identified<P> {
  const { credential } = received;
  const keyId = credential === undefined ? undefined : claimedId(credential);
  if (credential === undefined || keyId === undefined) throw unknown(credential);
  const held = ring.find(keyId);
  const isKey = isKeyOf(credential, held?.hash ?? NO_KEY);
  if (!held || !isKey) throw unknown(credential);
  const { caller } = held;
  if (held.isRevoked || !caller) {
    throw new ProvisoError('caller_revoked', `The key \`prv_${keyId}\` was revoked.`);
  }
  if (caller.expiresAt !== undefined && nowMs >= caller.expiresAt) {
    const end = new Date(caller.expiresAt).toISOString();
    throw new ProvisoError('caller_expired', `The key \`prv_${keyId}\` ended at ${end}.`);
  }
  return { ...received, credential: undefined, caller } as P & { caller: Caller } as Identified<P>;
}

function unknown(credential: string | undefined): ProvisoError {
  if (!credential) {
    return new ProvisoError(
      'caller_unknown',
      'The call has no key: give one of this gateway’s as your client’s API key.',
    );
  }
  const problem = malformation(credential) ?? 'is not known here';
  return new ProvisoError('caller_unknown', `The key ${problem}.`);
}
