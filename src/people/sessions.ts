/**
 * Sessions of people who have signed in. They live in memory: who can read the disk finds none, and
 * a restart signs everyone out. What a session may do is read from the register at each request.
 */
import { hash, randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';

/** From the last request to the end. */
export const SESSION_IDLE_MS = 15 * 60 * 1000;
/** From the sign-in to the end. */
export const SESSION_MS = 8 * 60 * 60 * 1000;
/** Of one person, the oldest go first. */
const SESSIONS_OF_PERSON_MAX = 16;

export interface Session {
  readonly person: string;
  readonly via: 'passkey' | 'oidc';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endsAt: number;
  /** The person's turn at the sign-in (`PeopleRegister.turnOf`). */
  readonly turn: number;
}

interface Kept extends Session {
  seenAt: number;
}

export class Sessions {
  /** By the hash of the secret. */
  readonly #sessions = new Map<string, Kept>();
  readonly #clock: Clock;
  readonly #turnOf: (person: string) => number;

  /** @param turnOf goes up when a person is removed, has other roles, or a key of theirs ends */
  constructor(clock: Clock, turnOf: (person: string) => number) {
    this.#clock = clock;
    this.#turnOf = turnOf;
  }

  /** @returns with the secret that only the browser keeps; each sign-in has a new one */
  begin(
    person: string,
    via: Session['via'],
  ): { readonly secret: string; readonly session: Session } {
    this.#forgetEnded();
    const own = [...this.#sessions].filter(([, session]) => session.person === person);
    for (const [key] of own.slice(0, Math.max(0, own.length - SESSIONS_OF_PERSON_MAX + 1))) {
      this.#sessions.delete(key);
    }
    const secret = randomBytes(32).toString('base64url');
    const now = this.#clock.now();
    const session = {
      person,
      via,
      startedAt: now,
      endsAt: now + SESSION_MS,
      seenAt: now,
      turn: this.#turnOf(person),
    };
    this.#sessions.set(keyOf(secret), session);
    return { secret, session };
  }

  /** Undefined where there is none in force; finding it keeps it from ending as idle. */
  find(secret: string): Session | undefined {
    const session = this.#inForce(secret);
    if (session) session.seenAt = this.#clock.now();
    return session;
  }

  /** For what goes on without the person: it does not keep the session from ending. */
  isInForce(secret: string): boolean {
    return this.#inForce(secret) !== undefined;
  }

  #inForce(secret: string): Kept | undefined {
    const session = this.#sessions.get(keyOf(secret));
    if (!session || !this.#isOver(session)) return session;
    this.#sessions.delete(keyOf(secret));
    return undefined;
  }

  end(secret: string): void {
    this.#sessions.delete(keyOf(secret));
  }

  #forgetEnded(): void {
    for (const [key, session] of this.#sessions) {
      if (this.#isOver(session)) this.#sessions.delete(key);
    }
  }

  #isOver({ person, turn, seenAt, endsAt }: Kept): boolean {
    const now = this.#clock.now();
    return now >= endsAt || now >= seenAt + SESSION_IDLE_MS || turn !== this.#turnOf(person);
  }
}

function keyOf(secret: string): string {
  return hash('sha256', secret, 'base64url');
}
