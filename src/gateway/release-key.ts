/**
 * The key that signs releases, made at the first start: `release.key` in the data folder, PEM,
 * readable by its owner only. Releases are good for minutes, so that a lost key costs no more than
 * telling executors of the new one. INVARIANT (13): each key is an entry before it signs.
 */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { type ReleaseKey, releaseKey } from '#oversight/release.ts';

/** @throws ProvisoError `system_failed` */
export async function openReleaseKey(dataDir: string, ledger: Ledger): Promise<ReleaseKey> {
  const key = releaseKey(createPrivateKey(readOrMake(dataDir)));
  for await (const { public: known } of ledger.history(['release_key'])) {
    if (known['kid'] === key.kid) return key;
  }
  await ledger.append({ kind: 'release_key', public: { kid: key.kid, x: key.x } });
  return key;
}

function readOrMake(dataDir: string): string {
  const path = join(dataDir, 'release.key');
  try {
    mkdirSync(dataDir, { recursive: true });
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' });
    writeFileSync(path, pem, { mode: 0o600, flag: 'wx', flush: true });
    return pem;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return readFileSync(path, 'utf8');
    throw new ProvisoError('system_failed', `\`${path}\` could not be made.`, { cause: thrown });
  }
}
