/**
 * The Merkle tree of RFC 6962 for one who knows some of its leaves: the proof has the roots of all
 * that lies between them, from left to right (docs/spec/disclosure.md, "The proof").
 *
 *   leaf = SHA-256(00 ‖ entry)    node = SHA-256(01 ‖ left ‖ right)    empty root = SHA-256("")
 */
import { ProvisoError } from '#base/errors.ts';
import { type Bytes, joined, sha256 } from './bytes.ts';

/** Leaves `start` to before `end`. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

export function leafHash(entry: Uint8Array): Promise<Bytes> {
  return sha256(joined(Uint8Array.of(0), entry));
}

/** @param shown numbers of the leaves that are known, ascending. @returns what the proof must have */
export function hiddenRanges(size: number, shown: readonly number[]): LeafRange[] {
  if (size === 0) return [];
  const hidden: LeafRange[] = [];
  const walk = (start: number, end: number, from: number, to: number): void => {
    if (from === to) hidden.push({ start, end });
    else if (end - start > 1) {
      const middle = middleOf(start, end);
      const split = firstFrom(shown, middle, from, to);
      walk(start, middle, from, split);
      walk(middle, end, split, to);
    }
  };
  walk(0, size, 0, shown.length);
  return hidden;
}

/**
 * @param shown numbers of the leaves, ascending, all below `size`
 * @param hashes of those leaves
 * @throws ProvisoError `proof_invalid` where the proof has too few hashes, or too many
 */
export async function rootOf(
  size: number,
  shown: readonly number[],
  hashes: readonly Bytes[],
  proof: readonly Bytes[],
): Promise<Bytes> {
  if (size === 0) return sha256(new Uint8Array());
  const ranges = hiddenRanges(size, shown);
  if (proof.length !== ranges.length) {
    throw invalid(proof.length < ranges.length ? 'too few' : 'too many');
  }
  const hidden = new Map(ranges.map(({ start }, i) => [start, proof[i] as Bytes]));
  // Both sides at once: each hash of WebCrypto is a promise, and there are as many as entries.
  const walk = async (start: number, end: number, from: number, to: number): Promise<Bytes> => {
    if (from === to) return hidden.get(start) as Bytes;
    if (end - start === 1) return hashes[from] as Bytes;
    const middle = middleOf(start, end);
    const split = firstFrom(shown, middle, from, to);
    const [left, right] = await Promise.all([
      walk(start, middle, from, split),
      walk(middle, end, split, to),
    ]);
    return nodeHash(left, right);
  };
  return walk(0, size, 0, shown.length);
}

/**
 * The root that follows from one leaf and an RFC 9162 inclusion proof, from the leaf up.
 * @throws ProvisoError `proof_invalid`
 */
export async function rootFromInclusion(
  size: number,
  index: number,
  leaf: Bytes,
  proof: readonly Bytes[],
): Promise<Bytes> {
  // From the leaf up and from left to right are the same hashes in another order.
  const upward = [...proof];
  const [left, right]: [Bytes[], Bytes[]] = [[], []];
  for (let start = 0, end = size; end - start > 1; ) {
    const middle = middleOf(start, end);
    const sibling = upward.pop();
    if (sibling === undefined) throw invalid('too few');
    if (index < middle) {
      right.unshift(sibling);
      end = middle;
    } else {
      left.push(sibling);
      start = middle;
    }
  }
  return rootOf(size, [index], [leaf], [...left, ...right, ...upward]);
}

function nodeHash(left: Bytes, right: Bytes): Promise<Bytes> {
  return sha256(joined(Uint8Array.of(1), left, right));
}

/** The greatest power of two below the number of leaves belongs to the left. */
function middleOf(start: number, end: number): number {
  let power = 1;
  while (power * 2 < end - start) power *= 2;
  return start + power;
}

/** Where in `shown`, between `from` and `to`, the leaves from `leaf` on begin. */
function firstFrom(shown: readonly number[], leaf: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((shown[middle] as number) < leaf) low = middle + 1;
    else high = middle;
  }
  return low;
}

function invalid(problem: 'too few' | 'too many'): ProvisoError {
  return new ProvisoError('proof_invalid', `The proof has ${problem} hashes.`);
}
