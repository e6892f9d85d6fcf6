/**
 * Reading a ledger's folder: only what its checkpoint covers, and without touching the writer. Good
 * for a copy as for a folder that is being written. Old entries may lie in an archive.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProvisoError } from '#base/errors.ts';
import { LEDGER_LIMITS } from '#base/limits.ts';
import type { NoteVerifier } from '#base/note.ts';
import { dirOf, findArchived, type LogPlace } from './archive.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { decodeEntry, type Entry } from './entry.ts';
import {
  corrupt,
  decodeBundle,
  decodeHashes,
  hashesAtLevel,
  TILE_WIDTH,
  type TileKind,
  tilePath,
} from './tiles.ts';
import type { Hash } from './tree.ts';

/** @throws `ledger_corrupt`, `note_invalid` */
export async function readCheckpoint(place: LogPlace, log: NoteVerifier): Promise<Checkpoint> {
  const dir = dirOf(place);
  const bytes = await readIfThere(join(dir, 'checkpoint'));
  if (!bytes) {
    throw new ProvisoError('ledger_corrupt', `There is no ledger in \`${dir}\`: no checkpoint.`, {
      at: dir,
    });
  }
  return openCheckpoint(bytes, log);
}

/** Entries `from` to `to` (not included) of a log of `size`, as a checkpoint says it. */
export async function* readEntries(
  place: LogPlace,
  size: number,
  from = 0,
  to = size,
): AsyncGenerator<Entry> {
  for (let index = from; index < to; ) {
    const n = Math.floor(index / TILE_WIDTH);
    const bundle = await readBundle(place, size, n);
    const end = Math.min(to, (n + 1) * TILE_WIDTH);
    for (; index < end; index++) yield decodeEntry(bundle[index % TILE_WIDTH] as Buffer, index);
  }
}

/** Entries from `from` on, and then each as it is published, until the signal ends it. */
export async function* followEntries(
  dir: string,
  log: NoteVerifier,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<Entry> {
  let next = from;
  while (!signal.aborted) {
    const { size } = await readCheckpoint(dir, log);
    if (size > next) {
      yield* readEntries(dir, size, next);
      next = size;
    } else await sleep(LEDGER_LIMITS.publishMs, undefined, { signal }).catch(() => undefined);
  }
}

/** What a log of `size` has of a bundle, from its partial form or from the full one. */
export async function readBundle(place: LogPlace, size: number, n: number): Promise<Buffer[]> {
  const width = Math.min(TILE_WIDTH, size - n * TILE_WIDTH);
  const { bytes, path, found } = await readTileFile(place, 'entries', n, width);
  return decodeBundle(bytes, found, path).slice(0, width);
}

/** What a log of `size` has of a tile. */
export async function readTile(
  place: LogPlace,
  size: number,
  level: number,
  n: number,
): Promise<Hash[]> {
  const width = Math.min(TILE_WIDTH, hashesAtLevel(size, level) - n * TILE_WIDTH);
  const { bytes, path, found } = await readTileFile(place, level, n, width);
  return decodeHashes(bytes, found, path).slice(0, width);
}

/** By level, the tile that is not full in a log of this size. */
export async function readOpenTiles(dir: string, size: number): Promise<Hash[][]> {
  const open: Hash[][] = [];
  for (let level = 0; hashesAtLevel(size, level) > 0; level++) {
    const count = hashesAtLevel(size, level);
    const width = count % TILE_WIDTH;
    open.push(width === 0 ? [] : await readTile(dir, size, level, Math.floor(count / TILE_WIDTH)));
  }
  return open;
}

export interface TileFile {
  readonly bytes: Buffer;
  readonly path: string;
  /** How many it has: as asked, or 256 where the partial form has gone. */
  readonly found: number;
}

/** @throws `ledger_corrupt` where it is missing, `entry_archived` where it lies elsewhere */
export async function readTileFile(
  place: LogPlace,
  kind: TileKind,
  n: number,
  width: number,
): Promise<TileFile> {
  const widths = width === TILE_WIDTH ? [TILE_WIDTH] : [width, TILE_WIDTH];
  for (const found of widths) {
    const path = tilePath(kind, n, found);
    const bytes = await readIfThere(join(dirOf(place), path));
    if (bytes) return { bytes, path, found };
  }
  if (kind === 'entries') {
    const path = tilePath(kind, n);
    const archived = await findArchived(place, path, n * TILE_WIDTH);
    if (archived !== undefined) {
      return { bytes: await readFile(archived), path, found: TILE_WIDTH };
    }
  }
  throw corrupt(tilePath(kind, n, width), 'is missing');
}

export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
