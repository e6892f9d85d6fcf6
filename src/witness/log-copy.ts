/**
 * A monitor's copy of a log, in the layout of C2SP tlog-tiles: it grows by entries that are served,
 * and only as far as they lead to the root of a head that was signed.
 *
 * A copy that is interrupted is left with files past its checkpoint. They are taken up again, since
 * the root is checked over them like over all else; where it is not met, they are fetched anew.
 */
import { basename, dirname, join } from 'node:path';
import { nodeDisk } from '#ledger/disk.ts';
import { readIfThere, readOpenTiles } from '#ledger/read.ts';
import {
  corrupt,
  decodeBundle,
  encodeBundle,
  encodeTile,
  hashesAtLevel,
  partialsPath,
  TILE_WIDTH,
  type Tile,
  type TileKind,
  TreeEdge,
  tilePath,
} from '#ledger/tiles.ts';
import { type Hash, leafHash } from '#ledger/tree.ts';
import { type RemoteLog, WrongFile } from './remote-log.ts';

/** Bundles that are fetched ahead. */
const FETCHES_MAX = 8;

interface Root {
  readonly size: number;
  readonly root: Hash;
}

interface Served {
  readonly entries: readonly Buffer[];
  /** The tile of level 0 over them. */
  readonly hashes: readonly Hash[];
}

export class LogCopy {
  readonly #dir: string;
  readonly #remote: RemoteLog;
  readonly #onProgress: (done: number, total: number) => void;
  readonly #folders = new Set<string>();

  constructor(dir: string, remote: RemoteLog, onProgress: (done: number, total: number) => void) {
    this.#dir = dir;
    this.#remote = remote;
    this.#onProgress = onProgress;
  }

  /**
   * Copies what `to` has more than `from`, and checks each file of it.
   * @throws `WrongFile`, `log_unreachable`; `ledger_corrupt` where the copy is not as it was kept
   */
  async extend(from: Root, to: Root): Promise<void> {
    const edge = new TreeEdge(from.size, await readOpenTiles(this.#dir, from.size));
    if (edge.root() !== from.root) throw corrupt('tile', 'is not what the monitor kept');
    const remote = this.#remote.tiles(to.size);
    const full: Tile[] = [];
    let newest: readonly Hash[] = [];
    for await (const { entries, hashes } of this.#served(from.size, to.size)) {
      const n = Math.floor(edge.size / TILE_WIDTH);
      const path = tilePath('entries', n, entries.length);
      const leaves = entries.map(leafHash);
      const wrong = leaves.findIndex((leaf, i) => leaf !== hashes[i]);
      if (wrong >= 0) {
        throw new WrongFile(path, `entry ${n * TILE_WIDTH + wrong} has another hash in the tile`);
      }
      for (const leaf of leaves.slice(edge.size % TILE_WIDTH)) {
        edge.append(leaf, (tile) => full.push(tile));
      }
      await this.#put(path, encodeBundle(entries));
      newest = hashes;
      for (const tile of full.splice(0)) {
        await this.#keepTile(tile, tile.level === 0 ? newest : await remote(tile.level, tile.n));
      }
      this.#onProgress(edge.size, to.size);
    }
    for (const tile of edge.partials()) {
      await this.#keepTile(tile, tile.level === 0 ? newest : await remote(tile.level, tile.n));
    }
    if (edge.root() !== to.root) {
      throw new WrongFile('checkpoint', `the ${to.size} entries have another root`);
    }
  }

  /**
   * Removes what a head past `size` has left and did not come to be kept.
   * @param withBundles full ones too; they can be taken up again where nothing was wrong
   */
  async forget(size: number, withBundles: boolean): Promise<void> {
    const levels = await nodeDisk.list(join(this.#dir, 'tile'));
    for (const name of levels) {
      const kind: TileKind = name === 'entries' ? name : Number(name);
      const kept = hashesAtLevel(size, kind === 'entries' ? 0 : kind);
      let isThere = true;
      for (let n = Math.floor(kept / TILE_WIDTH); isThere; n++) {
        const full = join(this.#dir, tilePath(kind, n));
        const partials = join(this.#dir, partialsPath(kind, n));
        const widths = await nodeDisk.list(partials);
        const isFull = (await nodeDisk.list(dirname(full))).includes(basename(full));
        for (const width of widths) {
          if (n * TILE_WIDTH + Number(width) > kept) await nodeDisk.remove(join(partials, width));
        }
        if (isFull && withBundles) await nodeDisk.remove(full);
        isThere = isFull || widths.length > 0;
      }
    }
  }

  /** The bundles from the one that is not full at `from`, a few of them on their way at once. */
  async *#served(from: number, to: number): AsyncGenerator<Served> {
    const waiting: Promise<Served>[] = [];
    const end = Math.ceil(to / TILE_WIDTH);
    let next = Math.floor(from / TILE_WIDTH);
    try {
      while (next < end || waiting.length > 0) {
        while (next < end && waiting.length < FETCHES_MAX) {
          const served = this.#fetch(to, next++);
          // Whoever waits for it is told; nobody waits any more when one before it failed.
          served.catch(() => undefined);
          waiting.push(served);
        }
        yield (await waiting.shift()) as Served;
      }
    } finally {
      await Promise.allSettled(waiting);
    }
  }

  async #fetch(size: number, n: number): Promise<Served> {
    const [entries, hashes] = await Promise.all([
      this.#keptBundle(size, n).then((kept) => kept ?? this.#remote.bundle(size, n)),
      this.#remote.tiles(size)(0, n),
    ]);
    return { entries, hashes };
  }

  /** A full bundle that an interrupted copy left. */
  async #keptBundle(size: number, n: number): Promise<Buffer[] | undefined> {
    if ((n + 1) * TILE_WIDTH > size) return undefined;
    const path = tilePath('entries', n);
    const bytes = await readIfThere(join(this.#dir, path));
    if (!bytes) return undefined;
    try {
      return decodeBundle(bytes, TILE_WIDTH, path);
    } catch {
      // Cut off in the midst of its writing.
      return undefined;
    }
  }

  async #keepTile(tile: Tile, served: readonly Hash[]): Promise<void> {
    const { level, n, width, hashes } = tile;
    const path = tilePath(level, n, width);
    const wrong = hashes.findIndex((hash, i) => i < width && hash !== served[i]);
    if (wrong >= 0) throw new WrongFile(path, `hash ${wrong} of it is not that of its entries`);
    await this.#put(path, encodeTile(tile));
  }

  async #put(path: string, bytes: Buffer): Promise<void> {
    const whole = join(this.#dir, path);
    const folder = dirname(whole);
    if (!this.#folders.has(folder)) await nodeDisk.makeFolder(folder);
    this.#folders.add(folder);
    await nodeDisk.writeFile(whole, bytes, 0o644);
  }
}
