/**
 * A ledger of over 70,000 entries, and a witness, with code that is not ours: see
 * `independent/main.go`. Needs Go, and its modules once; says so where they are not to be had.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { makeSignerKey, parseSignerKey, parseVerifierKey } from '#base/note.ts';
import { makeCosignerKey, parseCosignerKey } from '#ledger/cosignature.ts';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import { proveConsistency, proveInclusion } from '#ledger/prove.ts';
import { readCheckpoint } from '#ledger/read.ts';
import { hashToBase64 } from '#ledger/tree.ts';
import { serveWitness, type WitnessServer } from '#witness/server.ts';
import { originOf } from '#witness/witness.ts';
import { openGateway } from '../harness/gateway.ts';

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

  const run = () => independent('check', dir, ledger.verifierKey, file);
  t.diagnostic(await run());
  const tile = join(dir, 'tile/1/000');
  const bytes = readFileSync(tile);
  writeFileSync(tile, bytes.with(7, (bytes[7] as number) ^ 1));
  await assert.rejects(run, /fsck/, 'it reads the tiles');
});

test('they accept it over HTTP, with ML-DSA-44 and cosignatures of both types', {
  skip,
}, async (t) => {
  const dir = join(root, 'served');
  const origin = 'example.com/served';
  const ledger = await openLedger({ dir, origin });
  await appendTo(ledger, 1_000);
  await ledger.close();
  const witness = await startWitness(ledger.verifierKey);
  const [ed25519 = '', mlDsa = ''] = witness.verifierKeys;
  const policy = join(root, 'both.txt');
  const lines = [
    `witness A ${ed25519} ${witness.address}/`,
    `witness B ${mlDsa} ${witness.address}/`,
  ];
  writeFileSync(policy, `${lines.join('\n')}\ngroup both all A B\nquorum both\n`);
  const witnesses = { policy, askMs: 100 };
  const proviso = await openGateway({
    config: { ledger: { dir, origin, witnesses } },
  });
  const { gateway, address } = proviso;
  const size = await proviso.settled();
  while (gateway.witnessing?.published?.size !== size) await sleep(20);
  const Inclusion = [0, 255, 256, size - 1].map(async (Index) => {
    return { Index, Proof: (await proveInclusion(dir, size, Index)).map(hashToBase64) };
  });
  const file = join(root, 'served.json');
  writeFileSync(file, JSON.stringify({ Inclusion: await Promise.all(Inclusion), Consistency: [] }));
  const own = gateway.ledger.verifiers[1]?.text ?? '';
  const url = `${address}/ledger/`;
  t.diagnostic(await independent('check', url, ledger.verifierKey, file, ed25519, mlDsa, own));
  const stranger = parseCosignerKey(
    makeCosignerKey('witness.example.org/go', 'ml-dsa-44'),
  ).verifier;
  await assert.rejects(
    independent('check', url, ledger.verifierKey, file, stranger.text),
    /cosignature by/,
    'it looks for them',
  );
  await proviso.close();
  await witness.close();
});

test('the log of transparency-dev publishes with our witness’s cosignatures', {
  skip,
}, async (t) => {
  const key = makeSignerKey('example.com/theirs');
  const witness = await startWitness(parseSignerKey(key).verifier.text);
  const policy = join(root, 'theirs.txt');
  writeFileSync(policy, `witness A ${witness.verifierKeys[0]} ${witness.address}/\nquorum A\n`);
  t.diagnostic(await independent('log', join(root, 'theirs'), key, policy, '12'));
  const newest = await fetch(
    `${witness.address}/${originOf('example.com/theirs').hash}/checkpoint`,
  );
  assert.match(await newest.text(), /^example\.com\/theirs\n12\n/);
  await witness.close();
});

async function independent(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, [...args], { encoding: 'utf8' });
  return stdout.trim();
}

function startWitness(log: string): Promise<WitnessServer> {
  const settings = {
    name: 'witness.example.org/go',
    dir: mkdtempSync(join(root, 'witness-')),
    listen: { host: '127.0.0.1', port: 0 },
    logs: [log],
    signatures: ['ed25519', 'ml-dsa-44'],
    requestsPerMinuteMax: 100_000,
  } as const;
  return serveWitness(settings, pino({ level: 'silent' }));
}

async function appendTo(ledger: Ledger, size: number): Promise<void> {
  const pairs = async (): Promise<void> => {
    while (ledger.size < size) {
      const closes = await ledger.append({ kind: 'decision', public: { effect: 'permit' } });
      await ledger.append({ kind: 'outcome', closes, public: { outcome: 'answered' } });
    }
  };
  await Promise.all(Array.from({ length: 50 }, pairs));
}
