/**
 * Cosignatures, C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature): a statement that the
 * signer saw this checkpoint, at this time, and none of the log that does not fit it.
 *
 *   signature   u64 seconds since 1970 ‖ Ed25519 (type 04) or ML-DSA-44 (type 06) over the message
 *
 *   message of type 04   cosignature/v1 \n time <seconds> \n <the checkpoint's text>
 *   message of type 06   "subtree/v1\n\0" ‖ name ‖ u64 seconds ‖ origin ‖ u64 0 ‖ u64 size ‖ root,
 *                        name and origin each with a byte of length before it
 *
 * Witnesses make both types. A log signs its own checkpoints with type 06 beside type 01: the C2SP
 * formats have ML-DSA in no other form.
 */
import { sign, verify } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { type NoteSigner, type NoteVerifier, parseVerifierKey } from '#base/note.ts';
import {
  type Algorithm,
  type KeyType,
  makeSecretKey,
  type PublicNoteKey,
  parsePublicKey,
  parseSecretKey,
} from '#base/note-key.ts';
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts';

const TYPES = { ed25519: 0x04, 'ml-dsa-44': 0x06 } as const satisfies Record<Algorithm, KeyType>;
const ANY_TYPE: readonly KeyType[] = Object.values(TYPES);
const LABEL = Buffer.from('subtree/v1\n\0');
const TIME_BYTES = 8;
const TIME_MAX = 2n ** 63n - 1n;

export interface Cosigner {
  readonly verifier: NoteVerifier;
  /** @param seconds since 1970 */
  cosign(text: Uint8Array, seconds: number): Buffer;
}

/** A verifier key of type 04 or 06. @throws `note_invalid` */
export function parseCosignatureKey(text: string): NoteVerifier {
  return verifierOf(parsePublicKey(text, ANY_TYPE));
}

/** A key that a log signs with: of type 01 or 06. @throws `note_invalid` */
export function parseLogKey(text: string): NoteVerifier {
  const type = parsePublicKey(text, [0x01, TYPES['ml-dsa-44']]).type;
  return type === 0x01 ? parseVerifierKey(text) : parseCosignatureKey(text);
}

/** A secret key as text. @throws `note_invalid` */
export function parseCosignerKey(text: string): Cosigner {
  const secret = parseSecretKey(text, ANY_TYPE);
  return {
    verifier: verifierOf(secret.public),
    cosign(text, seconds) {
      const message = messageOf(secret.public, text, BigInt(seconds));
      if (!message) throw new TypeError('only a checkpoint can be cosigned');
      return Buffer.concat([u64(BigInt(seconds)), sign(null, message, secret.key)]);
    },
  };
}

/** A new secret key as text. @param name such as `witness.example.org/harbour` */
export function makeCosignerKey(name: string, algorithm: Algorithm): string {
  return makeSecretKey(name, TYPES[algorithm]);
}

/** Signs notes with the time of the clock in each cosignature. */
export function signerAt(cosigner: Cosigner, clock: Clock): NoteSigner {
  const { verifier } = cosigner;
  return { verifier, sign: (text) => cosigner.cosign(text, Math.floor(clock.now() / 1_000)) };
}

/** When a cosignature says it was made: seconds since 1970. */
export function cosignedAt(signature: Buffer): number {
  return Number(signature.readBigUInt64BE(0));
}

function verifierOf(key: PublicNoteKey): NoteVerifier {
  const { name, keyId, text } = key;
  return {
    name,
    keyId,
    text,
    verify(note, signature) {
      if (signature.length !== TIME_BYTES + key.signatureBytes) return false;
      const blob = Buffer.from(signature);
      const message = messageOf(key, note, blob.readBigUInt64BE(0));
      return message !== undefined && verify(null, message, key.key, blob.subarray(TIME_BYTES));
    },
  };
}

/** `undefined` where the text is no checkpoint, or something in it does not fit the message. */
function messageOf(key: PublicNoteKey, text: Uint8Array, seconds: bigint): Buffer | undefined {
  const checkpoint = checkpointIn(text);
  if (!checkpoint || seconds > TIME_MAX) return undefined;
  if (key.type === TYPES.ed25519) {
    return Buffer.concat([Buffer.from(`cosignature/v1\ntime ${seconds}\n`), text]);
  }
  const name = Buffer.from(key.name);
  const origin = Buffer.from(checkpoint.origin);
  if (name.length > 255 || origin.length > 255) return undefined;
  return Buffer.concat([
    LABEL,
    Uint8Array.of(name.length),
    name,
    u64(seconds),
    Uint8Array.of(origin.length),
    origin,
    u64(0n),
    u64(BigInt(checkpoint.size)),
    Buffer.from(checkpoint.root, 'latin1'),
  ]);
}

function checkpointIn(text: Uint8Array): Checkpoint | undefined {
  try {
    return parseCheckpoint(Buffer.from(text).toString());
  } catch {
    return undefined;
  }
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
