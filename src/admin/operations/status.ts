/** What a gateway says of itself. */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { operation, shapes } from '../operation.ts';

const status = z.strictObject({
  address: z.string(),
  pid: z.int(),
  terms: z.strictObject({ id: z.string(), version: z.string(), hash: z.string() }),
  ledger: z.strictObject({ origin: z.string(), verifierKey: z.string(), size: z.int() }),
});

export const getStatus = operation({
  method: 'GET',
  path: '/v1/status',
  summary: 'Where it serves, the terms in force, the ledger.',
  access: ['administrator', 'overseer', 'auditor'],
  input: shapes.nothing,
  result: status,
  async run({ state: { ledger, terms }, address }) {
    if (address === undefined || terms === undefined) {
      throw new ProvisoError('not_found', 'No gateway runs with this data folder.');
    }
    const { id, version, hash } = terms.pack;
    const { origin, verifierKey, size } = ledger;
    return {
      address,
      pid: process.pid,
      terms: { id, version, hash },
      ledger: { origin, verifierKey, size },
    };
  },
});
