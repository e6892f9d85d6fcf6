/** Tokens with which machines use this API. docs/spec/people.md, Invitations and tokens */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { createMachineToken, revokeMachineToken } from '#gateway/people.ts';
import { BUILT_IN_ROLES } from '#people/person.ts';
import type { Token } from '#people/tokens.ts';
import { type Actor, nameOf } from '../actor.ts';
import { operation, shapes } from '../operation.ts';

const tokenRow = z.strictObject({
  id: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  state: z.enum(['active', 'expired', 'revoked']),
  expiresAt: shapes.instant,
  by: z.string().describe('Who made it: a person’s id, or `operator`.'),
});
export type TokenRow = z.infer<typeof tokenRow>;

export const listTokens = operation({
  method: 'GET',
  path: '/v1/tokens',
  summary: 'Every token that was ever made, without the tokens.',
  access: ['administrator', 'auditor'],
  input: shapes.nothing,
  result: z.array(tokenRow),
  run: async ({ state }) => state.tokens.list().map((token) => rowOf(token, state.clock.now())),
});

export const createToken = operation({
  method: 'POST',
  path: '/v1/tokens',
  summary: 'Makes a token for a machine; the answer alone ever holds it.',
  access: ['administrator'],
  input: z.strictObject({
    name: shapes.words.describe('What it is for.'),
    roles: z.array(z.enum(BUILT_IN_ROLES)).min(1),
    expiresAt: shapes.instant.describe('At most a year away.'),
  }),
  result: z.strictObject({ id: z.string(), token: z.string() }),
  run({ state, actor }, { name, roles, expiresAt }) {
    requireNoToken(actor);
    const end = Date.parse(expiresAt);
    const now = state.clock.now();
    if (end <= now || end > now + YEAR_MS) {
      throw new ProvisoError('invalid_request', '`expiresAt` must lie within a year from now.', {
        at: 'expiresAt',
      });
    }
    const unique = [...new Set(roles)].sort();
    return createMachineToken(state, { name, roles: unique, expiresAt: end, by: nameOf(actor) });
  },
});

export const revokeToken = operation({
  method: 'DELETE',
  path: '/v1/tokens/:id',
  summary: 'Revokes a token at once.',
  access: ['administrator'],
  input: z.strictObject({ id: z.string() }),
  result: z.void(),
  run: ({ state, actor }, { id }) => revokeMachineToken(state, id, nameOf(actor)),
});

const YEAR_MS = 366 * 24 * 60 * 60 * 1000;

/** Or one that leaks would live on in those it made. */
function requireNoToken(actor: Actor): void {
  if (actor.kind !== 'token') return;
  throw new ProvisoError('role_required', 'A token makes no token: a person or the operator does.');
}

function rowOf({ id, name, roles, expiresAt, by, isRevoked }: Token, nowMs: number): TokenRow {
  return {
    id,
    name,
    roles: [...roles],
    state: isRevoked ? 'revoked' : nowMs >= expiresAt ? 'expired' : 'active',
    expiresAt: new Date(expiresAt).toISOString(),
    by,
  };
}
