/** The search index held to one that is built anew for the purpose, word by word. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { ProvisoError } from '#base/errors.ts';
import { dirOf } from '#ledger/archive.ts';
import type { Checkpoint } from '#ledger/checkpoint.ts';
import { openToRead } from '#ledger/readable-database.ts';
import type { AuditFault } from './fault.ts';
import { fillIndex, isPrefix, type SearchSource, searchIndexPath } from './search.ts';
import { SearchIndex } from './search-index.ts';

const FILE = 'search.sqlite';
const REBUILT =
  'Searches may leave something out. It holds nothing of its own: `proviso state rebuild --search` builds it anew.';

export async function checkSearchIndex(
  source: SearchSource,
  checkpoint: Checkpoint,
  onFault: (fault: AuditFault) => void,
): Promise<void> {
  const path = searchIndexPath(source.place);
  if (!existsSync(path)) return;
  const problem = await problemOf(path, source, checkpoint).catch((error: unknown) => {
    if (error instanceof ProvisoError) return error.publicMessage;
    throw error;
  });
  if (problem !== undefined) onFault({ file: FILE, problem, consequence: REBUILT });
}

async function problemOf(
  path: string,
  source: SearchSource,
  checkpoint: Checkpoint,
): Promise<string | undefined> {
  // Searchers go on filling it meanwhile.
  const { database: found, close } = openToRead(path);
  try {
    const log = SearchIndex.logIn(found);
    if (!log) return undefined;
    const dir = dirOf(source.place);
    if (!(await isPrefix(log, dir, checkpoint))) {
      return `\`${FILE}\` is of another log, or ahead of this one.`;
    }
    const masterKey = log.hasCallers ? source.masterKey : undefined;
    if (log.hasCallers && !masterKey) return undefined;
    return await withIndex({ ...source, masterKey }, { ...checkpoint, size: log.size }, (right) => {
      found.prepare('ATTACH ? AS anew').run(right);
      const words = difference(found);
      return words && `\`${FILE}\` ${words}.`;
    });
  } finally {
    close();
  }
}

/** @param checkpoint of the log that the index is of */
async function withIndex<T>(
  source: SearchSource,
  checkpoint: Checkpoint,
  work: (path: string) => T,
): Promise<T | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-search-'));
  try {
    const path = join(folder, FILE);
    const index = SearchIndex.open(path);
    try {
      await fillIndex(index, source, checkpoint, () => undefined);
      // Of what lies in an archive that is not at hand nothing can be said.
      if (index.parts().length > 0) return undefined;
    } finally {
      index.close();
    }
    return work(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Both have as many, and each that is found is right: so they are the same. */
function difference(database: DatabaseSync): string | undefined {
  const count = (query: string): number => database.prepare(query).get()?.['n'] as number;
  const wrong = count(
    `SELECT count(*) AS n FROM main.tag AS t JOIN main.word AS w ON w.id = t.word
     WHERE NOT EXISTS (
       SELECT 1 FROM anew.word AS r JOIN anew.tag AS a ON a.word = r.id
       WHERE r.text = w.text AND a.entry = t.entry
     )`,
  );
  if (wrong > 0) return `says ${wrong} words of entries that are not theirs`;
  const missing =
    count('SELECT count(*) AS n FROM anew.tag') - count('SELECT count(*) AS n FROM main.tag');
  if (missing > 0) return `leaves out ${missing} words of entries`;
  const ends = count(
    'SELECT count(*) AS n FROM (SELECT * FROM anew.closed EXCEPT SELECT * FROM main.closed)',
  );
  return ends > 0 ? `has other outcomes of ${ends} decisions` : undefined;
}
