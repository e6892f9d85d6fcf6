/**
 * The packs that are or were in force, each in a folder named by its hash, so that any decision and
 * any activation can be computed again: INVARIANT (10). docs/spec/terms.md, "Stored packs".
 *
 *   <dataDir>/terms/<hash>/terms.yaml, text.md, …
 *
 * A folder is there whole or not at all: it is written beside its place, synced and then renamed.
 * Only who writes the ledger stores, so nobody else writes at the same time.
 */
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import { type Pack, packHash, parsePack, readPackFiles } from './pack.ts';

/** Resolves when the pack is on the disk. One that is there already, and sound, is left alone. */
export async function storePack(dataDir: string, pack: Pack): Promise<void> {
  const dir = storedPackDir(dataDir, pack.hash);
  if (isStored(dir, pack.hash)) return;
  const draft = `${dir}.tmp`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const folders = new Set([draft]);
  for (const { path, text } of pack.files.values()) {
    const file = join(draft, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    folders.add(dirname(file));
    await writeSynced(file, Buffer.from(text));
  }
  for (const folder of folders) await syncFolder(folder);
  // What lies in its place is not the pack, or it would have been left alone.
  await rm(dir, { recursive: true, force: true });
  await rename(draft, dir);
  await syncFolder(dirname(dir));
  await syncFolder(dataDir);
}

/**
 * The pack with this hash, its files held to it.
 * @throws ProvisoError `terms_corrupt` where it is missing or another; `terms_invalid` where it is
 * what was stored, and this version of Proviso cannot read it
 */
export function loadStoredPack(dataDir: string, hash: string): Pack {
  const dir = storedPackDir(dataDir, hash);
  const contents = readStored(dir, hash);
  return parsePack(contents, dir);
}

export function storedPackDir(dataDir: string, hash: string): string {
  return join(dataDir, 'terms', hash);
}

function readStored(dir: string, hash: string): ReadonlyMap<string, Uint8Array> {
  if (!existsSync(dir)) throw corrupt(dir, 'is missing');
  const contents = readPackFiles(dir);
  const found = packHash(contents);
  if (found !== hash) throw corrupt(dir, `was changed: its files hash to ${found}`);
  return contents;
}

function isStored(dir: string, hash: string): boolean {
  return existsSync(dir) && packHash(readPackFiles(dir)) === hash;
}

function corrupt(dir: string, problem: string): ProvisoError {
  return new ProvisoError(
    'terms_corrupt',
    `The stored terms pack \`${dir}\` ${problem}. Put it back from a backup, or from where the pack came from.`,
    { at: dir },
  );
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
