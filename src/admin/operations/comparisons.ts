/** What a terms pack would change, were it in force: docs/spec/proofs.md, "Of two packs". */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { PackComparison } from '#terms/compare/compare-packs.ts';
import type { Pack } from '#terms/pack.ts';
import { operation, shapes } from '../operation.ts';
import { file } from './terms.ts';

const packName = z.strictObject({
  id: z.string(),
  version: z.string(),
  title: z.string(),
  hash: z.string(),
});

export const beginComparison = operation({
  method: 'POST',
  path: '/v1/terms/comparisons',
  summary:
    'Begins to compare a terms pack with the one in force, by proof. Nothing comes into force by it.',
  access: ['administrator', 'auditor'],
  input: z.strictObject({
    name: shapes.words.describe('Of the folder, for what is said of its files.'),
    files: z.array(file).min(1),
  }),
  result: z.strictObject({ comparison: z.int() }),
  async run({ state: { activations, terms } }, { name, files }) {
    if (!terms) throw new ProvisoError('not_found', 'No gateway runs with this data folder.');
    const contents = new Map(files.map(({ path, text }) => [path, Buffer.from(text)]));
    const submitted = { name, files: contents, signatures: [], releases: [] };
    const comparison = activations.comparisons.begin((report) =>
      activations.compare(submitted, report),
    );
    return { comparison };
  },
});

export const getComparison = operation({
  method: 'GET',
  path: '/v1/terms/comparisons/:comparison',
  summary: 'How far a comparison is, or what it found: what `proviso terms compare --json` prints.',
  access: ['administrator', 'auditor'],
  input: z.strictObject({ comparison: z.coerce.number<string | number>().int() }),
  result: z.discriminatedUnion('state', [
    z.strictObject({ state: z.literal('under way'), done: z.int(), total: z.int() }),
    z.strictObject({
      state: z.literal('compared'),
      first: packName.describe('In force when it was begun.'),
      second: packName,
      found: z.custom<PackComparison>(),
    }),
  ]),
  async run({ state: { activations } }, { comparison }) {
    const attempt = activations.comparisons.look(comparison);
    switch (attempt.state) {
      case 'under way':
        return attempt;
      case 'done': {
        const { first, second, found } = attempt.result;
        return { state: 'compared' as const, first: nameOf(first), second: nameOf(second), found };
      }
      case 'refused':
        throw attempt.error;
    }
  },
});

function nameOf({ id, version, title, hash }: Pack): z.infer<typeof packName> {
  return { id, version, title, hash };
}
