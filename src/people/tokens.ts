/**
 * Tokens with which machines use the control API, folded from ledger entries of kind `token`. A
 * token has roles and signs nothing. docs/spec/people.md, Invitations and tokens
 */
import { z } from 'zod';
import {
  type BearerPrefix,
  claimedBearer,
  createBearer,
  isBearerOf,
  type NewBearer,
} from '#base/bearer.ts';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';

const PREFIX: BearerPrefix = 'prt_';
/** Compared with when no such token exists, so that the time taken does not tell. */
const NO_TOKEN = Buffer.alloc(64);

export interface Token {
  /** 12 hex digits. */
  readonly id: string;
  /** SHA-256 of the token, 64 hex digits. */
  readonly hash: string;
  /** What it is for; empty once it was erased. */
  readonly name: string;
  readonly roles: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** A person's id, or `operator`. */
  readonly by: string;
  readonly isRevoked: boolean;
}

/** An entry of kind `token`, as written and as read back. */
export interface TokenEntry {
  readonly kind: 'token';
  readonly public: JsonObject;
  readonly private?: JsonObject | undefined;
}

const publicFacts = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('created'),
    id: z.string().regex(/^[0-9a-f]{12}$/),
    hash: z.string().regex(/^[0-9a-f]{64}$/),
    roles: z.array(z.string()),
    expiresAt: z.int(),
    by: z.string(),
  }),
  z.strictObject({ action: z.literal('revoked'), id: z.string(), by: z.string() }),
]);

export class TokenRegister {
  readonly #tokens = new Map<string, Token>();

  list(): readonly Token[] {
    return [...this.#tokens.values()];
  }

  find(id: string): Token | undefined {
    return this.#tokens.get(id);
  }

  /** The token in force that this text is, if it is one. */
  identify(text: string, nowMs: number): Token | undefined {
    const id = claimedBearer(PREFIX, text);
    const token = id === undefined ? undefined : this.#tokens.get(id);
    const isIt = isBearerOf(text, token ? Buffer.from(token.hash, 'latin1') : NO_TOKEN);
    return token && isIt && !token.isRevoked && nowMs < token.expiresAt ? token : undefined;
  }

  /**
   * Applies entries of kind `token` in the ledger's order; others are passed over.
   * @throws ProvisoError `ledger_corrupt` for an entry that this version cannot read
   */
  fold(entries: Iterable<{ readonly kind: string } & Omit<TokenEntry, 'kind'>>): this {
    for (const entry of entries) if (entry.kind === 'token') this.#apply(entry);
    return this;
  }

  #apply(entry: Omit<TokenEntry, 'kind'>): void {
    const read = publicFacts.safeParse(entry.public);
    if (!read.success) {
      throw new ProvisoError('ledger_corrupt', 'An entry of kind `token` cannot be read.', {
        cause: read.error,
      });
    }
    const { action, ...facts } = read.data;
    if ('hash' in facts) {
      const name = entry.private?.['name'];
      this.#tokens.set(facts.id, {
        ...facts,
        name: typeof name === 'string' ? name : '',
        isRevoked: false,
      });
    } else {
      const token = this.#tokens.get(facts.id);
      if (token) this.#tokens.set(facts.id, { ...token, isRevoked: action === 'revoked' });
    }
  }
}

export function createToken(): NewBearer {
  return createBearer(PREFIX);
}

/** The entry to write when a token was made. */
export function tokenCreated({ name, isRevoked: _is, ...facts }: Token): TokenEntry {
  return {
    kind: 'token',
    public: { action: 'created', ...facts, roles: [...facts.roles] },
    private: { name },
  };
}

/** The entry to write when a token is to open nothing more. */
export function tokenRevoked(id: string, by: string): TokenEntry {
  return { kind: 'token', public: { action: 'revoked', id, by } };
}
