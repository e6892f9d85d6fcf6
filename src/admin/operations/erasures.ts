/** Erasing what is kept for a purpose, a caller or a subject. */
import { z } from 'zod';
import { eraseValues } from '#gateway/erasure.ts';
import { nameOf } from '../actor.ts';
import { operation, shapes } from '../operation.ts';

export const erase = operation({
  method: 'POST',
  path: '/v1/erasures',
  summary: 'Destroys the key of what was encrypted for a purpose, a caller or a subject.',
  access: ['administrator'],
  input: z.strictObject({
    of: z.enum(['purpose', 'caller', 'subject']),
    name: z.string().min(1).max(256),
    /** Stands in the vault, and must not name who is erased. */
    reason: shapes.words.optional(),
  }),
  /** The number of the entry that says so. */
  result: z.strictObject({ entry: z.int() }),
  async run({ state, actor }, { of, name, reason }) {
    return { entry: await eraseValues(state, { of, name }, { by: nameOf(actor), reason }) };
  },
});
