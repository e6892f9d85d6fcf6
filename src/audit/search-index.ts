/**
 * The search index: `search.sqlite` in a ledger's folder. It is nobody's but the searchers': who
 * writes the log does not wait for it, whoever searches fills it from what is published, and one that
 * is damaged, of another log, or deleted is built anew. INVARIANT (13): it holds nothing of its own.
 *
 *   log    origin, size and root of what it was filled from
 *   word   what can be searched for: `purpose:minutes`
 *   tag    which entries it is about
 *   closed the outcome of each decision
 *   part   ranges of which some was in an archive that was not at hand
 */
import { chmodSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { TaggedRange } from './search-range.ts';

const OWNER_ONLY = 0o600;
const SCHEMA_VERSION = 1;
const SCHEMA = `
  PRAGMA journal_mode=WAL;
  PRAGMA synchronous=NORMAL;
  PRAGMA busy_timeout=10000;
  CREATE TABLE IF NOT EXISTS log (
    one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, origin TEXT NOT NULL,
    has_callers INTEGER NOT NULL, size INTEGER NOT NULL, root TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE IF NOT EXISTS tag (
    word INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (word, entry)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS part (start INTEGER PRIMARY KEY, end INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS closed (
    decision INTEGER PRIMARY KEY, outcome INTEGER NOT NULL
  ) STRICT;
`;

/** Which log it is of, and up to where. */
export interface IndexedLog {
  readonly origin: string;
  readonly hasCallers: boolean;
  readonly size: number;
  /** Base64. */
  readonly root: string;
}

export class SearchIndex {
  readonly #database: DatabaseSync;
  readonly #insertWord: StatementSync;
  readonly #findWord: StatementSync;
  readonly #insertTag: StatementSync;
  readonly #insertClosed: StatementSync;
  readonly #words = new Map<string, number>();

  private constructor(database: DatabaseSync) {
    database.exec(SCHEMA);
    this.#database = database;
    this.#insertWord = database.prepare('INSERT OR IGNORE INTO word (text) VALUES (?)');
    this.#findWord = database.prepare('SELECT id FROM word WHERE text = ?');
    this.#insertTag = database.prepare('INSERT OR IGNORE INTO tag VALUES (?, ?)');
    this.#insertClosed = database.prepare('INSERT OR REPLACE INTO closed VALUES (?, ?)');
  }

  /**
   * Opens the file, or starts it; one that is no sound database, or of another form, is started
   * anew. Where none can be written, as on a disk that can only be read, it is in memory.
   */
  static open(path: string): SearchIndex {
    try {
      const index = SearchIndex.#opened(path);
      if (index.#isOfThisForm()) return index;
      index.close();
    } catch {
      // Not a database, a damaged one, or nothing that could be written.
    }
    try {
      SearchIndex.remove(path);
      return SearchIndex.#opened(path);
    } catch {
      return new SearchIndex(new DatabaseSync(':memory:'));
    }
  }

  static #opened(path: string): SearchIndex {
    const database = new DatabaseSync(path);
    try {
      chmodSync(path, OWNER_ONLY);
      return new SearchIndex(database);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /** Whether the database failed: damaged, or taken away while it was read. */
  static isFailure(error: unknown): boolean {
    return (error as { code?: unknown }).code === 'ERR_SQLITE_ERROR';
  }

  static remove(path: string): void {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  }

  /** `undefined` before the first range was added. */
  get log(): IndexedLog | undefined {
    return SearchIndex.logIn(this.#database);
  }

  static logIn(database: DatabaseSync): IndexedLog | undefined {
    const row = database.prepare('SELECT origin, has_callers, size, root FROM log').get();
    return (
      row && {
        origin: row['origin'] as string,
        hasCallers: row['has_callers'] === 1,
        size: row['size'] as number,
        root: row['root'] as string,
      }
    );
  }

  /** Adds ranges, all or none. @param log what it is then filled from */
  add(ranges: readonly TaggedRange[], log: IndexedLog): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      for (const range of ranges) this.#addRange(range);
      this.#database
        .prepare('INSERT OR REPLACE INTO log VALUES (1, ?, ?, ?, ?, ?)')
        .run(SCHEMA_VERSION, log.origin, log.hasCallers ? 1 : 0, log.size, log.root);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      this.#words.clear();
      throw error;
    }
  }

  /**
   * Entries that have a word of each group, newest first.
   * @param groups at least one
   */
  *entries(groups: readonly (readonly string[])[], from: number, to: number): Generator<number> {
    const ids = groups.map((words) => words.flatMap((text) => this.#idOf(text) ?? []));
    if (ids.some((known) => known.length === 0)) return;
    const [first = [], ...others] = ids;
    const also = others.map(
      (known) =>
        ` AND EXISTS (SELECT 1 FROM tag AS t WHERE t.word IN (${known.join()}) AND t.entry = tag.entry)`,
    );
    const query =
      `SELECT DISTINCT entry FROM tag WHERE word IN (${first.join()})` +
      ` AND entry >= ? AND entry < ?${also.join('')} ORDER BY entry DESC`;
    for (const row of this.#database.prepare(query).iterate(from, to)) yield row['entry'] as number;
  }

  /** Every word that begins so. */
  wordsOf(prefix: string): string[] {
    const query = 'SELECT text FROM word WHERE text >= ? AND text < ? ORDER BY text';
    const rows = this.#database.prepare(query).all(prefix, `${prefix}\u{10ffff}`);
    return rows.map((row) => row['text'] as string);
  }

  /** Ranges that were not all there when they were added, and may be now. */
  parts(): { readonly from: number; readonly to: number }[] {
    const rows = this.#database.prepare('SELECT start, end FROM part ORDER BY start').all();
    return rows.map((row) => ({ from: row['start'] as number, to: row['end'] as number }));
  }

  outcomeOf(decision: number): number | undefined {
    const row = this.#database
      .prepare('SELECT outcome FROM closed WHERE decision = ?')
      .get(decision);
    return row?.['outcome'] as number | undefined;
  }

  close(): void {
    this.#database.close();
  }

  #isOfThisForm(): boolean {
    const row = this.#database.prepare('SELECT version FROM log').get();
    return row === undefined || row['version'] === SCHEMA_VERSION;
  }

  #addRange({ from, to, isPart, words, tags, outcomes }: TaggedRange): void {
    const part = isPart
      ? this.#database.prepare('INSERT OR REPLACE INTO part VALUES (?, ?)')
      : this.#database.prepare('DELETE FROM part WHERE start = ? AND end = ?');
    part.run(from, to);
    const ids = words.map((text) => {
      const known = this.#words.get(text);
      if (known !== undefined) return known;
      this.#insertWord.run(text);
      const id = this.#idOf(text) as number;
      this.#words.set(text, id);
      return id;
    });
    for (const [entry, word] of tags) this.#insertTag.run(ids[word] as number, entry);
    for (const [decision, outcome] of outcomes) this.#insertClosed.run(decision, outcome);
  }

  #idOf(text: string): number | undefined {
    return this.#findWord.get(text)?.['id'] as number | undefined;
  }
}
