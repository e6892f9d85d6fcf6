/**
 * Signed notes, C2SP signed-note (https://c2sp.org/signed-note), and signatures of type 01 on them.
 *
 *   text, ending in a newline
 *   (empty line)
 *   — <name> base64(keyId[4] ‖ signature)      one or more such lines; the dash is U+2014
 *
 * Keys are in `note-key.ts`; the signatures of types 04 and 06 in `cosignature.ts`.
 */
import { sign, verify } from 'node:crypto';
import { ProvisoError } from './errors.ts';
import {
  decodeBase64,
  isName,
  type KeyType,
  makeSecretKey,
  type PublicNoteKey,
  parsePublicKey,
  parseSecretKey,
} from './note-key.ts';

const NOTE_BYTES_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
const ED25519: KeyType = 0x01;

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

export interface NoteSignature {
  readonly verifier: NoteVerifier;
  /** The whole line, without its newline. */
  readonly line: string;
  /** Without the key's id. */
  readonly signature: Buffer;
}

export interface Note {
  /** With the newline at its end. */
  readonly text: string;
  /** Names of the known keys that signed it; at least one. */
  readonly signedBy: readonly string[];
  /** Those by known keys, each of which verifies. */
  readonly signatures: readonly NoteSignature[];
}

/** @param text without the empty line, ending in a newline */
export function signNote(text: string, ...signers: readonly NoteSigner[]): string {
  return `${text}\n${signers.map((signer) => signatureLine(text, signer)).join('')}`;
}

/** One signature of a note's text, as the line that is put to the others, with its newline. */
export function signatureLine(text: string, signer: NoteSigner): string {
  const { name, keyId } = signer.verifier;
  const blob = Buffer.concat([u32(keyId), signer.sign(Buffer.from(text))]);
  return `— ${name} ${blob.toString('base64')}\n`;
}

/**
 * Bytes from anyone → a note that at least one of `verifiers` signed. Signatures by unknown keys
 * are ignored; one by a known key that does not verify refuses the note.
 * @throws `note_invalid`
 */
export function openNote(bytes: Uint8Array, verifiers: readonly NoteVerifier[]): Note {
  const { text, signatures: found } = splitNote(bytes);
  const message = Buffer.from(text);
  const signatures: NoteSignature[] = [];
  for (const { name, keyId, signature, line } of found) {
    const verifier = verifiers.find((known) => known.name === name && known.keyId === keyId);
    if (!verifier) continue;
    if (!verifier.verify(message, signature)) {
      throw invalid(`the signature by \`${name}\` does not verify`);
    }
    signatures.push({ verifier, line, signature });
  }
  if (signatures.length === 0) throw invalid('no known key signed it');
  const signedBy = [...new Set(signatures.map(({ verifier }) => verifier.name))];
  return { text, signedBy, signatures };
}

/** The text of a note whose signatures nobody looked at. @throws `note_invalid` */
export function decodeUnverified(bytes: Uint8Array): string {
  return splitNote(bytes).text;
}

/** What a note says and which keys it names, whether or not they signed it. @throws `note_invalid` */
export function decodeNoteUnverified(bytes: Uint8Array): NoteParts {
  return splitNote(bytes);
}

/** A key of type 01. @throws `note_invalid` */
export function parseVerifierKey(text: string): NoteVerifier {
  return verifierOf(parsePublicKey(text, [ED25519]));
}

/** A key of type 01. @throws `note_invalid` */
export function parseSignerKey(text: string): NoteSigner {
  const secret = parseSecretKey(text, [ED25519]);
  return {
    verifier: verifierOf(secret.public),
    sign: (message) => sign(null, message, secret.key),
  };
}

/** A new signer key of type 01 as text: a secret. @param name such as `example.com/log` */
export function makeSignerKey(name: string): string {
  return makeSecretKey(name, ED25519);
}

interface NoteParts {
  /** With the newline at its end. */
  readonly text: string;
  readonly signatures: readonly FoundSignature[];
}

interface FoundSignature {
  readonly name: string;
  readonly keyId: number;
  /** Without the key’s id. */
  readonly signature: Buffer;
  readonly line: string;
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

function parseSignature(line: string): FoundSignature {
  const [, name = '', base64 = ''] = /^— (\S+) (\S+)$/.exec(line) ?? [];
  const blob = decodeBase64(base64);
  if (!isName(name) || !blob || blob.length < 5) throw invalid('a signature line is malformed');
  return { name, keyId: blob.readUInt32BE(0), signature: blob.subarray(4), line };
}

function verifierOf({ name, keyId, text, key, signatureBytes }: PublicNoteKey): NoteVerifier {
  return {
    name,
    keyId,
    text,
    verify: (message, signature) =>
      signature.length === signatureBytes && verify(null, message, key, signature),
  };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('note_invalid', `The signed note is not valid: ${problem}.`);
}
