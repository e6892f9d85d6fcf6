/**
 * Used releases as empty files, one each: to make a file that must not be there yet is one step, for
 * every process that shares the folder. The file and its name are on disk before anything is done.
 */
import { mkdirSync } from 'node:fs';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SeenStore } from 'proviso/release';

export interface SeenFiles extends SeenStore {
  /** Removes what has run out, and is refused for that. */
  tidy(now?: number): Promise<void>;
}

export function seenFiles(folder: string): SeenFiles {
  mkdirSync(folder, { recursive: true });
  return {
    async add(id, expiresAt) {
      if (!/^rel_[A-Za-z0-9_-]{22}$/.test(id)) throw new TypeError('this is no release');
      // File systems that tell no upper from lower case would take two ids for one.
      const name = `${Buffer.from(id).toString('hex')}.${expiresAt}`;
      const file = await open(join(folder, name), 'wx').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return undefined;
        throw error;
      });
      if (!file) return false;
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await syncFolder(folder);
      return true;
    },
    async tidy(now = Date.now()) {
      for (const name of await readdir(folder)) {
        const expiresAt = Number(name.slice(name.lastIndexOf('.') + 1));
        if (expiresAt + KEPT_MS < now) await rm(join(folder, name), { force: true });
      }
    },
  };
}

/** Longer than any two clocks differ. */
const KEPT_MS = 24 * 60 * 60 * 1000;

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
