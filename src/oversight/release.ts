/**
 * The release: a compact JWS with which an executor may act, once. docs/spec/oversight.md#the-release
 *
 * INVARIANT (6): it is made of an `Action` and of what the ledger says of its approvals, and of
 * nothing else; a drill has no action. Executors verify it with `proviso/release`.
 */
import { createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import { type Action, actionHash, argumentsHash } from './action.ts';

/** An Ed25519 key that signs releases. */
export interface ReleaseKey {
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
  /** The public key, 32 bytes, base64url. */
  readonly x: string;
  readonly privateKey: KeyObject;
}

/** What the `release` entry says, and its number. */
export interface Released {
  readonly id: string;
  readonly hold: string;
  readonly entry: number;
  /** Number of the second decision, the permit. */
  readonly decision: number;
  /** Entry numbers of the signatures. */
  readonly approvals: readonly number[];
  /** Milliseconds since 1970. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Hash of the terms that permitted it. */
  readonly terms: string;
}

export function releaseKey(privateKey: KeyObject): ReleaseKey {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { kid: thumbprint(x), x, privateKey };
}

/** @param x the public key, base64url */
export function thumbprint(x: string): string {
  return hash('sha256', `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`, 'base64url');
}

/** The same facts give the same bytes, since Ed25519 is deterministic. */
export function signRelease(
  action: Action & { readonly kind: 'tool_call' },
  released: Released,
  { kid, privateKey }: ReleaseKey,
): string {
  const header = { alg: 'EdDSA', kid, typ: 'proviso-release+jwt' };
  const claims: JsonObject = {
    action: actionHash(action),
    approvals: released.approvals,
    arguments: argumentsHash(action),
    definition: action.tool.definition,
    entry: released.entry,
    exp: Math.floor(released.expiresAt / 1000),
    hold: released.hold,
    iat: Math.floor(released.issuedAt / 1000),
    iss: action.ledger,
    jti: released.id,
    sub: action.caller.id,
    terms: released.terms,
    tool: action.tool.name,
  };
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
}

function encoded(value: JsonObject): string {
  return Buffer.from(canonicalJson(value)).toString('base64url');
}
