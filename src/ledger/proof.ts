/**
 * Inclusion and consistency proofs: RFC 6962 §2.1, verified as in RFC 9162 §2.1.3.2 and §2.1.4.2.
 * Subtrees as in draft-ietf-plants-merkle-tree-certs: leaves `start` to `end` (not included), where
 * `start` is a multiple of the power of two that holds them all.
 *
 * A proof is made as a list of ranges whose roots are its hashes, from the leaf up; where the
 * hashes come from is for the caller. Numbers are exact up to 2^53.
 */
import { EMPTY_ROOT, HASH_BYTES, type Hash, nodeHash } from './tree.ts';

export interface Range {
  readonly start: number;
  /** Not included. */
  readonly end: number;
}

/** What proves that leaf `index` is in the log of `size`. */
export function inclusionRanges(index: number, size: number): Range[] {
  const ranges: Range[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + powerBelow(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
}

/** What proves that the log of `size1` is how the log of `size2` began. */
export function consistencyRanges(size1: number, size2: number): Range[] {
  return subtreeConsistencyRanges({ start: 0, end: size1 }, size2);
}

/** What proves that a subtree is part of the log of `size`. */
export function subtreeConsistencyRanges(subtree: Range, size: number): Range[] {
  if (subtree.start === subtree.end) return [];
  const ranges: Range[] = [];
  let start = 0;
  let end = size;
  // As long as the subtree is all of this node's leaves from `subtree.start` on, its root is known.
  let isKnown = true;
  while (start < subtree.start || end > subtree.end) {
    const middle = start + powerBelow(end - start);
    if (subtree.end <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      if (subtree.start < middle) isKnown = false;
      start = middle;
    }
    if (!isKnown && end <= subtree.end) break;
  }
  if (!isKnown) ranges.push({ start, end });
  return ranges.reverse();
}

/** Is `leaf` the leaf `index` of the log of `size` with this root? */
export function verifyInclusion(
  leaf: Hash,
  index: number,
  size: number,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  if (![leaf, ...proof].every(isHash)) return false;
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node = half(node);
        last = half(last);
      }
    } else hash = nodeHash(hash, sibling);
    node = half(node);
    last = half(last);
  }
  return last === 0 && hash === root;
}

/** The same for a subtree's root. `index` counts from the start of the log. */
export function verifySubtreeInclusion(
  leaf: Hash,
  index: number,
  subtree: Range,
  proof: readonly Hash[],
  root: Hash,
): boolean {
  if (!isSubtree(subtree)) return false;
  return verifyInclusion(leaf, index - subtree.start, subtree.end - subtree.start, proof, root);
}

/** Is the log of `size1` with `root1` how the log of `size2` with `root2` began? */
export function verifyConsistency(
  size1: number,
  size2: number,
  proof: readonly Hash[],
  root1: Hash,
  root2: Hash,
): boolean {
  if (size1 === 0 && (size2 !== 0 || root2 !== EMPTY_ROOT)) return false;
  if (size1 === size2 && root1 !== root2) return false;
  return verifySubtreeConsistency({ start: 0, end: size1 }, size2, proof, root1, root2);
}

/** Is `root1` the root of a subtree of the log of `size` with `root2`? */
export function verifySubtreeConsistency(
  subtree: Range,
  size: number,
  proof: readonly Hash[],
  root1: Hash,
  root2: Hash,
): boolean {
  if (!isSubtree(subtree) || !isCount(size) || subtree.end > size) return false;
  if (!proof.every(isHash)) return false;
  if (subtree.start === subtree.end) return proof.length === 0 && root1 === EMPTY_ROOT;
  let first = subtree.start;
  let node = subtree.end - 1;
  let last = size - 1;
  // Up to the largest perfect subtree at the right end of it; all of it where it ends the log.
  while (first !== node && (node === last || node % 2 === 1)) {
    first = half(first);
    node = half(node);
    last = half(last);
  }
  const hashes = [...proof];
  const start = first === node ? root1 : hashes.shift();
  if (start === undefined) return false;
  let hash1 = start;
  let hash2 = start;
  for (const sibling of hashes) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      if (first < node) hash1 = nodeHash(sibling, hash1);
      hash2 = nodeHash(sibling, hash2);
      while (node % 2 === 0 && node !== 0) {
        first = half(first);
        node = half(node);
        last = half(last);
      }
    } else hash2 = nodeHash(hash2, sibling);
    first = half(first);
    node = half(node);
    last = half(last);
  }
  return last === 0 && hash1 === root1 && hash2 === root2;
}

function isSubtree({ start, end }: Range): boolean {
  if (!isCount(start) || !isCount(end) || start > end) return false;
  let power = 1;
  while (power < end - start) power *= 2;
  return start % power === 0;
}

/** The largest power of two below `count`, which is over one. */
function powerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function isHash(hash: Hash): boolean {
  return hash.length === HASH_BYTES;
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}
