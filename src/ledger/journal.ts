/**
 * The journal: what is acknowledged and not yet in tiles. One record for each batch, in segments
 * `journal/<index of the first entry, 16 digits>`.
 *
 *    0  8  "PRVJNL01"
 *    8  4  length of the whole record
 *   12  4  CRC-32 of all that follows
 *   16  8  index of the first entry
 *   24  4  number of entries
 *   28  4  length of the entries
 *   32  4  length of the keys
 *   36  4  length of the values
 *   40  8  time of the batch, ms since 1970
 *   48 32  root of the log with these entries
 *   80     entries (as in an entry bundle) ‖ wrapped vault keys ‖ encrypted vault values
 *
 * All numbers are big-endian. A record is written with one write; a torn one fails its CRC.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Disk } from './disk.ts';
import { corrupt } from './tiles.ts';
import type { Hash } from './tree.ts';

const MAGIC = Buffer.from('PRVJNL01');
export const RECORD_HEADER_BYTES = 80;
const SEGMENT_NAME = /^[0-9]{16}$/;

export interface JournalRecord {
  readonly firstIndex: number;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly root: Hash;
  readonly entries: Buffer;
  readonly keys: Buffer;
  readonly values: Buffer;
}

export interface RecordHead {
  readonly firstIndex: number;
  readonly count: number;
  readonly at: number;
  readonly root: Hash;
  readonly entriesBytes: number;
  readonly keysBytes: number;
  readonly valuesBytes: number;
}

export function segmentPath(firstIndex: number): string {
  return `journal/${String(firstIndex).padStart(16, '0')}`;
}

/** Index of the first entry of each segment that is listed, ascending. */
export function segmentStarts(names: readonly string[]): number[] {
  return names.filter((name) => SEGMENT_NAME.test(name)).map(Number);
}

export interface FoundRecord {
  readonly record: JournalRecord;
  /** Its segment. */
  readonly path: string;
  /** Where in it the record begins. */
  readonly position: number;
}

/** From the first wrapped key in a segment to the end of the last, with what is between them. */
export interface KeySpan {
  readonly start: number;
  readonly end: number;
}

/** With the keys of a record too. @param position of the record in its segment */
export function withKeysOf(
  span: KeySpan | undefined,
  { entries, keys }: JournalRecord,
  position: number,
): KeySpan | undefined {
  if (keys.length === 0) return span;
  const start = position + RECORD_HEADER_BYTES + entries.length;
  return { start: span?.start ?? start, end: start + keys.length };
}

const WIPED = '.wiped';

/**
 * Removes a segment, and overwrites the wrapped keys in it first: what is erased from the vault must
 * not lie on the disk as what once was a journal. Under its other name no start reads it.
 */
export async function removeSegment(
  disk: Disk,
  dir: string,
  path: string,
  keys: KeySpan | undefined,
): Promise<void> {
  const from = join(dir, path);
  if (!keys) return disk.remove(from);
  await disk.rename(from, from + WIPED);
  await wipe(disk, from + WIPED, keys);
}

/** What a crash in a removal left. */
export async function removeWiped(disk: Disk, dir: string): Promise<void> {
  for (const name of await disk.list(join(dir, 'journal'))) {
    if (!name.endsWith(WIPED)) continue;
    const path = join(dir, 'journal', name);
    const { length } = (await disk.read(path)) ?? Buffer.alloc(0);
    await wipe(disk, path, { start: 0, end: length });
  }
}

async function wipe(disk: Disk, path: string, { start, end }: KeySpan): Promise<void> {
  const file = await disk.openFile(path);
  try {
    await file.write(Buffer.alloc(end - start), start);
  } finally {
    await file.close();
  }
  await disk.remove(path);
}

/**
 * The whole records in order. What is torn at the end of a segment is left out.
 * @throws `ledger_corrupt` when whole records follow one that is not
 */
export async function* readJournal(disk: Disk, dir: string): AsyncGenerator<FoundRecord> {
  for (const start of segmentStarts(await disk.list(join(dir, 'journal')))) {
    const path = segmentPath(start);
    let segment = await disk.read(join(dir, path));
    let end = 0;
    while (segment) {
      for (let record = readRecord(segment, end); record; record = readRecord(segment, end)) {
        yield { record, path, position: end };
        end += recordBytes(record);
      }
      // A crash tears the last record. Damage before it would hide what was acknowledged.
      if (!hasRecordAfter(segment, end)) break;
      // Or it was written while it was read. A segment that is gone by now was published.
      segment = await disk.read(join(dir, path));
      if (segment && !readRecord(segment, end)) throw corrupt(path, `is damaged at byte ${end}`);
    }
  }
}

function hasRecordAfter(segment: Buffer, position: number): boolean {
  for (let at = position; (at = segment.indexOf(MAGIC, at)) >= 0; at++) {
    if (readRecord(segment, at)) return true;
  }
  return false;
}

/** Completes a record whose sections already stand at their place in `record`. */
export function sealRecord(record: Buffer, head: RecordHead): void {
  MAGIC.copy(record, 0);
  record.writeUInt32BE(record.length, 8);
  writeUint64(record, head.firstIndex, 16);
  record.writeUInt32BE(head.count, 24);
  record.writeUInt32BE(head.entriesBytes, 28);
  record.writeUInt32BE(head.keysBytes, 32);
  record.writeUInt32BE(head.valuesBytes, 36);
  writeUint64(record, head.at, 40);
  record.write(head.root, 48, 'latin1');
  record.writeUInt32BE(crc32(record.subarray(16)), 12);
}

/** The record that starts at `position`; `undefined` where none that is whole does. */
export function readRecord(segment: Buffer, position: number): JournalRecord | undefined {
  const head = segment.subarray(position, position + RECORD_HEADER_BYTES);
  if (head.length < RECORD_HEADER_BYTES || !head.subarray(0, 8).equals(MAGIC)) return undefined;
  const record = segment.subarray(position, position + head.readUInt32BE(8));
  const entriesEnd = RECORD_HEADER_BYTES + head.readUInt32BE(28);
  const keysEnd = entriesEnd + head.readUInt32BE(32);
  const valuesEnd = keysEnd + head.readUInt32BE(36);
  if (valuesEnd !== head.readUInt32BE(8) || record.length !== valuesEnd) return undefined;
  if (crc32(record.subarray(16)) !== head.readUInt32BE(12)) return undefined;
  return {
    firstIndex: readUint64(head, 16),
    count: head.readUInt32BE(24),
    at: readUint64(head, 40),
    root: head.toString('latin1', 48, 80),
    entries: record.subarray(RECORD_HEADER_BYTES, entriesEnd),
    keys: record.subarray(entriesEnd, keysEnd),
    values: record.subarray(keysEnd),
  };
}

function recordBytes(record: JournalRecord): number {
  const { entries, keys, values } = record;
  return RECORD_HEADER_BYTES + entries.length + keys.length + values.length;
}

export function writeUint64(bytes: Buffer, value: number, position: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), position);
  bytes.writeUInt32BE(value % 2 ** 32, position + 4);
}

export function readUint64(bytes: Buffer, position: number): number {
  return bytes.readUInt32BE(position) * 2 ** 32 + bytes.readUInt32BE(position + 4);
}
