/**
 * Every hold that still matters, by id.
 *
 * INVARIANT (13): holds, answers and releases are what the ledger's entries say, in their order, and
 * nothing else. INVARIANT (6): each hold ends once. The first end counts, so that of two nodes, tabs
 * or clicks one releases, and what comes after the end has no effect.
 */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import { HOLDS_KEPT_MAX } from '#base/limits.ts';
import { actionHash, parseAction, parseDocument } from './action.ts';
import type { Answered, Ended, Hold } from './hold.ts';

/** As written and as read back; `private` is absent once it was erased. */
export interface FoldedEntry {
  readonly kind: string;
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly public: JsonObject;
  readonly private?: JsonObject | undefined;
}

/** How many answers to drills are kept of a person. */
const DRILLS_KEPT_MAX = 100;

export class HoldRegister {
  readonly #holds = new Map<string, Hold>();
  readonly #drills = new Map<string, boolean[]>();

  find(id: string): Hold | undefined {
    return this.#holds.get(id);
  }

  /** Oldest first. */
  list(): Hold[] {
    return [...this.#holds.values()];
  }

  /** Those that have not ended, oldest first. */
  open(): Hold[] {
    return this.list().filter(({ end }) => end === undefined);
  }

  /** Whether each drill that the person answered was caught, oldest first. */
  drills(person: string): readonly boolean[] {
    return this.#drills.get(person) ?? [];
  }

  /** Holds that ended before that instant, and all but the newest, are in the ledger alone. */
  forget(beforeMs: number): void {
    const ended = this.list().filter(({ end }) => end !== undefined);
    const tooMany = ended.length - HOLDS_KEPT_MAX;
    for (const [i, { id, end }] of ended.entries()) {
      if (i < tooMany || (end && end.at < beforeMs)) this.#holds.delete(id);
    }
  }

  /**
   * Applies entries in the ledger's order; those of other kinds are passed over.
   * @throws ProvisoError `ledger_corrupt` for an entry that this version cannot read
   */
  fold(entries: Iterable<FoldedEntry>): this {
    for (const entry of entries) {
      switch (entry.kind) {
        case 'hold':
          this.#open(entry);
          break;
        case 'approval':
          this.#answer(entry);
          break;
        case 'release':
          this.#release(entry);
          break;
        case 'hold_end': {
          const { hold, end } = read(ended, entry, entry.public);
          this.#end(hold, { end, entry: entry.index, at: entry.at });
        }
      }
    }
    return this;
  }

  #open(entry: FoldedEntry): void {
    const { id, decision, action: claimed, expiresAt } = read(opened, entry, entry.public);
    // Erased: nobody can be shown it, sign it or do it.
    if (!entry.private) return;
    const sealed = read(openedPrivate, entry, entry.private);
    const shown = parseDocument(sealed.action);
    if (actionHash(shown) !== claimed) throw unreadable(entry, 'action');
    const facts = {
      id,
      decision,
      entry: entry.index,
      openedAt: entry.at,
      expiresAt,
      requirements: sealed.asks,
      shown,
      answers: [],
    };
    const { drill: why } = sealed;
    if (why !== undefined) this.#holds.set(id, { ...facts, isDrill: true, why });
    else {
      const { origin } = sealed;
      if (!origin) throw unreadable(entry, 'origin');
      const action = parseAction(sealed.action);
      this.#holds.set(id, { ...facts, isDrill: false, action, shown: action, origin });
    }
  }

