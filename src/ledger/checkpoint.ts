/**
 * Checkpoints, C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): a log's signed head.
 *
 *   <origin>
 *   <size, decimal>
 *   <root, base64>
 *   [extension lines]
 */
import { ProvisoError } from '#base/errors.ts';
import { type NoteSigner, type NoteVerifier, openNote, signNote } from '#base/note.ts';
import { type Hash, hashFromBase64, hashToBase64 } from './tree.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
  readonly extensions: readonly string[];
}

/** @param also further keys of the log, of the same name */
export function signCheckpoint(
  size: number,
  root: Hash,
  signer: NoteSigner,
  ...also: readonly NoteSigner[]
): string {
  const text = `${signer.verifier.name}\n${size}\n${hashToBase64(root)}\n`;
  return signNote(text, signer, ...also);
}

/**
 * Bytes from anyone → the head of the log that `log` signs; signed by it, and named as it is.
 * @throws `note_invalid`
 */
export function openCheckpoint(bytes: Uint8Array, log: NoteVerifier): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(bytes, [log]).text);
  if (checkpoint.origin !== log.name) {
    throw invalid(`its origin is \`${checkpoint.origin}\` and not \`${log.name}\``);
  }
  return checkpoint;
}

/** @throws `note_invalid` */
export function parseCheckpoint(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin = '', sizeText = '', rootText = ''] = lines;
  const extensions = lines.slice(3, -1);
  if (lines.length < 4 || lines.at(-1) !== '' || origin === '') throw invalid('lines are missing');
  if (!/^(0|[1-9][0-9]*)$/.test(sizeText)) throw invalid('its size is not a number');
  const size = Number(sizeText);
  if (!Number.isSafeInteger(size)) throw invalid('its size is past 2^53');
  const root = hashFromBase64(rootText);
  if (root === undefined) throw invalid('its root is not 32 bytes in base64');
  if (extensions.includes('')) throw invalid('an extension line is empty');
  return { origin, size, root, extensions };
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('note_invalid', `The checkpoint is not valid: ${problem}.`);
}
