/**
 * What a start finds. The journal is replayed from the published size, everything in it that is
 * whole is published, and the journal then starts empty; so a crash at any instant is one of these:
 *
 *   within the write of a record      the record is torn, never acknowledged: it is cut off
 *   after it, before the lock store   a record past the lock's head, never acknowledged: it is kept
 *   before the next checkpoint        records past the checkpoint: their tiles are written (again)
 *   before the segment was removed    records below the checkpoint: passed over
 *
 * Where the power went too, the lock's head may be as old as the checkpoint: all that was
 * acknowledged since is in the journal, and is kept.
 *
 * Anything else was not made by a crash, is named, and stops the start.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import type { LedgerLimits } from '#base/limits.ts';
import { archivedEnd, archivedSpans } from './archive.ts';
import { Backlog } from './backlog.ts';
import { openCheckpoint } from './checkpoint.ts';
import type { Disk } from './disk.ts';
import { decodeEntry, type Entry } from './entry.ts';
import { finishErasures } from './erasure.ts';
import {
  type JournalRecord,
  type KeySpan,
  readJournal,
  removeSegment,
  removeWiped,
  segmentPath,
  segmentStarts,
  withKeysOf,
} from './journal.ts';
import type { LogSigners } from './keys.ts';
import { type Head, HeadStore } from './lock.ts';
import { effectsOf, Projection, projectionPath } from './projection.ts';
import { Publisher } from './publish.ts';
import { readBundle, readEntries, readOpenTiles } from './read.ts';
import {
  corrupt,
  decodeBundle,
  encodeBundle,
  TILE_WIDTH,
  type Tile,
  TreeEdge,
  tilePath,
} from './tiles.ts';
import { EMPTY_ROOT, type Hash, leafHash } from './tree.ts';
import { splitBlobs, valuesFileOf, valuesPath } from './values.ts';
import { Vault } from './vault.ts';

export interface LedgerFiles {
  readonly disk: Disk;
  readonly dir: string;
  readonly lockDir: string;
  readonly signers: LogSigners;
  readonly masterKey: Uint8Array;
  readonly clock: Clock;
  readonly limits: LedgerLimits;
}

/** A ledger that is ready for its next batch. */
export interface LoadedLog {
  readonly edge: TreeEdge;
  readonly backlog: Backlog;
  readonly publisher: Publisher;
  readonly projection: Projection;
  readonly vault: Vault;
  readonly heads: HeadStore;
  readonly openDecisions: readonly number[];
  /** Time of the newest entry, milliseconds since 1970. */
  readonly lastAt: number;
}

/** @throws `ledger_corrupt`, `ledger_ahead`, `clock_ran_back`, and what the disk throws */
export async function loadLog(files: LedgerFiles): Promise<LoadedLog> {
  const heads = await HeadStore.open(files.disk, files.lockDir);
  try {
    return await loadBehindLock(files, heads);
  } catch (error) {
    await heads.close();
    throw error;
  }
}

async function loadBehindLock(files: LedgerFiles, heads: HeadStore): Promise<LoadedLog> {
  const { disk, dir, signers, masterKey, limits } = files;
  const published = await loadPublished(files);
  const { edge, backlog } = published;
  const replayed = await replayJournal(files, published);
  checkHead(heads, published, replayed);
  const lastAt = replayed.at(-1)?.at ?? heads.head?.at ?? 0;
  checkClock(lastAt, files);

  if (heads.head?.size !== edge.size) {
    heads.advance({ size: edge.size, root: edge.root(), at: lastAt });
  }
  await heads.sync();
  const publisher = new Publisher(disk, dir, signers);
  await publisher.discardUncovered(published.size, edge.size);
  await publisher.publish(backlog.take());
  await removeJournal(disk, dir);

  const projection = await openProjection(dir, edge.size);
  try {
    await finishErasures(disk, dir, projection, edge.size);
    const openDecisions = projection.openDecisions();
    const readKey = (path: string) => readFileIfThere(join(dir, path));
    const vault = new Vault(masterKey, readKey, limits.vaultKeysCachedMax);
    return { edge, backlog, publisher, projection, vault, heads, openDecisions, lastAt };
  } catch (error) {
    projection.close();
    throw error;
  }
}

interface Published {
  readonly size: number;
  readonly root: Hash;
  readonly edge: TreeEdge;
  readonly backlog: Backlog;
}

/** The right edge at the published checkpoint, from the files that it covers. */
async function loadPublished({ disk, dir, signers }: LedgerFiles): Promise<Published> {
  const bytes = await disk.read(join(dir, 'checkpoint'));
  if (!bytes) {
    const edge = new TreeEdge();
    return { size: 0, root: EMPTY_ROOT, edge, backlog: new Backlog(edge, Buffer.alloc(0), 0) };
  }
  const { size, root } = openCheckpoint(bytes, signers[0].verifier);
  const open = await readOpenTiles(dir, size);
  const edge = new TreeEdge(size, open);
  if (edge.root() !== root) {
    throw corrupt('tile', `does not have the root that \`checkpoint\` signs for ${size} entries`);
  }
  const n = Math.floor(size / TILE_WIDTH);
  const entries = size % TILE_WIDTH === 0 ? [] : await readBundle(dir, size, n);
  entries.forEach((entry, i) => {
    if (leafHash(entry) !== open[0]?.[i]) {
      throw corrupt(
        tilePath('entries', n, entries.length),
        `has another entry ${n * TILE_WIDTH + i}`,
      );
    }
  });
  const valuesEnd = await valuesEndAt(disk, join(dir, valuesPath(valuesFileOf(size))), size);
  return { size, root, edge, backlog: new Backlog(edge, encodeBundle(entries), valuesEnd) };
}

