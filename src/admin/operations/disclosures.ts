/** Disclosures: chosen fields of chosen entries, with their proof. docs/spec/disclosure.md */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { Question } from '#disclosure/choose.ts';
import { disclose } from '#disclosure/disclose.ts';
import { type Bound, rangeOf } from '#disclosure/range.ts';
import { FILTER_NAMES } from '#disclosure/verify/where.ts';
import { Turns } from '#gateway/turns.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { auditedLog } from '../audited-log.ts';
import { operation, shapes } from '../operation.ts';

/** Entries that are looked at beside the calls that the gateway carries; one disclosure at a time. */
const LOOKED_AT_MAX = 100_000;
/** Entries that a browser is given. */
const SHOWN_MAX = 5_000;
const turns = new Turns();

const bound = z
  .union([shapes.instant, z.int().min(0)])
  .describe('An instant, or the number of an entry.');

export const makeDisclosure = operation({
  method: 'POST',
  path: '/v1/disclosures',
  summary: `Makes a disclosure of a range of at most ${LOOKED_AT_MAX} entries that shows at most ${SHOWN_MAX}.`,
  access: ['auditor'],
  input: z.strictObject({
    where: z
      .array(shapes.words)
      .max(20)
      .default([])
      .describe(`\`name=value\`, all of which must match; of ${FILTER_NAMES.join(', ')}.`),
    fields: z
      .array(shapes.word)
      .min(1)
      .max(50)
      .describe('Public facts, and private values, which are shown whole: `effect`, `caller`.'),
    isComplete: z
      .boolean()
      .default(false)
      .describe('Show every entry of the range, so that none can be missing.'),
    from: bound.optional(),
    to: bound.optional().describe('Not included.'),
  }),
  result: z.strictObject({
    text: z.string().describe('The file; its bytes are UTF-8.'),
    sha256: z.string().describe('Of the file: what is put on record as the answer to an inquiry.'),
    entries: z.int().describe('Entries that it shows.'),
    shown: z.array(z.string()).describe('What it shows to whoever trusts the ledger’s key.'),
    notShown: z.array(z.string()),
  }),
  async run({ state }, { where, fields, isComplete, from, to }) {
    const question = { where, fields, isComplete, from: boundOf(from), to: boundOf(to) };
    return turns.take(async () => {
      const source = await auditedLog(state);
      const { size } = openCheckpoint(Buffer.from(state.ledger.checkpoint), source.log);
      await requireFew(source.place, size, question);
      const { text, sha256, entries, verdict } = await disclose(source, question);
      if (entries.length > SHOWN_MAX) throw tooMuch(`shows ${entries.length} entries`);
      const { shown, notShown } = verdict;
      return { text, sha256, entries: entries.length, shown: [...shown], notShown: [...notShown] };
    });
  },
});

/** @throws ProvisoError `usage_invalid` */
async function requireFew(place: string, size: number, question: Question): Promise<void> {
  const { from, to } = await rangeOf(place, size, question);
  const max = question.isComplete ? SHOWN_MAX : LOOKED_AT_MAX;
  if (to - from > max) throw tooMuch(`is about ${to - from} entries`);
}

function tooMuch(what: string): ProvisoError {
  return new ProvisoError(
    'usage_invalid',
    `The disclosure ${what}, more than are read beside the calls of a gateway: ask for less, or make it with \`proviso ledger disclose\`.`,
  );
}

function boundOf(given: string | number | undefined): Bound | undefined {
  if (given === undefined) return undefined;
  return typeof given === 'number' ? { entry: given } : { at: Date.parse(given) };
}
