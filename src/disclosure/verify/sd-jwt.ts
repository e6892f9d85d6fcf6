/**
 * A disclosure as an SD-JWT (RFC 9901, compact): docs/spec/disclosure.md, "As an SD-JWT".
 *
 *   <header>.<payload>.<signature>~<disclosure>~…~        all base64url; no key binding
 */
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonValue, parseExact } from '#base/exact-json.ts';
import { type Bytes, base64url, fromBase64url, sha256, textOf, utf8 } from './bytes.ts';
import type { DisclosedEntry } from './file.ts';
import { isSignature, parseVerifierKey, type VerifierKey } from './key.ts';
import { count, hashes, list, record, requireAscending, text, texts } from './shape.ts';

/** Ed25519, of a log. */
const LOG_KEY = 0x01;

export const SD_JWT_TYPE = 'proviso-disclosure+sd-jwt';

export interface OpenedSdJwt {
  /** That signed it: one of the verifier's, or else the one that it names. */
  readonly key: VerifierKey;
  readonly checkpoint: string;
  readonly entries: readonly DisclosedEntry[];
  readonly proof: readonly Bytes[];
  /** Of the values disclosed. */
  readonly names: readonly string[];
}

export function isSdJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+~[\w~-]*\s*$/.test(token);
}

/** @throws ProvisoError `proof_invalid`, `note_invalid` */
export async function openSdJwt(token: string, keys: readonly VerifierKey[]): Promise<OpenedSdJwt> {
  const [jwt = '', ...rest] = token.trimEnd().split('~');
  const last = rest.pop();
  if (last !== '') throw invalid('does not end in `~`');
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const { kid } = readHeader(header);
  const named = await parseVerifierKey(kid);
  if (named.type !== LOG_KEY) throw invalid('names a key that is not a ledger’s own');
  const key = keys.find((one) => one.text === kid) ?? named;
  const signed = fromBase64url(signature);
  if (!signed || !(await isSignature(key, utf8(`${header}.${payload}`), signed))) {
    throw invalid('is not signed by the key that it names');
  }
  return { key, ...(await readPayload(payload, rest, key)) };
}

function readHeader(encoded: string): { readonly kid: string } {
  const { alg, kid, typ } = record(decoded(encoded), 'header', ['alg', 'kid', 'typ']);
  if (alg !== 'EdDSA' || typ !== SD_JWT_TYPE) throw invalid(`is no \`${SD_JWT_TYPE}\` of EdDSA`);
  return { kid: text(kid, 'kid') };
}

async function readPayload(encoded: string, disclosures: readonly string[], key: VerifierKey) {
  const payload = record(decoded(encoded), 'payload', [
    '_sd_alg',
    'checkpoint',
    'entries',
    'iat',
    'iss',
    'proof',
  ]);
  if (payload._sd_alg !== 'sha-256') throw invalid('has digests other than SHA-256');
  if (payload.iss !== key.name) throw invalid('is not issued by the ledger whose key signed it');
  count(payload.iat, 'iat');
  const given = new Map<string, string>();
  for (const disclosure of disclosures) {
    given.set(base64url(await sha256(utf8(disclosure))), disclosure);
  }
  if (given.size !== disclosures.length) throw invalid('has a disclosure twice');
  const entries = list(payload.entries, 'entries').map((one) => readEntry(one, given));
  requireAscending(
    entries.map(({ index }) => index),
    'entries',
  );
  if (given.size > 0) throw invalid('has a disclosure that belongs to no entry');
  return {
    checkpoint: text(payload.checkpoint, 'checkpoint'),
    entries,
    proof: hashes(payload.proof, 'proof'),
    names: [...new Set(disclosures.map(nameOf))].sort(),
  };
}

/** Takes from `given` what this entry committed to. */
function readEntry(value: JsonValue, given: Map<string, string>): DisclosedEntry {
  const { entry, index } = record(value, 'entries', ['entry', 'index']);
  const digests = texts((entry as { readonly _sd?: JsonValue } | undefined)?._sd, '_sd');
  const disclosures: string[] = [];
  for (const digest of digests) {
    const disclosure = given.get(digest);
    if (disclosure === undefined) continue;
    given.delete(digest);
    disclosures.push(disclosure);
  }
  const entryText = canonicalJson(entry as JsonValue);
  return { index: count(index, 'index'), entry: entryText, disclosures, erased: [] };
}

function nameOf(disclosure: string): string {
  return text(list(decoded(disclosure), 'a disclosure')[1], 'a disclosure');
}

function decoded(encoded: string): JsonValue {
  const bytes = fromBase64url(encoded);
  const json = bytes && textOf(bytes);
  try {
    return parseExact(json ?? '');
  } catch {
    throw invalid('has a part that is not JSON in base64url');
  }
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('proof_invalid', `The SD-JWT ${problem}.`);
}
