import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSignerKey, openNote, parseSignerKey, parseVerifierKey, signNote } from './note.ts';

/** The example keys and note of the Go module golang.org/x/mod/sumdb/note. */
const GO_VERIFIER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const GO_SIGNER = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const GO_TEXT =
  'If you think cryptography is the answer to your problem,\n' +
  "then you don't know what your problem is.\n";
const invalid = { code: 'note_invalid' };

test('keys and signatures are those of Go’s note package', () => {
  const signer = parseSignerKey(GO_SIGNER);
  assert.equal(signer.verifier.text, GO_VERIFIER);
  const note = signNote(GO_TEXT, signer);
  assert.equal(
    note.split('\n').at(-2),
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=',
  );
  assert.deepEqual(openNote(Buffer.from(note), [parseVerifierKey(GO_VERIFIER)]).signedBy, [
    'PeterNeumann',
  ]);
});

test('a note needs one signature by a known key, and none by a known key that fails', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => parseSignerKey(makeSignerKey(name)));
  assert.ok(a && b && c);
  const note = signNote('text\n', a);
  const both = note + signNote('text\n', b).split('\n').slice(-2).join('\n');
  assert.deepEqual(openNote(Buffer.from(both), [a.verifier]).signedBy, ['a']);
  assert.deepEqual(openNote(Buffer.from(both), [b.verifier, a.verifier]).signedBy, ['a', 'b']);
  assert.throws(() => openNote(Buffer.from(both), [c.verifier]), invalid);
  const forged = note + signNote('other\n', b).split('\n').slice(-2).join('\n');
  assert.throws(() => openNote(Buffer.from(forged), [a.verifier, b.verifier]), invalid);
  assert.equal(openNote(Buffer.from(forged), [a.verifier]).text, 'text\n');
});

test('at least sixteen signatures are read', () => {
  const signers = Array.from({ length: 17 }, (_, i) => parseSignerKey(makeSignerKey(`key${i}`)));
  const lines = signers.map((signer) => signNote('text\n', signer).split('\n').at(-2));
  const note = Buffer.from(`text\n\n${lines.join('\n')}\n`);
  const verifiers = signers.map(({ verifier }) => verifier);
  assert.equal(openNote(note, verifiers).signedBy.length, 17);
});

test('malformed notes are refused', () => {
  const signer = parseSignerKey(makeSignerKey('a'));
  const note = signNote('text\n', signer);
  const wrong = [
    '',
    'text\n',
    note.slice(0, -1),
    `${note}\n`,
    note.replace('—', '-'),
    note.replace('— a ', '— a  '),
    note.replace('text', 'te\txt'),
    note.replace('text', 'text\r'),
    note.replace(/\n$/, '=\n'),
    note.replace(/(.)=?\n$/, ' $1\n'),
    note.replace('text', 'other'),
  ];
  for (const each of wrong) {
    assert.throws(() => openNote(Buffer.from(each), [signer.verifier]), invalid, each);
  }
  const notUtf8 = Buffer.concat([Buffer.from([0xff]), Buffer.from(note)]);
  assert.throws(() => openNote(notUtf8, [signer.verifier]), invalid);
});

test('malformed keys are refused', () => {
  const [name, id, key] = GO_VERIFIER.split('+') as [string, string, string];
  const wrong = [
    '',
    `${name}+${id}`,
    `Other+${id}+${key}`,
    `${name}+00000000+${key}`,
    `${name}+${id}+${key.slice(0, -4)}`,
    `${name}+${id}+${key.replace('AR', 'BR')}`,
    `${name}+${id.toUpperCase()}+${key}`,
    `${GO_VERIFIER}\n`,
    GO_SIGNER,
  ];
  for (const each of wrong) assert.throws(() => parseVerifierKey(each), invalid, each);
  assert.throws(() => parseSignerKey(GO_VERIFIER), invalid);
  assert.throws(() => makeSignerKey('two words'), invalid);
  assert.throws(() => makeSignerKey('a+b'), invalid);
});
