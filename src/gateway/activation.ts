/**
 * The ledger's `terms` entry: which terms came into force, and all that is needed to prove again
 * that they might. docs/spec/terms.md, "Terms in force"
 */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import type { Entry, NewEntry } from '#ledger/entry.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const activation = z.strictObject({
  against: sha256.optional(),
  hash: sha256,
  id: z.string(),
  inputs: z.strictObject({
    manifest: sha256,
    policies: sha256,
    proof: sha256,
    schema: sha256,
    text: sha256,
  }),
  proof: z.strictObject({
    checks: z.array(z.string()),
    solver: z.string(),
    timeLimitMs: z.int(),
    verdict: z.literal('proven'),
  }),
  /** The version of Proviso that proved it. */
  proviso: z.string(),
  released: z.array(z.strictObject({ rule: z.string(), by: z.array(z.string()) })),
  /** Signed notes. */
  signatures: z.array(z.string()),
  /** How many passed. */
  tests: z.int(),
  version: z.string(),
});

export type Activation = z.infer<typeof activation>;

/** An activation where it stands in the ledger. */
export interface RecordedActivation extends Activation {
  readonly entry: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export function activationEntry(facts: Activation): NewEntry {
  return { kind: 'terms', public: JSON.parse(JSON.stringify(facts)) as JsonObject };
}

/** @throws ProvisoError `ledger_corrupt` where the entry is no activation */
export function parseActivation({ index, at, public: facts }: Entry): RecordedActivation {
  const parsed = activation.safeParse(facts);
  if (parsed.success) return { ...parsed.data, entry: index, at };
  throw new ProvisoError(
    'ledger_corrupt',
    `Entry ${index} does not say how terms came into force: ${z.prettifyError(parsed.error)}.`,
    { at: `entry ${index}` },
  );
}
