/**
 * Moves old entries and their private values to cold storage. docs/spec/ledger.md, "Archives"
 *
 *   plan → each bundle verified → copied, synced, read back → on record in the ledger →
 *   `archived.json` → the originals go
 *
 * A crash before the last step leaves copies that nobody reads yet, or originals beside their
 * copies: the same command finishes it. Hashes stay, and bundles with entries that change the state
 * stay as well as go, with the values of these entries.
 */
import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonValue } from '#base/json.ts';
import {
  type ArchivedSpan,
  archivedEnd,
  archivedSpans,
  writeArchivedSpans,
} from '#ledger/archive.ts';
import { type Disk, nodeDisk, replaceFile } from '#ledger/disk.ts';
import { readEntries } from '#ledger/read.ts';
import type { ArchivedRange } from '#ledger/retention.ts';
import { corrupt, partialsPath, TILE_WIDTH, tilePath } from '#ledger/tiles.ts';
import { splitBlobs, VALUES_WIDTH, valuesPath } from '#ledger/values.ts';
import type { Progress } from '#ledger/verify.ts';
import { verifyRange } from '#ledger/verify-range.ts';

const BUNDLES_PER_FILE = VALUES_WIDTH / TILE_WIDTH;
/** In an archive: whose it is. */
const LABEL = 'archive.json';
const label = z.strictObject({ origin: z.string(), v: z.literal(1) });

/**
 * What of a log of `size` is older than an instant and can go: whole files of values, all of whose
 * decisions have their outcome.
 * @param before milliseconds since 1970
 * @param firstOpen the first decision without outcome
 */
export async function planArchive(
  dir: string,
  size: number,
  before: number,
  firstOpen: number,
): Promise<ArchivedRange> {
  const from = archivedEnd(await archivedSpans(dir));
  let low = from / VALUES_WIDTH;
  let high = Math.max(low, Math.floor(Math.min(size, firstOpen) / VALUES_WIDTH));
  // The time of entries never runs back.
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((await instantOf(dir, size, middle * VALUES_WIDTH - 1)) < before) low = middle;
    else high = middle - 1;
  }
  return { from, to: low * VALUES_WIDTH };
}

/**
 * Copies, and holds each copy to its original.
 * @throws ProvisoError `ledger_corrupt` where an original is not what was written; `usage_invalid`
 *   where the folder is no archive of this log
 */
export async function copyToArchive(
  dir: string,
  origin: string,
  size: number,
  { from, to }: ArchivedRange,
  archive: string,
  onProgress: Progress = () => undefined,
): Promise<void> {
  await labelArchive(dir, origin, archive);
  for (let entry = from; entry < to; entry += VALUES_WIDTH) {
    const n = entry / VALUES_WIDTH;
    await requireSound(dir, size, n);
    for (let i = 0; i < BUNDLES_PER_FILE; i++) {
      await copy(dir, archive, tilePath('entries', n * BUNDLES_PER_FILE + i), 0o644);
    }
    if (existsSync(join(dir, valuesPath(n)))) await copy(dir, archive, valuesPath(n), 0o600);
    onProgress(entry + VALUES_WIDTH - from, to - from);
  }
}

/** After the ledger has it on record: readers look into the archive from here on. */
export async function removeArchived(
  dir: string,
  size: number,
  { from, to }: ArchivedRange,
  archive: string,
  disk: Disk = nodeDisk,
): Promise<void> {
  const spans: ArchivedSpan[] = [...(await archivedSpans(dir)), { at: resolve(archive), from, to }];
  await writeArchivedSpans(disk, dir, joinedSpans(spans));
  for (let entry = from; entry < to; entry += VALUES_WIDTH) {
    await removeFile(dir, size, entry / VALUES_WIDTH, disk);
  }
}

/** Takes away what an attempt before this one left of what is in an archive that is at hand. */
export async function finishArchived(
  dir: string,
  size: number,
  disk: Disk = nodeDisk,
): Promise<void> {
  for (const { at, from, to } of await archivedSpans(dir)) {
    for (let n = from / VALUES_WIDTH; n < to / VALUES_WIDTH; n++) {
      if (bundlesIn(dir, n) > 0 && bundlesIn(at, n) === BUNDLES_PER_FILE) {
        await removeFile(dir, size, n, disk);
      }
    }
  }
}

/** How many bundles of a file of values there are. */
function bundlesIn(dir: string, n: number): number {
  const bundles = Array.from({ length: BUNDLES_PER_FILE }, (_, i) => n * BUNDLES_PER_FILE + i);
  return bundles.filter((bundle) => existsSync(join(dir, tilePath('entries', bundle)))).length;
}

