import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSignerKey, parseSignerKey, parseVerifierKey, signNote } from '#base/note.ts';
import { decodeSignatureUnverified, isSignedBy, signStatement } from './signature.ts';

/** The vector of docs/spec/terms.md. */
const SEED_KEY =
  'PRIVATE+KEY+supplier.example/terms+78fcf5e3+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB';
const PUBLIC_KEY = 'supplier.example/terms+78fcf5e3+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c';
const NOTE = readFileSync(join(import.meta.dirname, 'signature.example.sig'), 'utf8');
const STATEMENT = {
  party: 'supplier',
  terms: { id: 'restricted-use', version: '1.2.0', hash: 'ab'.repeat(32) },
  at: Date.UTC(2026, 2, 1, 9, 30),
  releases: { from: 'cd'.repeat(32), rules: ['no-force', 'no-mass-surveillance'] },
};

test('a signature is the note of the vector, and is read back from it', () => {
  const signer = parseSignerKey(SEED_KEY);
  assert.equal(signer.verifier.text, PUBLIC_KEY);
  assert.equal(signStatement(STATEMENT, signer), NOTE);
  const signature = decodeSignatureUnverified(NOTE);
  assert.deepEqual(signature.statement, STATEMENT);
  assert.equal(isSignedBy(signature, [parseVerifierKey(PUBLIC_KEY)]), true);
});

test('another key is not the one, and a changed statement does not verify', () => {
  const other = parseSignerKey(makeSignerKey('supplier.example/terms')).verifier;
  assert.equal(isSignedBy(decodeSignatureUnverified(NOTE), [other]), false);
  const known = [other, parseVerifierKey(PUBLIC_KEY)];
  for (const [from, to] of [
    ['party supplier', 'party customer'],
    ['1.2.0', '1.2.1'],
    ['sha256 ab', 'sha256 aa'],
    ['09:30', '09:31'],
    ['no-force,', ''],
  ] as const) {
    const changed = decodeSignatureUnverified(NOTE.replace(from, to));
    assert.throws(() => isSignedBy(changed, known), { code: 'note_invalid' }, from);
  }
});

test('a note that says anything else, or says it otherwise, is no signature on terms', () => {
  const signer = parseSignerKey(SEED_KEY);
  const [text = ''] = NOTE.split('\n\n');
  for (const wrong of [
    text.replace('/v1', '/v2'),
    text.replace('agrees', 'does not agree'),
    text.replace('supplier', 'Supplier'),
    text.replace('.000Z', 'Z'),
    text.replace('2026-03-01', '2026-02-30'),
    text.replace('sha256 ab', 'sha256 AB'),
    text.replace('no-force,no-mass-surveillance', 'no-mass-surveillance,no-force'),
    `${text}\nmore`,
    text.split('\n').slice(1).join('\n'),
    text.split('\n').toReversed().join('\n'),
  ]) {
    const note = signNote(`${wrong}\n`, signer);
    assert.throws(() => decodeSignatureUnverified(note), { code: 'note_invalid' }, wrong);
  }
  const checkpoint = signNote(`supplier.example/terms\n0\n${'A'.repeat(43)}=\n`, signer);
  assert.throws(() => decodeSignatureUnverified(checkpoint), { code: 'note_invalid' });
});
