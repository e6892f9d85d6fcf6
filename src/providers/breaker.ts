/**
 * A circuit breaker for one provider: after `FAILURES_TO_OPEN` failures in a row it is left alone
 * for a while that doubles each time, then a single call tries it.
 */
import { ProvisoError } from '#base/errors.ts';

const FAILURES_TO_OPEN = 5;
const OPEN_MS_MIN = 1_000;
const OPEN_MS_MAX = 60_000;

export type BreakerState = 'closed' | 'open' | 'trying';

export class Breaker {
  /** Monotonic, so that a clock set back cannot keep a provider shut. */
  #nowMs: () => number;
  #failures = 0;
  #openMs = OPEN_MS_MIN;
  #openUntil = 0;
  #state: BreakerState = 'closed';

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Throws `upstream_unavailable` while open. Each pass owes one `succeeded`, `failed` or `left`. */
  enter(provider: string): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open' && this.#nowMs() >= this.#openUntil) {
      this.#state = 'trying';
      return;
    }
    throw new ProvisoError(
      'upstream_unavailable',
      `The provider \`${provider}\` failed repeatedly; it is tried again shortly.`,
    );
  }

  succeeded(): void {
    this.#failures = 0;
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#openMs = OPEN_MS_MIN;
  }

  failed(): void {
    this.#failures++;
    if (this.#state === 'closed' && this.#failures < FAILURES_TO_OPEN) return;
    this.#openMs = this.#state === 'trying' ? Math.min(this.#openMs * 2, OPEN_MS_MAX) : OPEN_MS_MIN;
    this.#openUntil = this.#nowMs() + this.#openMs;
    this.#state = 'open';
  }

  /** The call ended for a reason that says nothing about the provider. */
  left(): void {
    if (this.#state !== 'trying') return;
    this.#state = 'open';
    this.#openUntil = this.#nowMs();
  }
}
