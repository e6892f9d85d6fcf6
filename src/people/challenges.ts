/**
 * Challenges that wait for one answer: what is to be signed, made single-use and short-lived here,
 * in memory. What nobody answers is forgotten.
 */
import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject } from '#base/json.ts';

/** Asked by anybody, so that there must be an end; at the limit the oldest goes. */
const OPEN_MAX = 10_000;

export interface IssuedChallenge {
  /** Names it in the answer. */
  readonly id: string;
  /** 32 bytes. */
  readonly challenge: Buffer;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export class Challenges<About> {
  readonly #open = new Map<string, IssuedChallenge & { readonly about: About }>();
  readonly #clock: Clock;
  readonly #what: string;
  readonly #lifeMs: number;

  /** @param what the document's `what`: no signature for one use is ever one for another */
  constructor(what: string, lifeMs: number, clock: Clock) {
    this.#what = what;
    this.#lifeMs = lifeMs;
    this.#clock = clock;
  }

  /** @param facts what else is signed */
  issue(about: About, facts: JsonObject = {}): IssuedChallenge {
    const expiresAt = this.#clock.now() + this.#lifeMs;
    const nonce = randomBytes(16).toString('base64url');
    const document = canonicalJson({ ...facts, what: this.#what, nonce, expiresAt });
    const issued = { id: nonce, challenge: hash('sha256', document, 'buffer'), expiresAt };
    this.#forgetOld();
    this.#open.set(nonce, { ...issued, about });
    return issued;
  }

  /**
   * The challenge, which is then gone, whether the answer turns out right or not.
   * @throws ProvisoError `challenge_invalid`
   */
  take(id: string): IssuedChallenge & { readonly about: About } {
    const open = this.#open.get(id);
    this.#open.delete(id);
    if (open && this.#clock.now() < open.expiresAt) return open;
    throw new ProvisoError(
      'challenge_invalid',
      'What was signed is not asked any more: it has expired or was answered. Begin again.',
    );
  }

  /** Expired ones are the first, since all live equally long. */
  #forgetOld(): void {
    for (const [id, { expiresAt }] of this.#open) {
      if (expiresAt > this.#clock.now() && this.#open.size < OPEN_MAX) return;
      this.#open.delete(id);
    }
  }
}
