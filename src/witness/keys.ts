/**
 * A witness's own keys, made at its first start: `ed25519.key` and `ml-dsa-44.key`, for their owner
 * alone, and beside each its verifier key, `.pub`, which is for every log and verifier.
 */
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import type { Algorithm } from '#base/note-key.ts';
import { type Cosigner, makeCosignerKey, parseCosignerKey } from '#ledger/cosignature.ts';
import { nodeDisk } from '#ledger/disk.ts';

/** @throws `config_invalid` where a key is gone, or is of another name; `note_invalid` */
export async function loadCosigners(
  dir: string,
  name: string,
  algorithms: readonly Algorithm[],
): Promise<Cosigner[]> {
  await nodeDisk.makeFolder(dir);
  const cosigners: Cosigner[] = [];
  for (const algorithm of algorithms) cosigners.push(await load(dir, name, algorithm));
  return cosigners;
}

async function load(dir: string, name: string, algorithm: Algorithm): Promise<Cosigner> {
  const path = join(dir, `${algorithm}.key`);
  const publicPath = join(dir, `${algorithm}.pub`);
  let text = await nodeDisk.read(path);
  if (!text) {
    if (await nodeDisk.read(publicPath)) {
      // A new one would be a stranger to every log and verifier.
      throw new ProvisoError('config_invalid', `\`${path}\` is missing; put it back.`, {
        at: path,
      });
    }
    await putNew(path, `${makeCosignerKey(name, algorithm)}\n`, 0o600);
    text = (await nodeDisk.read(path)) as Buffer;
  }
  const cosigner = parseCosignerKey(text.toString());
  const { verifier } = cosigner;
  if (verifier.name !== name) {
    const message = `The witness in \`${dir}\` is \`${verifier.name}\` and cannot become \`${name}\`.`;
    throw new ProvisoError('config_invalid', message, { at: path });
  }
  if (!(await nodeDisk.read(publicPath))) await putNew(publicPath, `${verifier.text}\n`, 0o644);
  return cosigner;
}

/** In one step, and only where there is none: of two processes that start, one makes the key. */
async function putNew(path: string, text: string, mode: number): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await nodeDisk.writeFile(draft, Buffer.from(text), mode);
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await nodeDisk.remove(draft);
  }
  await nodeDisk.syncFolder(join(path, '..'));
}
