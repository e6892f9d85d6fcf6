import assert from 'node:assert/strict';
import { createPublicKey, hash, type KeyObject, verify as verifyBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SDJwtInstance } from '@sd-jwt/core';
import { compactVerify, decodeProtectedHeader } from 'jose';
import type { JsonObject } from '#base/json.ts';
import { parseSignerKey } from '#base/note.ts';
import { type Disclosure, disclose } from './disclose.ts';
import { exampleLedger, ORIGIN } from './ledger.example.ts';
import { sdJwtOf } from './sd-jwt.ts';
import { parseVerifierKey, type VerifierKey } from './verify/key.ts';
import { verifyFile } from './verify/verify.ts';

/** Not in the future, as stock verifiers ask. */
const ISSUED_AT = Date.parse('2026-01-01T00:00:00Z');
const dir = mkdtempSync(join(tmpdir(), 'proviso-sd-jwt-'));
after(() => rmSync(dir, { recursive: true }));
let disclosure: Disclosure;
let token: string;
let keys: readonly VerifierKey[];
let publicKey: KeyObject;

before(async () => {
  const source = await exampleLedger(dir, 20);
  const question = { where: ['effect=deny'], fields: ['caller', 'facts'], isComplete: false };
  disclosure = await disclose(source, question);
  const signer = parseSignerKey(readFileSync(join(dir, 'keys/ledger.key'), 'utf8').trim());
  token = sdJwtOf(disclosure, signer, ISSUED_AT);
  const key = await parseVerifierKey(source.log.text);
  keys = [key];
  const x = Buffer.from(key.publicKey).toString('base64url');
  publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
});

test('a stock SD-JWT verifier checks it, and puts the disclosed values in their place', async () => {
  const stock = new SDJwtInstance({
    hasher: (bytes, algorithm) => {
      assert.equal(algorithm.replace('-', ''), 'sha256');
      return hash('sha256', Buffer.from(bytes as string), 'buffer');
    },
    hashAlg: 'sha-256',
    verifier: (signed, signature) =>
      verifyBytes(null, Buffer.from(signed), publicKey, Buffer.from(signature, 'base64url')),
  });
  const { payload } = await stock.verify(token);
  const { entries } = payload as { entries: { entry: JsonObject; index: number }[] };
  const shown = await verifyFile(Buffer.from(disclosure.text), { keys });
  assert.deepEqual(
    entries.map(({ entry, index }) => [index, entry['public'], entry['caller'], entry['facts']]),
    shown.entries.map((entry) => [
      entry.index,
      entry.public,
      entry.private['caller'],
      entry.private['facts'],
    ]),
  );
  assert.ok(entries.length > 5 && entries.every(({ entry }) => !('content' in entry)));
  await assert.rejects(stock.verify(token.replace(/^[^.]+/, (header) => `${header}A`)));
});

test('a stock JWT library checks the signature', async () => {
  const [jwt = ''] = token.split('~');
  const { payload } = await compactVerify(jwt, publicKey, { algorithms: ['EdDSA'] });
  const claims = JSON.parse(Buffer.from(payload).toString()) as JsonObject;
  assert.deepEqual([claims['iss'], claims['iat']], [ORIGIN, ISSUED_AT / 1_000]);
  assert.deepEqual(decodeProtectedHeader(jwt), {
    alg: 'EdDSA',
    kid: keys[0]?.text,
    typ: 'proviso-disclosure+sd-jwt',
  });
});

test('our verifier goes on from it to the ledger', async () => {
  const verdict = await verifyFile(Buffer.from(`${token}\n`), { keys });
  assert.deepEqual([verdict.file, verdict.isShown], ['sd-jwt', true]);
  const fromFile = await verifyFile(Buffer.from(disclosure.text), { keys });
  const facts = ({ entries }: typeof verdict) =>
    entries.map((entry) => [entry.index, entry.public, entry.private]);
  assert.deepEqual(facts(verdict), facts(fromFile));
  assert.equal((await verifyFile(Buffer.from(token), { keys: [] })).isShown, false);
});

test('a token that is another in any part is refused', async () => {
  const [jwt = '', first = '', ...rest] = token.split('~');
  const [header = '', payload = '', signature = ''] = jwt.split('.');
  const changed = (part: string, from: string, to: string): string => {
    const text = Buffer.from(part, 'base64url').toString();
    assert.ok(text.includes(from));
    return Buffer.from(text.replace(from, to)).toString('base64url');
  };
  const disclosures = ['', first, ...rest].join('~');
  for (const [wrong, problem] of [
    [`${header}.${changed(payload, '"deny"', '"hold"')}.${signature}${disclosures}`, /not signed/],
    [`${changed(header, 'EdDSA', 'none')}.${payload}.${signature}${disclosures}`, /EdDSA/],
    [`${jwt}~${changed(first, '"id"', '"ID"')}~${rest.join('~')}`, /belongs to no entry/],
    [`${jwt}~${first}~${first}~${rest.join('~')}`, /twice/],
    [token.slice(0, -1), /does not end/],
  ] as const) {
    const verdict = await verifyFile(Buffer.from(wrong), { keys });
    assert.match(verdict.problem?.message ?? '', problem);
    assert.equal(verdict.isShown, false);
  }
});
