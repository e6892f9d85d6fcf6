import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { makeSignerKey, parseSignerKey } from '#base/note.ts';
import { signCheckpoint } from './checkpoint.ts';
import { verifyConsistency, verifyInclusion } from './proof.ts';
import {
  encodeTlogProof,
  parseTlogProof,
  proveConsistency,
  proveInclusion,
  verifyTlogProof,
} from './prove.ts';
import { encodeTile, type Tile, TreeEdge, tilePath } from './tiles.ts';
import { type Hash, leafHash } from './tree.ts';

const SIZE = 66_300;
const dir = mkdtempSync(join(tmpdir(), 'proviso-prove-'));
after(() => rmSync(dir, { recursive: true }));
const entry = (index: number): Buffer => Buffer.from(`entry ${index}`);
const roots = new Map<number, Hash>();
const edge = new TreeEdge();
for (let i = 0; i < SIZE; i++) {
  edge.append(leafHash(entry(i)), write);
  roots.set(i + 1, edge.root());
}
edge.partials().forEach(write);
const root = edge.root();

function write(tile: Tile): void {
  const path = join(dir, tilePath(tile.level, tile.n, tile.width));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, encodeTile(tile));
}

/** At the edges of tiles of each level, and anywhere. */
const INDEXES = [0, 1, 255, 256, 257, 65_279, 65_280, 65_535, 65_536, 65_537, SIZE - 1, 12_345];

test('inclusion proofs from the tiles verify, at the edges of tiles and within', async () => {
  for (const index of INDEXES) {
    const proof = await proveInclusion(dir, SIZE, index);
    assert.ok(verifyInclusion(leafHash(entry(index)), index, SIZE, proof, root), `entry ${index}`);
    assert.ok(!verifyInclusion(leafHash(entry(index + 1)), index, SIZE, proof, root));
  }
});

test('consistency proofs from the tiles verify, from any size', async () => {
  for (const size1 of INDEXES.slice(1)) {
    const proof = await proveConsistency(dir, size1, SIZE);
    const root1 = roots.get(size1) as Hash;
    assert.ok(verifyConsistency(size1, SIZE, proof, root1, root), `from ${size1}`);
  }
});

test('a tlog-proof file reads back, and shows its entry and no other', async () => {
  const signer = parseSignerKey(makeSignerKey('example.com/log'));
  const checkpoint = signCheckpoint(SIZE, root, signer);
  const proof = await proveInclusion(dir, SIZE, 777);
  const text = encodeTlogProof({ index: 777, proof, checkpoint, extra: Buffer.from('extra') });
  assert.match(
    text,
    /^c2sp\.org\/tlog-proof@v1\nextra ZXh0cmE=\nindex 777\n([\w+/]{43}=\n)+\nexample/,
  );
  const parsed = parseTlogProof(Buffer.from(text));
  assert.deepEqual(parsed, { index: 777, proof, checkpoint, extra: Buffer.from('extra') });
  assert.equal(verifyTlogProof(parsed, entry(777), signer.verifier).size, SIZE);
  const wrong = { code: 'proof_invalid' };
  assert.throws(() => verifyTlogProof(parsed, entry(778), signer.verifier), wrong);
  assert.throws(
    () => verifyTlogProof({ ...parsed, index: 778 }, entry(777), signer.verifier),
    wrong,
  );
  const { verifier: other } = parseSignerKey(makeSignerKey('example.com/log'));
  assert.throws(() => verifyTlogProof(parsed, entry(777), other), { code: 'note_invalid' });
});

test('malformed proof files are refused', async () => {
  const good = encodeTlogProof({ index: 1, proof: [root], checkpoint: 'checkpoint' });
  assert.equal(parseTlogProof(Buffer.from(good)).proof.length, 1);
  const wrong = [
    '',
    good.replace('@v1', '@v2'),
    good.replace('index 1', 'index 01'),
    good.replace('index 1', 'index 1 '),
    good.replace('index 1\n', ''),
    good.replace('index 1', 'index 9007199254740993'),
    good.replace('index 1', 'extra !\nindex 1'),
    good.replace('=\n', '\n'),
    good.replace('\n\n', '\n'),
  ];
  for (const each of wrong) {
    const code = { code: 'proof_invalid' };
    assert.throws(() => parseTlogProof(Buffer.from(each)), code, JSON.stringify(each));
  }
});
