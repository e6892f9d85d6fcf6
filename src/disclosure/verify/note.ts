/**
 * Signed checkpoints, read and verified with WebCrypto: C2SP signed-note, tlog-checkpoint and
 * tlog-cosignature. A second reader of the format, beside the ledger's own: this one runs in a browser.
 *
 *   <origin>\n<size>\n<root, base64>\n[extension lines]      the text
 *   (empty line)
 *   — <name> base64(keyId[4] ‖ signature)                    type 01, of the text
 *   — <name> base64(keyId[4] ‖ seconds[8] ‖ signature)       types 04 and 06
 *
 *   a log signs with type 01, or with type 06 under its own name; all else is a witness's
 */
import { ProvisoError } from '#base/errors.ts';
import {
  areSame,
  type Bytes,
  base64,
  fromBase64,
  HASH_BYTES,
  joined,
  textOf,
  utf8,
} from './bytes.ts';
import { isSignature, type VerifierKey } from './key.ts';

const NOTE_KEY = 0x01;
const COSIGNATURE_KEY = 0x04;
const TIME_BYTES = 8;
const SIGNATURES_MAX = 100;

export interface Cosignature {
  readonly name: string;
  /** Milliseconds since 1970, by the witness's clock. */
  readonly at: number;
}

interface CheckpointText {
  readonly text: string;
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
}

export interface SignedCheckpoint extends CheckpointText {
  /** The log's key that signed it, of those that were given. */
  readonly signedBy: VerifierKey | undefined;
  /** Of the witnesses whose keys were given. */
  readonly cosignatures: readonly Cosignature[];
  /** Who else signed, by the names that the lines give: nothing shows that they did. */
  readonly unknownSigners: readonly string[];
}

/**
 * Reads a checkpoint and verifies what the given keys can. Signatures of other keys are passed over;
 * one of a given key that does not verify refuses the whole.
 * @throws ProvisoError `note_invalid`
 */
export async function openCheckpoint(
  bytes: Uint8Array,
  keys: readonly VerifierKey[],
): Promise<SignedCheckpoint> {
  const { text, signatures } = splitNote(bytes);
  const checkpoint = parseText(text);
  let signedBy: VerifierKey | undefined;
  const cosignatures: Cosignature[] = [];
  const unknownSigners: string[] = [];
  for (const { name, blob } of signatures) {
    const key = keys.find((one) => one.name === name && areSame(one.keyId, blob.slice(0, 4)));
    if (key === undefined) {
      unknownSigners.push(name);
      continue;
    }
    const at = await verifiedAt(key, blob.slice(4), checkpoint);
    if (at === undefined || (key.type !== COSIGNATURE_KEY && name === checkpoint.origin)) {
      if (name === checkpoint.origin) signedBy ??= key;
    } else cosignatures.push({ name, at });
  }
  return { ...checkpoint, signedBy, cosignatures, unknownSigners };
}

/** @returns when it was cosigned, milliseconds since 1970; of a signature of type 01 nothing */
async function verifiedAt(
  key: VerifierKey,
  blob: Bytes,
  checkpoint: CheckpointText,
): Promise<number | undefined> {
  const isCosignature = key.type !== NOTE_KEY && blob.length > TIME_BYTES;
  const seconds = isCosignature ? new DataView(blob.buffer).getBigUint64(0) : 0n;
  const signature = isCosignature ? blob.slice(TIME_BYTES) : blob;
  if (!(await isSignature(key, messageOf(key, seconds, checkpoint), signature))) {
    throw invalid(`the signature by \`${key.name}\` does not verify`);
  }
  return isCosignature ? Number(seconds) * 1_000 : undefined;
}

function messageOf(
  { type, name }: VerifierKey,
  seconds: bigint,
  { text, origin, size, root }: CheckpointText,
): Bytes {
  if (type === NOTE_KEY) return utf8(text);
  if (type === COSIGNATURE_KEY) return utf8(`cosignature/v1\ntime ${seconds}\n${text}`);
  const label = utf8('subtree/v1\n\0');
  return joined(label, sized(name), u64(seconds), sized(origin), u64(0n), u64(BigInt(size)), root);
}

function sized(name: string): Bytes {
  const bytes = utf8(name);
  if (bytes.length > 255) throw invalid('a name in it is too long to be cosigned');
  return joined(Uint8Array.of(bytes.length), bytes);
}

function u64(value: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

function splitNote(bytes: Uint8Array) {
  const note = textOf(bytes);
  if (note === undefined) throw invalid('it is not UTF-8');
  for (let i = 0; i < note.length; i++) {
    if (note.charCodeAt(i) < 0x20 && note[i] !== '\n') throw invalid('it has control characters');
  }
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) throw invalid('it has no signature lines');
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw invalid(`it has more than ${SIGNATURES_MAX} signatures`);
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): { readonly name: string; readonly blob: Bytes } {
  const [, name = '', text = ''] = /^— ([^\s+]+) (\S+)$/.exec(line) ?? [];
  const blob = fromBase64(text);
  if (!blob || blob.length < 5) throw invalid('a signature line is malformed');
  return { name, blob };
}

function parseText(text: string): CheckpointText {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  const root = fromBase64(rootText);
  const isComplete = rest.at(-1) === '' && !rest.slice(0, -1).includes('');
  if (origin === '' || !isComplete) throw invalid('lines of it are missing');
  const size = /^(0|[1-9][0-9]*)$/.test(sizeText) ? Number(sizeText) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw invalid('its size is not a number');
  if (root?.length !== HASH_BYTES || base64(root) !== rootText) {
    throw invalid('its root is not 32 bytes in base64');
  }
  return { text, origin, size, root };
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('note_invalid', `The checkpoint is not valid: ${problem}.`);
}
