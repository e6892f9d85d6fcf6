/** The terms in force, and bringing others into force. */
import { z } from 'zod';
import { SIGNATURES_MAX } from '#base/limits.ts';
import type { RecordedActivation } from '#gateway/activation.ts';
import { operation, shapes } from '../operation.ts';

const activation = z.strictObject({
  /** Its number in the ledger. */
  entry: z.int(),
  at: z.string(),
  id: z.string(),
  version: z.string(),
  hash: z.string(),
  against: z.string().optional(),
  inputs: z.strictObject({
    manifest: z.string(),
    policies: z.string(),
    proof: z.string(),
    schema: z.string(),
    text: z.string(),
  }),
  proof: z.strictObject({
    verdict: z.literal('proven'),
    checks: z.array(z.string()),
    solver: z.string(),
    timeLimitMs: z.int(),
  }),
  proviso: z.string(),
  tests: z.int(),
  released: z.array(z.strictObject({ rule: z.string(), by: z.array(z.string()) })),
  signatures: z.array(z.string()),
});
export type ActivationRow = z.infer<typeof activation>;

export const listActivations = operation({
  method: 'GET',
  path: '/v1/terms',
  summary: 'How each terms pack came into force, the one in force last.',
  access: ['administrator', 'overseer', 'auditor'],
  input: shapes.nothing,
  result: z.array(activation),
  run: async ({ state }) => (await state.activations.history()).map(rowOf),
});

export const file = z.strictObject({ path: shapes.word, text: z.string() });

export const beginActivation = operation({
  method: 'POST',
  path: '/v1/terms/attempts',
  summary: 'Begins to bring a terms pack into force: checked, tested, its signatures held, proven.',
  access: ['administrator'],
  input: z.strictObject({
    /** Of the folder, for what is said of its files. */
    name: shapes.words,
    files: z.array(file),
    signatures: z.array(file).max(SIGNATURES_MAX),
    /** Red lines and assurances in force that the operator releases, where no party names a key. */
    releases: z.array(shapes.word),
  }),
  result: z.strictObject({ attempt: z.int() }),
  async run({ state: { activations } }, { name, files, signatures, releases }) {
    const contents = new Map(files.map(({ path, text }) => [path, Buffer.from(text)]));
    const submitted = { name, files: contents, signatures, releases };
    const attempt = activations.attempts.begin((report) => activations.activate(submitted, report));
    return { attempt };
  },
});

export const getAttempt = operation({
  method: 'GET',
  path: '/v1/terms/attempts/:attempt',
  summary: 'How far an attempt to bring terms into force is, or how it ended.',
  access: ['administrator'],
  input: z.strictObject({ attempt: z.coerce.number<string | number>().int() }),
  result: z.discriminatedUnion('state', [
    z.strictObject({ state: z.literal('under way'), done: z.int(), total: z.int() }),
    z.strictObject({ state: z.literal('in force'), activation }),
  ]),
  async run({ state: { activations } }, { attempt: number }) {
    const attempt = activations.attempts.look(number);
    switch (attempt.state) {
      case 'under way':
        return attempt;
      case 'done':
        return { state: 'in force' as const, activation: rowOf(attempt.result.activation) };
      case 'refused':
        throw attempt.error;
    }
  },
});

function rowOf({ at, ...activation }: RecordedActivation): ActivationRow {
  return { ...activation, at: new Date(at).toISOString() };
}
