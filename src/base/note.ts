/**
 * Signed notes, C2SP signed-note (https://c2sp.org/signed-note), and their Ed25519 keys.
 *
 *   text, ending in a newline
 *   (empty line)
 *   — <name> base64(keyId[4] ‖ signature)      one or more such lines; the dash is U+2014
 *
 *   verifier key   <name>+<keyId, 8 hex>+base64(01 ‖ public key)
 *   signer key     PRIVATE+KEY+<name>+<keyId, 8 hex>+base64(01 ‖ seed)
 *   keyId          SHA-256(name ‖ 0A ‖ 01 ‖ public key)[:4]
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { ProvisoError } from './errors.ts';

const NOTE_BYTES_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
const ED25519 = 0x01;
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export interface NoteVerifier {
  readonly name: string;
  readonly keyId: number;
  /** The verifier key as text, to be handed to anyone. */
  readonly text: string;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

export interface NoteSigner {
  readonly verifier: NoteVerifier;
  sign(message: Uint8Array): Buffer;
}

export interface Note {
  /** With the newline at its end. */
  readonly text: string;
  /** Names of the known keys that signed it; at least one. */
  readonly signedBy: readonly string[];
}

/** @param text without the empty line, ending in a newline */
export function signNote(text: string, signer: NoteSigner): string {
  const { name, keyId } = signer.verifier;
  const blob = Buffer.concat([u32(keyId), signer.sign(Buffer.from(text))]);
  return `${text}\n— ${name} ${blob.toString('base64')}\n`;
}

/**
 * Bytes from anyone → a note that at least one of `verifiers` signed. Signatures by unknown keys
 * are ignored; one by a known key that does not verify refuses the note.
 * @throws `note_invalid`
 */
export function openNote(bytes: Uint8Array, verifiers: readonly NoteVerifier[]): Note {
  const { text, signatures } = splitNote(bytes);
  const message = Buffer.from(text);
  const signedBy = new Set<string>();
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((known) => known.name === name && known.keyId === keyId);
    if (!verifier) continue;
    if (!verifier.verify(message, signature)) {
      throw invalid(`the signature by \`${name}\` does not verify`);
    }
    signedBy.add(name);
  }
  if (signedBy.size === 0) throw invalid('no known key signed it');
  return { text, signedBy: [...signedBy] };
}

/** @throws `note_invalid` */
export function parseVerifierKey(text: string): NoteVerifier {
  const [, name = '', id = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? [];
  const key = decodeBase64(base64);
  if (!isName(name) || !key || key[0] !== ED25519 || key.length !== 33) {
    throw invalid('the verifier key is not `name+id+base64` of an Ed25519 key');
  }
  const verifier = verifierOf(name, key.subarray(1));
  if (verifier.keyId !== Number.parseInt(id, 16)) {
    throw invalid('the verifier key’s id does not fit its name and key');
  }
  return verifier;
}

/** @throws `note_invalid` */
export function parseSignerKey(text: string): NoteSigner {
  const match = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text.trimEnd());
  const [, name = '', id = '', base64 = ''] = match ?? [];
  const key = decodeBase64(base64);
  if (!isName(name) || !key || key[0] !== ED25519 || key.length !== 33) {
    throw invalid('the signer key is not `PRIVATE+KEY+name+id+base64` of an Ed25519 key');
  }
  const signer = signerOf(name, key.subarray(1));
  if (signer.verifier.keyId !== Number.parseInt(id, 16)) {
    throw invalid('the signer key’s id does not fit its name and key');
  }
  return signer;
}

/** A new signer key as text: a secret. @param name such as `example.com/log` */
export function makeSignerKey(name: string): string {
  if (!isName(name)) throw invalid(`\`${name}\` cannot name a key: no spaces and no \`+\``);
  const seed = randomBytes(32);
  const { keyId } = signerOf(name, seed).verifier;
  const key = Buffer.concat([Uint8Array.of(ED25519), seed]).toString('base64');
  return `PRIVATE+KEY+${name}+${hex8(keyId)}+${key}`;
}

interface NoteParts {
  readonly text: string;
  readonly signatures: readonly { name: string; keyId: number; signature: Buffer }[];
}

function splitNote(bytes: Uint8Array): NoteParts {
  if (bytes.length > NOTE_BYTES_MAX) throw invalid(`it has more than ${NOTE_BYTES_MAX} bytes`);
  const note = Buffer.from(bytes).toString('utf8');
  if (Buffer.compare(Buffer.from(note), bytes) !== 0) throw invalid('it is not UTF-8');
  for (let i = 0; i < note.length; i++) {
    if (note.charCodeAt(i) < 0x20 && note[i] !== '\n') throw invalid('it has control characters');
  }
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) throw invalid('it has no signature lines');
  const lines = note.slice(split + 2, -1).split('\n');
  if (lines.length > SIGNATURES_MAX) throw invalid(`it has more than ${SIGNATURES_MAX} signatures`);
  return { text: note.slice(0, split + 1), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteParts['signatures'][number] {
  const [, name = '', base64 = ''] = /^— (\S+) (\S+)$/.exec(line) ?? [];
  const blob = decodeBase64(base64);
  if (!isName(name) || !blob || blob.length < 5) throw invalid('a signature line is malformed');
  return { name, keyId: blob.readUInt32BE(0), signature: blob.subarray(4) };
}

function signerOf(name: string, seed: Uint8Array): NoteSigner {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    verifier: verifierOf(name, spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => sign(null, message, key),
  };
}

function verifierOf(name: string, publicKey: Uint8Array): NoteVerifier {
  let key: KeyObject;
  try {
    const spki = Buffer.concat([SPKI_PREFIX, publicKey]);
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (cause) {
    throw new ProvisoError('note_invalid', 'The verifier key is not a public key.', { cause });
  }
  const typed = Buffer.concat([Uint8Array.of(ED25519), publicKey]);
  const keyId = createHash('sha256').update(`${name}\n`).update(typed).digest().readUInt32BE(0);
  return {
    name,
    keyId,
    text: `${name}+${hex8(keyId)}+${typed.toString('base64')}`,
    verify: (message, signature) =>
      signature.length === 64 && verify(null, message, key, signature),
  };
}

function isName(name: string): boolean {
  return name !== '' && !/[\s+]/u.test(name) && name.isWellFormed();
}

/** Standard base64 with padding, in its one form. */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined;
}

function hex8(keyId: number): string {
  return keyId.toString(16).padStart(8, '0');
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('note_invalid', `The signed note or key is not valid: ${problem}.`);
}
