/**
 * The disk as a port: the few operations that the ledger's writer makes, each of which a test can
 * let fail before or after it took effect. Every write is on the disk when its promise resolves.
 */
import fs from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface Disk {
  /** `undefined` where there is no such file. */
  read(path: string): Promise<Buffer | undefined>;
  /** Names in a folder, sorted; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  makeFolder(path: string): Promise<void>;
  /** A file to write at positions of it; made when missing. */
  openFile(path: string): Promise<DiskFile>;
  /** A whole new file, or one in the place of another, under a name that readers do not look at. */
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
  read(bytes: Uint8Array, position: number): number;
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
}

/** The same, with the name durable too. */
export async function replaceFileDurably(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  mode = 0o644,
): Promise<void> {
  await replaceFile(disk, path, bytes, mode);
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
    return openSynced(path, O_RDWR | O_CREAT | O_DSYNC, 0o600);
  },
  async writeFile(path, bytes, mode) {
    const file = await openSynced(path, O_WRONLY | O_CREAT | O_TRUNC | O_DSYNC, mode);
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

/** Callbacks on a bare descriptor: half the cost of a `FileHandle` in the path of each call. */
function openSynced(path: string, flags: number, mode: number): Promise<DiskFile> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, mode, (error, fd) => {
      if (error) reject(error);
      else resolve(fileOf(fd));
    });
  });
}

function fileOf(fd: number): DiskFile {
  return {
    write: (bytes, position) =>
      new Promise((resolve, reject) => {
        const writeFrom = (done: number): void => {
          fs.write(fd, bytes, done, bytes.length - done, position + done, (error, written) => {
            if (error) reject(error);
            else if (done + written < bytes.length) writeFrom(done + written);
            else resolve();
          });
        };
        writeFrom(0);
      }),
    read: (bytes, position) => fs.readSync(fd, bytes, 0, bytes.length, position),
    close: () =>
      new Promise((resolve, reject) => {
        fs.close(fd, (error) => (error ? reject(error) : resolve()));
      }),
  };
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
