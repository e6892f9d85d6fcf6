/**
 * Is this the master key of this vault? Another one would open nothing of what is there, and names
 * would get keys anew, so a start with it is refused.
 *
 *   vault/master.check   HMAC-SHA-256(HKDF(master key, "proviso vault: check"), "proviso"), hex
 */
import { createHmac, hkdfSync } from 'node:crypto';
import { join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import { type Disk, replaceFile } from './disk.ts';

/** Below the ledger's folder. */
export const CHECK_FILE = 'vault/master.check';

/** What the file says, without its newline. */
export function masterKeyCheck(masterKey: Uint8Array): string {
  const key = Buffer.from(hkdfSync('sha256', masterKey, '', 'proviso vault: check', 32));
  return createHmac('sha256', key).update('proviso').digest('hex');
}

/** @throws ProvisoError `vault_unreadable` */
export async function checkMasterKey(
  disk: Disk,
  dir: string,
  masterKey: Uint8Array,
): Promise<void> {
  const path = join(dir, CHECK_FILE);
  const expected = masterKeyCheck(masterKey);
  const kept = await disk.read(path);
  if (!kept) return replaceFile(disk, path, Buffer.from(`${expected}\n`), 0o600);
  if (kept.toString('latin1').trim() === expected) return;
  throw new ProvisoError(
    'vault_unreadable',
    `The master key is not the one with which the vault in \`${dir}\` was made.`,
    { at: path },
  );
}
