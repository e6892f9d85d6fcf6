/**
 * Verifier keys of signed notes, with WebCrypto: C2SP signed-note and tlog-cosignature.
 *
 *   name+<keyId, 8 hex>+base64(type ‖ public key)      keyId = SHA-256(name ‖ 0A ‖ type ‖ public key)[:4]
 *
 *   01 Ed25519, of a log's notes   04 Ed25519, of cosignatures   06 ML-DSA-44, of cosignatures
 */
import { ProvisoError } from '#base/errors.ts';
import { type Bytes, fromBase64, hex, joined, sha256, utf8 } from './bytes.ts';

interface Scheme {
  readonly algorithm: 'Ed25519' | 'ML-DSA-44';
  /** How WebCrypto calls the bare bytes of such a key. */
  readonly format: 'raw' | 'raw-public';
  readonly publicKeyBytes: number;
  readonly signatureBytes: number;
}

const ED25519: Scheme = {
  algorithm: 'Ed25519',
  format: 'raw',
  publicKeyBytes: 32,
  signatureBytes: 64,
};
const ML_DSA_44: Scheme = {
  algorithm: 'ML-DSA-44',
  format: 'raw-public',
  publicKeyBytes: 1_312,
  signatureBytes: 2_420,
};
const SCHEMES: Readonly<Record<number, Scheme>> = { 1: ED25519, 4: ED25519, 6: ML_DSA_44 };

export interface VerifierKey {
  readonly name: string;
  readonly keyId: Bytes;
  readonly type: number;
  readonly publicKey: Bytes;
  /** `name+id+key`, as it was given. */
  readonly text: string;
}

/** @throws ProvisoError `note_invalid` */
export async function parseVerifierKey(given: string): Promise<VerifierKey> {
  const text = given.trim();
  const [, name = '', id = '', base64Key = ''] =
    /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(text) ?? [];
  const typed = fromBase64(base64Key);
  const [type = 0] = typed ?? [];
  const scheme = SCHEMES[type];
  if (!typed || !scheme || typed.length !== 1 + scheme.publicKeyBytes) {
    throw invalidKey(`\`${text}\` is not \`name+id+base64\` of an Ed25519 or ML-DSA-44 key`);
  }
  const keyId = (await sha256(joined(utf8(`${name}\n`), typed))).slice(0, 4);
  if (hex(keyId) !== id) throw invalidKey(`the key of \`${name}\` does not fit its id`);
  return { name, keyId, type, publicKey: typed.slice(1), text };
}

/** @throws ProvisoError `note_invalid` where this platform does not know the key's algorithm */
export async function isSignature(
  verifier: VerifierKey,
  message: Bytes,
  signature: Bytes,
): Promise<boolean> {
  const { algorithm, signatureBytes } = SCHEMES[verifier.type] as Scheme;
  if (signature.length !== signatureBytes) return false;
  const key = await imported(verifier);
  return crypto.subtle.verify({ name: algorithm }, key, signature, message);
}

/** Whether this platform knows the key's algorithm: not every browser knows ML-DSA-44. */
export function isUsableHere(key: VerifierKey): Promise<boolean> {
  return imported(key).then(
    () => true,
    () => false,
  );
}

async function imported({ name, type, publicKey }: VerifierKey): Promise<CryptoKey> {
  const { algorithm, format } = SCHEMES[type] as Scheme;
  try {
    // The types of the platform do not know `raw-public` yet.
    const known = format as 'raw';
    return await crypto.subtle.importKey(known, publicKey, { name: algorithm }, false, ['verify']);
  } catch (cause) {
    const words = `the key of \`${name}\` is malformed, or ${algorithm} is not known here`;
    throw new ProvisoError('note_invalid', sentence(words), { cause });
  }
}

function invalidKey(problem: string): ProvisoError {
  return new ProvisoError('note_invalid', sentence(problem));
}

function sentence(problem: string): string {
  return `The verifier key cannot be used: ${problem}.`;
}
