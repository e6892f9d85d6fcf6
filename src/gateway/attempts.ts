/**
 * Attempts to bring terms into force, which take as long as a proof does: whoever began one looks from
 * time to time how far it is, and holds no connection open. The last ones are kept.
 */
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { ATTEMPTS_MAX } from '#base/limits.ts';
import type { Report } from '#terms/prove/analyze.ts';
import type { InForce } from './activations.ts';

export type Attempt =
  | { readonly state: 'under way'; readonly done: number; readonly total: number }
  | { readonly state: 'in force'; readonly inForce: InForce }
  | { readonly state: 'refused'; readonly error: ProvisoError };

export class Attempts {
  readonly #attempts = new Map<number, Attempt>();
  #next = 1;

  /** @returns its number */
  begin(work: (report: Report) => Promise<InForce>): number {
    const number = this.#next++;
    const set = (attempt: Attempt): void => {
      this.#attempts.set(number, attempt);
    };
    set({ state: 'under way', done: 0, total: 0 });
    this.#attempts.delete(number - ATTEMPTS_MAX);
    work((done, total) => set({ state: 'under way', done, total })).then(
      (inForce) => set({ state: 'in force', inForce }),
      (thrown: unknown) => set({ state: 'refused', error: asProvisoError(thrown) }),
    );
    return number;
  }

  /** @throws ProvisoError `not_found` */
  look(number: number): Attempt {
    const attempt = this.#attempts.get(number);
    if (attempt) return attempt;
    throw new ProvisoError('not_found', `There is no attempt ${number} to bring terms into force.`);
  }
}
