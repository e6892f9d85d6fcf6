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
  /** With each of which it may sign: C2SP verifier keys of Ed25519. */
  keys: z.array(words).default([]),
});

const toolClass = z.strictObject({
  meaning: words,
  /** Tool names; `*` stands for any text. */
  names: z.array(words).default([]),
});

const DURATION = /^(?=\d)(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?$/;
const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1_000] as const;

/** As Cedar writes durations, in whole seconds. @param daysMax bounds it */
const duration = (daysMax: number) =>
  z
    .string()
    .regex(DURATION, 'must be a duration such as `10m` or `1h30m`')
    .transform((text) => {
      const counts = DURATION.exec(text)?.slice(1) ?? [];
      return UNITS_MS.reduce((sum, unitMs, i) => sum + Number(counts[i] ?? 0) * unitMs, 0);
    })
    .refine((ms) => ms > 0 && ms <= daysMax * UNITS_MS[0], {
      error: `must be longer than nothing and at most ${daysMax}d`,
    });

/** What lifts a hold: docs/spec/oversight.md */
const approval = z.strictObject({
  meaning: words,
  /** How many signatures. */
  count: z.int().min(1).max(8).default(1),
  /** Who may sign: persons with any of these roles. */
  roles: z.array(id).min(1, 'must name at least one role'),
  /** Each signature by another person; or by a person of another team, too. */
  distinct: z.enum(['people', 'teams']).default('people'),
  /** Whoever asks, or answers for who asks, does not count. */
  requesterExcluded: z.boolean().default(true),
  /** Nor does anyone in a team of the caller. */
  sameTeamExcluded: z.boolean().default(false),
  /** How long there is to answer. */
  within: duration(30).prefault('15m'),
  /** How long after the last signature the action may be done. */
  validFor: duration(1).prefault('5m'),
  /** Whether a key in a file may sign, or only a passkey. */
  localKeys: z.boolean().default(false),
  /** Only who has caught this share of the last `of` drills counts. */
  drills: z
    .strictObject({ caughtAtLeast: z.number().min(0).max(1), of: z.int().min(1).max(100) })
    .optional(),
});

export const manifestSchema = z.strictObject({
  id,
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'must be a version such as `1.0.0`'),
  title: words,
  /** The hash of the pack whose place this one takes, and whose red lines and assurances bind it. */
  replaces: hash.optional(),
  parties: z.array(party).default([]),
  effective: z
    .strictObject({ from: z.iso.datetime(), until: z.iso.datetime().optional() })
    .refine(({ from, until }) => until === undefined || Date.parse(from) < Date.parse(until), {
      error: 'must end after it begins',
    })
    .optional(),
  clauses: z.array(clause).min(1, 'must name at least one clause'),
  toolClasses: z.record(id, toolClass).default({}),
  /** By the name that a rule's `@hold` gives. */
  approvals: z.record(id, approval).default({}),
  /** Phrases by topic, which detectors look for in what is sent and in tool definitions. */
  topics: z.record(id, z.array(words)).default({}),
  /** For whom the values of calls are encrypted, and so by whose name they can be erased. */
  values: z.enum(['purpose', 'caller', 'subject']).default('purpose'),
});

export type Manifest = z.output<typeof manifestSchema>;
/** Durations are in milliseconds. */
export type ApprovalTerms = z.output<typeof approval>;
