/**
 * Keys of signed notes as text, C2SP signed-note (https://c2sp.org/signed-note), and the two
 * signature schemes behind them.
 *
 *   verifier key   <name>+<keyId, 8 hex>+base64(type ‖ public key)
 *   signer key     PRIVATE+KEY+<name>+<keyId, 8 hex>+base64(type ‖ seed)
 *   keyId          SHA-256(name ‖ 0A ‖ type ‖ public key)[:4]
 *
 *   type   what it signs                              scheme       public key   signature
 *   01     the note's text                            Ed25519      32 bytes     64
 *   04     a cosignature of a checkpoint              Ed25519      32           64
 *   06     a cosignature of a checkpoint or subtree   ML-DSA-44    1,312        2,420
 *
 * Seeds have 32 bytes in both schemes.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { ProvisoError } from './errors.ts';

export type KeyType = keyof typeof SCHEMES;
export type Algorithm = 'ed25519' | 'ml-dsa-44';

interface Scheme {
  readonly algorithm: Algorithm;
  readonly publicKeyBytes: number;
  readonly signatureBytes: number;
  /** DER before the raw public key, and before the seed. */
  readonly spki: Buffer;
  readonly pkcs8: Buffer;
}

const ED25519: Scheme = {
  algorithm: 'ed25519',
  publicKeyBytes: 32,
  signatureBytes: 64,
  spki: Buffer.from('302a300506032b6570032100', 'hex'),
  pkcs8: Buffer.from('302e020100300506032b657004220420', 'hex'),
};
const ML_DSA_44: Scheme = {
  algorithm: 'ml-dsa-44',
  publicKeyBytes: 1_312,
  signatureBytes: 2_420,
  spki: Buffer.from('30820532300b06096086480165030403110382052100', 'hex'),
  pkcs8: Buffer.from('3034020100300b060960864801650304031104228020', 'hex'),
};
const SCHEMES = { 0x01: ED25519, 0x04: ED25519, 0x06: ML_DSA_44 } as const;
const SEED_BYTES = 32;

export interface PublicNoteKey {
  readonly name: string;
  readonly type: KeyType;
  readonly keyId: number;
  /** The verifier key. */
  readonly text: string;
  /** Without the type. */
  readonly raw: Buffer;
  readonly key: KeyObject;
  readonly signatureBytes: number;
}

export interface SecretNoteKey {
  readonly public: PublicNoteKey;
  readonly key: KeyObject;
}

/**
 * @param types those that are meant; another is refused
 * @throws `note_invalid`
 */
export function parsePublicKey(text: string, types: readonly KeyType[]): PublicNoteKey {
  const [, name = '', id = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text) ?? [];
  const { type, raw } = typedBytes(name, base64, types, 'verifier key', publicKeyBytesOf);
  const parsed = publicKeyOf(name, type, raw);
  if (parsed.keyId !== Number.parseInt(id, 16)) {
    throw invalid('the verifier key’s id does not fit its name and key');
  }
  return parsed;
}

/** @throws `note_invalid` */
export function parseSecretKey(text: string, types: readonly KeyType[]): SecretNoteKey {
  const match = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(.+)$/s.exec(text.trimEnd());
  const [, name = '', id = '', base64 = ''] = match ?? [];
  const { type, raw } = typedBytes(name, base64, types, 'signer key', () => SEED_BYTES);
  const parsed = secretKeyOf(name, type, raw);
  if (parsed.public.keyId !== Number.parseInt(id, 16)) {
    throw invalid('the signer key’s id does not fit its name and key');
  }
  return parsed;
}

/** A new signer key as text: a secret. @param name such as `example.com/log` */
export function makeSecretKey(name: string, type: KeyType): string {
  if (!isName(name)) throw invalid(`\`${name}\` cannot name a key: no spaces and no \`+\``);
  const seed = randomBytes(SEED_BYTES);
  const { keyId } = secretKeyOf(name, type, seed).public;
  const typed = Buffer.concat([Uint8Array.of(type), seed]).toString('base64');
  return `PRIVATE+KEY+${name}+${hex8(keyId)}+${typed}`;
}

/** Whether this Node's crypto has the scheme: OpenSSL has ML-DSA from 3.5 on. */
export function isSupported(algorithm: Algorithm): boolean {
  if (algorithm === 'ed25519') return true;
  try {
    privateKeyOf(ML_DSA_44, Buffer.alloc(SEED_BYTES));
    return true;
  } catch {
    return false;
  }
}

export function isName(name: string): boolean {
  return name !== '' && !/[\s+]/u.test(name) && name.isWellFormed();
}

/** Standard base64 with padding, in its one form. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined;
}

function typedBytes(
  name: string,
  base64: string,
  types: readonly KeyType[],
  what: string,
  bytesOf: (type: KeyType) => number,
): { readonly type: KeyType; readonly raw: Buffer } {
  const typed = decodeBase64(base64);
  const type = types.find((each) => each === typed?.[0]);
  if (!isName(name) || !typed || type === undefined || typed.length !== 1 + bytesOf(type)) {
    const kinds = new Set(types.map((each) => SCHEMES[each].algorithm));
    const numbers = types.map((each) => `0${each}`).join(' or ');
    throw invalid(
      `the ${what} is not \`name+id+base64\` of a key of type ${numbers} (${[...kinds].join(', ')})`,
    );
  }
  return { type, raw: typed.subarray(1) };
}

function publicKeyBytesOf(type: KeyType): number {
  return SCHEMES[type].publicKeyBytes;
}

function secretKeyOf(name: string, type: KeyType, seed: Uint8Array): SecretNoteKey {
  const scheme = SCHEMES[type];
  let key: KeyObject;
  try {
    key = privateKeyOf(scheme, seed);
  } catch (cause) {
    throw unusable(scheme, cause);
  }
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return { public: publicKeyOf(name, type, spki.subarray(scheme.spki.length)), key };
}

function publicKeyOf(name: string, type: KeyType, raw: Buffer): PublicNoteKey {
  const scheme = SCHEMES[type];
  let key: KeyObject;
  try {
    const spki = Buffer.concat([scheme.spki, raw]);
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (cause) {
    throw unusable(scheme, cause);
  }
  const typed = Buffer.concat([Uint8Array.of(type), raw]);
  const keyId = createHash('sha256').update(`${name}\n`).update(typed).digest().readUInt32BE(0);
  const text = `${name}+${hex8(keyId)}+${typed.toString('base64')}`;
  return { name, type, keyId, text, raw, key, signatureBytes: scheme.signatureBytes };
}

function privateKeyOf({ pkcs8 }: Scheme, seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8, seed]), format: 'der', type: 'pkcs8' });
}

function hex8(keyId: number): string {
  return keyId.toString(16).padStart(8, '0');
}

function unusable({ algorithm }: Scheme, cause: unknown): ProvisoError {
  const reason = isSupported(algorithm) ? 'is not one' : 'needs a Node with OpenSSL 3.5';
  return new ProvisoError('note_invalid', `A key for ${algorithm} ${reason}.`, { cause });
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('note_invalid', `The key is not valid: ${problem}.`);
}
