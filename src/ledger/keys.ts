/**
 * The ledger's own secrets, made at the first start, readable by their owner only:
 * `keys/ledger.key`, the note key that signs checkpoints, and `vault/master.key`. Beside the first,
 * `keys/ledger.pub` has the verifier key, which is for everyone.
 */
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import { type Disk, replaceFile } from './disk.ts';
import { makeSignerKey, type NoteSigner, parseSignerKey } from '#base/note.ts';

const OWNER_ONLY = 0o600;
const MASTER_KEY_BYTES = 32;

/** @throws `ledger_corrupt` when there is a log and its key is gone; `note_invalid` */
export async function loadSigner(disk: Disk, dir: string, origin: string): Promise<NoteSigner> {
  const text = await loadOrMake(disk, dir, 'keys/ledger.key', () => makeSignerKey(origin));
  const signer = parseSignerKey(text);
  const { name } = signer.verifier;
  if (name !== origin) {
    throw new ProvisoError(
      'config_invalid',
      `The ledger in \`${dir}\` is \`${name}\` and cannot become \`${origin}\`.`,
    );
  }
  const publicPath = join(dir, 'keys/ledger.pub');
  const published = await disk.read(publicPath);
  if (published?.toString() !== `${signer.verifier.text}\n`) {
    await replaceFile(disk, publicPath, Buffer.from(`${signer.verifier.text}\n`));
  }
  return signer;
}

/** @throws `ledger_corrupt` when there is a log and its master key is gone; `vault_unreadable` */
export async function loadMasterKey(disk: Disk, dir: string): Promise<Buffer> {
  const makeKey = (): string => randomBytes(MASTER_KEY_BYTES).toString('base64');
  return parseMasterKey(await loadOrMake(disk, dir, 'vault/master.key', makeKey));
}

/** @param text base64 of 32 bytes. @throws `vault_unreadable` */
export function parseMasterKey(text: string): Buffer {
  const key = Buffer.from(text.trim(), 'base64');
  if (key.length === MASTER_KEY_BYTES) return key;
  throw new ProvisoError('vault_unreadable', 'The vault’s master key is not base64 of 32 bytes.');
}

async function loadOrMake(
  disk: Disk,
  dir: string,
  name: string,
  make: () => string,
): Promise<string> {
  const path = join(dir, name);
  const stored = await disk.read(path);
  if (stored) return stored.toString().trim();
  // A new key would orphan all that the lost one signed or encrypted.
  if (await disk.read(join(dir, 'checkpoint'))) {
    throw new ProvisoError('ledger_corrupt', `\`${path}\` is missing; put it back.`, { at: path });
  }
  const text = make();
  await disk.makeFolder(dirname(path));
  await replaceFile(disk, path, Buffer.from(`${text}\n`), OWNER_ONLY);
  return text;
}
