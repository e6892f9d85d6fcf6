/**
 * A tlog-tiles log at each of its sizes: every checkpoint verified, and every tile and entry bundle,
 * partial ones included, built again from the entries and compared byte for byte.
 *
 * The folder has `checkpoint.<size>` for each size, and `tile/`; transparency-dev/tessera's
 * `testdata/log` is such a log.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseVerifierKey } from '#base/note.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { readBundle } from '#ledger/read.ts';
import {
  encodeBundle,
  encodeTile,
  TILE_WIDTH,
  type Tile,
  TreeEdge,
  tilePath,
} from '#ledger/tiles.ts';
import { type Hash, hashToBase64, leafHash } from '#ledger/tree.ts';
import type { Report, Suite } from './suite.ts';

const TESSERA_KEY =
  'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';

export const suite: Suite = async (path, report) => {
  const log = parseVerifierKey(process.env['TLOG_VERIFIER_KEY'] ?? TESSERA_KEY);
  const sizes = readdirSync(path)
    .filter((name) => /^checkpoint\.[0-9]+$/.test(name))
    .map((name) => Number(name.slice('checkpoint.'.length)))
    .sort((a, b) => a - b);
  const size = sizes.at(-1) ?? 0;
  const entries: Buffer[] = [];
  for (let n = 0; n * TILE_WIDTH < size; n++) entries.push(...(await readBundle(path, size, n)));
  for (const each of ['checkpoint', ...sizes.map((n) => `checkpoint.${n}`)]) {
    attempt(each, report, () => {
      const checkpoint = openCheckpoint(readFileSync(join(path, each)), log);
      const root = rebuild(entries.slice(0, checkpoint.size)).root();
      return same(hashToBase64(checkpoint.root), hashToBase64(root));
    });
  }
  for (const [name, bytes] of filesOf(entries, sizes)) {
    attempt(name, report, () => same(readFileSync(join(path, name), 'hex'), bytes.toString('hex')));
  }
};

/** Every file that the log has had at one of `sizes`. */
function filesOf(entries: readonly Buffer[], sizes: readonly number[]): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const size of sizes) {
    const full: Tile[] = [];
    const edge = rebuild(entries.slice(0, size), (tile) => full.push(tile));
    for (const tile of [...full, ...edge.partials()]) {
      files.set(tilePath(tile.level, tile.n, tile.width), encodeTile(tile));
    }
    for (let n = 0; n * TILE_WIDTH < size; n++) {
      const bundle = entries.slice(n * TILE_WIDTH, Math.min(size, (n + 1) * TILE_WIDTH));
      files.set(tilePath('entries', n, bundle.length), encodeBundle(bundle));
    }
  }
  return files;
}

function rebuild(entries: readonly Buffer[], onFull: (tile: Tile) => void = () => {}): TreeEdge {
  const edge = new TreeEdge();
  for (const hash of entries.map((entry): Hash => leafHash(entry))) edge.append(hash, onFull);
  return edge;
}

function attempt(name: string, report: Report, check: () => string | undefined): void {
  try {
    report(name, check());
  } catch (error) {
    report(name, (error as Error).message);
  }
}

function same(theirs: string, ours: string): string | undefined {
  return theirs === ours ? undefined : `is ${theirs.slice(0, 80)}, and here ${ours.slice(0, 80)}`;
}
