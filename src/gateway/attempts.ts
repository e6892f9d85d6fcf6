/**
 * Work on terms that takes as long as a proof does: whoever began an attempt looks from time to time
 * how far it is, and holds no connection open. The last ones are kept.
 */
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { ATTEMPTS_MAX } from '#base/limits.ts';
import type { Report } from '#terms/prove/analyze.ts';

export type Attempt<T> =
  | { readonly state: 'under way'; readonly done: number; readonly total: number }
  | { readonly state: 'done'; readonly result: T }
  | { readonly state: 'refused'; readonly error: ProvisoError };

export class Attempts<T> {
  readonly #attempts = new Map<number, Attempt<T>>();
  #next = 1;

  /** @returns its number */
  begin(work: (report: Report) => Promise<T>): number {
    const number = this.#next++;
    const set = (attempt: Attempt<T>): void => {
      this.#attempts.set(number, attempt);
    };
    set({ state: 'under way', done: 0, total: 0 });
    this.#attempts.delete(number - ATTEMPTS_MAX);
    work((done, total) => set({ state: 'under way', done, total })).then(
      (result) => set({ state: 'done', result }),
      (thrown: unknown) => set({ state: 'refused', error: asProvisoError(thrown) }),
    );
    return number;
  }

  /** @throws ProvisoError `not_found` */
  look(number: number): Attempt<T> {
    const attempt = this.#attempts.get(number);
    if (attempt) return attempt;
    throw new ProvisoError('not_found', `There is no attempt ${number}.`);
  }
}
