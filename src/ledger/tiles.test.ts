import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeBundle,
  decodeHashes,
  encodeBundle,
  encodeTile,
  perfectRoot,
  type Tile,
  TreeEdge,
  tileName,
  tilePath,
} from './tiles.ts';
import { EMPTY_ROOT, type Hash, leafHash, rootOf } from './tree.ts';

const LEAVES = 66_000;
const leaves = Array.from({ length: LEAVES }, (_, i) => leafHash(Buffer.from(String(i))));

test('paths are those of the specification', () => {
  assert.equal(tileName(1_234_067), 'x001/x234/067');
  assert.equal(tileName(0), '000');
  assert.equal(tileName(999), '999');
  assert.equal(tileName(1000), 'x001/000');
  assert.equal(tilePath(0, 5), 'tile/0/005');
  assert.equal(tilePath(2, 0, 17), 'tile/2/000.p/17');
  assert.equal(tilePath('entries', 1000, 255), 'tile/entries/x001/000.p/255');
});

test('bundles and tiles read back what they were made of, and nothing else', () => {
  const entry = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 20 }), (entries) => {
      const bytes = encodeBundle(entries);
      const read = decodeBundle(bytes, entries.length, 'p');
      assert.deepEqual(
        read.map(String),
        entries.map((each) => Buffer.from(each).toString()),
      );
      const code = { code: 'ledger_corrupt' };
      assert.throws(() => decodeBundle(bytes, entries.length + 1, 'p'), code);
      assert.throws(() => decodeBundle(bytes.subarray(0, -1), entries.length, 'p'), code);
      assert.throws(() => decodeBundle(Buffer.concat([bytes, bytes]), entries.length, 'p'), code);
    }),
  );
  const tile = { level: 0, n: 0, width: 3, hashes: leaves.slice(0, 5) };
  assert.deepEqual(decodeHashes(encodeTile(tile), 3, 'p'), leaves.slice(0, 3));
  assert.throws(() => decodeHashes(encodeTile(tile), 2, 'p'), { code: 'ledger_corrupt' });
});

test('a growing edge gives the tiles and the root of a tree made at once, on three levels', () => {
  const edge = new TreeEdge();
  assert.equal(edge.root(), EMPTY_ROOT);
  const found = new Map<string, readonly Hash[]>();
  for (const [i, leaf] of leaves.entries()) {
    edge.append(leaf, (tile) => found.set(tilePath(tile.level, tile.n), tile.hashes));
    if (i % 7919 === 0 || (i & (i + 1)) === 0) {
      assert.equal(edge.root(), rootOf(leaves.slice(0, i + 1)), `at ${i + 1}`);
    }
  }
  assert.equal(edge.root(), rootOf(leaves));
  for (const { level, n, width, hashes } of edge.partials()) {
    found.set(tilePath(level, n, width), hashes.slice(0, width));
  }
  const expected = new Map<string, readonly Hash[]>();
  let row: Hash[] = leaves;
  for (let level = 0; row.length > 0; level++) {
    const above: Hash[] = [];
    for (let n = 0; n * 256 < row.length; n++) {
      const tile = row.slice(n * 256, (n + 1) * 256);
      expected.set(tilePath(level, n, tile.length), tile);
      if (tile.length === 256) above.push(rootOf(tile));
    }
    row = above;
  }
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
  for (const [path, hashes] of expected) assert.deepEqual(found.get(path), hashes, path);
});

test('an edge that starts from its partial tiles goes on as the one before', () => {
  for (const size of [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_793]) {
    const before = new TreeEdge();
    for (const leaf of leaves.slice(0, size)) before.append(leaf, () => {});
    const open: Hash[][] = [];
    for (const { level, hashes } of before.partials()) open[level] = [...hashes];
    const edge = new TreeEdge(
      size,
      Array.from(open, (hashes) => hashes ?? []),
    );
    assert.equal(edge.root(), before.root(), `at ${size}`);
    const full: Tile[] = [];
    const fullBefore: Tile[] = [];
    for (const leaf of leaves.slice(size, size + 200)) {
      edge.append(leaf, (tile) => full.push(tile));
      before.append(leaf, (tile) => fullBefore.push(tile));
    }
    assert.equal(edge.root(), before.root(), `after ${size}`);
    assert.deepEqual(full, fullBefore);
  }
});

test('the root of a full tile is the root of its hashes', () => {
  assert.equal(perfectRoot(leaves.slice(0, 256)), rootOf(leaves.slice(0, 256)));
});
