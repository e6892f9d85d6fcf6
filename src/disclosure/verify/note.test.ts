import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSignerKey, parseSignerKey, signatureLine, signNote } from '#base/note.ts';
import { makeCosignerKey, parseCosignerKey, signerAt } from '#ledger/cosignature.ts';
import { hashToBase64, leafHash } from '#ledger/tree.ts';
import { utf8 } from './bytes.ts';
import { parseVerifierKey } from './key.ts';
import { openCheckpoint } from './note.ts';

const ORIGIN = 'example.com/log';
const AT = 1_760_000_000_000;
const clock = { now: () => AT };
const signer = parseSignerKey(makeSignerKey(ORIGIN));
const witness = signerAt(parseCosignerKey(makeCosignerKey('witness.example', 'ed25519')), clock);
const lattice = signerAt(parseCosignerKey(makeCosignerKey('lattice.example', 'ml-dsa-44')), clock);
const ownLattice = signerAt(parseCosignerKey(makeCosignerKey(ORIGIN, 'ml-dsa-44')), clock);

const TEXT = `${ORIGIN}\n42\n${hashToBase64(leafHash(Buffer.from('x')))}\n`;
const keyOf = ({ verifier }: typeof signer) => parseVerifierKey(verifier.text);

test('what the ledger and its witnesses sign, of either algorithm, is verified', async () => {
  const note = utf8(signNote(TEXT, signer, ownLattice, witness, lattice));
  const keys = await Promise.all([signer, witness, lattice].map(keyOf));
  const { origin, size, signedBy, cosignatures, unknownSigners } = await openCheckpoint(note, keys);
  assert.deepEqual([origin, size, signedBy?.text], [ORIGIN, 42, signer.verifier.text]);
  assert.deepEqual(cosignatures, [
    { name: 'witness.example', at: AT },
    { name: 'lattice.example', at: AT },
  ]);
  assert.deepEqual(unknownSigners, [ORIGIN]);
  const byLattice = await openCheckpoint(note, [await keyOf(ownLattice)]);
  assert.equal(byLattice.signedBy?.text, ownLattice.verifier.text);
});

test('a witness’s key does not make a log’s signature, nor the reverse', async () => {
  const note = utf8(signNote(TEXT, witness));
  assert.equal((await openCheckpoint(note, [await keyOf(witness)])).signedBy, undefined);
  const sameName = parseSignerKey(makeSignerKey('witness.example'));
  const other = utf8(signNote(TEXT, sameName));
  const opened = await openCheckpoint(other, [await keyOf(sameName)]);
  assert.deepEqual([opened.signedBy, opened.cosignatures], [undefined, []]);
});

test('one byte that is another refuses the note, where the key is known', async () => {
  const note = signNote(TEXT, signer);
  const keys = [await keyOf(signer)];
  const changed = note.replace('\n42\n', '\n43\n');
  await assert.rejects(openCheckpoint(utf8(changed), keys), { code: 'note_invalid' });
  assert.equal((await openCheckpoint(utf8(changed), [])).signedBy, undefined);
  const forged = signNote(TEXT, signer) + signatureLine(`${TEXT}more\n`, witness);
  await assert.rejects(openCheckpoint(utf8(forged), [...keys, await keyOf(witness)]), {
    code: 'note_invalid',
  });
});

const malformed: Readonly<Record<string, string>> = {
  'no signature lines': TEXT,
  'no newline at the end': signNote(TEXT, signer).trimEnd(),
  'a control character': signNote(TEXT, signer).replace('42', '4\t2'),
  'a size that is no number': signNote(TEXT, signer).replace('\n42\n', '\n042\n'),
  'a root that is no hash': signNote(TEXT, signer).replace('=\n', '\n'),
  'a missing line': signNote(`${ORIGIN}\n42\n`, signer),
  'a signature that is not base64': signNote(TEXT, signer).replace(/.\n$/, '!\n'),
  'a hundred and one signatures': signNote(TEXT, ...Array<typeof signer>(101).fill(signer)),
};

for (const [what, note] of Object.entries(malformed)) {
  test(`a checkpoint is refused that has ${what}`, async () => {
    await assert.rejects(openCheckpoint(utf8(note), []), { code: 'note_invalid' });
  });
}

test('a verifier key must fit its name and id', async () => {
  const { text } = signer.verifier;
  for (const wrong of [
    '',
    text.replace(ORIGIN, 'example.com/other'),
    text.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
    text.slice(0, -4),
    text.replace('+A', '+C'),
  ]) {
    await assert.rejects(parseVerifierKey(wrong), { code: 'note_invalid' }, wrong);
  }
});
