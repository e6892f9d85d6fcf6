/**
 * A database of a folder that somebody else writes, or that nobody can: on a disk that can only be
 * read SQLite opens no file with a log beside it, so a copy is read instead.
 */
import { accessSync, constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { corrupt } from './tiles.ts';

export interface ReadableDatabase {
  /** In a transaction: all that is read is of one instant. */
  readonly database: DatabaseSync;
  readonly close: () => void;
}

/** @throws ProvisoError `ledger_corrupt` where it is no sound database */
export function openToRead(path: string): ReadableDatabase {
  const copy = isWritable(dirname(path)) ? undefined : copied(path);
  const database = new DatabaseSync(copy ?? path, { readOnly: copy === undefined });
  const close = (): void => {
    database.close();
    if (copy !== undefined) rmSync(dirname(copy), { recursive: true, force: true });
  };
  const damage = damageOf(database);
  if (damage === undefined) return { database, close };
  close();
  throw corrupt(basename(path), `is no sound database: ${damage}`);
}

function damageOf(database: DatabaseSync): string | undefined {
  try {
    database.exec('BEGIN');
    const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    return found === 'ok' ? undefined : String(found);
  } catch (error) {
    return (error as Error).message;
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function copied(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-read-'));
  const copy = join(folder, basename(path));
  for (const suffix of ['', '-wal']) {
    if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
  }
  return copy;
}
