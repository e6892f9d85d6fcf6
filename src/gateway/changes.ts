/**
 * Changes of a gateway's state. INVARIANT (13): every change is an entry first, and in force when
 * that entry is on disk.
 */
import type { Clock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import { createKey } from '#caller/key.ts';
import { type Caller, type KeyRing, keyCreated, keyRevoked } from '#caller/ring.ts';
import type { Ledger } from '#ledger/ledger.ts';
import {
  type Purpose,
  type PurposeRegister,
  purposeEnded,
  purposeRegistered,
} from '#purpose/register.ts';

/** Of a running gateway, or opened alone. */
export interface State {
  readonly ledger: Ledger;
  readonly callers: KeyRing;
  readonly purposes: PurposeRegister;
  readonly clock: Clock;
}

/** A new key for a caller. The key itself is returned once and kept nowhere. */
export async function createCallerKey(
  { ledger, callers }: State,
  caller: Omit<Caller, 'keyId'>,
): Promise<{ readonly id: string; readonly key: string }> {
  const { key, id, hash } = createKey();
  const entry = keyCreated({ id, hash }, caller);
  await ledger.append({ ...entry, vaultKey: `caller:${caller.id}` });
  callers.fold([entry]);
  return { id, key };
}

/** @throws ProvisoError `caller_unknown` where there is no such key */
export async function revokeCallerKey({ ledger, callers }: State, id: string): Promise<void> {
  if (!callers.find(id)) {
    throw new ProvisoError(
      'caller_unknown',
      `There is no key \`${id}\`; \`proviso key list\` shows them all.`,
    );
  }
  const entry = keyRevoked(id);
  await ledger.append(entry);
  callers.fold([entry]);
}

export async function registerPurpose(
  { ledger, purposes }: State,
  purpose: Purpose,
): Promise<void> {
  const entry = purposeRegistered(purpose);
  await ledger.append({ ...entry, vaultKey: `purpose:${purpose.id}` });
  purposes.fold([entry]);
}

/**
 * @param endsAt milliseconds since 1970
 * @throws ProvisoError `purpose_unknown`
 */
export async function endPurpose(
  { ledger, purposes }: State,
  id: string,
  endsAt: number,
): Promise<void> {
  if (!purposes.find(id)) {
    throw new ProvisoError(
      'purpose_unknown',
      `There is no purpose \`${id}\`; \`proviso purpose list\` shows them all.`,
    );
  }
  const entry = purposeEnded(id, endsAt);
  await ledger.append(entry);
  purposes.fold([entry]);
}
