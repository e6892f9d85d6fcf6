/** terms.yaml: who agreed on what, where the wording stands, and the words that the rules use. */
import { z } from 'zod';

const id = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be lower-case letters, digits, `-`, `_` and `.`');
const words = z.string().trim().min(1, 'must not be empty');
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal');

const clause = z.strictObject({
  id,
  /** The clause's bytes in text.md: its heading and its words. */
  start: z.int().min(0),
  end: z.int().min(1),
  /** Of those bytes. Wording that changes without it is not the wording that was agreed. */
  sha256: hash,
  /** Why no rule enforces the clause; only for clauses that software cannot hold anyone to. */
  notEnforced: words.optional(),
});

const party = z.strictObject({
  id,
  name: words,
  /** Ed25519 verifier keys with which the party signs. */
  keys: z.array(words).default([]),
});

const toolClass = z.strictObject({
  meaning: words,
  /** Tool names; `*` stands for any text. */
  names: z.array(words).default([]),
});

export const manifestSchema = z.strictObject({
  id,
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must be a version such as `1.0.0`'),
  title: words,
  parties: z.array(party).default([]),
  effective: z
    .strictObject({ from: z.iso.datetime(), until: z.iso.datetime().optional() })
    .optional(),
  clauses: z.array(clause).min(1, 'must name at least one clause'),
  toolClasses: z.record(id, toolClass).default({}),
  /** Phrases by topic, which detectors look for in what is sent and in tool definitions. */
  topics: z.record(id, z.array(words)).default({}),
});

export type Manifest = z.output<typeof manifestSchema>;
