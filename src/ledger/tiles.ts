/**
 * Tiles of C2SP tlog-tiles (https://c2sp.org/tlog-tiles): where they are, what is in them, and the
 * right edge of a growing log.
 *
 *   tile/<level>/<n>[.p/<w>]       w hashes of 32 bytes: the roots of subtrees of 256^level leaves
 *   tile/entries/<n>[.p/<w>]       w times (uint16 big-endian length ‖ entry)
 *
 * `n` in groups of three digits, all but the last with an `x` before it: 1234067 is x001/x234/067.
 * A full tile has 256; one that is not full has `.p/<w>` with 0 < w < 256.
 */
import { ProvisoError } from '#base/errors.ts';
import { foldRoots, HASH_BYTES, type Hash, nodeHash, pushSubtree } from './tree.ts';

export const TILE_WIDTH = 256;
const TILE_HEIGHT = 8;

export type TileKind = number | 'entries';

/** Path below the log's folder. @param width hashes or entries in it, 1 to 256 */
export function tilePath(kind: TileKind, n: number, width: number = TILE_WIDTH): string {
  return width === TILE_WIDTH
    ? `tile/${kind}/${tileName(n)}`
    : `tile/${kind}/${tileName(n)}.p/${width}`;
}

/** The folder of a tile's partial forms, such as `tile/0/x001/234.p`. */
export function partialsPath(kind: TileKind, n: number): string {
  return `tile/${kind}/${tileName(n)}.p`;
}

/** `1234067` → `x001/x234/067`. */
export function tileName(n: number): string {
  let name = String(n % 1000).padStart(3, '0');
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    name = `x${String(rest % 1000).padStart(3, '0')}/${name}`;
  }
  return name;
}

/** How many hashes a log of `size` entries has at a level of tiles. */
export function hashesAtLevel(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** Levels of tiles that a log of `size` entries has. */
export function levelsOf(size: number): number {
  let levels = 0;
  while (hashesAtLevel(size, levels) > 0) levels++;
  return levels;
}

export function encodeTile({ hashes, width }: Tile): Buffer {
  return Buffer.from(hashes.slice(0, width).join(''), 'latin1');
}

/** @throws `ledger_corrupt` unless there are exactly `width` hashes */
export function decodeHashes(bytes: Buffer, width: number, path: string): Hash[] {
  if (bytes.length !== width * HASH_BYTES) {
    throw corrupt(path, `has ${bytes.length} bytes; ${width} hashes need ${width * HASH_BYTES}`);
  }
  const text = bytes.toString('latin1');
  const hashes: Hash[] = [];
  for (let i = 0; i < width; i++) hashes.push(text.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES));
  return hashes;
}

export function encodeBundle(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => [Uint8Array.of(entry.length >> 8, entry.length & 0xff), entry]),
  );
}

/** The entries, as views of `bytes`. @throws `ledger_corrupt` unless there are exactly `width` */
export function decodeBundle(bytes: Buffer, width: number, path: string): Buffer[] {
  const entries: Buffer[] = [];
  let at = 0;
  while (at < bytes.length && entries.length < width) {
    const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : Infinity;
    if (end > bytes.length) break;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  if (at !== bytes.length || entries.length !== width) {
    throw corrupt(path, `does not hold exactly ${width} entries`);
  }
  return entries;
}

export function corrupt(path: string, problem: string): ProvisoError {
  return new ProvisoError('ledger_corrupt', `\`${path}\` ${problem}.`, { at: path });
}

export interface Tile {
  readonly level: number;
  readonly n: number;
  readonly width: number;
  /** At least `width`: a tile that is not full goes on growing in place. */
  readonly hashes: readonly Hash[];
}

interface OpenTile {
  readonly hashes: Hash[];
  /** Of the perfect subtrees over them, largest first; of a full tile, one. */
  readonly roots: Hash[];
}

/**
 * The right edge of a log: the unfinished tile of each level, and the roots to append to. Cost of
 * an append does not grow with the log: about one hash.
 */
export class TreeEdge {
  #size: number;
  /** By level: the tile that is not full yet. */
  readonly #open: OpenTile[];

  /** @param open by level, the partial tile at `size`: `hashesAtLevel(size, level) % 256` hashes */
  constructor(size = 0, open: readonly (readonly Hash[])[] = []) {
    this.#size = size;
    this.#open = open.map((hashes) => {
      const roots: Hash[] = [];
      hashes.forEach((hash, i) => pushSubtree(roots, hash, i));
      return { hashes: [...hashes], roots };
    });
  }

  get size(): number {
    return this.#size;
  }

  root(): Hash {
    return foldRoots(this.#open.toReversed().flatMap(({ roots }) => roots));
  }

  /** Calls `onFull` for each tile that this leaf completes. */
  append(leaf: Hash, onFull: (tile: Tile) => void): void {
    this.#size++;
    this.#put(0, leaf, onFull);
  }

  /** The tiles that are neither full nor empty, lowest level first. */
  partials(): Tile[] {
    const tiles: Tile[] = [];
    this.#open.forEach(({ hashes }, level) => {
      if (hashes.length === 0) return;
      const n = Math.floor(hashesAtLevel(this.#size, level) / TILE_WIDTH);
      tiles.push({ level, n, width: hashes.length, hashes });
    });
    return tiles;
  }

  #put(level: number, hash: Hash, onFull: (tile: Tile) => void): void {
    const { hashes, roots } = (this.#open[level] ??= { hashes: [], roots: [] });
    pushSubtree(roots, hash, hashes.length);
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    const n = hashesAtLevel(this.#size, level + 1) - 1;
    this.#open[level] = { hashes: [], roots: [] };
    onFull({ level, n, width: TILE_WIDTH, hashes });
    this.#put(level + 1, roots[0] as Hash, onFull);
  }
}

/** The root of a full tile's 256 hashes. */
export function perfectRoot(hashes: readonly Hash[]): Hash {
  let row = hashes;
  for (let height = 0; height < TILE_HEIGHT; height++) {
    const above: Hash[] = [];
    for (let i = 0; i < row.length; i += 2) {
      above.push(nodeHash(row[i] as Hash, row[i + 1] as Hash));
    }
    row = above;
  }
  return row[0] as Hash;
}
