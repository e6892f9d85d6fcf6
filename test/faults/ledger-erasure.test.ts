/**
 * An erasure with every file operation of it failing: before it took effect, after, and half-way;
 * alone, and as the last one before the power goes. Whatever is said to be erased is, at the latest
 * at the next start; nothing else is; and the ledger verifies.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import { verifyLedger } from '#ledger/verify.ts';
import { type Fault, FaultyDisk } from './faulty-disk.ts';

const ORIGIN = 'example.com/faults';
const LIMITS = { ...LEDGER_LIMITS, journalSegmentBytes: 20_000, publishMs: 1e6, retryMs: 1e6 };
const [GOES, STAYS] = ['subject:goes', 'subject:stays'];

const root = mkdtempSync(join(tmpdir(), 'proviso-erasure-faults-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders++));

test('no failing operation of an erasure leaves a value that is said to be erased', async (t) => {
  const before = newFolder();
  const first = await openLedger({ dir: before, origin: ORIGIN, limits: LIMITS });
  for (const name of [GOES, STAYS]) await first.append(about(name));
  await first.close();
  const keys = readdirSync(join(before, 'vault/keys'));
  const wrapped = keys.map((name) =>
    readFileSync(join(before, 'vault/keys', name)).subarray(16, 48),
  );

  const sound = await run(before, undefined);
  assert.equal(sound.isErased, true);
  const outcomes = { erased: 0, refused: 0 };
  let faults = 0;
  for (const fault of faultsFrom(sound.operations)) {
    const { dir, isErased } = await run(before, fault);
    const what = `${JSON.stringify(fault)} at ${sound.operations[fault.at]}`;
    const ledger = await openLedger({ dir, origin: ORIGIN, limits: LIMITS });
    const said = (await Array.fromAsync(ledger.history(['erasure']))).length > 0;
    assert.ok(said || !isErased, `${what}: erased, and nothing says so`);
    assert.equal(await isReadable(ledger, 0), !said, what);
    assert.equal(await isReadable(ledger, 1), true, what);
    await ledger.close();
    assert.deepEqual((await verifyLedger(dir, ledger.verifierKey)).faults, [], what);
    const left = wrapped.filter((key) => filesIn(dir).some((file) => file.includes(key)));
    assert.equal(left.length, said ? 1 : 2, `${what}: a key is where it should not be`);
    outcomes[said ? 'erased' : 'refused']++;
    faults++;
    rmSync(dir, { recursive: true });
  }
  assert.ok(outcomes.erased > 5 && outcomes.refused > 5, JSON.stringify(outcomes));
  t.diagnostic(`${faults} faults injected, 0 values left that were said to be erased`);
});

interface Ran {
  readonly dir: string;
  readonly isErased: boolean;
  /** Of the erasure alone come those from `at` on. */
  readonly operations: readonly string[];
}

/** Opens a copy with a sound disk, and erases with one that fails; then the process is gone. */
async function run(before: string, fault: Fault | undefined): Promise<Ran> {
  const dir = newFolder();
  cpSync(before, dir, { recursive: true });
  const disk = new FaultyDisk();
  const ledger = await openLedger({ dir, origin: ORIGIN, disk, limits: LIMITS });
  // So that the journal has a record with a key when the erasure begins.
  await ledger.append(about('subject:later'));
  const start = disk.count;
  if (fault) disk.fault = { ...fault, at: start + fault.at };
  const isErased = await ledger.erase(GOES).then(
    () => true,
    () => false,
  );
  const operations = disk.operations.slice(start);
  // What a killed process would not do fails; the rest is what closing does.
  disk.fault = { at: disk.count, mode: 'before', code: 'EIO', isLast: true };
  await ledger.close().catch(() => undefined);
  return { dir, isErased, operations };
}

function faultsFrom(operations: readonly string[]): Fault[] {
  assert.ok(operations.length > 15, operations.join('\n'));
  return operations.flatMap((operation, at) => {
    const faults: Fault[] = [];
    for (const isLast of [false, true]) {
      faults.push({ at, mode: 'before', code: 'EIO', isLast });
      faults.push({ at, mode: 'after', code: 'EIO', isLast });
      if (operation.startsWith('write')) faults.push({ at, mode: 'short', code: 'ENOSPC', isLast });
    }
    return faults;
  });
}

function about(vaultKey: string) {
  return { kind: 'purpose', public: {}, private: { value: vaultKey }, vaultKey } as const;
}

async function isReadable(ledger: Ledger, index: number): Promise<boolean> {
  try {
    await ledger.readPrivate(await ledger.readEntry(index));
    return true;
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'value_erased');
    return false;
  }
}

function filesIn(dir: string): Buffer[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path));
}
