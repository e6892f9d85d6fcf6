/** Entries held to the log before they are believed: inclusion in a signed checkpoint, one by one. */
import type { LogPlace } from '#ledger/archive.ts';
import { dirOf } from '#ledger/archive.ts';
import type { Checkpoint } from '#ledger/checkpoint.ts';
import { decodeEntry, type Entry } from '#ledger/entry.ts';
import { verifyInclusion } from '#ledger/proof.ts';
import { proveInclusion } from '#ledger/prove.ts';
import { readBundle } from '#ledger/read.ts';
import { corrupt, TILE_WIDTH, tilePath } from '#ledger/tiles.ts';
import { leafHash } from '#ledger/tree.ts';

export class CheckedEntries {
  readonly #place: LogPlace;
  readonly #checkpoint: Checkpoint;
  #bundle: { readonly n: number; readonly entries: readonly Buffer[] } | undefined;

  constructor(place: LogPlace, checkpoint: Checkpoint) {
    this.#place = place;
    this.#checkpoint = checkpoint;
  }

  /** @throws `ledger_corrupt` where it is not the entry that the log has, `entry_archived` */
  async read(index: number): Promise<Entry> {
    const { size, root } = this.#checkpoint;
    const n = Math.floor(index / TILE_WIDTH);
    if (this.#bundle?.n !== n) {
      this.#bundle = { n, entries: await readBundle(this.#place, size, n) };
    }
    const bytes = this.#bundle.entries[index % TILE_WIDTH] as Buffer;
    const proof = await proveInclusion(dirOf(this.#place), size, index);
    if (!verifyInclusion(leafHash(bytes), index, size, proof, root)) {
      throw corrupt(tilePath('entries', n), `has another entry ${index} than the log`);
    }
    return decodeEntry(bytes, index);
  }
}
