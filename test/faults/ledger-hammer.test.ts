/**
 * Writers without pause, and readers beside them that trust nothing: each new checkpoint must be
 * consistent with the one that the reader tracked, and any entry of it must prove to be in it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { type NoteVerifier, parseVerifierKey } from '#base/note.ts';
import type { Checkpoint } from '#ledger/checkpoint.ts';
import { openLedger } from '#ledger/ledger.ts';
import { verifyConsistency, verifyInclusion } from '#ledger/proof.ts';
import { proveConsistency, proveInclusion } from '#ledger/prove.ts';
import { readBundle, readCheckpoint } from '#ledger/read.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import { leafHash } from '#ledger/tree.ts';

const SECONDS = 5;
const WRITERS = 64;
const READERS = 4;

const dir = mkdtempSync(join(tmpdir(), 'proviso-hammer-'));
after(() => rmSync(dir, { recursive: true }));

test(`${WRITERS} writers and ${READERS} readers for ${SECONDS} s`, async (t) => {
  const limits = { ...LEDGER_LIMITS, publishMs: 10, journalSegmentBytes: 200_000 };
  const ledger = await openLedger({ dir, origin: 'example.com/hammer', limits });
  const key = parseVerifierKey(ledger.verifierKey);
  const until = performance.now() + SECONDS * 1000;
  const write = async (): Promise<void> => {
    while (performance.now() < until) {
      const closes = await ledger.append({ kind: 'decision', public: { effect: 'permit' } });
      await ledger.append({ kind: 'outcome', closes, public: { outcome: 'answered' } });
    }
  };
  const writers = Array.from({ length: WRITERS }, write);
  const readers = Array.from({ length: READERS }, () => read(key, until));
  const checked = await Promise.all(readers);
  await Promise.all(writers);
  await ledger.close();
  const total = checked.reduce((sum, each) => sum + each, 0);
  assert.ok(total > READERS, 'the readers saw the log grow');
  t.diagnostic(`${ledger.size} entries written, ${total} checkpoints checked`);
});

/** @returns how many checkpoints it saw */
async function read(key: NoteVerifier, until: number): Promise<number> {
  let tracked = await readCheckpoint(dir, key);
  let seen = 0;
  while (performance.now() < until) {
    const newest = await readCheckpoint(dir, key);
    if (newest.size === tracked.size) await turn();
    else {
      await checkStep(tracked, newest);
      tracked = newest;
      seen++;
    }
  }
  return seen;
}

async function checkStep(before: Checkpoint, { size, root }: Checkpoint): Promise<void> {
  assert.ok(size > before.size, 'the log shrank');
  if (before.size > 0) {
    const proof = await proveConsistency(dir, before.size, size);
    const isConsistent = verifyConsistency(before.size, size, proof, before.root, root);
    assert.ok(isConsistent, `${before.size} is not how ${size} began`);
  }
  const index = Math.floor(Math.random() * size);
  const bundle = await readBundle(dir, size, Math.floor(index / TILE_WIDTH));
  const leaf = leafHash(bundle[index % TILE_WIDTH] as Buffer);
  const proof = await proveInclusion(dir, size, index);
  assert.ok(verifyInclusion(leaf, index, size, proof, root), `${index} is not in ${size}`);
}
