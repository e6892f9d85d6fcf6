/** Erasing what is kept for a purpose, a caller or a subject. */
import { z } from 'zod';
import { eraseValues } from '#gateway/erasure.ts';
import { nameOf } from '../actor.ts';
import { operation, shapes } from '../operation.ts';

/** Stands in the vault, and must not name who is erased. */
const reason = shapes.words.optional();

export const erase = operation({
  method: 'POST',
  path: '/v1/erasures',
  summary: 'Destroys the key of what was encrypted for a purpose, a caller or a subject.',
  access: ['administrator'],
  input: z.discriminatedUnion('of', [
    z.strictObject({
      of: z.enum(['purpose', 'caller', 'subject']),
      name: z.string().min(1).max(256),
      reason,
    }),
    z.strictObject({ of: z.literal('no-purpose'), reason }),
  ]),
  /** The number of the entry that says so. */
  result: z.strictObject({ entry: z.int() }),
  async run({ state, actor }, { reason: why, ...erased }) {
    return { entry: await eraseValues(state, erased, { by: nameOf(actor), reason: why }) };
  },
});
