/**
 * What a witness knows of each log: the newest head that it cosigned, in a SQLite file. A head that
 * `advance` has returned from outlives the process and the power, and is what the next one is
 * compared with, whichever process of this machine asks.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { nodeDisk } from '#ledger/disk.ts';
import type { Hash } from '#ledger/tree.ts';

/** Waiting for another process that is at the same file. */
const LOCK_WAIT_MS_MAX = 5_000;

const SCHEMA = `
  PRAGMA journal_mode=WAL;
  PRAGMA synchronous=FULL;
  CREATE TABLE IF NOT EXISTS head (
    origin_hash TEXT PRIMARY KEY,
    origin TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    cosigned_at INTEGER NOT NULL,
    checkpoint TEXT NOT NULL
  ) STRICT;
`;

export interface CosignedHead {
  readonly size: number;
  readonly root: Hash;
  /** Seconds since 1970. */
  readonly cosignedAt: number;
  /** The signed note with the cosignatures of this witness. */
  readonly checkpoint: string;
}

/** What becomes of a head, in the light of the newest one. */
export type Step<T> =
  | { readonly next: CosignedHead; readonly result: T }
  | { readonly next: undefined; readonly result: T };

export class CosignedHeads {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #put: StatementSync;

  private constructor(database: DatabaseSync) {
    database.exec(SCHEMA);
    this.#database = database;
    this.#find = database.prepare('SELECT * FROM head WHERE origin_hash = ?');
    this.#put = database.prepare('INSERT OR REPLACE INTO head VALUES (?, ?, ?, ?, ?, ?)');
  }

  static async open(dir: string): Promise<CosignedHeads> {
    mkdirSync(dir, { recursive: true });
    const database = new DatabaseSync(join(dir, 'heads.sqlite'), { timeout: LOCK_WAIT_MS_MAX });
    try {
      const heads = new CosignedHeads(database);
      // SQLite syncs what is in its files, and not the name of a file that it made.
      await nodeDisk.syncFolder(dir);
      return heads;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  /**
   * Compare-and-swap: no other process comes between what `decide` is given and what it returns.
   * A crash before this returns leaves the old head or the new one, and the caller has nothing yet.
   */
  advance<T>(origin: Origin, decide: (latest: CosignedHead | undefined) => Step<T>): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const { next, result } = decide(this.find(origin.hash));
      if (next) {
        const root = Buffer.from(next.root, 'latin1');
        const { size, cosignedAt, checkpoint } = next;
        this.#put.run(origin.hash, origin.name, size, root, cosignedAt, checkpoint);
      }
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  find(originHash: string): CosignedHead | undefined {
    const row = this.#find.get(originHash);
    if (!row) return undefined;
    return {
      size: row['size'] as number,
      root: Buffer.from(row['root'] as Uint8Array).toString('latin1'),
      cosignedAt: row['cosigned_at'] as number,
      checkpoint: row['checkpoint'] as string,
    };
  }

  /** Every log of which a head was cosigned, by name. */
  list(): readonly { origin: string; size: number; cosignedAt: number }[] {
    const rows = this.#database
      .prepare('SELECT origin, size, cosigned_at FROM head ORDER BY origin')
      .all();
    return rows.map((row) => ({
      origin: row['origin'] as string,
      size: row['size'] as number,
      cosignedAt: row['cosigned_at'] as number,
    }));
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

export interface Origin {
  readonly name: string;
  /** SHA-256 of the name, in hex. */
  readonly hash: string;
}
