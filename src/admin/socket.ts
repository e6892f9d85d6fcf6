/**
 * Where a gateway and its operator's commands meet: a socket in the data folder, which only its
 * owner may open; on Windows a named pipe.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ProvisoError } from '#base/errors.ts';

/** The kernel's bound on a socket's path, with its ending zero: 104 on macOS, 108 on Linux. */
const PATH_BYTES_MAX = 103;

/** @throws ProvisoError `system_failed` where another user has taken the place for it */
export function controlPath(dataDir: string): string {
  const folder = resolve(dataDir);
  const digest = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\proviso-${digest}`;
  const path = join(folder, 'control.sock');
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) return path;
  return join(ownFolder(join(tmpdir(), `proviso-${digest}`)), 'control.sock');
}

/** In a folder that all may write to, another user could be there first. */
function ownFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = lstatSync(folder);
  if (stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0) {
    return folder;
  }
  throw new ProvisoError(
    'system_failed',
    `\`${folder}\` must be a folder that is yours alone: remove it, or use a data folder with a shorter path.`,
  );
}
