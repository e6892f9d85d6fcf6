/**
 * What a person signs: a statement about one action, hashed to a challenge of 32 bytes that is taken
 * once. docs/spec/oversight.md#approvals
 */
import { hash, randomBytes } from 'node:crypto';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import { CHALLENGES_MAX, STATEMENT_MS_MAX } from '#base/limits.ts';

export type Verdict = 'approve' | 'reject';

export interface Statement {
  readonly what: 'proviso approval v1';
  /** The action's hash. */
  readonly action: string;
  readonly display: { readonly hash: string; readonly version: number };
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly hold: string;
  readonly ledger: string;
  readonly nonce: string;
  /** The person's id. */
  readonly person: string;
  readonly terms: string;
  readonly verdict: Verdict;
}

/** 32 bytes. */
export function challengeOf(statement: Statement): Buffer {
  return hash('sha256', canonicalJson(statement as object as JsonObject), 'buffer');
}

/** Statements that wait for a signature. In memory: after a restart none can be answered. */
export class Challenges {
  readonly #asked = new Map<string, Statement>();

  /** @param said all but what makes the statement the only one of its kind */
  ask(
    said: Omit<Statement, 'what' | 'nonce' | 'expiresAt'>,
    nowMs: number,
    holdExpiresAt: number,
  ): { readonly statement: Statement; readonly challenge: Buffer } {
    const statement: Statement = {
      ...said,
      expiresAt: Math.min(nowMs + STATEMENT_MS_MAX, holdExpiresAt),
      nonce: randomBytes(16).toString('base64url'),
      what: 'proviso approval v1',
    };
    const challenge = challengeOf(statement);
    if (this.#asked.size >= CHALLENGES_MAX) this.#asked.delete(this.#oldest());
    this.#asked.set(challenge.toString('base64url'), statement);
    return { statement, challenge };
  }

  /**
   * Whatever comes of it, the challenge is gone then.
   * @param challenge base64url
   * @throws ProvisoError `challenge_invalid`
   */
  take(challenge: string, hold: string, person: string, nowMs: number): Statement {
    const statement = this.#asked.get(challenge);
    this.#asked.delete(challenge);
    if (statement?.hold === hold && statement.person === person && nowMs < statement.expiresAt) {
      return statement;
    }
    throw new ProvisoError(
      'challenge_invalid',
      'What was signed is not asked any more: it was answered, or it expired. Look at the hold again.',
    );
  }

  #oldest(): string {
    return this.#asked.keys().next().value as string;
  }
}
