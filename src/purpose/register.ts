/**
 * Every registered use case, by id: those of the configuration and those of the ledger's history.
 *
 * INVARIANT (13): purposes registered by command are what the ledger's entries of kind `purpose`
 * say, and nothing else. What a purpose says is private; where it was erased, the purpose is gone.
 */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';

export interface Purpose {
  readonly id: string;
  readonly title: string;
  /** The person or role that answers for the use. */
  readonly owner: string;
  /** The law, contract or order that it rests on. */
  readonly authority: string;
  /** What kinds of data it may touch, as the terms name them. */
  readonly dataClasses: readonly string[];
  /** Models and tools it may use; absent where the purpose itself sets no bound. */
  readonly models?: readonly string[] | undefined;
  readonly tools?: readonly string[] | undefined;
  /** The callers that may use it, by id; `*` for everyone. */
  readonly callers: readonly string[];
  /** The teams that may use it. */
  readonly teams: readonly string[];
  /** Special permissions that the terms look at, such as `person_lookup`. */
  readonly allows: readonly string[];
  /** Milliseconds since 1970. */
  readonly endsAt?: number | undefined;
}

/** An entry of kind `purpose`, as written and as read back; `private` is absent once erased. */
export interface PurposeEntry {
  readonly kind: 'purpose';
  readonly public: JsonObject;
  readonly private?: JsonObject | undefined;
}

export class PurposeRegister {
  readonly #purposes = new Map<string, Purpose>();

  constructor(configured: readonly Purpose[] = []) {
    for (const purpose of configured) this.#purposes.set(purpose.id, purpose);
  }

  find(id: string): Purpose | undefined {
    return this.#purposes.get(id);
  }

  list(): readonly Purpose[] {
    return [...this.#purposes.values()];
  }

  /**
   * Applies entries of kind `purpose` in the ledger's order; others are passed over. A purpose that
   * is registered again is replaced.
   * @throws ProvisoError `ledger_corrupt` for an entry that this version cannot read
   */
  fold(entries: Iterable<{ readonly kind: string } & Omit<PurposeEntry, 'kind'>>): this {
    for (const entry of entries) if (entry.kind === 'purpose') this.#apply(entry);
    return this;
  }

  #apply(entry: Omit<PurposeEntry, 'kind'>): void {
    const { action, id, endsAt } = entry.public;
    if (typeof id !== 'string') throw unreadable('id');
    if (endsAt !== undefined && !Number.isSafeInteger(endsAt)) throw unreadable('endsAt');
    const end = endsAt as number | undefined;
    if (action === 'registered') {
      if (entry.private) this.#purposes.set(id, purposeOf(id, end, entry.private));
      else this.#purposes.delete(id);
    } else if (action === 'ended') {
      const purpose = this.#purposes.get(id);
      if (end === undefined) throw unreadable('endsAt');
      // An end only ever comes nearer; to extend a purpose is to register it anew.
      if (purpose)
        this.#purposes.set(id, { ...purpose, endsAt: Math.min(end, purpose.endsAt ?? end) });
    } else throw unreadable('action');
  }
}

/** The entry to write when a purpose is registered, or registered anew. */
export function purposeRegistered(purpose: Purpose): PurposeEntry {
  const { id, endsAt, models, tools, ...said } = purpose;
  return {
    kind: 'purpose',
    public: { action: 'registered', id, ...(endsAt === undefined ? {} : { endsAt }) },
    private: {
      ...said,
      ...(models === undefined ? {} : { models }),
      ...(tools === undefined ? {} : { tools }),
    },
  };
}

/** The entry to write when a purpose ends. @param endsAt milliseconds since 1970 */
export function purposeEnded(id: string, endsAt: number): PurposeEntry {
  return { kind: 'purpose', public: { action: 'ended', id, endsAt } };
}

function purposeOf(id: string, endsAt: number | undefined, said: JsonObject): Purpose {
  return {
    id,
    title: text(said, 'title'),
    owner: text(said, 'owner'),
    authority: text(said, 'authority'),
    dataClasses: texts(said, 'dataClasses'),
    models: said['models'] === undefined ? undefined : texts(said, 'models'),
    tools: said['tools'] === undefined ? undefined : texts(said, 'tools'),
    callers: texts(said, 'callers'),
    teams: texts(said, 'teams'),
    allows: texts(said, 'allows'),
    endsAt,
  };
}

function text(said: JsonObject, field: string): string {
  const value = said[field];
  if (typeof value !== 'string') throw unreadable(field);
  return value;
}

function texts(said: JsonObject, field: string): readonly string[] {
  const value: JsonValue | undefined = said[field];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw unreadable(field);
  }
  return value;
}

function unreadable(field: string): ProvisoError {
  return new ProvisoError(
    'ledger_corrupt',
    `An entry of kind \`purpose\` has a \`${field}\` that this version cannot read.`,
    { at: field },
  );
}
