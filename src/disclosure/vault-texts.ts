/** The disclosure texts of entries, from the vault, a file of values at a time. */

import { type Values, ValuesReader } from '#audit/values.ts';
import { ProvisoError } from '#base/errors.ts';
import type { LogPlace } from '#ledger/archive.ts';
import { digestOf } from '#ledger/commitments.ts';
import type { Entry } from '#ledger/entry.ts';
import { valuesFileOf, valuesPath } from '#ledger/values.ts';

export interface EntryTexts {
  readonly texts: readonly string[];
  /** Some of what its batch sealed was erased: of this entry, where it lacks a value. */
  readonly isErased: boolean;
}

export class VaultTexts {
  readonly #place: LogPlace;
  readonly #masterKey: () => Promise<Uint8Array>;
  #reader: ValuesReader | undefined;
  #file: { readonly n: number; readonly values: Values } | undefined;

  constructor(place: LogPlace, masterKey: () => Promise<Uint8Array>) {
    this.#place = place;
    this.#masterKey = masterKey;
  }

  /** @throws ProvisoError `vault_unreadable`, `ledger_corrupt`, `entry_archived` */
  async of({ index, digests }: Entry): Promise<EntryTexts> {
    const n = valuesFileOf(index);
    if (this.#file?.n !== n) {
      this.#reader ??= new ValuesReader(this.#place, await this.#masterKey());
      this.#file = { n, values: await this.#reader.file(n) };
    }
    const { blobs } = this.#file.values;
    const batch = blobs.findLast(({ firstIndex }) => firstIndex <= index)?.firstIndex;
    const sealed = blobs.filter(({ firstIndex }) => firstIndex === batch);
    const texts = sealed.flatMap((blob) => blob.texts?.get(index) ?? []);
    const problem = sealed.find((blob) => blob.problem !== undefined)?.problem;
    if (texts.length === 0 && problem !== undefined) {
      throw new ProvisoError('vault_unreadable', problem);
    }
    if (!texts.every((text) => digests.includes(digestOf(text)))) {
      const words = `\`${valuesPath(n)}\` has a value that entry ${index} does not commit to.`;
      throw new ProvisoError('ledger_corrupt', words, { at: valuesPath(n) });
    }
    return { texts, isErased: sealed.some(({ isErased }) => isErased) };
  }
}
