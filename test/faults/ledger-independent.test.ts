/**
 * A ledger of over 70,000 entries, read by code that is not ours: see `independent/main.go`. Needs
 * Go, and its modules once; says so where they are not to be had.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import { parseVerifierKey } from '#base/note.ts';
import { proveConsistency, proveInclusion } from '#ledger/prove.ts';
import { readCheckpoint } from '#ledger/read.ts';
import { hashToBase64 } from '#ledger/tree.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-independent-'));
after(() => rmSync(root, { recursive: true }));
const binary = join(root, 'independent');
const built = spawnSync('go', ['build', '-o', binary, '.'], {
  cwd: join(import.meta.dirname, 'independent'),
});
const skip =
  built.error !== undefined
    ? 'Go is not installed'
    : built.status !== 0 && /dial|lookup|proxy/.test(String(built.stderr))
      ? 'Go’s modules cannot be downloaded'
      : false;

test('Go’s note package and the tile readers of transparency-dev accept the log', {
  skip,
}, async (t) => {
  assert.equal(built.status, 0, String(built.stderr));
  const dir = join(root, 'ledger');
  const ledger = await openLedger({ dir, origin: 'example.com/independent' });
  const key = parseVerifierKey(ledger.verifierKey);
  await appendTo(ledger, 12_345);
  await ledger.flush();
  const before = await readCheckpoint(dir, key);
  await appendTo(ledger, 70_500);
  await ledger.close();
  const { size } = await readCheckpoint(dir, key);

  const proofs = { Inclusion: [] as object[], Consistency: [] as object[] };
  for (const index of [0, 255, 256, 65_535, 65_536, 69_000, size - 1]) {
    const proof = await proveInclusion(dir, size, index);
    proofs.Inclusion.push({ Index: index, Proof: proof.map(hashToBase64) });
  }
  const proof = await proveConsistency(dir, before.size, size);
  const root1 = hashToBase64(before.root);
  proofs.Consistency.push({ Size1: before.size, Root1: root1, Proof: proof.map(hashToBase64) });
  const file = join(root, 'proofs.json');
  writeFileSync(file, JSON.stringify(proofs));

  const run = () =>
    execFileSync(binary, [dir, ledger.verifierKey, file], { encoding: 'utf8', stdio: 'pipe' });
  t.diagnostic(run().trim());
  const tile = join(dir, 'tile/1/000');
  const bytes = readFileSync(tile);
  writeFileSync(tile, bytes.with(7, (bytes[7] as number) ^ 1));
  assert.throws(run, /fsck/, 'it reads the tiles');
});

async function appendTo(ledger: Ledger, size: number): Promise<void> {
  const pairs = async (): Promise<void> => {
    while (ledger.size < size) {
      const closes = await ledger.append({ kind: 'decision', public: { effect: 'permit' } });
      await ledger.append({ kind: 'outcome', closes, public: { outcome: 'answered' } });
    }
  };
  await Promise.all(Array.from({ length: 50 }, pairs));
}
