/**
 * Is this log still the one that a witness knows? A head that the witness holds, signed by this
 * log's own key, either begins this log, or shows that it is not what it was.
 */
import { join } from 'node:path';
import type { NoteVerifier } from '#base/note.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { nodeDisk, replaceFile } from '#ledger/disk.ts';
import { tilesIn } from '#ledger/prove.ts';
import { encodeSplitView, findSplitView } from './split-view.ts';

export interface Contradiction {
  /** In words, after "a checkpoint of". */
  readonly problem: string;
  /** The file that shows it. */
  readonly evidence: string;
}

/**
 * @param dir the ledger's folder; evidence is kept in it
 * @param ours the newest head that this log published
 * @param theirs from the witness, and not to be believed before it was checked
 * @throws `note_invalid` where the log's key did not sign `theirs`
 */
export async function findContradiction(
  dir: string,
  log: NoteVerifier,
  ours: string,
  theirs: Buffer,
): Promise<Contradiction | undefined> {
  const head = openCheckpoint(theirs, log);
  const { size } = openCheckpoint(Buffer.from(ours), log);
  if (head.size > size) {
    const problem = `${head.size} entries, and it has ${size}: it was put back from a copy`;
    return { problem, evidence: await keep(dir, 'newer.checkpoint', theirs) };
  }
  const view = await findSplitView(log, [theirs.toString(), ours], tilesIn(dir, size));
  if (!view) return undefined;
  const evidence = await keep(dir, 'split-view.json', Buffer.from(encodeSplitView(view)));
  return { problem: `${head.size} entries with another root: it runs, or ran, twice`, evidence };
}

async function keep(dir: string, name: string, bytes: Buffer): Promise<string> {
  const folder = join(dir, 'evidence');
  await nodeDisk.makeFolder(folder);
  await replaceFile(nodeDisk, join(folder, name), bytes);
  return join(folder, name);
}
