/** The control of a gateway's state in this process. */
import type { Caller, KeyRing } from '#caller/ring.ts';
import {
  createCallerKey,
  endPurpose,
  registerPurpose,
  revokeCallerKey,
  type State,
} from '#gateway/changes.ts';
import type { Purpose } from '#purpose/register.ts';
import type { Control, KeyRequest, KeyRow, PurposeRequest, PurposeRow, Status } from './control.ts';

export function controlOf(state: State, status: () => Status, close: () => Promise<void>): Control {
  return {
    status: async () => status(),
    listKeys: async () => state.callers.list().map((key) => keyRow(key, state.clock.now())),
    createKey: (request) => createCallerKey(state, callerOf(request)),
    revokeKey: (id) => revokeCallerKey(state, id),
    listPurposes: async () =>
      state.purposes.list().map((purpose) => purposeRow(purpose, state.clock.now())),
    registerPurpose: (request) => registerPurpose(state, purposeOf(request)),
    endPurpose: (id, at) => endPurpose(state, id, Date.parse(at)),
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
