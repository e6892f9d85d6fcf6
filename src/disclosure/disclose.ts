/**
 * Makes a disclosure from a ledger's folder and its vault, whether or not a gateway writes there.
 * docs/spec/disclosure.md has the file; `verify/` reads it.
 *
 *   range → chosen entries → their values → the hashes between them → the file → verified at once
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import { DISCLOSURE_LIMITS } from '#base/limits.ts';
import type { NoteVerifier } from '#base/note.ts';
import { dirOf } from '#ledger/archive.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import { rootsOf, tilesIn } from '#ledger/prove.ts';
import { WITNESSED_FILE } from '#ledger/public-files.ts';
import { readIfThere } from '#ledger/read.ts';
import { hashToBase64 } from '#ledger/tree.ts';
import { type ChosenEntry, chooseEntries, type Question, type Source } from './choose.ts';
import { rangeOf } from './range.ts';
import { type DisclosedEntry, FILE_TYPE } from './verify/file.ts';
import { parseVerifierKey } from './verify/key.ts';
import { hiddenRanges } from './verify/tree.ts';
import type { Verdict } from './verify/verdict.ts';
import { verifyFile } from './verify/verify.ts';

export interface Disclosure {
  /** The file. */
  readonly text: string;
  /** Of its bytes, hexadecimal. */
  readonly sha256: string;
  readonly entries: readonly DisclosedEntry[];
  readonly proof: readonly string[];
  readonly checkpoint: string;
  /** What the file shows to who trusts the ledger's key. */
  readonly verdict: Verdict;
}

/** @param done entries looked at, of `total` */
export type Progress = (done: number, total: number) => void;

/**
 * @throws ProvisoError `usage_invalid` for a question that cannot be answered, `not_found` where
 *   nothing matches, `vault_unreadable`, `ledger_corrupt`
 */
export async function disclose(
  source: Source,
  question: Question,
  onProgress: Progress = () => undefined,
): Promise<Disclosure> {
  const { place, log } = source;
  const newest = await headIn(dirOf(place), 'checkpoint', log);
  if (!newest) throw noLedger(dirOf(place));
  const range = await rangeOf(place, newest.size, question);
  const chosen = await chooseEntries(source, newest.size, range, question, onProgress);
  const entries = chosen.map(disclosedEntry);
  const indexes = entries.map(({ index }) => index);
  const needed = Math.max((indexes.at(-1) ?? -1) + 1, question.isComplete ? range.to : 0);
  const witnessed = await headIn(dirOf(place), WITNESSED_FILE, log);
  const { size, checkpoint } = witnessed && witnessed.size >= needed ? witnessed : newest;
  const hashes = await rootsOf(tilesIn(dirOf(place), size), hiddenRanges(size, indexes));
  const proof = hashes.map(hashToBase64);
  const { after, before, from, to } = range;
  const text = fileText({
    checkpoint,
    entries: entries.map(entryJson),
    fields: [...new Set(question.fields)].sort(),
    keys: [log.text],
    proof,
    ...(question.isComplete
      ? {
          range: {
            ...(after === undefined ? {} : { after }),
            ...(before === undefined ? {} : { before }),
            from,
            to,
          },
        }
      : {}),
    type: FILE_TYPE,
    where: question.where,
  });
  const verdict = await verified(text, log);
  return { text, sha256: hash('sha256', text, 'hex'), entries, proof, checkpoint, verdict };
}

interface SignedHead {
  readonly size: number;
  /** The signed note. */
  readonly checkpoint: string;
}

/** @throws ProvisoError `note_invalid` */
async function headIn(
  dir: string,
  file: string,
  log: NoteVerifier,
): Promise<SignedHead | undefined> {
  const bytes = await readIfThere(join(dir, file));
  if (!bytes) return undefined;
  return { size: openCheckpoint(bytes, log).size, checkpoint: bytes.toString('utf8') };
}

function noLedger(dir: string): ProvisoError {
  return new ProvisoError('ledger_corrupt', `There is no checkpoint in \`${dir}\`.`, { at: dir });
}

function disclosedEntry({ entry, bytes, texts, erased }: ChosenEntry): DisclosedEntry {
  return {
    index: entry.index,
    entry: bytes.toString('utf8'),
    disclosures: texts.map((text) => Buffer.from(text).toString('base64url')),
    erased,
  };
}

function entryJson({ disclosures, entry, erased, index }: DisclosedEntry): JsonObject {
  return { disclosures, entry, ...(erased.length === 0 ? {} : { erased }), index };
}

function fileText(file: JsonObject): string {
  const text = `${canonicalJson(file)}\n`;
  if (Buffer.byteLength(text) <= DISCLOSURE_LIMITS.fileBytesMax) return text;
  throw new ProvisoError(
    'usage_invalid',
    `The disclosure would have more than ${DISCLOSURE_LIMITS.fileBytesMax} bytes; ask for less.`,
  );
}

/** Nothing is handed out that its reader could not verify. */
async function verified(text: string, log: NoteVerifier): Promise<Verdict> {
  const keys = [await parseVerifierKey(log.text)];
  const verdict = await verifyFile(Buffer.from(text), { keys });
  if (verdict.isShown) return verdict;
  const problem = verdict.problem?.message ?? '';
  throw new ProvisoError('ledger_corrupt', `What the ledger has does not verify. ${problem}`);
}
