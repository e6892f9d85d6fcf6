/** Entries of the ledger, beyond what its public files say. */
import { z } from 'zod';
import type { JsonObject } from '#base/json.ts';
import { operation } from '../operation.ts';

export const readPrivate = operation({
  method: 'GET',
  path: '/v1/entries/:index/private',
  summary: 'The private values of a ledger entry, by name, from the vault.',
  access: ['auditor'],
  input: z.strictObject({ index: z.coerce.number<number | string>().int().min(0) }),
  result: z.custom<JsonObject>(),
  async run({ state: { ledger } }, { index }) {
    return ledger.readPrivate(await ledger.readEntry(index));
  },
});
