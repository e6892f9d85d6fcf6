/**
 * What the log says, in the form that a start needs: decisions without outcome, and where the
 * entries are that change state. INVARIANT (13): this file holds nothing of its own. It is filled
 * from the log as far as it is behind, and one that is deleted is built anew.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Effects } from './batch.ts';
import type { Entry } from './entry.ts';
import { openToRead } from './readable-database.ts';

const SCHEMA = `
  PRAGMA journal_mode=WAL;
  PRAGMA synchronous=NORMAL;
  CREATE TABLE IF NOT EXISTS log (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS open_decision (entry INTEGER PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS state_entry (entry INTEGER PRIMARY KEY, kind TEXT NOT NULL) STRICT;
  INSERT OR IGNORE INTO log VALUES (1, 0);
`;

export class Projection {
  readonly #database: DatabaseSync;
  readonly #open: StatementSync;
  readonly #close: StatementSync;
  readonly #state: StatementSync;
  readonly #resize: StatementSync;

  private constructor(database: DatabaseSync) {
    database.exec(SCHEMA);
    this.#database = database;
    this.#open = database.prepare('INSERT OR IGNORE INTO open_decision VALUES (?)');
    this.#close = database.prepare('DELETE FROM open_decision WHERE entry = ?');
    this.#state = database.prepare('INSERT OR IGNORE INTO state_entry VALUES (?, ?)');
    this.#resize = database.prepare('UPDATE log SET size = ?');
  }

  /** Opens the file; one that is not a sound database, or ahead of the log, starts from nothing. */
  static open(path: string, logSize: number): Projection {
    let database = new DatabaseSync(path);
    try {
      const projection = new Projection(database);
      if (projection.size <= logSize) return projection;
    } catch {
      // Not a database, or a damaged one: built anew below.
    }
    database.close();
    removeFiles(path);
    database = new DatabaseSync(path);
    return new Projection(database);
  }

  /** Entries of the log that are in it. */
  get size(): number {
    return this.#database.prepare('SELECT size FROM log').get()?.['size'] as number;
  }

  apply(size: number, effects: Effects): void {
    const closed = new Set(effects.closed);
    this.#database.exec('BEGIN');
    for (const index of effects.opened) if (!closed.delete(index)) this.#open.run(index);
    for (const index of closed) this.#close.run(index);
    for (const { index, kind } of effects.state) this.#state.run(index, kind);
    this.#resize.run(size);
    this.#database.exec('COMMIT');
  }

  openDecisions(): number[] {
    const rows = this.#database.prepare('SELECT entry FROM open_decision ORDER BY entry').all();
    return rows.map((row) => row['entry'] as number);
  }

  /** Numbers of the entries of these kinds, ascending. */
  stateEntries(kinds: readonly string[]): number[] {
    const marks = kinds.map(() => '?').join();
    const query = `SELECT entry FROM state_entry WHERE kind IN (${marks}) ORDER BY entry`;
    return this.#database
      .prepare(query)
      .all(...kinds)
      .map((row) => row['entry'] as number);
  }

  close(): void {
    this.#database.close();
  }
}

const FILE = 'state.sqlite';

/** Where the projection of the log in a folder lies. */
export function projectionPath(dir: string): string {
  return join(dir, FILE);
}

/** Of a log that nobody writes. */
export function removeProjection(dir: string): void {
  removeFiles(projectionPath(dir));
}

function removeFiles(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
}

/** What a projection says, all of it as of one size of the log. */
export interface ProjectedState {
  readonly size: number;
  readonly open: readonly number[];
  readonly state: readonly (readonly [entry: number, kind: string])[];
}

/**
 * Reads the file of a log that may be in use, and changes nothing.
 * @returns `undefined` where there is none
 * @throws ProvisoError `ledger_corrupt` where it is no sound database
 */
export function readProjection(dir: string): ProjectedState | undefined {
  const path = projectionPath(dir);
  if (!existsSync(path)) return undefined;
  const { database, close } = openToRead(path);
  try {
    return {
      size: database.prepare('SELECT size FROM log').get()?.['size'] as number,
      open: database
        .prepare('SELECT entry FROM open_decision ORDER BY entry')
        .all()
        .map((row) => row['entry'] as number),
      state: database
        .prepare('SELECT entry, kind FROM state_entry ORDER BY entry')
        .all()
        .map((row) => [row['entry'] as number, row['kind'] as string]),
    };
  } finally {
    close();
  }
}

/** What entries change, read back from the log. */
export function effectsOf(entries: Iterable<Entry>): Effects {
  const effects: Effects = { opened: [], closed: [], state: [] };
  for (const { index, kind, closes } of entries) {
    if (kind === 'decision') effects.opened.push(index);
    else if (closes !== undefined) effects.closed.push(closes);
    else effects.state.push({ index, kind });
  }
  return effects;
}
