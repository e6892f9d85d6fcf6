/** `kill -9` at random instants under load, again and again on one folder; and two writers. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseVerifierKey } from '#base/note.ts';
import { openLedger } from '#ledger/ledger.ts';
import { followEntries, readEntries } from '#ledger/read.ts';
import { verifyLedger } from '#ledger/verify.ts';

const ROUNDS = 25;
const ORIGIN = 'example.com/kill';
const LOAD = join(import.meta.dirname, 'ledger-load.ts');

const root = mkdtempSync(join(tmpdir(), 'proviso-kill-'));
after(() => rmSync(root, { recursive: true }));

test(`${ROUNDS} rounds of kill -9 under load lose nothing that was acknowledged`, async (t) => {
  const dir = join(root, 'rounds');
  const acknowledged = new Map<number, string>();
  let size = 0;
  let lost = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const loader = load(dir, round % 4 === 0 ? 1 : 64);
    await loader.ready;
    await sleep(Math.random() * 300);
    loader.process.kill('SIGKILL');
    for (const [index, mark] of await loader.acknowledged) acknowledged.set(index, mark);

    // As the killed process left it: sound, with the decisions of that instant open.
    const key = readFileSync(join(dir, 'keys/ledger.pub'), 'utf8').trim();
    assert.deepEqual((await verifyLedger(dir, key)).faults, [], `round ${round}, as it was left`);
    const ledger = await openLedger({ dir, origin: ORIGIN });
    lost += ledger.recovered.length;
    assert.deepEqual(ledger.openDecisions(), []);
    assert.ok(ledger.size >= size, `round ${round}: the log shrank`);
    size = ledger.size;
    await ledger.close();
    const report = await verifyLedger(dir, ledger.verifierKey);
    assert.deepEqual(report.faults, [], `round ${round}`);
    assert.deepEqual(report.openDecisions, [], `round ${round}`);
    assert.equal(report.size, size);
  }
  const found = new Map<number, unknown>();
  for await (const { index, public: facts } of readEntries(dir, size))
    found.set(index, facts['mark']);
  for (const [index, mark] of acknowledged) assert.equal(found.get(index), mark, `entry ${index}`);
  assert.ok(acknowledged.size > ROUNDS, 'nothing was acknowledged before the kills');
  t.diagnostic(`${acknowledged.size} acknowledged of ${size}; ${lost} decisions closed as lost`);
});

test('a second writer is refused while the first lives, and let in when it was killed', async () => {
  const dir = join(root, 'two');
  const loader = load(dir, 4);
  await loader.ready;
  await assert.rejects(openLedger({ dir, origin: ORIGIN }), { code: 'ledger_locked' });
  loader.process.kill('SIGKILL');
  await loader.acknowledged;
  const ledger = await openLedger({ dir, origin: ORIGIN });
  await assert.rejects(openLedger({ dir, origin: ORIGIN }), { code: 'ledger_locked' });
  await ledger.close();
});

test('of two writers that race for a new folder one wins, and the log is sound', async () => {
  for (let round = 0; round < 5; round++) {
    const dir = join(root, `race-${round}`);
    const loaders = [load(dir, 4), load(dir, 4)];
    const started = await Promise.all(loaders.map((loader) => loader.ready));
    await sleep(50);
    for (const loader of loaders) loader.process.kill('SIGKILL');
    for (const loader of loaders) await loader.acknowledged;
    assert.equal(started.filter(Boolean).length, 1, `round ${round}`);
    const ledger = await openLedger({ dir, origin: ORIGIN });
    await ledger.close();
    assert.deepEqual((await verifyLedger(dir, ledger.verifierKey)).faults, []);
  }
});

test('verification and readers on a folder that is being written find no fault', async () => {
  const dir = join(root, 'live');
  const loader = load(dir, 64);
  await loader.ready;
  const key = readFileSync(join(dir, 'keys/ledger.pub'), 'utf8').trim();
  const until = AbortSignal.timeout(3_000);
  let followed = 0;
  const reader = (async () => {
    for await (const entry of followEntries(dir, parseVerifierKey(key), 0, until)) {
      assert.equal(entry.index, followed++);
    }
  })();
  for (let sizes = 0; !until.aborted; ) {
    const report = await verifyLedger(dir, key);
    assert.deepEqual(report.faults, []);
    assert.ok(report.size >= sizes, 'the published log shrank');
    sizes = report.size;
  }
  await reader;
  loader.process.kill('SIGKILL');
  await loader.acknowledged;
  assert.ok(followed > 0);
});

interface Loader {
  readonly process: ChildProcess;
  /** Whether it became a writer. */
  readonly ready: Promise<boolean>;
  /** Resolves when the process is gone. */
  readonly acknowledged: Promise<[number, string][]>;
}

function load(dir: string, callers: number): Loader {
  const child = spawn(process.execPath, [LOAD, dir, String(callers)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  const ready = new Promise<boolean>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.startsWith('ready\n')) resolve(true);
    });
    child.once('exit', () => resolve(false));
  });
  const acknowledged = once(child, 'close').then(() => {
    const lines = output.split('\n').slice(1, -1);
    return lines.map((line): [number, string] => {
      const [index = '', mark = ''] = line.split(' ');
      return [Number(index), mark];
    });
  });
  return { process: child, ready, acknowledged };
}
