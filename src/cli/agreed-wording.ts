/**
 * The wording that a pack was pinned to. Whatever brings it, it is known by the hashes of terms.yaml,
 * so that no other text can be taken for it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { ProvisoError } from '#base/errors.ts';
import { isAgreedWording } from '#terms/pin.ts';
import type { PackFile } from '#terms/problems.ts';

/**
 * @param file where it is said to be; without one, the versions of text.md that git keeps are tried
 * @throws ProvisoError `usage_invalid` for a file that is not it
 */
export function agreedWording(
  dir: string,
  yaml: PackFile,
  file: string | undefined,
): string | undefined {
  if (file === undefined) return versionsInGit(dir).find((text) => isAgreedWording(yaml, text));
  if (!existsSync(file)) {
    throw new ProvisoError('usage_invalid', `There is no file \`${file}\`.`, { at: file });
  }
  const text = readFileSync(file, 'utf8');
  if (isAgreedWording(yaml, text)) return text;
  const message = `\`${file}\` is not the wording that terms.yaml was pinned to: its clauses have other hashes.`;
  throw new ProvisoError('usage_invalid', message, { at: file });
}

const VERSIONS_MAX = 50;

/** The newest first; none where there is no git, or the folder is in no repository. */
function* versionsInGit(dir: string): Generator<string> {
  // Commands that read objects only: the configuration of a repository can make others run programs.
  const commits = git(dir, 'rev-list', `--max-count=${VERSIONS_MAX}`, 'HEAD', '--', 'text.md');
  for (const commit of commits?.split('\n').filter((line) => line !== '') ?? []) {
    const text = git(dir, 'cat-file', 'blob', `${commit}:./text.md`);
    if (text !== undefined) yield text;
  }
}

function git(dir: string, ...args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', ['-C', dir, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 10_000,
    });
  } catch {
    return undefined;
  }
}
