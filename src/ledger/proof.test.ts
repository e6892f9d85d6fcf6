import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  consistencyRanges,
  inclusionRanges,
  type Range,
  subtreeConsistencyRanges,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from './proof.ts';
import { type Hash, leafHash, nodeHash, rootOf } from './tree.ts';

const SIZE_MAX = 40;
const leaves = Array.from({ length: SIZE_MAX }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));

/** RFC 6962 §2.1, as it is written. */
function naiveRoot(hashes: readonly Hash[]): Hash {
  if (hashes.length === 1) return hashes[0] as Hash;
  let k = 1;
  while (k * 2 < hashes.length) k *= 2;
  return nodeHash(naiveRoot(hashes.slice(0, k)), naiveRoot(hashes.slice(k)));
}

function hashesOf(ranges: readonly Range[]): Hash[] {
  return ranges.map(({ start, end }) => naiveRoot(leaves.slice(start, end)));
}

const root = (size: number): Hash => naiveRoot(leaves.slice(0, size));

test('the root over perfect subtrees is the root of RFC 6962', () => {
  for (let size = 1; size <= SIZE_MAX; size++) {
    assert.equal(rootOf(leaves.slice(0, size)), root(size), `at ${size}`);
  }
});

test('every leaf of every size has a proof, and it proves no other leaf and no other size', () => {
  for (let size = 1; size <= SIZE_MAX; size++) {
    for (let index = 0; index < size; index++) {
      const proof = hashesOf(inclusionRanges(index, size));
      const leaf = leaves[index] as Hash;
      assert.ok(verifyInclusion(leaf, index, size, proof, root(size)), `${index} of ${size}`);
      assert.ok(!verifyInclusion(leaf, index + 1, size, proof, root(size)));
      assert.ok(!verifyInclusion(leafHash(Buffer.from('other')), index, size, proof, root(size)));
      assert.ok(!verifyInclusion(leaf, index, size, [...proof, leaf], root(size)));
      assert.ok(!verifyInclusion(leaf, index, size, proof.slice(1), root(size)) || size === 1);
    }
  }
});

test('every size is consistent with every later one, and with no other root', () => {
  for (let size2 = 1; size2 <= SIZE_MAX; size2++) {
    for (let size1 = 1; size1 <= size2; size1++) {
      const proof = hashesOf(consistencyRanges(size1, size2));
      const [root1, root2] = [root(size1), root(size2)];
      assert.ok(verifyConsistency(size1, size2, proof, root1, root2), `${size1} to ${size2}`);
      assert.ok(!verifyConsistency(size1, size2, proof, leafHash(Buffer.alloc(0)), root2));
      assert.ok(!verifyConsistency(size1, size2, proof, root1, leafHash(Buffer.alloc(0))));
      assert.ok(!verifyConsistency(size1, size2, [...proof, root1], root1, root2));
    }
  }
});

test('every subtree has a consistency proof, and each of its leaves an inclusion proof', () => {
  for (let power = 1; power <= SIZE_MAX; power *= 2) {
    for (let start = 0; start < SIZE_MAX; start += power) {
      for (let end = start + 1; end <= Math.min(SIZE_MAX, start + power); end++) {
        const subtree = { start, end };
        const root1 = naiveRoot(leaves.slice(start, end));
        for (let size = end; size <= SIZE_MAX; size++) {
          const proof = hashesOf(subtreeConsistencyRanges(subtree, size));
          const isProven = verifySubtreeConsistency(subtree, size, proof, root1, root(size));
          assert.ok(isProven, `[${start}, ${end}) of ${size}`);
        }
        const proof = hashesOf(shifted(inclusionRanges(end - 1 - start, end - start), start));
        const leaf = leaves[end - 1] as Hash;
        assert.ok(verifySubtreeInclusion(leaf, end - 1, subtree, proof, root1));
      }
    }
  }
});

test('a proof with any bit changed proves nothing', () => {
  const inSize = fc.integer({ min: 2, max: SIZE_MAX });
  fc.assert(
    fc.property(inSize, fc.nat(), fc.nat(), fc.nat(255), (size, at, byte, bit) => {
      const index = at % size;
      const proof = hashesOf(inclusionRanges(index, size));
      const changed = proof.with(
        byte % proof.length,
        flip(proof[byte % proof.length] as Hash, bit),
      );
      assert.ok(!verifyInclusion(leaves[index] as Hash, index, size, changed, root(size)));
    }),
  );
});

test('what is no subtree, or past exact numbers, is refused', () => {
  const any = leaves[0] as Hash;
  assert.ok(!verifySubtreeInclusion(any, 3, { start: 3, end: 5 }, [], any));
  assert.ok(!verifySubtreeInclusion(any, 0, { start: 0, end: 2 ** 63 }, [], any));
  assert.ok(!verifyInclusion(any, -1, 1, [], any));
  assert.ok(!verifyInclusion(any, 0.5, 1, [], any));
});

function shifted(ranges: readonly Range[], by: number): Range[] {
  return ranges.map(({ start, end }) => ({ start: start + by, end: end + by }));
}

function flip(hash: Hash, bit: number): Hash {
  const bytes = Buffer.from(hash, 'latin1');
  bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
  return bytes.toString('latin1');
}
