/**
 * The ledger's own secrets, made at the first start, readable by their owner only:
 * `keys/ledger.key`, the note key that signs checkpoints, `keys/ledger-ml-dsa-44.key`, which signs
 * them too where it is asked for, and `vault/master.key`. Beside each of the first two, `.pub` has
 * the verifier key, which is for everyone.
 */
import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import { makeSignerKey, type NoteSigner, parseSignerKey } from '#base/note.ts';
import type { Algorithm } from '#base/note-key.ts';
import { makeCosignerKey, parseCosignerKey, signerAt } from './cosignature.ts';
import { type Disk, replaceFile } from './disk.ts';

const OWNER_ONLY = 0o600;
const MASTER_KEY_BYTES = 32;
/** C2SP tlog-cosignature has one byte for its length. */
const NAME_BYTES_MAX = 255;

/** With what a log signs: Ed25519 first, always, and then what else is asked for. */
export type LogSigners = readonly [NoteSigner, ...NoteSigner[]];

/** @throws `ledger_corrupt` when there is a log and a key of it is gone; `note_invalid` */
export async function loadSigners(
  disk: Disk,
  dir: string,
  origin: string,
  algorithms: readonly Algorithm[],
  clock: Clock,
): Promise<LogSigners> {
  const signer = await loadSigner(disk, dir, origin);
  if (!algorithms.includes('ml-dsa-44')) return [signer];
  return [signer, await loadMlDsaSigner(disk, dir, origin, clock)];
}

async function loadSigner(disk: Disk, dir: string, origin: string): Promise<NoteSigner> {
  const text = await loadOrMake(disk, dir, 'keys/ledger.key', () => makeSignerKey(origin));
  const signer = parseSignerKey(text);
  checkName(signer, dir, origin);
  await putVerifierKey(disk, join(dir, 'keys/ledger.pub'), signer);
  return signer;
}

/** A log may begin to sign with this key at any time; one that did goes on with the same. */
async function loadMlDsaSigner(
  disk: Disk,
  dir: string,
  origin: string,
  clock: Clock,
): Promise<NoteSigner> {
  if (Buffer.byteLength(origin) > NAME_BYTES_MAX) {
    const problem = `\`${origin}\` is too long a name to sign with ML-DSA-44`;
    throw new ProvisoError('config_invalid', `${problem}: over ${NAME_BYTES_MAX} bytes.`);
  }
  const path = join(dir, 'keys/ledger-ml-dsa-44.key');
  const publicPath = join(dir, 'keys/ledger-ml-dsa-44.pub');
  let text = (await disk.read(path))?.toString().trim();
  if (text === undefined) {
    if (await disk.read(publicPath)) throw missing(path);
    text = makeCosignerKey(origin, 'ml-dsa-44');
    await replaceFile(disk, path, Buffer.from(`${text}\n`), OWNER_ONLY);
  }
  const signer = signerAt(parseCosignerKey(text), clock);
  checkName(signer, dir, origin);
  await putVerifierKey(disk, publicPath, signer);
  return signer;
}

function checkName({ verifier: { name } }: NoteSigner, dir: string, origin: string): void {
  if (name === origin) return;
  throw new ProvisoError(
    'config_invalid',
    `The ledger in \`${dir}\` is \`${name}\` and cannot become \`${origin}\`.`,
  );
}

async function putVerifierKey(disk: Disk, path: string, { verifier }: NoteSigner): Promise<void> {
  const published = await disk.read(path);
  if (published?.toString() === `${verifier.text}\n`) return;
  await replaceFile(disk, path, Buffer.from(`${verifier.text}\n`));
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
  if (await disk.read(join(dir, 'checkpoint'))) throw missing(path);
  const text = make();
  await disk.makeFolder(dirname(path));
  await replaceFile(disk, path, Buffer.from(`${text}\n`), OWNER_ONLY);
  return text;
}

function missing(path: string): ProvisoError {
  return new ProvisoError('ledger_corrupt', `\`${path}\` is missing; put it back.`, { at: path });
}
