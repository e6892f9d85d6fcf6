/**
 * The ledger's writer with every file operation failing: once before it took effect, once after,
 * once half-way; alone, and as the last one before the power goes. Then the folder is opened again
 * with a sound disk, and must verify and hold every entry that was acknowledged.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import { verifyLedger } from '#ledger/verify.ts';
import { type Fault, FaultyDisk } from './faulty-disk.ts';

const ORIGIN = 'example.com/faults';
/** Small, so that a short run rolls segments and publishes often. */
const LIMITS = { ...LEDGER_LIMITS, journalSegmentBytes: 20_000, publishMs: 5, retryMs: 20 };

const root = mkdtempSync(join(tmpdir(), 'proviso-faults-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

/** What was acknowledged: entry number and the mark that its public facts have. */
type Acknowledged = Map<number, string>;

test('no failing operation of a first start loses an entry or stops the next start', (t) =>
  failEach(undefined, t));

test('no failing operation of a later start loses an entry or stops the next start', async (t) => {
  const before = newFolder();
  const acknowledged = await run(before, new FaultyDisk());
  await failEach({ before, acknowledged }, t);
});

interface Start {
  /** A closed ledger, to be copied. */
  readonly before: string;
  readonly acknowledged: Acknowledged;
}

async function failEach(start: Start | undefined, t: TestContext): Promise<void> {
  const sound = new FaultyDisk();
  await run(folderFor(start), sound);
  const faults: Fault[] = [];
  sound.operations.forEach((operation, at) => {
    const isWrite = operation.startsWith('write');
    for (const isLast of [false, true]) {
      faults.push({ at, mode: 'before', code: 'EIO', isLast });
      // Where nothing works after it, it is the next operation's `before`.
      if (!isLast) faults.push({ at, mode: 'after', code: 'EIO', isLast });
      if (isWrite) faults.push({ at, mode: 'short', code: 'ENOSPC', isLast });
    }
  });
  assert.ok(sound.operations.length > 60, `only ${sound.operations.length} operations to fail`);
  for (const fault of faults) await failAndReopen(fault, start, sound.operations[fault.at] ?? '?');
  t.diagnostic(`${faults.length} faults injected, 0 acknowledged entries lost`);
}

function folderFor(start: Start | undefined): string {
  const dir = newFolder();
  if (start) cpSync(start.before, dir, { recursive: true });
  return dir;
}

test('after a full disk has room again, the ledger goes on by itself', async () => {
  const dir = newFolder();
  const disk = new FaultyDisk();
  const failures: string[] = [];
  let recoveries = 0;
  const ledger = await openLedger({
    dir,
    origin: ORIGIN,
    disk,
    limits: LIMITS,
    onFailure: (error) => failures.push(error.code),
    onRecovery: () => recoveries++,
  });
  const underWay = await ledger.append(decision('under way'));
  disk.fault = { at: disk.count, mode: 'short', code: 'ENOSPC', isLast: true };
  await assert.rejects(ledger.append(decision('refused')), { code: 'ledger_unavailable' });
  await assert.rejects(ledger.append(decision('refused')), { code: 'ledger_unavailable' });
  await sleep(3 * LIMITS.retryMs);
  await assert.rejects(ledger.append(decision('refused')), { code: 'ledger_unavailable' });
  assert.deepEqual(failures, ['ledger_unavailable']);

  disk.fault = undefined;
  for (let waits = 0; recoveries === 0 && waits < 100; waits++) await sleep(LIMITS.retryMs);
  assert.equal(recoveries, 1);
  assert.equal(ledger.failure, undefined);
  // The call that was under way all the time still gets its own outcome.
  assert.deepEqual(ledger.openDecisions(), [underWay]);
  await ledger.append({ kind: 'outcome', closes: underWay, public: { outcome: 'answered' } });
  await ledger.close();
  const report = await verifyLedger(dir, ledger.verifierKey);
  assert.deepEqual(report.faults, []);
  assert.deepEqual(report.openDecisions, []);
});

/** A call's outcome that could not be recorded is closed as lost, not left open. */
test('a decision whose outcome was refused gets `lost` when writing works again', async () => {
  const dir = newFolder();
  const disk = new FaultyDisk();
  let recoveries = 0;
  const limits = LIMITS;
  const ledger = await openLedger({
    dir,
    origin: ORIGIN,
    disk,
    limits,
    onRecovery: () => recoveries++,
  });
  const closes = await ledger.append(decision('a'));
  disk.fault = { at: disk.count, mode: 'before', code: 'EIO', isLast: false };
  const outcome = { kind: 'outcome', closes, public: { outcome: 'answered' } } as const;
  await assert.rejects(ledger.append(outcome), { code: 'ledger_unavailable' });
  for (let waits = 0; recoveries === 0 && waits < 100; waits++) await sleep(LIMITS.retryMs);
  assert.deepEqual(ledger.openDecisions(), []);
  assert.deepEqual((await ledger.readEntry(1)).public, { outcome: 'lost' });
  assert.equal((await ledger.readEntry(1)).closes, closes);
  await ledger.close();
});

async function failAndReopen(
  fault: Fault,
  start: Start | undefined,
  operation: string,
): Promise<void> {
  const what = `${fault.mode}${fault.isLast ? ', then nothing works' : ''}: ${operation}`;
  const dir = folderFor(start);
  const acknowledged = await run(dir, new FaultyDisk(fault));
  for (const [index, mark] of start?.acknowledged ?? []) acknowledged.set(index, mark);
  const ledger = await openLedger({ dir, origin: ORIGIN, limits: LIMITS }).catch((error: unknown) =>
    assert.fail(`${what}: ${String(error)}`),
  );
  for (const [index, mark] of acknowledged) {
    const entry = await ledger.readEntry(index);
    assert.equal(entry.public['mark'], mark, what);
    assert.equal((await ledger.readPrivate(entry))['secret'], `secret of ${mark}`, what);
  }
  assert.deepEqual(ledger.openDecisions(), [], what);
  await ledger.append(decision('after'));
  await ledger.close();
  const report = await verifyLedger(dir, ledger.verifierKey);
  assert.deepEqual(report.faults, [], what);
  assert.equal(report.openDecisions.length, 1, what);
  rmSync(dir, { recursive: true });
}

/** The life of a ledger on a disk; an append that is refused is simply not acknowledged. */
async function run(dir: string, disk: FaultyDisk): Promise<Acknowledged> {
  const acknowledged: Acknowledged = new Map();
  // Without retries: those are the next start's business here.
  const limits = { ...LIMITS, retryMs: 1e6 };
  const ledger = await openLedger({ dir, origin: ORIGIN, disk, limits }).catch(() => undefined);
  if (!ledger) return acknowledged;
  await appendSome(ledger, 'alone', 1, acknowledged);
  await ledger.flush().catch(() => undefined);
  await appendSome(ledger, 'few', 20, acknowledged);
  await appendSome(ledger, 'many', 150, acknowledged);
  await ledger.flush().catch(() => undefined);
  await appendSome(ledger, 'last', 3, acknowledged);
  await ledger.close();
  return acknowledged;
}

async function appendSome(
  ledger: Ledger,
  mark: string,
  count: number,
  acknowledged: Acknowledged,
): Promise<void> {
  const appends = Array.from({ length: count }, async (_, i) => {
    const each = `${mark} ${i}`;
    const index = await ledger.append(decision(each));
    acknowledged.set(index, each);
    if (i % 3 === 0) return;
    const closing = `${each} closed`;
    const outcome = await ledger.append({ ...decision(closing), kind: 'outcome', closes: index });
    acknowledged.set(outcome, closing);
  });
  await Promise.allSettled(appends);
}

function decision(mark: string) {
  return {
    kind: 'decision' as const,
    public: { mark },
    private: { secret: `secret of ${mark}` },
    vaultKey: `purpose:${mark.split(' ')[0]}`,
  };
}
