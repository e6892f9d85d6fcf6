/**
 * The disk as a port: the few operations that the ledger's writer makes, each of which a test can
 * let fail before or after it took effect. A write whose promise resolves is on the disk.
 */
import fs from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Disk {
  /** `undefined` where there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** Names in a folder, sorted; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  makeFolder(path: string): Promise<void>;
  /** A file to write at positions of it; made when missing. */
  openFile(path: string): Promise<DiskFile>;
  /** The same, for writes that wait for a `sync`. */
  openUnsynced(path: string): Promise<UnsyncedFile>;
  /** A whole file, where nobody reads yet: a crash leaves any part of it. */
  writeFile(path: string, bytes: Uint8Array, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file or a folder with all in it; it need not exist. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable: files made, renamed, removed. */
  syncFolder(path: string): Promise<void>;
}

export interface DiskFile {
  /** All of `bytes`, durable, or an error with any part of them written. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  close(): Promise<void>;
}

/** A small file of few microseconds an access: what is written outlives the process at once. */
export interface UnsyncedFile {
  readNow(bytes: Uint8Array, position: number): number;
  writeNow(bytes: Uint8Array, position: number): void;
  /** Then it outlives the power too. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file replaced as one step: a reader sees the old bytes or the new, and a crash leaves either. */
export async function replaceFile(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  mode = 0o644,
): Promise<void> {
  const draft = `${path}.tmp`;
  await disk.writeFile(draft, bytes, mode);
  await disk.rename(draft, path);
  await disk.syncFolder(dirname(path));
}

// O_DSYNC: one system call writes and syncs, where write and fdatasync would be two.
const { O_CREAT, O_DSYNC, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;

export const nodeDisk: Disk = {
  async read(path) {
    try {
      return await readFile(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  },
  async list(folder) {
    try {
      return (await readdir(folder)).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  },
  async makeFolder(path) {
    await mkdir(path, { recursive: true });
  },
  async openFile(path) {
    return syncedFile(await open(path, O_WRONLY | O_CREAT | O_DSYNC, 0o600));
  },
  async openUnsynced(path) {
    const handle = await open(path, O_RDWR | O_CREAT, 0o600);
    return {
      readNow: (bytes, position) => fs.readSync(handle.fd, bytes, 0, bytes.length, position),
      writeNow: (bytes, position) => {
        const written = fs.writeSync(handle.fd, bytes, 0, bytes.length, position);
        if (written < bytes.length) throw new Error(`only ${written} bytes written to ${path}`);
      },
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
  async writeFile(path, bytes, mode) {
    const file = syncedFile(await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_DSYNC, mode));
    try {
      await file.write(bytes, 0);
    } finally {
      await file.close();
    }
  },
  rename,
  async remove(path) {
    await rm(path, { recursive: true, force: true });
  },
  syncFolder: sync,
};

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Writes by callback on the bare descriptor: half the cost of the handle's, in every call's path. */
function syncedFile(handle: FileHandle): DiskFile {
  return {
    write: (bytes, position) =>
      new Promise((resolve, reject) => {
        const writeFrom = (done: number): void => {
          const left = bytes.length - done;
          fs.write(handle.fd, bytes, done, left, position + done, (error, written) => {
            if (error) reject(error);
            else if (written < left) writeFrom(done + written);
            else resolve();
          });
        };
        writeFrom(0);
      }),
    close: () => handle.close(),
  };
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
