/**
 * A disclosure as an SD-JWT (RFC 9901), signed with the ledger's own key, for verifiers that know
 * nothing of ledgers: docs/spec/disclosure.md, "As an SD-JWT".
 */
import type { NoteSigner } from '#base/note.ts';
import type { Disclosure } from './disclose.ts';
import { SD_JWT_TYPE } from './verify/sd-jwt.ts';

/** @param nowMs milliseconds since 1970 */
export function sdJwtOf(
  { checkpoint, entries, proof }: Disclosure,
  signer: NoteSigner,
  nowMs: number,
): string {
  const { name, text } = signer.verifier;
  const header = { alg: 'EdDSA', kid: text, typ: SD_JWT_TYPE };
  const payload = {
    _sd_alg: 'sha-256',
    checkpoint,
    entries: entries.map(({ entry, index }) => ({ entry: JSON.parse(entry) as object, index })),
    iat: Math.floor(nowMs / 1_000),
    iss: name,
    proof,
  };
  const signed = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  // A checkpoint's text has newlines and this has none: what is signed as one is never the other.
  const signature = signer.sign(Buffer.from(signed)).toString('base64url');
  const disclosures = entries.flatMap((entry) => entry.disclosures.map((one) => `${one}~`));
  return `${signed}.${signature}~${disclosures.join('')}`;
}
