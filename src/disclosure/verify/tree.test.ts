import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inclusionRanges } from '#ledger/proof.ts';
import { type Hash, leafHash as ledgerLeaf, rootOf as ledgerRoot } from '#ledger/tree.ts';
import type { Bytes } from './bytes.ts';
import { hiddenRanges, leafHash, rootFromInclusion, rootOf } from './tree.ts';

const SIZE_MAX = 70;
const entries = Array.from({ length: SIZE_MAX }, (_, i) => Buffer.from(`entry ${i}`));
const leaves = entries.map(ledgerLeaf);
const bytesOf = (hash: Hash): Bytes => new Uint8Array(Buffer.from(hash, 'latin1'));
/** By the ledger's own tree, which is held to the published vectors. */
const rootsOf = (ranges: readonly { start: number; end: number }[]): Bytes[] =>
  ranges.map(({ start, end }) => bytesOf(ledgerRoot(leaves.slice(start, end))));

const someLeaves = fc.integer({ min: 0, max: SIZE_MAX }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    shown: fc
      .uniqueArray(fc.integer({ min: 0, max: Math.max(0, size - 1) }), { maxLength: size })
      .map((shown) => shown.toSorted((a, b) => a - b)),
  }),
);

test('any leaves and the hashes between them have the root that the ledger has', async () => {
  await fc.assert(
    fc.asyncProperty(someLeaves, async ({ size, shown }) => {
      const hashes = await Promise.all(shown.map((i) => leafHash(entries[i] as Buffer)));
      const proof = rootsOf(hiddenRanges(size, shown));
      const root = bytesOf(ledgerRoot(leaves.slice(0, size)));
      assert.deepEqual(await rootOf(size, shown, hashes, proof), root);
      if (size === 0) return;
      const more = [...proof, root];
      await assert.rejects(rootOf(size, shown, hashes, more), { code: 'proof_invalid' });
      if (proof.length === 0) return;
      const fewer = proof.slice(1);
      await assert.rejects(rootOf(size, shown, hashes, fewer), { code: 'proof_invalid' });
    }),
  );
});

test('a hash more is in the proof only where the ledger has entries that are not shown', () => {
  assert.deepEqual(hiddenRanges(8, [0, 1, 2, 3, 4, 5, 6, 7]), []);
  assert.deepEqual(hiddenRanges(7, [2, 3]), [
    { start: 0, end: 2 },
    { start: 4, end: 7 },
  ]);
  assert.deepEqual(hiddenRanges(7, []), [{ start: 0, end: 7 }]);
});

test('an inclusion proof of RFC 9162 leads to the same root, and no other does', async () => {
  for (const size of [1, 2, 3, 7, 8, 33, 70]) {
    const root = bytesOf(ledgerRoot(leaves.slice(0, size)));
    for (let index = 0; index < size; index++) {
      const proof = rootsOf(inclusionRanges(index, size));
      const leaf = bytesOf(leaves[index] as Hash);
      assert.deepEqual(await rootFromInclusion(size, index, leaf, proof), root);
      if (proof.length === 0) continue;
      await assert.rejects(rootFromInclusion(size, index, leaf, proof.slice(1)));
      await assert.rejects(rootFromInclusion(size, index, leaf, [...proof, leaf]));
      const wrong = await rootFromInclusion(size, index, leaf, proof.with(0, leaf));
      assert.notDeepEqual(wrong, root);
    }
  }
});
