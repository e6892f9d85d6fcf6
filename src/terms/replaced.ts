/**
 * The pack that a pack says it replaces. `replaces` of terms.yaml is a hash, so that it does not
 * matter where the pack is found, and what is found is the one that was meant.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import { type Pack, packHash, parsePack, readPackFiles } from './pack.ts';

/**
 * Looks in the folders beside the pack, and in those beside the folder that it is in.
 *
 * @returns undefined where the pack replaces none
 * @throws ProvisoError `usage_invalid` where it is not found
 */
export function loadReplaced(dir: string, { manifest }: Pack): Pack | undefined {
  const { replaces } = manifest;
  if (replaces === undefined) return undefined;
  const parent = dirname(resolve(dir));
  for (const folder of [parent, dirname(parent)]) {
    for (const candidate of packsIn(folder)) {
      const contents = readPackFiles(candidate);
      if (packHash(contents) === replaces) return parsePack(contents, candidate);
    }
  }
  throw new ProvisoError(
    'usage_invalid',
    `\`${basename(dir)}\` replaces the terms with the hash ${replaces}, which are in no folder beside it: name them with \`--against\`.`,
    { at: join(dir, 'terms.yaml') },
  );
}

function packsIn(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .filter((dir) => existsSync(join(dir, 'terms.yaml')));
}
