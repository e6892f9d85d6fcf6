import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import {
  makeSignerKey,
  openNote,
  parseSignerKey,
  parseVerifierKey,
  signatureLine,
  signNote,
} from '#base/note.ts';
import type { Algorithm } from '#base/note-key.ts';
import { signCheckpoint } from './checkpoint.ts';
import {
  cosignedAt,
  makeCosignerKey,
  parseCosignatureKey,
  parseCosignerKey,
  parseLogKey,
  signerAt,
} from './cosignature.ts';
import { EMPTY_ROOT, leafHash } from './tree.ts';

/** The vectors of docs/spec/witness.md. */
const NAME = 'witness.example.org/harbour';
const SEED = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const TEXT = 'example.com/log\n1\n2cLWa1IsJSJyj1Of+fZ7hdQN7/8JX8ilKMmU9PNbs94=\n';
const ED25519_KEY = `PRIVATE+KEY+${NAME}+237e723b+BAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f`;
const ED25519_LINE =
  `— ${NAME} I35yOwAAAABo53gARH6LtEy9fwI4YCi2+gdob+0uDrUhtcS4wr4LABMkw7lRJ1j0` +
  '6GhZnzl5g/1Saauaxyb9aZ/cKvcEK5EHgRu8Bg==\n';
const ML_DSA_KEY = `PRIVATE+KEY+${NAME}+36994f79+BgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f`;
const clock = { now: () => 1_760_000_000_123 };
const ALGORITHMS: readonly Algorithm[] = ['ed25519', 'ml-dsa-44'];

test('a cosignature of type 04 is the vector’s', () => {
  const cosigner = parseCosignerKey(ED25519_KEY);
  assert.equal(
    cosigner.verifier.text,
    `${NAME}+237e723b+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4`,
  );
  assert.equal(signatureLine(TEXT, signerAt(cosigner, clock)), ED25519_LINE);
  const { signatures } = openNote(Buffer.from(`${TEXT}\n${ED25519_LINE}`), [cosigner.verifier]);
  assert.deepEqual(
    signatures.map(({ signature }) => cosignedAt(signature)),
    [1_760_000_000],
  );
});

test('a cosignature of type 06 signs the message of the specification, byte for byte', () => {
  const cosigner = parseCosignerKey(ML_DSA_KEY);
  const signature = cosigner.cosign(Buffer.from(TEXT), 1_760_000_000);
  assert.equal(signature.length, 8 + 2_420);
  assert.equal(signature.readBigUInt64BE(0), 1_760_000_000n);
  const message = Buffer.concat([
    Buffer.from('subtree/v1\n\0'),
    Buffer.from([27]),
    Buffer.from(NAME),
    Buffer.from('0000000068e77800', 'hex'),
    Buffer.from([15]),
    Buffer.from('example.com/log'),
    Buffer.from('0000000000000000', 'hex'),
    Buffer.from('0000000000000001', 'hex'),
    createHash('sha256').update('\0entry').digest(),
  ]);
  const seed = Buffer.from(SEED, 'base64');
  const pkcs8 = Buffer.from('3034020100300b060960864801650304031104228020', 'hex');
  const secret = createPrivateKey({
    key: Buffer.concat([pkcs8, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  assert.ok(verify(null, message, createPublicKey(secret), signature.subarray(8)));
  const theirs = Buffer.concat([signature.subarray(0, 8), sign(null, message, secret)]);
  assert.ok(cosigner.verifier.verify(Buffer.from(TEXT), theirs));
  assert.equal(
    createHash('sha256').update(cosigner.verifier.text).digest('hex'),
    'ac094a2bddda6e18b7e63e0e3eb5bba060468322e74c25885143b6065acc8564',
  );
});

for (const algorithm of ALGORITHMS) {
  test(`${algorithm}: a cosignature holds for its checkpoint, its time and its signer alone`, () => {
    const cosigner = parseCosignerKey(makeCosignerKey(NAME, algorithm));
    const verifier = parseCosignatureKey(cosigner.verifier.text);
    const text = Buffer.from(TEXT);
    const signature = cosigner.cosign(text, 1_760_000_000);
    assert.ok(verifier.verify(text, signature));
    const later = Buffer.from(signature);
    later.writeBigUInt64BE(1_760_000_001n);
    assert.ok(!verifier.verify(text, later), 'another time');
    const tooLate = Buffer.from(signature);
    tooLate.writeBigUInt64BE(2n ** 63n);
    assert.ok(!verifier.verify(text, tooLate), 'a time past 2^63');
    assert.ok(!verifier.verify(text, signature.subarray(0, -1)), 'cut short');
    for (const other of [
      TEXT.replace('log', 'lot'),
      TEXT.replace('\n1\n', '\n2\n'),
      TEXT.replace('2c', '2d'),
      'no checkpoint\n',
    ]) {
      assert.ok(!verifier.verify(Buffer.from(other), signature), other);
    }
    const another = parseCosignerKey(makeCosignerKey(NAME, algorithm));
    assert.ok(!another.verifier.verify(text, signature), 'another key');
    assert.throws(() => cosigner.cosign(Buffer.from('no checkpoint\n'), 0), TypeError);
  });
}

test('a log signs with both schemes, and whoever knows one of the keys reads it', () => {
  const origin = 'example.com/log';
  const ed25519 = parseSignerKey(makeSignerKey(origin));
  const mlDsa = signerAt(parseCosignerKey(makeCosignerKey(origin, 'ml-dsa-44')), clock);
  const note = Buffer.from(signCheckpoint(0, EMPTY_ROOT, ed25519, mlDsa));
  for (const verifier of [ed25519.verifier, mlDsa.verifier]) {
    assert.equal(openNote(note, [parseLogKey(verifier.text)]).signatures.length, 1);
  }
  assert.equal(openNote(note, [ed25519.verifier, mlDsa.verifier]).signatures.length, 2);
});

test('a key of one type is not taken for another', () => {
  const origin = 'example.com/log';
  const log = parseSignerKey(makeSignerKey(origin)).verifier.text;
  const [ed25519, mlDsa] = ALGORITHMS.map(
    (algorithm) => parseCosignerKey(makeCosignerKey(origin, algorithm)).verifier.text,
  ) as [string, string];
  assert.equal(parseLogKey(log).text, log);
  assert.equal(parseLogKey(mlDsa).text, mlDsa);
  assert.throws(() => parseLogKey(ed25519), { code: 'note_invalid' });
  assert.throws(() => parseCosignatureKey(log), { code: 'note_invalid' });
  assert.throws(() => parseVerifierKey(mlDsa), { code: 'note_invalid' });
  assert.throws(() => parseCosignatureKey(mlDsa.slice(0, -8)), { code: 'note_invalid' });
  assert.throws(() => parseCosignerKey(ED25519_KEY.replace('237e', '237f')), {
    code: 'note_invalid',
  });
});

test('a plain signature over the same text is no cosignature', () => {
  const signer = parseSignerKey(makeSignerKey(NAME));
  const cosigner = parseCosignerKey(ED25519_KEY);
  const text = `${NAME}\n1\n${Buffer.from(leafHash(Buffer.from('x')), 'latin1').toString('base64')}\n`;
  const note = Buffer.from(signNote(text, signer));
  assert.throws(() => openNote(note, [cosigner.verifier]), { code: 'note_invalid' });
});
