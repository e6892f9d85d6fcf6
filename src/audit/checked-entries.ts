/** Entries held to the log before they are believed: inclusion in a signed checkpoint, one by one. */
import type { LogPlace } from '#ledger/archive.ts';
import { dirOf } from '#ledger/archive.ts';
import type { Checkpoint } from '#ledger/checkpoint.ts';
import { decodeEntry, type Entry } from '#ledger/entry.ts';
import { inclusionRanges, verifyInclusion } from '#ledger/proof.ts';
import { type ReadTile, rootsOf, tilesIn } from '#ledger/prove.ts';
import { readBundle } from '#ledger/read.ts';
import { corrupt, TILE_WIDTH, tilePath } from '#ledger/tiles.ts';
import { type Hash, leafHash } from '#ledger/tree.ts';

export class CheckedEntries {
  readonly #place: LogPlace;
  readonly #checkpoint: Checkpoint;
  readonly #tiles: ReadTile;
  /** By their number: neighbours are often asked for together. */
  readonly #bundles = new Map<number, readonly Buffer[]>();

  constructor(place: LogPlace, checkpoint: Checkpoint) {
    this.#place = place;
    this.#checkpoint = checkpoint;
    this.#tiles = kept(tilesIn(dirOf(place), checkpoint.size));
  }

  /** @throws `ledger_corrupt` where it is not the entry that the log has, `entry_archived` */
  async read(index: number): Promise<Entry> {
    const { size, root } = this.#checkpoint;
    const n = Math.floor(index / TILE_WIDTH);
    const bytes = (await this.#bundle(n))[index % TILE_WIDTH] as Buffer;
    const proof = await rootsOf(this.#tiles, inclusionRanges(index, size));
    if (!verifyInclusion(leafHash(bytes), index, size, proof, root)) {
      throw corrupt(tilePath('entries', n), `has another entry ${index} than the log`);
    }
    return decodeEntry(bytes, index);
  }

  async #bundle(n: number): Promise<readonly Buffer[]> {
    let bundle = this.#bundles.get(n);
    if (!bundle) {
      bundle = await readBundle(this.#place, this.#checkpoint.size, n);
      if (this.#bundles.size >= KEPT_MAX) this.#bundles.clear();
      this.#bundles.set(n, bundle);
    }
    return bundle;
  }
}

/** Bundles and tiles that are kept: those of some neighbourhoods. */
const KEPT_MAX = 32;

/** Tiles once read are kept, since each proof needs some of the same. */
function kept(read: ReadTile): ReadTile {
  const tiles = new Map<string, readonly Hash[]>();
  return async (level, n) => {
    const name = `${level}/${n}`;
    let tile = tiles.get(name);
    if (!tile) {
      tile = await read(level, n);
      if (tiles.size >= KEPT_MAX) tiles.clear();
      tiles.set(name, tile);
    }
    return tile;
  };
}
