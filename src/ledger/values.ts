/**
 * Files of encrypted private values: `vault/values/<tile name>`, one for 4,096 entries, of blobs in
 * the order of their entries. `vault.ts` makes and opens blobs.
 *
 *   blob    0  4  length of what follows, big-endian
 *           4  8  index of the first entry of its batch in this file
 *          12 16  slot of the data key
 *          28  4  generation of the data key
 *          32 12  nonce
 *          44     AES-256-GCM of the text; bytes 4 to 31 are authenticated with it
 *          −16    tag
 *   text   for each entry: index, tab, disclosure text, tab, disclosure text …, newline
 */
import { open } from 'node:fs/promises';
import { readUint64 } from './journal.ts';
import { tileName } from './tiles.ts';

export const VALUES_WIDTH = 4_096;
export const BLOB_TEXT_AT = 44;
export const TAG_BYTES = 16;
const BLOB_BYTES_MIN = BLOB_TEXT_AT + TAG_BYTES;
const READ_BYTES = 64 * 1024;

export interface Blob {
  readonly firstIndex: number;
  readonly bytes: Buffer;
}

/** Number of the file that has an entry's values. */
export function valuesFileOf(index: number): number {
  return Math.floor(index / VALUES_WIDTH);
}

export function valuesPath(n: number): string {
  return `vault/values/${tileName(n)}`;
}

/** Splits a file of blobs, or a journal record's values. A torn blob at the end is left out. */
export function splitBlobs(bytes: Buffer): Blob[] {
  const blobs: Blob[] = [];
  for (let at = 0; at + BLOB_BYTES_MIN <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    blobs.push({ firstIndex: readUint64(bytes, at + 4), bytes: bytes.subarray(at, end) });
    at = end;
  }
  return blobs;
}

/** The blobs of the batch that has this entry: one for each vault key. Reads heads, then those. */
export async function findBlobs(path: string, index: number): Promise<Blob[]> {
  const file = await open(path).catch(ifThere);
  if (!file) return [];
  try {
    let found: { start: number; end: number; firstIndex: number }[] = [];
    let chunk = Buffer.alloc(0);
    let chunkAt = 0;
    for (let at = 0; ; ) {
      if (at < chunkAt || at + BLOB_TEXT_AT > chunkAt + chunk.length) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(READ_BYTES), 0, READ_BYTES, at);
        chunk = buffer.subarray(0, bytesRead);
        chunkAt = at;
      }
      if (chunk.length < at - chunkAt + BLOB_TEXT_AT) break;
      const firstIndex = readUint64(chunk, at - chunkAt + 4);
      if (firstIndex > index) break;
      const end = at + 4 + chunk.readUInt32BE(at - chunkAt);
      if (found[0]?.firstIndex !== firstIndex) found = [];
      found.push({ start: at, end, firstIndex });
      at = end;
    }
    const blobs: Blob[] = [];
    for (const { start, end, firstIndex } of found) {
      const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
      blobs.push({ firstIndex, bytes: buffer });
    }
    return blobs;
  } finally {
    await file.close();
  }
}

/** The disclosure texts of one entry in a blob's text; `undefined` when it has none there. */
export function textsOf(blobText: string, index: number): string[] | undefined {
  for (const line of blobText.split('\n')) {
    const [number, ...texts] = line.split('\t');
    if (number === String(index)) return texts;
  }
  return undefined;
}

function ifThere(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
