/** The signed heads and the keys that lie in the folder: all signatures of the log's own hold. */
import { join } from 'node:path';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { decodeNoteUnverified, type NoteVerifier, openNote } from '#base/note.ts';
import { dirOf, type LogPlace } from '#ledger/archive.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { parseLogKey } from '#ledger/cosignature.ts';
import { nodeDisk } from '#ledger/disk.ts';
import { rootAt, tilesIn } from '#ledger/prove.ts';
import { WITNESSED_FILE } from '#ledger/public-files.ts';
import { readCheckpoint } from '#ledger/read.ts';
import type { AuditFault } from './fault.ts';

const WRONG_KEY = 'Whoever takes the key from this folder trusts another one than the log’s.';
const WRONG_HEAD =
  'Readers elsewhere refuse this head. The next publication replaces it; until then put it back from a copy.';

/** @param log the verifier key that is trusted */
export async function checkHeads(
  place: LogPlace,
  log: NoteVerifier,
  onFault: (fault: AuditFault) => void,
): Promise<void> {
  const dir = dirOf(place);
  const keys = await publicKeys(dir, log, onFault);
  const check = async (file: string, work: (bytes: Buffer) => Promise<void>): Promise<void> => {
    const bytes = await nodeDisk.read(join(dir, file));
    if (!bytes) return;
    try {
      await work(bytes);
    } catch (error) {
      const { code, publicMessage: problem } = asProvisoError(error);
      if (code === 'internal') throw error;
      onFault({ file, problem, consequence: WRONG_HEAD });
    }
  };
  // Nobody but the log signs this file.
  await check('checkpoint', async (bytes) => {
    const known = openNote(bytes, keys).signatures.length;
    const all = decodeNoteUnverified(bytes).signatures.length;
    if (known < all) throw invalid(`${all - known} of its signatures are by no key of the log`);
  });
  await check(WITNESSED_FILE, async (bytes) => {
    openNote(bytes, keys);
    const { size, root } = openCheckpoint(bytes, log);
    const now = await readCheckpoint(place, log);
    const isPrefix = size <= now.size && (await rootAt(tilesIn(dir, now.size), size)) === root;
    if (!isPrefix) throw invalid('the log does not continue it');
  });
}

async function publicKeys(
  dir: string,
  log: NoteVerifier,
  onFault: (fault: AuditFault) => void,
): Promise<NoteVerifier[]> {
  const keys = [log];
  for (const name of await nodeDisk.list(join(dir, 'keys'))) {
    if (!name.endsWith('.pub')) continue;
    const file = `keys/${name}`;
    const text = (await nodeDisk.read(join(dir, file)))?.toString('latin1') ?? '';
    const key = parsed(text.slice(0, -1));
    const isRight = text.endsWith('\n') && key?.name === log.name;
    if (key && isRight && (name !== 'ledger.pub' || key.text === log.text)) keys.push(key);
    else {
      const problem = `\`${file}\` is no verifier key of \`${log.name}\`, or not the one that is trusted.`;
      onFault({ file, problem, consequence: WRONG_KEY });
    }
  }
  return keys;
}

function parsed(text: string): NoteVerifier | undefined {
  try {
    const key = parseLogKey(text);
    return key.text === text ? key : undefined;
  } catch {
    return undefined;
  }
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('note_invalid', `The checkpoint is not valid: ${problem}.`);
}
