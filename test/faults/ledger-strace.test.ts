/**
 * System calls that fail, and a process that dies at one: strace injects what a disk port cannot.
 * Says so where strace is not installed.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openLedger } from '#ledger/ledger.ts';
import { readEntries } from '#ledger/read.ts';
import { verifyLedger } from '#ledger/verify.ts';

const SYSCALLS = ['pwrite64', 'fsync', 'fdatasync', 'rename', 'unlink'];
const WHEN = [1, 2, 3, 5, 12, 30];
const INJECTED = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];
const MS = 250;

const root = mkdtempSync(join(tmpdir(), 'proviso-strace-'));
after(() => rmSync(root, { recursive: true }));
const skip = spawnSync('strace', ['-V']).error ? 'strace is not installed' : false;

test('no failing system call, and no death at one, loses an entry', { skip }, async (t) => {
  let rounds = 0;
  let acknowledged = 0;
  let ended = 0;
  for (const syscall of SYSCALLS) {
    for (const when of WHEN) {
      for (const injected of INJECTED) {
        const what = `${syscall}:${injected}:when=${when}`;
        const run = await runAndReopen(join(root, String(rounds++)), what);
        acknowledged += run.acknowledged;
        if (run.isEnded) ended++;
      }
    }
  }
  assert.ok(acknowledged > rounds, 'next to nothing was acknowledged');
  assert.ok(
    ended > rounds / 3,
    `only ${ended} of ${rounds} processes were ended by what was injected`,
  );
  t.diagnostic(
    `${rounds} rounds, ${ended} ended early, ${acknowledged} entries acknowledged, 0 lost`,
  );
});

interface Run {
  readonly acknowledged: number;
  /** Killed, or refused to go on. */
  readonly isEnded: boolean;
}

async function runAndReopen(dir: string, inject: string): Promise<Run> {
  const load = [
    process.execPath,
    join(import.meta.dirname, 'ledger-load.ts'),
    dir,
    '8',
    String(MS),
  ];
  const args = ['-f', '-qq', '-o', '/dev/null', '-e', `inject=${inject}`, ...load];
  const { stdout, status } = spawnSync('strace', args, { encoding: 'utf8' });
  const lines = stdout.split('\n').slice(1, -1);
  const acknowledged = lines.map((line) => line.split(' ') as [string, string]);

  const ledger = await openLedger({ dir, origin: 'example.com/kill' }).catch((error: unknown) =>
    assert.fail(`${inject}: ${String(error)}`),
  );
  await ledger.close();
  const report = await verifyLedger(dir, ledger.verifierKey);
  assert.deepEqual(report.faults, [], inject);
  assert.deepEqual(report.openDecisions, [], inject);
  const marks: unknown[] = [];
  for await (const entry of readEntries(dir, report.size)) marks.push(entry.public['mark']);
  for (const [index, mark] of acknowledged) assert.equal(marks[Number(index)], mark, inject);
  rmSync(dir, { recursive: true });
  return { acknowledged: acknowledged.length, isEnded: status !== 0 };
}
