/**
 * The ledger: entries a second with one synced write for each batch, and how long each entry waits,
 * at 1, 64 and 1,024 callers; then verification from the files alone, and proofs.
 *
 * Entries are pairs like the gateway's: a decision with four private values, then its outcome with
 * one. Figures with `cpu` count all threads of the process. Verification is on all cores.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseVerifierKey } from '#base/note.ts';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import { verifyInclusion } from '#ledger/proof.ts';
import { proveInclusion } from '#ledger/prove.ts';
import { readBundle, readCheckpoint } from '#ledger/read.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import { leafHash } from '#ledger/tree.ts';
import { verifyLedger } from '#ledger/verify.ts';
import { atLeast, atMost, type Bench, type Figure } from './bench.ts';

const PROOFS = 500;
const CALLERS = [1, 64, 1024] as const;
const SECONDS = Number(process.env['BENCH_SECONDS'] ?? 4);

export const bench: Bench = async (progress) => {
  const dir = mkdtempSync(join(tmpdir(), 'proviso-bench-ledger-'));
  try {
    const figures: Figure[] = [];
    const ledger = await openLedger({ dir, origin: 'example.com/bench' });
    await measure(ledger, 64, 1);
    for (const callers of CALLERS) {
      progress(`append, ${callers} callers, ${SECONDS} s …`);
      figures.push(await measure(ledger, callers, SECONDS));
    }
    const { size, verifierKey } = ledger;
    await ledger.close();
    const bytesPerEntry = Math.round(bytesBelow(dir) / size);
    progress(`verify, ${size} entries …`);
    const started = performance.now();
    const report = await verifyLedger(dir, verifierKey);
    const seconds = (performance.now() - started) / 1000;
    if (!report.isSound) throw new Error(`not sound: ${JSON.stringify(report.faults[0])}`);
    const verifiedPerSecond = Math.round(size / seconds);
    figures.push({
      what: 'verify',
      cores: availableParallelism(),
      entries: size,
      entriesPerSecond: verifiedPerSecond,
      bytesPerEntry,
    });
    const at = (callers: number) => figures.find((figure) => figure['callers'] === callers);
    figures.push(await measureProofs(dir, verifierKey));
    return {
      figures,
      budgets: [
        atLeast('entries a second, 1,024 callers', Number(at(1024)?.['entriesPerSecond']), 50_000),
        atMost('p99 in ms, 64 callers', Number(at(64)?.['p99Ms']), 10),
        atMost('seconds to verify a million entries', 1e6 / verifiedPerSecond, 10),
      ],
    };
  } finally {
    rmSync(dir, { recursive: true });
  }
};

async function measure(ledger: Ledger, callers: number, seconds: number): Promise<Figure> {
  const waitsMs: number[] = [];
  const started = performance.now();
  const end = started + seconds * 1000;
  const cpuBefore = process.cpuUsage();
  await Promise.all(
    Array.from({ length: callers }, (_, caller) => call(ledger, caller, end, waitsMs)),
  );
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpuBefore);
  waitsMs.sort((a, b) => a - b);
  const quantile = (q: number) => round(waitsMs[Math.floor(q * waitsMs.length)] ?? 0);
  return {
    what: 'append',
    callers,
    entries: waitsMs.length,
    entriesPerSecond: Math.round((waitsMs.length / ms) * 1000),
    p50Ms: quantile(0.5),
    p99Ms: quantile(0.99),
    cpuPerEntryUs: round((user + system) / waitsMs.length),
  };
}

/** Made from the tiles and verified, for entries anywhere in the log. */
async function measureProofs(dir: string, verifierKey: string): Promise<Figure> {
  const { size, root } = await readCheckpoint(dir, parseVerifierKey(verifierKey));
  let hashes = 0;
  const started = performance.now();
  for (let i = 0; i < PROOFS; i++) {
    const index = Math.floor((size / PROOFS) * i);
    const bundle = await readBundle(dir, size, Math.floor(index / TILE_WIDTH));
    const leaf = leafHash(bundle[index % TILE_WIDTH] as Buffer);
    const proof = await proveInclusion(dir, size, index);
    if (!verifyInclusion(leaf, index, size, proof, root)) throw new Error(`no proof of ${index}`);
    hashes += proof.length;
  }
  const proofMs = round((performance.now() - started) / PROOFS);
  return {
    what: 'prove',
    entries: PROOFS,
    proofMs,
    proofBytes: Math.round((hashes / PROOFS) * 32),
  };
}

async function call(ledger: Ledger, caller: number, end: number, waitsMs: number[]): Promise<void> {
  for (let n = 0; ; n++) {
    const start = performance.now();
    if (start >= end) return;
    const decision = await ledger.append(decisionEntry(caller, n));
    const decided = performance.now();
    await ledger.append(outcomeEntry(decision));
    waitsMs.push(decided - start, performance.now() - decided);
  }
}

function decisionEntry(caller: number, n: number) {
  return {
    kind: 'decision' as const,
    public: {
      caller: `caller-${caller}`,
      decision: 'permit',
      model: 'model-large',
      operation: 'generate',
      protocol: 'openai-chat',
      provider: 'sandbox',
      purpose: 'support-summaries',
      rules: ['permit-registered-purposes'],
      stream: n % 2 === 0,
      terms: '7b1c3a9e5d0f4c6a8b2e1d3c5f7a9b0c',
    },
    private: {
      messages: 3,
      person: `person ${n}`,
      request: 'a digest of the request: 0123456789abcdef0123456789abcdef',
      subject: `subject-${n % 100}`,
    },
    vaultKey: 'purpose:support-summaries',
  };
}

function outcomeEntry(closes: number) {
  return {
    kind: 'outcome' as const,
    closes,
    public: { inputTokens: 120, outcome: 'answered', outputTokens: 340, status: 200 },
    private: { answer: 'a digest of the answer: 0123456789abcdef0123456789abcdef' },
    vaultKey: 'purpose:support-summaries',
  };
}

function bytesBelow(dir: string): number {
  let bytes = 0;
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    bytes += statSync(join(dir, name)).size;
  }
  return bytes;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
