/** Registered purposes. */
import { z } from 'zod';
import { endPurpose as endAt, registerPurpose as register } from '#gateway/changes.ts';
import type { Purpose } from '#purpose/register.ts';
import { operation, shapes } from '../operation.ts';

const purposeRequest = z.strictObject({
  id: shapes.name,
  title: shapes.words,
  owner: shapes.words,
  authority: shapes.words,
  dataClasses: z.array(shapes.name),
  models: z.array(shapes.word).optional(),
  tools: z.array(shapes.word).optional(),
  callers: z.array(z.union([shapes.name, z.literal('*')])),
  teams: z.array(shapes.name),
  allows: z.array(shapes.name),
  endsAt: shapes.instant.optional(),
});

const purposeRow = purposeRequest.extend({ state: z.enum(['open', 'ended']) });
export type PurposeRow = z.infer<typeof purposeRow>;

export const listPurposes = operation({
  method: 'GET',
  path: '/v1/purposes',
  summary: 'Every registered purpose.',
  access: ['administrator', 'overseer', 'auditor'],
  input: shapes.nothing,
  result: z.array(purposeRow),
  run: async ({ state }) =>
    state.purposes.list().map((purpose) => rowOf(purpose, state.clock.now())),
});

export const registerPurpose = operation({
  method: 'POST',
  path: '/v1/purposes',
  summary: 'Registers a purpose, or replaces the one with its id.',
  access: ['administrator'],
  input: purposeRequest,
  result: z.void(),
  run: ({ state }, request) => register(state, purposeOf(request)),
});

export const endPurpose = operation({
  method: 'POST',
  path: '/v1/purposes/:id/end',
  summary: 'Ends a purpose at an instant.',
  access: ['administrator'],
  input: z.strictObject({ id: z.string(), at: shapes.instant }),
  result: z.void(),
  run: ({ state }, { id, at }) => endAt(state, id, Date.parse(at)),
});

function purposeOf({ endsAt, ...rest }: z.infer<typeof purposeRequest>): Purpose {
  return { ...rest, ...(endsAt === undefined ? {} : { endsAt: Date.parse(endsAt) }) };
}

function rowOf(purpose: Purpose, nowMs: number): PurposeRow {
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
