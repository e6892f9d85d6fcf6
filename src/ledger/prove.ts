/**
 * Proofs made from a log's tiles, and the file in which one travels: C2SP tlog-proof
 * (https://c2sp.org/tlog-proof).
 *
 *   c2sp.org/tlog-proof@v1
 *   [extra <base64>]
 *   index <decimal>
 *   <hash, base64>            as many as the proof has, from the leaf up
 *
 *   <checkpoint>
 *
 * A proof reads at most two tiles a level. What `extra` says is proven by nothing.
 */
import { ProvisoError } from '#base/errors.ts';
import type { NoteVerifier } from '#base/note.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { consistencyRanges, inclusionRanges, type Range, verifyInclusion } from './proof.ts';
import { readTile } from './read.ts';
import { TILE_WIDTH } from './tiles.ts';
import { foldRoots, type Hash, hashFromBase64, hashToBase64, leafHash, rootOf } from './tree.ts';

/** That entry `index` is in the log of `size`, from the leaf up. */
export function proveInclusion(dir: string, size: number, index: number): Promise<Hash[]> {
  return rootsOf(tilesIn(dir, size), inclusionRanges(index, size));
}

/** That the log of `size1` is how the log of `size2` began. */
export function proveConsistency(dir: string, size1: number, size2: number): Promise<Hash[]> {
  return proveConsistencyFrom(tilesIn(dir, size2), size1, size2);
}

/** Reads what a log of one size has of a tile, wherever the log is. */
export type ReadTile = (level: number, n: number) => Promise<readonly Hash[]>;

/** The tiles in a folder, as a log of `size` has them. */
export function tilesIn(dir: string, size: number): ReadTile {
  return (level, n) => readTile(dir, size, level, n);
}

/** @param tiles of the log of `size2` */
export function proveConsistencyFrom(
  tiles: ReadTile,
  size1: number,
  size2: number,
): Promise<Hash[]> {
  return rootsOf(tiles, consistencyRanges(size1, size2));
}

/** The root that the log had, or would have had, at `size`. @param tiles of that log or more */
export function rootAt(tiles: ReadTile, size: number): Promise<Hash> {
  return rangeRoot(tiles, { start: 0, end: size });
}

export interface TlogProof {
  readonly index: number;
  readonly proof: readonly Hash[];
  /** The signed note, as it was published. */
  readonly checkpoint: string;
  /** Not authenticated. */
  readonly extra?: Buffer | undefined;
}

const HEADER = 'c2sp.org/tlog-proof@v1';

export function encodeTlogProof({ index, proof, checkpoint, extra }: TlogProof): string {
  const extraLine = extra === undefined ? '' : `extra ${extra.toString('base64')}\n`;
  const hashes = proof.map((hash) => `${hashToBase64(hash)}\n`).join('');
  return `${HEADER}\n${extraLine}index ${index}\n${hashes}\n${checkpoint}`;
}

/** @throws `proof_invalid` */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  const text = Buffer.from(bytes).toString('utf8');
  const split = text.indexOf('\n\n');
  const [header, ...lines] = text.slice(0, split).split('\n');
  if (split < 0 || header !== HEADER) throw invalid(`it does not begin with \`${HEADER}\``);
  const extraText = lines[0]?.startsWith('extra ') ? lines.shift()?.slice(6) : undefined;
  const extra = extraText === undefined ? undefined : Buffer.from(extraText, 'base64');
  if (extra?.toString('base64') !== extraText) throw invalid('its extra line is not base64');
  const [, indexText = ''] = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? '') ?? [];
  if (indexText === '' || !Number.isSafeInteger(Number(indexText)))
    throw invalid('it has no index');
  const proof = lines.map((line) => {
    const hash = hashFromBase64(line);
    if (hash === undefined) throw invalid('a line of it is no hash');
    return hash;
  });
  return { index: Number(indexText), proof, checkpoint: text.slice(split + 2), extra };
}

/**
 * Checks that the entry is in the log that `log` signs, at the index that the proof says.
 * @throws `proof_invalid`, `note_invalid`
 */
export function verifyTlogProof(
  { index, proof, checkpoint }: TlogProof,
  entry: Uint8Array,
  log: NoteVerifier,
): Checkpoint {
  const head = openCheckpoint(Buffer.from(checkpoint), log);
  if (!verifyInclusion(leafHash(entry), index, head.size, proof, head.root)) {
    throw invalid(`entry ${index} is not shown to be in the log of ${head.size} entries`);
  }
  return head;
}

/** The roots of any ranges of leaves. @param tiles of a log that has them */
export async function rootsOf(tiles: ReadTile, ranges: readonly Range[]): Promise<Hash[]> {
  const hashes: Hash[] = [];
  for (const range of ranges) hashes.push(await rangeRoot(tiles, range));
  return hashes;
}

/** The root of a subtree, over the perfect subtrees of which it is made, largest first. */
async function rangeRoot(tiles: ReadTile, { start, end }: Range): Promise<Hash> {
  const roots: Hash[] = [];
  for (let at = start; at < end; ) {
    let leaves = 1;
    while (at + leaves * 2 <= end && at % (leaves * 2) === 0) leaves *= 2;
    roots.push(await perfectSubtree(tiles, at, leaves));
    at += leaves;
  }
  return foldRoots(roots);
}

/** @param leaves a power of two, of which `start` is a multiple: all within one tile */
async function perfectSubtree(tiles: ReadTile, start: number, leaves: number): Promise<Hash> {
  let level = 0;
  let hashLeaves = 1;
  while (hashLeaves * TILE_WIDTH <= leaves) {
    hashLeaves *= TILE_WIDTH;
    level++;
  }
  const first = start / hashLeaves;
  const n = Math.floor(first / TILE_WIDTH);
  const tile = await tiles(level, n);
  const at = first - n * TILE_WIDTH;
  return rootOf(tile.slice(at, at + leaves / hashLeaves));
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('proof_invalid', `The proof is not valid: ${problem}.`);
}
