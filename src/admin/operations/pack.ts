/** The words and rules of the terms in force. */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { RuleKind } from '#terms/rules.ts';
import { operation, shapes } from '../operation.ts';

const rule = z.strictObject({
  id: z.string(),
  kind: z.enum(['rule', 'red line', 'assurance']),
  effect: z.enum(['permit', 'forbid']),
  source: z.string().describe('Cedar, as it stands in the pack.'),
  hold: z.string().optional().describe('The approval that lifts it.'),
});

const clause = z.strictObject({
  id: z.string(),
  title: z.string(),
  words: z.string(),
  notEnforced: z.string().optional().describe('Why no rule enforces it, where none does.'),
  rules: z.array(rule),
});

export const getPack = operation({
  method: 'GET',
  path: '/v1/terms/pack',
  summary: 'The terms in force: each clause’s words beside the rules that carry it out.',
  access: 'person',
  input: shapes.nothing,
  result: z.strictObject({
    id: z.string(),
    version: z.string(),
    title: z.string(),
    hash: z.string(),
    parties: z.array(z.strictObject({ id: z.string(), name: z.string(), keys: z.int() })),
    approvals: z.array(
      z.strictObject({
        name: z.string(),
        meaning: z.string(),
        count: z.int(),
        roles: z.array(z.string()),
      }),
    ),
    clauses: z.array(clause),
  }),
  async run({ state: { terms } }) {
    if (!terms) throw new ProvisoError('not_found', 'No gateway runs with this data folder.');
    const { id, version, title, hash, manifest, clauses, approvals } = terms.pack;
    const kinds: readonly (readonly [RuleKind, typeof terms.pack.rules])[] = [
      ['red line', terms.pack.redLines],
      ['assurance', terms.pack.assurances],
      ['rule', terms.pack.rules],
    ];
    const rules = kinds.flatMap(([kind, ofKind]) =>
      ofKind.map(({ policy, clause: of, hold, source }) => ({
        of,
        row: {
          id: policy.id,
          kind,
          effect: policy.effect,
          source: source.text.trim(),
          ...(hold === undefined ? {} : { hold }),
        },
      })),
    );
    return {
      id,
      version,
      title,
      hash,
      parties: manifest.parties.map((party) => ({
        id: party.id,
        name: party.name,
        keys: party.keys.length,
      })),
      approvals: [...approvals].map(([name, { meaning, count, roles }]) => ({
        name,
        meaning,
        count,
        roles: [...roles],
      })),
      clauses: [...clauses.values()].map(({ notEnforced, ...words }) => ({
        ...words,
        ...(notEnforced === undefined ? {} : { notEnforced }),
        rules: rules.filter(({ of }) => of === words.id).map(({ row }) => row),
      })),
    };
  },
});
