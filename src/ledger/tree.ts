/**
 * The Merkle tree of RFC 6962 (and RFC 9162): hashes, and the right edge of a growing tree.
 *
 *   leaf = SHA-256(00 ‖ entry)    node = SHA-256(01 ‖ left ‖ right)    empty root = SHA-256("")
 */
import { hash as digest } from 'node:crypto';
import { ENTRY_BYTES_MAX } from '#base/limits.ts';

/**
 * 32 bytes as a string of 32 characters, one a byte (latin1). `crypto.hash` makes these several
 * times faster than buffers, and they compare with `===`.
 */
export type Hash = string;

export const HASH_BYTES = 32;
export const EMPTY_ROOT: Hash = digest('sha256', '', 'binary');

const leafInput = Buffer.alloc(1 + ENTRY_BYTES_MAX);
const nodeInput = Buffer.alloc(1 + 2 * HASH_BYTES, 0x01);

export function leafHash(entry: Uint8Array): Hash {
  leafInput.set(entry, 1);
  return digest('sha256', leafInput.subarray(0, 1 + entry.length), 'binary');
}

export function nodeHash(left: Hash, right: Hash): Hash {
  nodeInput.write(left, 1, 'latin1');
  nodeInput.write(right, 1 + HASH_BYTES, 'latin1');
  return digest('sha256', nodeInput, 'binary');
}

export function hashToBase64(hash: Hash): string {
  return Buffer.from(hash, 'latin1').toString('base64');
}

/** `undefined` unless the text is the one standard base64 form of 32 bytes. */
export function hashFromBase64(text: string): Hash | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== HASH_BYTES || bytes.toString('base64') !== text) return undefined;
  return bytes.toString('latin1');
}

/** The root over perfect subtrees that stand side by side, largest first. */
export function foldRoots(roots: readonly Hash[]): Hash {
  let root = roots.at(-1);
  if (root === undefined) return EMPTY_ROOT;
  for (let i = roots.length - 2; i >= 0; i--) root = nodeHash(roots[i] as Hash, root);
  return root;
}

/** MTH over leaf hashes (or over subtree roots of one size): RFC 9162 §2.1.1, without recursion. */
export function rootOf(hashes: readonly Hash[]): Hash {
  const roots: Hash[] = [];
  hashes.forEach((hash, i) => pushSubtree(roots, hash, i));
  return foldRoots(roots);
}

/**
 * Adds the perfect subtree with number `index` (of its size) to the `roots` of all before it,
 * joining pairs; `roots` stays one root for each set bit. Returns how often it joined.
 */
export function pushSubtree(roots: Hash[], hash: Hash, index: number): number {
  let joined = hash;
  let joins = 0;
  for (let n = index; n % 2 === 1; n = (n - 1) / 2) {
    joined = nodeHash(roots.pop() as Hash, joined);
    joins++;
  }
  roots.push(joined);
  return joins;
}
