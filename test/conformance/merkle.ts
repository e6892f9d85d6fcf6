/**
 * Inclusion and consistency proofs, good and tampered, of trees and of subtrees: the JSON files of
 * transparency-dev/merkle `testdata`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '#ledger/proof.ts';
import type { Hash } from '#ledger/tree.ts';
import type { Suite } from './suite.ts';

interface Case {
  readonly leafIdx: number;
  readonly treeSize: number;
  readonly leafHash: string;
  readonly root: string;
  readonly size1: number;
  readonly size2: number;
  readonly root1: string;
  readonly root2: string;
  readonly start: number;
  readonly end: number;
  readonly size: number;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
}

const KINDS: Readonly<Record<string, (c: Case, proof: readonly Hash[]) => boolean>> = {
  inclusion: (c, proof) =>
    verifyInclusion(bytes(c.leafHash), c.leafIdx, c.treeSize, proof, bytes(c.root)),
  consistency: (c, proof) =>
    verifyConsistency(c.size1, c.size2, proof, bytes(c.root1), bytes(c.root2)),
  subtreeinclusion: (c, proof) =>
    verifySubtreeInclusion(bytes(c.leafHash), c.leafIdx, c, proof, bytes(c.root)),
  subtreeconsistency: (c, proof) =>
    verifySubtreeConsistency(c, c.size, proof, bytes(c.root1), bytes(c.root2)),
};

export const suite: Suite = async (path, report) => {
  for (const [kind, verify] of Object.entries(KINDS)) {
    const names = readdirSync(join(path, kind), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((each) => each.endsWith('.json')).sort()) {
      const file = readFileSync(join(path, kind, name), 'utf8');
      const testCase = JSON.parse(file) as Case;
      const isValid = verify(testCase, (testCase.proof ?? []).map(bytes));
      const failure = `${isValid ? 'accepted' : 'refused'}, and should not have been`;
      report(`${kind}/${name}`, isValid === !testCase.wantErr ? undefined : failure);
    }
  }
};

/** Some cases have roots that are no hashes: they must be compared, not parsed. */
function bytes(base64: string): Hash {
  return Buffer.from(base64, 'base64').toString('latin1');
}