async function instantOf(dir: string, size: number, entry: number): Promise<number> {
  for await (const { at } of readEntries(dir, size, entry, entry + 1)) return at;
  throw corrupt(tilePath('entries', Math.floor(entry / TILE_WIDTH)), `has no entry ${entry}`);
}

async function labelArchive(dir: string, origin: string, archive: string): Promise<void> {
  if (!relative(resolve(dir), resolve(archive)).startsWith('..')) {
    throw new ProvisoError('usage_invalid', 'An archive cannot lie in the ledger’s own folder.');
  }
  const path = join(archive, LABEL);
  const found = await nodeDisk.read(path);
  if (!found) {
    await nodeDisk.makeFolder(archive);
    await replaceFile(nodeDisk, path, Buffer.from(`${canonicalJson({ origin, v: 1 })}\n`));
    return;
  }
  const parsed = label.safeParse(JSON.parse(found.toString()) as JsonValue);
  if (parsed.data?.origin === origin) return;
  throw new ProvisoError('usage_invalid', `\`${archive}\` is not an archive of \`${origin}\`.`, {
    at: path,
  });
}

async function requireSound(dir: string, size: number, n: number): Promise<void> {
  const [from, to] = [n * BUNDLES_PER_FILE, (n + 1) * BUNDLES_PER_FILE];
  const { faults } = await verifyRange({ place: dir, size, from, to }, () => undefined);
  const [fault] = faults;
  if (fault) throw new ProvisoError('ledger_corrupt', fault.problem, { at: fault.file });
}

async function copy(dir: string, archive: string, path: string, mode: number): Promise<void> {
  const original = await nodeDisk.read(join(dir, path));
  // Moved by an attempt before this one.
  if (!original && existsSync(join(archive, path))) return;
  if (!original) throw corrupt(path, 'is missing');
  const target = join(archive, path);
  await nodeDisk.makeFolder(dirname(target));
  await nodeDisk.writeFile(target, original, mode);
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    await nodeDisk.syncFolder(join(archive, folder));
  }
  await nodeDisk.syncFolder(archive);
  if ((await nodeDisk.read(target))?.equals(original)) return;
  throw corrupt(target, 'does not read back as it was written');
}

async function removeFile(dir: string, size: number, n: number, disk: Disk): Promise<void> {
  const keptBundles = new Set<number>();
  const keptEntries: number[] = [];
  for await (const { index, kind } of readEntries(
    dir,
    size,
    n * VALUES_WIDTH,
    (n + 1) * VALUES_WIDTH,
  )) {
    if (kind === 'decision' || kind === 'outcome') continue;
    keptBundles.add(Math.floor(index / TILE_WIDTH));
    keptEntries.push(index);
  }
  await keepValues(dir, n, keptEntries, disk);
  for (let i = 0; i < BUNDLES_PER_FILE; i++) {
    const bundle = n * BUNDLES_PER_FILE + i;
    await disk.remove(join(dir, partialsPath('entries', bundle)));
    if (!keptBundles.has(bundle)) await disk.remove(join(dir, tilePath('entries', bundle)));
  }
  await disk.syncFolder(dirname(join(dir, tilePath('entries', n * BUNDLES_PER_FILE))));
}

/** Of a file of values, the blobs of the batches that these entries are in. */
async function keepValues(
  dir: string,
  n: number,
  entries: readonly number[],
  disk: Disk,
): Promise<void> {
  const path = join(dir, valuesPath(n));
  const bytes = await disk.read(path);
  if (!bytes) return;
  const blobs = splitBlobs(bytes);
  const batches = new Set(
    entries.map((entry) => blobs.findLast(({ firstIndex }) => firstIndex <= entry)?.firstIndex),
  );
  const kept = blobs.filter(({ firstIndex }) => batches.has(firstIndex));
  if (kept.length === 0) {
    await disk.remove(path);
    await disk.syncFolder(dirname(path));
  } else await replaceFile(disk, path, Buffer.concat(kept.map((blob) => blob.bytes)), 0o600);
}

/** Spans that follow each other in the same place as one. */
function joinedSpans(spans: readonly ArchivedSpan[]): ArchivedSpan[] {
  const joined: ArchivedSpan[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last && last.at === span.at && last.to === span.from) {
      joined[joined.length - 1] = { ...last, to: span.to };
    } else joined.push(span);
  }
  return joined;
}
