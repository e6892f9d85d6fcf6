/** The bytes that stand in docs/spec/oversight.md are the bytes that are made here. */
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { canonicalJson, isObject, type JsonObject, parseJson } from '#base/json.ts';
import { actionHash, argumentsHash, deliveredArguments, parseAction } from './action.ts';
import { renderAction } from './display.ts';
import { type Released, releaseKey, signRelease } from './release.ts';
import { challengeOf, type Statement } from './statement.ts';

const path = new URL('../../docs/spec/vectors/oversight.json', import.meta.url);
const vectors = parseJson(readFileSync(path)) as JsonObject;
const vector = (name: string): JsonObject => {
  const found = vectors[name];
  assert.ok(isObject(found));
  return found;
};
const action = parseAction(vector('action')['document']);

test('the action', () => {
  const { document, canonical, hash, argumentsHash: ofArguments } = vector('action');
  assert.equal(canonicalJson(document as JsonObject), canonical);
  assert.equal(canonicalJson(action as object as JsonObject), canonical);
  assert.equal(actionHash(action), hash);
  assert.ok(action.kind === 'tool_call');
  assert.equal(argumentsHash(action), ofArguments);
  assert.ok((canonical as string).includes(`"arguments":${deliveredArguments(action)},`));
});

test('the display', () => {
  assert.deepEqual(renderAction(action), vector('display'));
});

test('the statement, its challenge, and a local key’s signature over it', () => {
  const { statement, canonical, challenge, localKey, assertion } = vector('approval');
  assert.equal(canonicalJson(statement as JsonObject), canonical);
  const bytes = challengeOf(statement as object as Statement);
  assert.equal(bytes.toString('base64url'), challenge);
  const { publicKey: x } = localKey as { publicKey: string };
  const { signature } = assertion as { signature: string };
  const message = Buffer.concat([Buffer.from('proviso person signature v1\0'), bytes]);
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  assert.ok(verify(null, message, key, Buffer.from(signature, 'base64url')));
});

test('the release', () => {
  const { key, released, token, claims } = vector('release');
  const { seed, x, kid } = key as { seed: string; x: string; kid: string };
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex');
  const made = releaseKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  assert.deepEqual([made.x, made.kid], [x, kid]);
  assert.ok(action.kind === 'tool_call');
  const toolCall = action as typeof action & { readonly kind: 'tool_call' };
  const signed = signRelease(toolCall, released as object as Released, made);
  assert.equal(signed, token);
  const [, body = ''] = signed.split('.');
  assert.deepEqual(JSON.parse(Buffer.from(body, 'base64url').toString()), claims);
});
