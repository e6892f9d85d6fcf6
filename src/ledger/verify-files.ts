/** Verification of single files: an entry bundle, a tile, and their partial forms. */
import { join } from 'node:path';
import { asProvisoError } from '#base/errors.ts';
import { dirOf, type LogPlace } from './archive.ts';
import { nodeDisk } from './disk.ts';
import { decodeEntry, type Entry } from './entry.ts';
import type { Unread } from './pairing.ts';
import { readBundle, readIfThere, readTile } from './read.ts';
import {
  encodeBundle,
  encodeTile,
  partialsPath,
  TILE_WIDTH,
  type Tile,
  type TileKind,
  tilePath,
} from './tiles.ts';
import { HASH_BYTES, type Hash, leafHash } from './tree.ts';

export interface LedgerFault {
  /** In words, for a person. */
  readonly problem: string;
  /** Below the ledger's folder. */
  readonly file: string;
  /** The first entry that it concerns, where it does. */
  readonly entry?: number | undefined;
}

/** An entry that is not the one whose hash the log has. */
export function otherEntry(entry: number, file: string): LedgerFault {
  return { file, problem: `\`${file}\` has another entry ${entry} than the log.`, entry };
}

export type OnFault = (fault: LedgerFault) => void;

/**
 * Given entries that cannot be looked at.
 * @param isElsewhere they lie in an archive that is not at hand; else they are damaged or lost
 */
export type OnUnread = (unread: Unread, isElsewhere: boolean) => void;

/** Takes an entry in canonical form. @returns what is wrong with it, if anything */
export type OnEntry = (entry: Entry) => string | undefined;

/** @returns leaf hashes; those of the tile where the bundle cannot be read, to find what else is */
export async function verifyBundle(
  place: LogPlace,
  size: number,
  n: number,
  onEntry: OnEntry,
  onFault: OnFault,
  onUnread: OnUnread,
): Promise<Hash[] | undefined> {
  const first = n * TILE_WIDTH;
  const file = tilePath('entries', n, Math.min(TILE_WIDTH, size - first));
  try {
    const bundle = await readBundle(place, size, n);
    bundle.forEach((entry, i) => verifyEntry(entry, first + i, file, onEntry, onFault, onUnread));
    await verifyPartialBundles(dirOf(place), n, bundle, onFault);
    return bundle.map(leafHash);
  } catch (thrown) {
    const { code, publicMessage: problem } = asProvisoError(thrown);
    const isElsewhere = code === 'entry_archived';
    if (!isElsewhere) onFault({ file, problem, entry: first });
    onUnread({ from: first, to: Math.min(size, first + TILE_WIDTH) }, isElsewhere);
    return await readTile(place, size, 0, n).catch(() => undefined);
  }
}

export function verifyEntry(
  bytes: Buffer,
  index: number,
  file: string,
  onEntry: OnEntry,
  onFault: OnFault,
  onUnread: OnUnread,
): void {
  try {
    const problem = onEntry(decodeEntry(bytes, index));
    if (problem !== undefined) onFault({ file, problem, entry: index });
  } catch (error) {
    onFault({ file, problem: asProvisoError(error).publicMessage, entry: index });
    onUnread({ from: index, to: index + 1 }, false);
  }
}

/** The file that the checkpoint's size asks for, and every smaller partial form still there. */
export async function verifyTile(place: LogPlace, tile: Tile, onFault: OnFault): Promise<void> {
  const dir = dirOf(place);
  const { level, n, width } = tile;
  const expected = encodeTile(tile);
  const file = tilePath(level, n, width);
  const isPartial = width < TILE_WIDTH;
  let found = await readIfThere(join(dir, file));
  if (!found && isPartial) {
    const full = await readIfThere(join(dir, tilePath(level, n)));
    found = full?.subarray(0, expected.length);
  }
  if (found) compareTile(file, found, expected, tile, onFault);
  else {
    const entry = n * TILE_WIDTH ** (level + 1);
    onFault({ file, problem: `\`${file}\` is missing.`, entry });
  }
  for (const [partialWidth, bytes] of await partialFiles(dir, level, n, width)) {
    const part = expected.subarray(0, partialWidth * HASH_BYTES);
    compareTile(tilePath(level, n, partialWidth), bytes, part, tile, onFault);
  }
}

function compareTile(
  file: string,
  found: Buffer,
  expected: Buffer,
  { level, n }: Tile,
  onFault: OnFault,
): void {
  if (found.equals(expected)) return;
  let byte = 0;
  while (byte < expected.length && found[byte] === expected[byte]) byte++;
  const hash = Math.floor(byte / HASH_BYTES);
  onFault({
    file,
    problem: `\`${file}\` has other hashes than its entries, from number ${hash} on.`,
    entry: (n * TILE_WIDTH + hash) * TILE_WIDTH ** level,
  });
}

async function verifyPartialBundles(
  dir: string,
  n: number,
  bundle: readonly Buffer[],
  onFault: OnFault,
): Promise<void> {
  for (const [width, bytes] of await partialFiles(dir, 'entries', n, bundle.length)) {
    const file = tilePath('entries', n, width);
    // It is a part of the full one, byte by byte.
    const right = encodeBundle(bundle.slice(0, width));
    if (bytes.equals(right)) continue;
    const entry = n * TILE_WIDTH + firstDifference(bytes, right, bundle);
    onFault({ file, problem: `\`${file}\` has another entry ${entry}.`, entry });
  }
}

/** Number of the entry in which the bytes of a bundle first differ. */
function firstDifference(bytes: Buffer, right: Buffer, bundle: readonly Buffer[]): number {
  let at = 0;
  while (at < right.length && bytes[at] === right[at]) at++;
  let end = 0;
  const found = bundle.findIndex((entry) => (end += 2 + entry.length) > at);
  return Math.max(0, found);
}

/** Partial forms of a tile with fewer than `width`. */
async function partialFiles(
  dir: string,
  kind: TileKind,
  n: number,
  width: number,
): Promise<[number, Buffer][]> {
  const files: [number, Buffer][] = [];
  const folder = join(dir, partialsPath(kind, n));
  for (const name of await nodeDisk.list(folder)) {
    const partialWidth = /^[1-9][0-9]{0,2}$/.test(name) ? Number(name) : width;
    if (partialWidth >= width) continue;
    const bytes = await readIfThere(join(folder, name));
    if (bytes) files.push([partialWidth, bytes]);
  }
  return files;
}
