/** State entries of a log with their private values, for who folds them without a writer. */
import { asProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { LogPlace } from '#ledger/archive.ts';
import type { Entry } from '#ledger/entry.ts';
import { decodeEntry } from '#ledger/entry.ts';
import { readBundle } from '#ledger/read.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import { valuesFileOf } from '#ledger/values.ts';
import { bundleOf } from './chain.ts';
import type { AuditFault } from './fault.ts';
import { type Values, ValuesReader, valuesOf } from './values.ts';

/** A state entry with its private values; without them where they were erased. */
export interface StateEntry extends Entry {
  readonly private?: JsonObject | undefined;
}

export class StateReader {
  readonly #place: LogPlace;
  readonly #size: number;
  readonly #tail: ReadonlyMap<number, Entry>;
  readonly #reader: ValuesReader | undefined;
  #bundle: { readonly n: number; readonly entries: readonly Buffer[] } | undefined;
  #file: { readonly n: number; readonly values: Values } | undefined;

  /** @param tail entries that may not be published yet */
  constructor(
    place: LogPlace,
    masterKey: Uint8Array | undefined,
    size: number,
    tail: readonly Entry[],
  ) {
    this.#place = place;
    this.#size = size;
    this.#tail = new Map(tail.map((entry) => [entry.index, entry]));
    this.#reader = masterKey && new ValuesReader(place, masterKey);
  }

  /** In order; those that cannot be read are left out, and named by verification. */
  async entries(
    state: readonly (readonly [entry: number, kind: string])[],
    onFault: (fault: AuditFault) => void,
  ): Promise<StateEntry[]> {
    const entries: StateEntry[] = [];
    for (const [index] of state) {
      try {
        const entry = await this.entry(index);
        if (entry) entries.push({ ...entry, private: await this.#private(entry) });
      } catch (error) {
        const { code, publicMessage } = asProvisoError(error);
        if (code === 'internal') throw error;
        if (code === 'entry_archived') continue;
        onFault({
          file: bundleOf(index),
          entry: index,
          problem: publicMessage,
          consequence: 'What it changed is not known.',
        });
      }
    }
    return entries;
  }

  /** `undefined` past the log's end. @throws `ledger_corrupt`, `entry_archived` */
  async entry(index: number): Promise<Entry | undefined> {
    if (index >= this.#size) return this.#tail.get(index);
    const n = Math.floor(index / TILE_WIDTH);
    if (this.#bundle?.n !== n) {
      this.#bundle = { n, entries: await readBundle(this.#place, this.#size, n) };
    }
    return decodeEntry(this.#bundle.entries[index % TILE_WIDTH] as Buffer, index);
  }

  async #private(entry: Entry): Promise<JsonObject | undefined> {
    // What is in the journal only is not read here: its values are looked at where they lie.
    if (!this.#reader || entry.index >= this.#size) return undefined;
    const n = valuesFileOf(entry.index);
    if (this.#file?.n !== n) this.#file = { n, values: await this.#reader.fileOrPart(n) };
    const { byName } = valuesOf(entry, this.#file.values);
    return byName.size === 0
      ? undefined
      : (Object.fromEntries(byName) as Record<string, JsonValue>);
  }
}
