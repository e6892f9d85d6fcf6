/**
 * Every key that was ever made, by id: those of the ledger's history and those of the configuration.
 *
 * INVARIANT (13): keys made by command are what the ledger's entries of kind `key` say, and nothing
 * else. Who holds a key is private: where that was erased, the key no longer opens anything.
 */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';

/** Who asks. */
export interface Caller {
  readonly id: string;
  readonly keyId: string;
  /** The person or role that answers for it. */
  readonly owner: string;
  readonly organisation: string;
  readonly teams: readonly string[];
  /** On whose behalf it acts. */
  readonly partner?: string | undefined;
  /** The level of what it may see, from 0 up, as the terms name the levels. */
  readonly clearance: number;
  /** The only purposes it may use; empty means that the purposes themselves say. */
  readonly purposes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
}

/** An entry of kind `key`, as written and as read back; `private` is absent once it was erased. */
export interface KeyEntry {
  readonly kind: 'key';
  readonly public: JsonObject;
  readonly private?: JsonObject | undefined;
}

export interface HeldKey {
  readonly hash: Buffer;
  readonly caller: Caller | undefined;
  readonly isRevoked: boolean;
}

/** A caller with its key's hash, as the configuration gives it. */
export interface ConfiguredCaller extends Omit<Caller, 'keyId'> {
  readonly key: { readonly id: string; readonly hash: string };
}

export class KeyRing {
  readonly #keys = new Map<string, HeldKey>();

  constructor(configured: readonly ConfiguredCaller[] = []) {
    for (const { key, ...caller } of configured) {
      this.#keys.set(key.id, {
        hash: Buffer.from(key.hash, 'latin1'),
        caller: { ...caller, keyId: key.id },
        isRevoked: false,
      });
    }
  }

  find(keyId: string): HeldKey | undefined {
    return this.#keys.get(keyId);
  }

  /** Every key with what is known of its holder, newest last. */
  list(): { keyId: string; caller: Caller | undefined; isRevoked: boolean }[] {
    return [...this.#keys].map(([keyId, { caller, isRevoked }]) => ({ keyId, caller, isRevoked }));
  }

  /**
   * Applies entries of kind `key` in the ledger's order; others are passed over.
   * @throws ProvisoError `ledger_corrupt` for an entry that this version cannot read
   */
  fold(entries: Iterable<{ readonly kind: string } & Omit<KeyEntry, 'kind'>>): this {
    for (const entry of entries) if (entry.kind === 'key') this.#apply(entry);
    return this;
  }

  #apply(entry: Omit<KeyEntry, 'kind'>): void {
    const { action, id, hash } = entry.public;
    if (typeof id !== 'string') throw unreadable('id');
    const held = this.#keys.get(id);
    if (action === 'created') {
      if (typeof hash !== 'string' || hash.length !== 64) throw unreadable('hash');
      const bytes = Buffer.from(hash, 'latin1');
      if (held && !held.hash.equals(bytes)) throw unreadable('id');
      // The configuration may describe the same key, and has the last word on its holder.
      if (held) return;
      const caller = entry.private && callerOf(id, entry.public, entry.private);
      this.#keys.set(id, { hash: bytes, caller, isRevoked: false });
    } else if (action === 'revoked') {
      if (held) this.#keys.set(id, { ...held, isRevoked: true });
    } else throw unreadable('action');
  }
}

/** The entry to write when a key was made for a caller. */
export function keyCreated(
  key: { readonly id: string; readonly hash: string },
  caller: Omit<Caller, 'keyId'>,
): KeyEntry {
  return {
    kind: 'key',
    public: {
      action: 'created',
      id: key.id,
      hash: key.hash,
      clearance: caller.clearance,
      purposes: caller.purposes,
      ...(caller.expiresAt === undefined ? {} : { expiresAt: caller.expiresAt }),
    },
    private: {
      caller: caller.id,
      owner: caller.owner,
      organisation: caller.organisation,
      teams: caller.teams,
      ...(caller.partner === undefined ? {} : { partner: caller.partner }),
    },
  };
}

/** The entry to write when a key is to open nothing more. */
export function keyRevoked(keyId: string): KeyEntry {
  return { kind: 'key', public: { action: 'revoked', id: keyId } };
}

function callerOf(keyId: string, open: JsonObject, sealed: JsonObject): Caller {
  const { clearance, purposes, expiresAt } = open;
  const { caller, owner, organisation, teams, partner } = sealed;
  if (!Number.isSafeInteger(clearance)) throw unreadable('clearance');
  if (expiresAt !== undefined && !Number.isSafeInteger(expiresAt)) throw unreadable('expiresAt');
  return {
    id: text(caller, 'caller'),
    keyId,
    owner: text(owner, 'owner'),
    organisation: text(organisation, 'organisation'),
    teams: texts(teams, 'teams'),
    partner: partner === undefined ? undefined : text(partner, 'partner'),
    clearance: clearance as number,
    purposes: texts(purposes, 'purposes'),
    expiresAt: expiresAt as number | undefined,
  };
}

function text(value: JsonValue | undefined, field: string): string {
  if (typeof value !== 'string') throw unreadable(field);
  return value;
}

function texts(value: JsonValue | undefined, field: string): readonly string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw unreadable(field);
  }
  return value;
}

function unreadable(field: string): ProvisoError {
  return new ProvisoError(
    'ledger_corrupt',
    `An entry of kind \`key\` has a \`${field}\` that this version cannot read.`,
    { at: field },
  );
}
