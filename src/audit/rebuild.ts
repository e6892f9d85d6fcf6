/**
 * `proviso state rebuild`: projections built anew from the log, and from nothing else. Deleting them
 * loses nothing: INVARIANT (13)
 */
import { join } from 'node:path';
import type { NoteVerifier } from '#base/note.ts';
import { takeWriterLock } from '#ledger/lock.ts';
import { removeProjection } from '#ledger/projection.ts';
import { readCheckpoint } from '#ledger/read.ts';
import { openProjection } from '#ledger/recover.ts';
import type { Progress } from '#ledger/verify.ts';
import { removeSearchIndex, type SearchSource, search } from './search.ts';

export interface RebuiltProjection {
  /** Entries of the log that it was built from. */
  readonly size: number;
  readonly openDecisions: number;
}

/**
 * Of a log that nobody writes.
 * @throws ProvisoError `ledger_locked` while a gateway runs; `ledger_corrupt`
 */
export async function rebuildProjection(
  dir: string,
  log: NoteVerifier,
): Promise<RebuiltProjection> {
  const lock = takeWriterLock(join(dir, 'lock'));
  try {
    const { size } = await readCheckpoint(dir, log);
    removeProjection(dir);
    const projection = await openProjection(dir, size);
    try {
      return { size, openDecisions: projection.openDecisions().length };
    } finally {
      projection.close();
    }
  } finally {
    lock.release();
  }
}

/** Also while a gateway runs. @returns entries of the log that it was built from */
export async function rebuildSearchIndex(
  source: SearchSource,
  onProgress: Progress = () => undefined,
): Promise<number> {
  removeSearchIndex(source.place);
  const { size } = await search(source, { limit: 1 }, onProgress);
  return size;
}
