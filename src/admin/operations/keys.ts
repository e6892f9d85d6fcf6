/** Callers' keys. */
import { z } from 'zod';
import type { Caller, KeyRing } from '#caller/ring.ts';
import { createCallerKey, revokeCallerKey } from '#gateway/changes.ts';
import { operation, shapes } from '../operation.ts';

export const keyRequest = z.strictObject({
  caller: shapes.name,
  owner: shapes.words,
  organisation: shapes.words,
  teams: z.array(shapes.name),
  partner: shapes.words.optional(),
  clearance: z.int().min(0).max(1_000),
  purposes: z.array(shapes.name),
  expiresAt: shapes.instant.optional(),
});

const keyRow = z.strictObject({
  id: z.string(),
  state: z.enum(['active', 'expired', 'revoked', 'erased']),
  /** Absent where who held the key was erased. */
  holder: keyRequest.optional(),
});
export type KeyRow = z.infer<typeof keyRow>;

export const listKeys = operation({
  method: 'GET',
  path: '/v1/keys',
  summary: 'Every key that was ever made, without the keys.',
  access: ['administrator', 'auditor'],
  input: shapes.nothing,
  result: z.array(keyRow),
  run: async ({ state }) => state.callers.list().map((key) => rowOf(key, state.clock.now())),
});

export const createKey = operation({
  method: 'POST',
  path: '/v1/keys',
  summary: 'Makes a key for a caller; the answer alone ever holds it.',
  access: ['administrator'],
  input: keyRequest,
  result: z.strictObject({ id: z.string(), key: z.string() }),
  run: ({ state }, request) => createCallerKey(state, callerOf(request)),
});

export const revokeKey = operation({
  method: 'DELETE',
  path: '/v1/keys/:id',
  summary: 'Revokes a key at once.',
  access: ['administrator'],
  input: z.strictObject({ id: z.string() }),
  result: z.void(),
  run: ({ state }, { id }) => revokeCallerKey(state, id),
});

function callerOf({
  caller,
  expiresAt,
  ...rest
}: z.infer<typeof keyRequest>): Omit<Caller, 'keyId'> {
  return {
    ...rest,
    id: caller,
    ...(expiresAt === undefined ? {} : { expiresAt: Date.parse(expiresAt) }),
  };
}

function rowOf(
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
