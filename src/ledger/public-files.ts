/**
 * What a ledger shows to anyone over HTTP, at the paths of C2SP tlog-tiles: its checkpoint, tiles
 * and entry bundles, and nothing else of the folder. Read-only, and only what the checkpoint covers.
 * Where witnesses must cosign, the checkpoint is the newest that its quorum did.
 */
import { join } from 'node:path';
import { parseCheckpoint } from './checkpoint.ts';
import { readIfThere, readTileFile } from './read.ts';
import { hashesAtLevel, TILE_WIDTH, tilePath } from './tiles.ts';
import { HASH_BYTES } from './tree.ts';

export interface PublicFile {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly cacheControl: string;
}

const TILE = /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** Where the newest head lies that counts as published. */
export type HeadFile = 'checkpoint' | typeof WITNESSED_FILE;
export const WITNESSED_FILE = 'checkpoint.witnessed';

/**
 * @param path below the log's address, without a slash before it; an attacker controls it
 * @returns `undefined` where there is no such file, or not yet
 */
export async function readPublicFile(
  dir: string,
  path: string,
  head: HeadFile = 'checkpoint',
): Promise<PublicFile | undefined> {
  const checkpoint = await readIfThere(join(dir, head));
  if (!checkpoint) return undefined;
  if (path === 'checkpoint') {
    const contentType = 'text/plain; charset=utf-8';
    return { bytes: checkpoint, contentType, cacheControl: 'no-cache' };
  }
  const match = TILE.exec(path);
  if (!match) return undefined;
  const [, kindText = '', name = '', widthText] = match;
  const kind = kindText === 'entries' ? kindText : Number(kindText);
  const n = Number(name.replaceAll(/[x/]/g, ''));
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText);
  // Only the one spelling of each number is a path.
  if (path !== tilePath(kind, n, width)) return undefined;
  const { size } = parseCheckpoint(noteText(checkpoint));
  const covered = hashesAtLevel(size, kind === 'entries' ? 0 : kind);
  if (n * TILE_WIDTH + width > covered) return undefined;
  const { bytes, found } = await readTileFile(dir, kind, n, width);
  return {
    bytes: found === width ? bytes : bytes.subarray(0, endOf(kind, bytes, width)),
    contentType: 'application/octet-stream',
    cacheControl: 'public, max-age=31536000, immutable',
  };
}

/** Where the first `width` hashes or entries end, in a tile that has more. */
function endOf(kind: number | 'entries', bytes: Buffer, width: number): number {
  if (kind !== 'entries') return width * HASH_BYTES;
  let end = 0;
  for (let i = 0; i < width; i++) end += 2 + bytes.readUInt16BE(end);
  return end;
}

function noteText(note: Buffer): string {
  const text = note.toString('utf8');
  return text.slice(0, text.lastIndexOf('\n\n') + 1);
}
