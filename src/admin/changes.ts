/**
 * What the control API does to a gateway's state. INVARIANT (13): every change is an entry first,
 * and in force when that entry is on disk.
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
import type { Control, KeyRequest, KeyRow, PurposeRequest, PurposeRow, Status } from './control.ts';

/** A running gateway, or its state alone. */
export interface State {
  readonly ledger: Ledger;
  readonly callers: KeyRing;
  readonly purposes: PurposeRegister;
  readonly clock: Clock;
}

export function controlOf(state: State, status: () => Status, close: () => Promise<void>): Control {
  return {
    status: async () => status(),
    listKeys: async () => state.callers.list().map((key) => keyRow(key, state.clock.now())),
    async createKey(request) {
      const { key, id, hash } = createKey();
      const entry = keyCreated({ id, hash }, callerOf(request));
      await state.ledger.append({ ...entry, vaultKey: `caller:${request.caller}` });
      state.callers.fold([entry]);
      return { id, key };
    },
    async revokeKey(id) {
      if (!state.callers.find(id)) {
        throw new ProvisoError(
          'caller_unknown',
          `There is no key \`${id}\`; \`proviso key list\` shows them all.`,
        );
      }
      const entry = keyRevoked(id);
      await state.ledger.append(entry);
      state.callers.fold([entry]);
    },
    listPurposes: async () =>
      state.purposes.list().map((purpose) => purposeRow(purpose, state.clock.now())),
    async registerPurpose(request) {
      const entry = purposeRegistered(purposeOf(request));
      await state.ledger.append({ ...entry, vaultKey: `purpose:${request.id}` });
      state.purposes.fold([entry]);
    },
    async endPurpose(id, at) {
      if (!state.purposes.find(id)) {
        throw new ProvisoError(
          'purpose_unknown',
          `There is no purpose \`${id}\`; \`proviso purpose list\` shows them all.`,
        );
      }
      const entry = purposeEnded(id, Date.parse(at));
      await state.ledger.append(entry);
      state.purposes.fold([entry]);
    },
    async readPrivate(index) {
      return state.ledger.readPrivate(await state.ledger.readEntry(index));
    },
    close,
  };
}

function callerOf({ caller, expiresAt, ...rest }: KeyRequest): Omit<Caller, 'keyId'> {
  return {
    ...rest,
    id: caller,
    ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
  };
}

function keyRow(
  { keyId, caller, isRevoked }: ReturnType<KeyRing['list']>[number],
  nowMs: number,
): KeyRow {
  if (!caller) return { id: keyId, state: 'erased' };
  const { id, keyId: _same, expiresAt, partner, teams, purposes, ...rest } = caller;
  const isExpired = expiresAt !== undefined && nowMs >= expiresAt;
  return {
    id: keyId,
    state: isRevoked ? 'revoked' : isExpired ? 'expired' : 'active',
    holder: {
      ...rest,
      caller: id,
      teams: [...teams],
      purposes: [...purposes],
      ...(partner === undefined ? {} : { partner }),
      ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt).toISOString() }),
    },
  };
}

function purposeOf({ endsAt, ...rest }: PurposeRequest): Purpose {
  return { ...rest, ...(endsAt === undefined ? {} : { endsAt: Date.parse(endsAt) }) };
}

function purposeRow(purpose: Purpose, nowMs: number): PurposeRow {
  const { dataClasses, models, tools, callers, teams, allows, endsAt, ...rest } = purpose;
  return {
    ...rest,
    dataClasses: [...dataClasses],
    callers: [...callers],
    teams: [...teams],
    allows: [...allows],
    ...(models === undefined ? {} : { models: [...models] }),
    ...(tools === undefined ? {} : { tools: [...tools] }),
    ...(endsAt === undefined ? {} : { endsAt: new Date(endsAt).toISOString() }),
    state: endsAt !== undefined && nowMs >= endsAt ? 'ended' : 'open',
  };
}
