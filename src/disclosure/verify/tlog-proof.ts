/** The proof that one entry is in a log, in a file of its own: C2SP tlog-proof. */
import { ProvisoError } from '#base/errors.ts';
import { areSame, type Bytes, fromBase64, HASH_BYTES, textOf } from './bytes.ts';
import type { SignedCheckpoint } from './note.ts';
import { leafHash, rootFromInclusion } from './tree.ts';

const HEADER = 'c2sp.org/tlog-proof@v1\n';

export interface OpenedTlogProof {
  readonly index: number;
  readonly checkpoint: string;
  /** @returns the entry's text. @throws ProvisoError `proof_invalid` where it is not that entry */
  readonly requireEntry: (head: SignedCheckpoint, entry: Uint8Array) => Promise<string>;
}

export function isTlogProof(text: string): boolean {
  return text.startsWith(HEADER);
}

/** @throws ProvisoError `proof_invalid` */
export function openTlogProof(text: string): OpenedTlogProof {
  const split = text.indexOf('\n\n');
  const lines = text.slice(HEADER.length, Math.max(split, HEADER.length)).split('\n');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const [, indexText = ''] = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? '') ?? [];
  const index = Number(indexText);
  if (split < 0 || indexText === '' || !Number.isSafeInteger(index)) throw invalid('has no index');
  const proof = lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== HASH_BYTES) throw invalid('has a line that is no hash');
    return hash;
  });
  return {
    index,
    checkpoint: text.slice(split + 2),
    requireEntry: (head, entry) => requireEntry(index, proof, head, entry),
  };
}

async function requireEntry(
  index: number,
  proof: readonly Bytes[],
  { size, root }: SignedCheckpoint,
  entry: Uint8Array,
): Promise<string> {
  if (index >= size) throw invalid(`is about entry ${index}, and its checkpoint covers ${size}`);
  const found = await rootFromInclusion(size, index, await leafHash(entry), proof);
  if (!areSame(found, root)) throw invalid(`does not show that this is entry ${index}`);
  const text = textOf(entry);
  if (text === undefined) throw invalid('is about an entry that is not text');
  return text;
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('proof_invalid', `The proof ${problem}.`);
}