/** Where the values end that belong to entries below `size`; behind it is a cut-off publication. */
async function valuesEndAt(disk: Disk, path: string, size: number): Promise<number> {
  let end = 0;
  for (const blob of splitBlobs((await disk.read(path)) ?? Buffer.alloc(0))) {
    if (blob.firstIndex < size) end += blob.bytes.length;
  }
  return end;
}

/** Appends what the journal has past the checkpoint. @returns the head after each record */
async function replayJournal(
  { disk, dir }: LedgerFiles,
  { edge, backlog }: Published,
): Promise<Head[]> {
  const heads: Head[] = [];
  for await (const { record, path } of readJournal(disk, dir)) {
    if (record.firstIndex + record.count <= edge.size) continue;
    replayRecord(record, path, edge, backlog);
    heads.push({ size: edge.size, root: record.root, at: record.at });
  }
  return heads;
}

function replayRecord(record: JournalRecord, path: string, edge: TreeEdge, backlog: Backlog): void {
  const { firstIndex, root } = record;
  if (firstIndex !== edge.size) {
    throw corrupt(path, `goes on at entry ${firstIndex}, and the log ends at ${edge.size}`);
  }
  const tiles: Tile[] = [];
  const entries = decodeBundle(record.entries, record.count, path);
  for (const entry of entries) edge.append(leafHash(entry), (tile) => tiles.push(tile));
  if (edge.root() !== root) throw corrupt(path, `has other entries at ${firstIndex} than it says`);
  const effects = effectsOf(entries.map((entry, i) => decodeEntry(entry, firstIndex + i)));
  backlog.add({ ...record, tiles, partials: edge.partials(), effects });
}

/** Is what was found the log that the lock store knows, or that and more? */
function checkHead(
  { head, path }: HeadStore,
  published: { readonly size: number; readonly root: Hash },
  replayed: readonly Head[],
): void {
  const found = [published, ...replayed];
  const size = replayed.at(-1)?.size ?? published.size;
  if (!head) {
    // The first start ended between the checkpoint of the empty log and the lock store.
    if (size === 0) return;
    throw ahead(`\`${path}\` is empty, and the log has ${size} entries`, path);
  }
  if (head.size < published.size) {
    const { size: publishedSize } = published;
    throw ahead(`${publishedSize} entries are published, and \`${path}\` knows ${head.size}`, path);
  }
  if (head.size > size) {
    throw corrupt(
      'journal',
      `and the tiles have ${size} entries of ${head.size} that were acknowledged; ` +
        'the folder was cut, or put back from a copy',
    );
  }
  if (!found.some((known) => known.size === head.size && known.root === head.root)) {
    throw corrupt('journal', `holds another log than \`${path}\` knows at ${head.size} entries`);
  }
}

function checkClock(newestAt: number, { clock, limits }: LedgerFiles): void {
  const backMs = newestAt - clock.now();
  if (backMs <= limits.clockBackMsMax) return;
  throw new ProvisoError(
    'clock_ran_back',
    `The clock is ${backMs} ms behind the newest entry; set it right, then start again.`,
  );
}

/** All of it is published; a crash on the way leaves records that the next start passes over. */
async function removeJournal(disk: Disk, dir: string): Promise<void> {
  const keys = new Map<string, KeySpan | undefined>();
  for await (const { record, path, position } of readJournal(disk, dir)) {
    keys.set(path, withKeysOf(keys.get(path), record, position));
  }
  for (const start of segmentStarts(await disk.list(join(dir, 'journal')))) {
    const path = segmentPath(start);
    await removeSegment(disk, dir, path, keys.get(path));
  }
  await removeWiped(disk, dir);
  await disk.syncFolder(join(dir, 'journal'));
}

const CATCH_UP_ENTRIES = 10_000;

/** The projection of a log of `size`, caught up with it. Its one user is who holds the writer's lock. */
export async function openProjection(dir: string, size: number): Promise<Projection> {
  const projection = Projection.open(projectionPath(dir), size);
  try {
    await catchUp(projection, dir, size);
    return projection;
  } catch (error) {
    projection.close();
    throw error;
  }
}

async function catchUp(projection: Projection, dir: string, size: number): Promise<void> {
  await catchUpArchived(projection, dir, size);
  for (let from = projection.size; from < size; from += CATCH_UP_ENTRIES) {
    const to = Math.min(size, from + CATCH_UP_ENTRIES);
    const entries: Entry[] = [];
    for await (const entry of readEntries(dir, size, from, to)) entries.push(entry);
    projection.apply(to, effectsOf(entries));
  }
}

/**
 * No archive is needed: every decision in one was closed, and bundles with entries that change the
 * state stayed here.
 */
async function catchUpArchived(projection: Projection, dir: string, size: number): Promise<void> {
  const to = Math.min(size, archivedEnd(await archivedSpans(dir)));
  for (let from = projection.size; from < to; from = nextBundle(from)) {
    const entries: Entry[] = [];
    if (existsSync(join(dir, tilePath('entries', Math.floor(from / TILE_WIDTH))))) {
      for await (const entry of readEntries(dir, size, from, nextBundle(from))) entries.push(entry);
    }
    const { state } = effectsOf(entries);
    projection.apply(nextBundle(from), { opened: [], closed: [], state });
  }
}

function nextBundle(entry: number): number {
  return (Math.floor(entry / TILE_WIDTH) + 1) * TILE_WIDTH;
}

function readFileIfThere(path: string): Buffer | undefined {
  return existsSync(path) ? readFileSync(path) : undefined;
}

function ahead(problem: string, path: string): ProvisoError {
  return new ProvisoError('ledger_ahead', `${problem}.`, { at: path });
}
