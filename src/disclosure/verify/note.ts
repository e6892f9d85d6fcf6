/**
 * Signed checkpoints, read and verified with WebCrypto: C2SP signed-note, tlog-checkpoint and
 * tlog-cosignature. A second reader of the format, beside the ledger's own: this one runs in a browser.
 *
 *   <origin>\n<size>\n<root, base64>\n[extension lines]      the text
 *   (empty line)
 *   — <name> base64(keyId[4] ‖ signature)                    type 01: Ed25519 of the text
 *   — <name> base64(keyId[4] ‖ seconds[8] ‖ signature)       type 04: a witness's cosignature/v1
 */
import { ProvisoError } from '#base/errors.ts';
import {
  areSame,
  type Bytes,
  base64,
  fromBase64,
  HASH_BYTES,
  hex,
  joined,
  sha256,
  textOf,
  utf8,
} from './bytes.ts';

const ED25519 = 0x01;
const COSIGNATURE = 0x04;
const SIGNATURE_BYTES = 64;
const SIGNATURES_MAX = 100;

export interface VerifierKey {
  readonly name: string;
  readonly keyId: Bytes;
  /** Signs checkpoints of its own log, or cosigns those of others. */
  readonly role: 'log' | 'witness';
  readonly publicKey: Bytes;
  /** `name+id+key`, as it was given. */
  readonly text: string;
}

export interface Cosignature {
  readonly name: string;
  /** Milliseconds since 1970, by the witness's clock. */
  readonly at: number;
}

export interface SignedCheckpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Bytes;
  /** The log's key that signed it, of those that were given. */
  readonly signedBy: VerifierKey | undefined;
  /** Of the witnesses whose keys were given. */
  readonly cosignatures: readonly Cosignature[];
  /** Who else signed, by the names that the lines give: nothing shows that they did. */
  readonly unknownSigners: readonly string[];
}

/** @throws ProvisoError `note_invalid` */
export async function parseVerifierKey(text: string): Promise<VerifierKey> {
  const [, name = '', id = '', base64Key = ''] =
    /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text.trim()) ?? [];
  const typed = fromBase64(base64Key);
  if (name === '' || !typed || typed.length !== 1 + 32) {
    throw invalid(`\`${text.trim()}\` is not a verifier key, \`name+id+base64\``);
  }
  const type = typed[0];
  if (type !== ED25519 && type !== COSIGNATURE) {
    throw invalid(`the key of \`${name}\` is neither Ed25519 nor an Ed25519 cosigner’s`);
  }
  const keyId = (await sha256(joined(utf8(`${name}\n`), typed))).slice(0, 4);
  if (hex(keyId) !== id) throw invalid(`the key of \`${name}\` does not fit its id`);
  const role = type === ED25519 ? 'log' : 'witness';
  return { name, keyId, role, publicKey: typed.slice(1), text: text.trim() };
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
  const { origin, size, root } = parseText(text);
  let signedBy: VerifierKey | undefined;
  const cosignatures: Cosignature[] = [];
  const unknownSigners: string[] = [];
  for (const { name, blob } of signatures) {
    const key = keys.find((one) => one.name === name && areSame(one.keyId, blob.slice(0, 4)));
    if (key === undefined) unknownSigners.push(name);
    else if (key.role === 'witness') cosignatures.push(await cosignatureOf(key, blob, text));
    else {
      await requireSignature(key, utf8(text), blob.slice(4));
      if (name === origin) signedBy = key;
    }
  }
  return { origin, size, root, signedBy, cosignatures, unknownSigners };
}

/** @throws ProvisoError `note_invalid` where this platform has no Ed25519 */
export async function isSignature(
  { publicKey }: VerifierKey,
  message: Bytes,
  signature: Bytes,
): Promise<boolean> {
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey('raw', publicKey, { name: 'Ed25519' }, false, ['verify']);
  } catch (cause) {
    const words =
      'A key could not be used: it is malformed, or this browser does not know Ed25519.';
    throw new ProvisoError('note_invalid', words, { cause });
  }
  return crypto.subtle.verify({ name: 'Ed25519' }, key, signature, message);
}

async function cosignatureOf(key: VerifierKey, blob: Bytes, text: string): Promise<Cosignature> {
  if (blob.length !== 4 + 8 + SIGNATURE_BYTES) throw notVerified(key);
  const seconds = Number(new DataView(blob.buffer).getBigUint64(4));
  await requireSignature(key, utf8(`cosignature/v1\ntime ${seconds}\n${text}`), blob.slice(12));
  return { name: key.name, at: seconds * 1_000 };
}

async function requireSignature(key: VerifierKey, message: Bytes, signature: Bytes): Promise<void> {
  const isRight = signature.length === SIGNATURE_BYTES;
  if (!isRight || !(await isSignature(key, message, signature))) throw notVerified(key);
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

function parseText(text: string): { origin: string; size: number; root: Bytes } {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  const root = fromBase64(rootText);
  const isComplete = rest.at(-1) === '' && !rest.slice(0, -1).includes('');
  if (origin === '' || !isComplete) throw invalid('lines of it are missing');
  const size = /^(0|[1-9][0-9]*)$/.test(sizeText) ? Number(sizeText) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw invalid('its size is not a number');
  if (root?.length !== HASH_BYTES || base64(root) !== rootText) {
    throw invalid('its root is not 32 bytes in base64');
  }
  return { origin, size, root };
}

function notVerified({ name }: VerifierKey): ProvisoError {
  return invalid(`the signature by \`${name}\` does not verify`);
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('note_invalid', `The checkpoint or key is not valid: ${problem}.`);
}
