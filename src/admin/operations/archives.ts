/** Archives: which entries went to cold storage, as the ledger says it. */
import { z } from 'zod';
import { operation } from '../operation.ts';

const range = z.strictObject({
  from: z.int().min(0).describe('The first of them.'),
  to: z.int().min(1).describe('The first that stays.'),
});

export const checkArchive = operation({
  method: 'POST',
  path: '/v1/archives/check',
  summary: 'Whether entries may go to an archive now.',
  access: ['administrator'],
  input: range,
  result: z.void(),
  run: ({ state }, asked) => state.ledger.requireArchivable(asked),
});

export const recordArchive = operation({
  method: 'POST',
  path: '/v1/archives',
  summary: 'Puts on record that entries go to an archive; only then may their files be taken away.',
  access: ['administrator'],
  input: range,
  result: z.void(),
  run: ({ state }, asked) => state.turns.take(() => state.ledger.recordArchive(asked)),
});
