/**
 * What keeps the log from forking: one writer at a time, and a head that only moves forward.
 *
 *   lock/writer   an empty SQLite file, held in an exclusive transaction. The lock is the operating
 *                 system's: it goes when the process does, however that ends.
 *   lock/head     two slots of 512 bytes, written in turn, the newer valid one counts:
 *                 "proviso-lock/v1\n<turn>\n<size>\n<root, base64>\n<at, ms>\n<CRC-32, 8 hex>\n",
 *                 filled with newlines
 *
 * The folder `lock` may lie on another disk than the log: then a log that is put back from a copy
 * is found out.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { ProvisoError } from '#base/errors.ts';
import type { Disk, UnsyncedFile } from './disk.ts';
import { type Hash, hashFromBase64, hashToBase64 } from './tree.ts';

/** The newest head that was acknowledged. */
export interface Head {
  readonly size: number;
  readonly root: Hash;
  /** Time of its last batch, milliseconds since 1970. */
  readonly at: number;
}

export interface WriterLock {
  release(): void;
}

/** @throws `ledger_locked` when another process (or this one) has it */
export function takeWriterLock(lockDir: string): WriterLock {
  mkdirSync(lockDir, { recursive: true });
  const path = join(lockDir, 'writer');
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // In memory: the file stays empty, and nothing is to be rolled back after a crash.
    database.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new ProvisoError(
      'ledger_locked',
      `Another process writes the ledger locked by \`${path}\`; stop it first.`,
      { at: path, cause },
    );
  }
  return { release: () => database.close() };
}

const SLOT_BYTES = 512;
const VERSION = 'proviso-lock/v1';

/** The lock store. Its one writer is who holds the `WriterLock`. */
export class HeadStore {
  readonly path: string;
  readonly #file: UnsyncedFile;
  #turn: number;
  #head: Head | undefined;

  private constructor(path: string, file: UnsyncedFile, newest: Slot | undefined) {
    this.path = path;
    this.#file = file;
    this.#turn = newest?.turn ?? -1;
    this.#head = newest?.head;
  }

  static async open(disk: Disk, lockDir: string): Promise<HeadStore> {
    const path = join(lockDir, 'head');
    const file = await disk.openUnsynced(path);
    try {
      await disk.syncFolder(lockDir);
      return new HeadStore(path, file, storedSlot(file));
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** `undefined` before the first `advance`. */
  get head(): Head | undefined {
    return this.#head;
  }

  /**
   * Compare-and-swap. It outlives the process at once, and the power with the next `sync`: what
   * the power takes from it, the journal still has.
   * @throws `ledger_ahead` when the store does not hold what this writer last put there
   */
  advance(to: Head): void {
    const stored = storedSlot(this.#file);
    if (stored?.head.size !== this.#head?.size || stored?.head.root !== this.#head?.root) {
      throw new ProvisoError('ledger_ahead', `\`${this.path}\` was changed by another writer.`, {
        at: this.path,
      });
    }
    const turn = this.#turn + 1;
    this.#file.writeNow(encodeSlot({ turn, head: to }), (turn % 2) * SLOT_BYTES);
    this.#turn = turn;
    this.#head = to;
  }

  /** Needed before anything is signed that the head stands for. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

interface Slot {
  readonly turn: number;
  readonly head: Head;
}

function encodeSlot({ turn, head }: Slot): Buffer {
  const text = `${VERSION}\n${turn}\n${head.size}\n${hashToBase64(head.root)}\n${head.at}\n`;
  const sealed = `${text}${crc32(text).toString(16).padStart(8, '0')}\n`;
  return Buffer.from(sealed.padEnd(SLOT_BYTES, '\n'), 'latin1');
}

/** The newest head in a lock file's bytes, for readers of a folder that they do not write. */
export function parseHead(bytes: Buffer): Head | undefined {
  return newestSlot(bytes)?.head;
}

function storedSlot(file: UnsyncedFile): Slot | undefined {
  const bytes = Buffer.alloc(2 * SLOT_BYTES);
  return newestSlot(bytes.subarray(0, file.readNow(bytes, 0)));
}

function newestSlot(bytes: Buffer): Slot | undefined {
  const a = parseSlot(bytes.toString('latin1', 0, SLOT_BYTES));
  const b = parseSlot(bytes.toString('latin1', SLOT_BYTES, 2 * SLOT_BYTES));
  return a && b ? (a.turn > b.turn ? a : b) : (a ?? b);
}

function parseSlot(text: string): Slot | undefined {
  const [version, turn, size, root = '', at, crc] = text.split('\n', 6);
  const sealed = `${version}\n${turn}\n${size}\n${root}\n${at}\n`;
  if (version !== VERSION || crc !== crc32(sealed).toString(16).padStart(8, '0')) return undefined;
  const hash = hashFromBase64(root);
  if (hash === undefined) return undefined;
  return { turn: Number(turn), head: { size: Number(size), root: hash, at: Number(at) } };
}
