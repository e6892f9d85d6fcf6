/**
 * What is committed to the journal and not yet published: gathered batch by batch, and taken as a
 * whole by each publication. Keeps the open bundle and the tree's right edge between publications.
 */
import type { Effects, SealedBatch } from './batch.ts';
import { hashesAtLevel, TILE_WIDTH, type Tile, type TreeEdge } from './tiles.ts';
import type { Hash } from './tree.ts';
import { type Blob, splitBlobs, valuesFileOf } from './values.ts';
import { splitKeys } from './vault.ts';

/** A bundle, or what there is of it. */
export interface Bundle {
  readonly n: number;
  /** Entries in it. */
  readonly width: number;
  /** Its bytes, in pieces: they are put together one file at a time, not all in one turn. */
  readonly pieces: readonly Buffer[];
}

/** Values to be put at the end of a file of them. */
export interface FileValues {
  readonly n: number;
  readonly position: number;
  readonly pieces: readonly Buffer[];
}

export interface Publication {
  readonly size: number;
  readonly root: Hash;
  /** Size of the publication before. */
  readonly after: number;
  /** Those that are full now, then those that are not and have grown. */
  readonly tiles: readonly Tile[];
  readonly bundles: readonly Bundle[];
  readonly values: readonly FileValues[];
  readonly keys: readonly Buffer[];
  readonly effects: Effects;
}

export class Backlog {
  #published: number;
  #size: number;
  #root: Hash;
  #bytes = 0;
  #tiles: Tile[] = [];
  #partials: readonly Tile[];
  #keys: Buffer[] = [];
  #blobs: Blob[] = [];
  #effects: Effects = { opened: [], closed: [], state: [] };
  /** Entry bytes of bundles that are not full, or not published. */
  #bundles: { n: number; width: number; pieces: Buffer[] }[];
  /** Length of the newest file of values. */
  #values: { n: number; end: number };

  /**
   * @param edge of the published log
   * @param openBundle entry bytes of the bundle that is not full
   * @param valuesEnd bytes that are published of the newest file of values
   */
  constructor(edge: TreeEdge, openBundle: Buffer, valuesEnd: number) {
    const { size } = edge;
    this.#published = size;
    this.#size = size;
    this.#root = edge.root();
    this.#partials = edge.partials();
    const n = Math.floor(size / TILE_WIDTH);
    const width = size % TILE_WIDTH;
    this.#bundles = width === 0 ? [] : [{ n, width, pieces: [openBundle] }];
    this.#values = { n: valuesFileOf(size), end: valuesEnd };
  }

  /** Committed entries. */
  get size(): number {
    return this.#size;
  }

  get root(): Hash {
    return this.#root;
  }

  get publishedSize(): number {
    return this.#published;
  }

  /** Memory that waits for publication. */
  get bytes(): number {
    return this.#bytes;
  }

  add(batch: Omit<SealedBatch, 'bytes'>): void {
    this.#addEntries(batch.entries, batch.count);
    this.#tiles.push(...batch.tiles);
    this.#partials = batch.partials;
    if (batch.keys.length > 0) this.#keys.push(...splitKeys(batch.keys));
    if (batch.values.length > 0) this.#blobs.push(...splitBlobs(batch.values));
    this.#effects.opened.push(...batch.effects.opened);
    this.#effects.closed.push(...batch.effects.closed);
    this.#effects.state.push(...batch.effects.state);
    this.#bytes += batch.entries.length + batch.values.length;
    this.#root = batch.root;
  }

  /** All that waits, and an empty backlog. */
  take(): Publication {
    const bundles = this.#bundles;
    const publication = {
      size: this.#size,
      root: this.#root,
      after: this.#published,
      tiles: [...this.#tiles, ...this.#partials.filter((tile) => this.#hasGrown(tile))],
      bundles: bundles.filter(({ n, width }) => n * TILE_WIDTH + width > this.#published),
      values: this.#takeValues(),
      keys: this.#keys,
      effects: this.#effects,
    };
    // The open one goes on, in one piece, so that its pieces do not become ever more.
    this.#bundles = bundles
      .filter(({ width }) => width < TILE_WIDTH)
      .map(({ n, width, pieces }) => ({ n, width, pieces: [Buffer.concat(pieces)] }));
    this.#tiles = [];
    this.#keys = [];
    this.#effects = { opened: [], closed: [], state: [] };
    this.#bytes = 0;
    this.#published = this.#size;
    return publication;
  }

  #addEntries(entries: Buffer, count: number): void {
    let left = count;
    let at = 0;
    while (left > 0) {
      const n = Math.floor(this.#size / TILE_WIDTH);
      let bundle = this.#bundles.at(-1);
      if (bundle?.n !== n) {
        bundle = { n, width: 0, pieces: [] };
        this.#bundles.push(bundle);
      }
      const taken = Math.min(left, TILE_WIDTH - bundle.width);
      const end = taken === left ? entries.length : skipEntries(entries, at, taken);
      bundle.pieces.push(entries.subarray(at, end));
      bundle.width += taken;
      this.#size += taken;
      left -= taken;
      at = end;
    }
  }

  /** A tile that is as it was published is not to be touched: its readers are there. */
  #hasGrown({ level, n, width }: Tile): boolean {
    return n * TILE_WIDTH + width > hashesAtLevel(this.#published, level);
  }

  #takeValues(): FileValues[] {
    const byFile = new Map<number, Buffer[]>();
    for (const { firstIndex, bytes } of this.#blobs) {
      const n = valuesFileOf(firstIndex);
      const pieces = byFile.get(n);
      if (pieces) pieces.push(bytes);
      else byFile.set(n, [bytes]);
    }
    this.#blobs = [];
    const values: FileValues[] = [];
    for (const [n, pieces] of byFile) {
      if (n !== this.#values.n) this.#values = { n, end: 0 };
      values.push({ n, position: this.#values.end, pieces });
      for (const piece of pieces) this.#values.end += piece.length;
    }
    return values;
  }
}

/** Where `count` entries end that start at `at`. */
function skipEntries(entries: Buffer, at: number, count: number): number {
  let end = at;
  for (let i = 0; i < count; i++) end += 2 + entries.readUInt16BE(end);
  return end;
}