  #answer(entry: FoldedEntry): void {
    const facts = read(answeredFacts, entry, entry.public);
    const hold = this.#holds.get(facts.hold);
    if (!hold || hold.end || !entry.private) return;
    const sealed = read(answeredPrivate, entry, entry.private);
    const { answers } = hold;
    // INVARIANT (6): a signature is used once.
    const isRepeated = answers.some(
      ({ challenge }) => challenge !== undefined && challenge === facts.challenge,
    );
    if (isRepeated) return;
    const { credential: key, statement: _signed, assertion: _proof, ...said } = sealed;
    const { hold: _id, ...clear } = facts;
    const answer: Answered = { ...clear, ...said, key, entry: entry.index };
    this.#holds.set(hold.id, { ...hold, answers: [...answers, answer] });
    if (hold.isDrill) this.#countDrill(answer);
  }

  #countDrill({ person, verdict }: Answered): void {
    const answered = [...this.drills(person), verdict === 'reject'];
    this.#drills.set(person, answered.slice(-DRILLS_KEPT_MAX));
  }

  #release(entry: FoldedEntry): void {
    const { hold: id, action, kid: _kid, ...said } = read(releasedFacts, entry, entry.public);
    const hold = this.#holds.get(id);
    if (!hold) return;
    if (hold.isDrill || actionHash(hold.action) !== action) throw unreadable(entry, 'action');
    const release = { ...said, hold: id, entry: entry.index };
    this.#end(id, { end: 'released', entry: entry.index, at: entry.at, release });
  }

  #end(id: string, end: Ended): void {
    const hold = this.#holds.get(id);
    if (hold && !hold.end) this.#holds.set(id, { ...hold, end });
  }
}

const instant = z.int().min(0);
const verdict = z.enum(['approve', 'reject']);
const strength = z.enum(['passkey', 'local-key', 'session', 'operator']);
const object = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null);

const opened = z.strictObject({
  action: z.string(),
  approvals: z.array(z.string()),
  decision: z.int(),
  expiresAt: instant,
  id: z.string(),
  terms: z.string(),
});

const requirement = z.strictObject({
  approval: z.string(),
  meaning: z.string(),
  count: z.int().min(1),
  roles: z.array(z.string()),
  distinct: z.enum(['people', 'teams']),
  requesterExcluded: z.boolean(),
  sameTeamExcluded: z.boolean(),
  withinMs: z.int(),
  validForMs: z.int(),
  localKeys: z.boolean(),
  drills: z.strictObject({ caughtAtLeast: z.number(), of: z.int() }).optional(),
});

const openedPrivate = z.strictObject({
  action: object,
  asks: z.array(requirement).min(1),
  origin: object.optional(),
  drill: z.string().optional(),
});

const answeredFacts = z.strictObject({
  challenge: z.string().optional(),
  decidedAt: instant,
  hold: z.string(),
  strength,
  verdict,
});

const answeredPrivate = z.strictObject({
  assertion: object.optional(),
  credential: z
    .strictObject({
      kind: z.enum(['passkey', 'local-key']),
      id: z.string(),
      publicKey: z.string(),
    })
    .optional(),
  openedAt: instant.optional(),
  person: z.string(),
  reason: z.string().optional(),
  statement: object.optional(),
  visibleMs: instant.optional(),
});

const releasedFacts = z.strictObject({
  action: z.string(),
  approvals: z.array(z.int()),
  decision: z.int(),
  expiresAt: instant,
  hold: z.string(),
  id: z.string(),
  issuedAt: instant,
  kid: z.string(),
  terms: z.string(),
});

const ended = z.strictObject({
  code: z.string().optional(),
  decision: z.int().optional(),
  drill: z.literal(true).optional(),
  end: z.enum(['rejected', 'denied', 'expired', 'lapsed']),
  hold: z.string(),
});

function read<S extends z.ZodType>(schema: S, entry: FoldedEntry, value: JsonObject): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw unreadable(entry, parsed.error.issues[0]?.path.join('.') ?? '');
}

function unreadable({ kind, index }: FoldedEntry, field: string): ProvisoError {
  return new ProvisoError(
    'ledger_corrupt',
    `Entry ${index} of kind \`${kind}\` has a \`${field}\` that this version cannot read.`,
    { at: `entry ${index}` },
  );
}
