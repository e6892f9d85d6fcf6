/**
 * A real gateway process under load that is killed, runs out of disk, or is asked to stop. Whatever
 * happens: nothing was carried that is not recorded, and every decision ends with one outcome.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEDGER_LIMITS } from '#base/limits.ts';
import type { Entry } from '#ledger/entry.ts';
import { provisoJson } from '../cli/run.ts';
import { bodyOf, pathOf } from '../harness/raw.ts';
import { startUpstream, type Upstream } from '../harness/upstream.ts';
import {
  configure,
  ledgerOf,
  modelAnswers,
  readLedger,
  type Seen,
  startLoad,
  startProcess,
  targetOf,
} from './gateway-load.ts';

const ROUNDS = 20;
const CALLERS = 16;

let upstream: Upstream;
before(async () => {
  upstream = await startUpstream();
  upstream.answer(modelAnswers());
});
after(() => upstream.close());

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-faults-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** By the command, from the files alone. */
async function verified(folder: string, key: string): Promise<void> {
  const { code, document } = await provisoJson('ledger', 'verify', ledgerOf(folder), '--key', key);
  assert.deepEqual([code, document['verified'], document['faults']], [0, true, []]);
}

/** One outcome for each decision, and none without. */
function assertPaired(entries: readonly Entry[]): void {
  const decisions = entries.filter(({ kind }) => kind === 'decision').map(({ index }) => index);
  const closed = entries.filter(({ kind }) => kind === 'outcome').map(({ closes }) => closes);
  assert.deepEqual(
    closed.toSorted((a = 0, b = 0) => a - b),
    decisions,
  );
}

/** What providers received and callers saw, held against the record. */
function assertRecorded(entries: readonly Entry[], seen: readonly Seen[]): void {
  const permitted = new Map<string, Entry>();
  const toolCalls = new Map<unknown, number>();
  for (const entry of entries) {
    const { action, effect, parent, targets } = entry.public;
    if (entry.kind !== 'decision' || effect !== 'permit') continue;
    if (action === 'call_tool') toolCalls.set(parent, (toolCalls.get(parent) ?? 0) + 1);
    else permitted.set((targets as readonly string[])[0] ?? '', entry);
  }
  for (const { body, path } of upstream.take()) {
    assert.ok(permitted.has(targetOf(body, path)), `${targetOf(body, path)} is not recorded`);
  }
  for (const { target, status, decision, toolCalls: delivered } of seen) {
    if (status !== 200) continue;
    assert.equal(permitted.get(target)?.index, decision, target);
    assert.ok(delivered <= (toolCalls.get(decision) ?? 0), `a call of ${target} is not recorded`);
  }
}

test(`${ROUNDS} rounds of kill -9 under load`, async (t) => {
  const folder = folderFor(t);
  configure(folder, upstream);
  const seen: Seen[] = [];
  let key = '';
  let size = 0;
  let lost = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const running = await startProcess(folder);
    t.after(() => running.child.kill('SIGKILL'));
    key = running.key ?? key;
    const entries = await readLedger(folder, running.verifierKey);
    assertPaired(entries);
    assertRecorded(entries, seen);
    assert.ok(entries.length >= size, 'the ledger shrank');
    size = entries.length;
    lost = entries.filter(({ public: facts }) => facts['outcome'] === 'lost').length;

    const load = startLoad(running, key, CALLERS);
    await sleep(100 + Math.random() * 400);
    await running.end('SIGKILL');
    await load.stop();
    seen.push(...load.seen);
    await verified(folder, running.verifierKey);
  }
  const last = await startProcess(folder);
  assert.equal(await last.end('SIGTERM'), 0);
  await verified(folder, last.verifierKey);
  const entries = await readLedger(folder, last.verifierKey);
  assertPaired(entries);
  assertRecorded(entries, seen);
  const answered = seen.filter(({ status }) => status === 200);
  assert.ok(answered.length > ROUNDS * CALLERS, `only ${answered.length} calls were answered`);
  assert.ok(lost > 0, 'no kill met a call under way');
  t.diagnostic(`${answered.length} answered, ${entries.length} entries, ${lost} lost`);
});

test('a disk without room: calls stop, say why, and nothing is carried unrecorded', async (t) => {
  const folder = folderFor(t);
  configure(folder, upstream);
  upstream.take();
  const made = await startProcess(folder);
  t.after(() => made.child.kill('SIGKILL'));
  await made.end('SIGTERM');
  const key = made.key ?? '';

  // The journal fits, since its room is taken when it begins; the vault's values outgrow the limit.
  const running = await startProcess(folder, LEDGER_LIMITS.journalSegmentBytes + 1_000_000);
  t.after(() => running.child.kill('SIGKILL'));
  const load = startLoad(running, key, CALLERS, 'word '.repeat(4_000));
  const isFull = () => load.seen.some(({ code }) => code === 'ledger_unavailable');
  for (let waits = 0; !isFull() && waits < 600; waits++) await sleep(50);
  assert.ok(isFull(), `${load.seen.length} calls and no end of the disk`);
  await load.stop();

  const refused = await fetch(running.address + pathOf('openai-chat'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify(bodyOf('openai-chat', 'A berth?', { model: 'openai-chat-late' })),
  });
  assert.deepEqual(
    [refused.status, refused.headers.get('proviso-code')],
    [503, 'ledger_unavailable'],
  );
  const ready = await fetch(`${running.address}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /"ledger":/);
  for (const { status, code } of load.seen) {
    assert.ok(status === 200 || code === 'ledger_unavailable' || code === 'overloaded', `${code}`);
  }
  await running.end('SIGTERM');

  const roomy = await startProcess(folder);
  t.after(() => roomy.child.kill('SIGKILL'));
  assert.equal(await roomy.end('SIGTERM'), 0);
  await verified(folder, roomy.verifierKey);
  const entries = await readLedger(folder, roomy.verifierKey);
  assertPaired(entries);
  assertRecorded(entries, load.seen);
  t.diagnostic(`${load.seen.length} calls, ${entries.length} entries`);
});

test('SIGTERM under load: open calls end whole, the ledger is complete, and the exit code is 0', async (t) => {
  const folder = folderFor(t);
  configure(folder, upstream);
  upstream.take();
  const running = await startProcess(folder);
  t.after(() => running.child.kill('SIGKILL'));
  const load = startLoad(running, running.key ?? '', CALLERS);
  await sleep(400);
  const code = await running.end('SIGTERM');
  await load.stop();
  assert.equal(code, 0);
  const answered = load.seen.filter(({ status }) => status === 200);
  assert.ok(answered.length > CALLERS);
  for (const { isWhole, target } of answered) assert.ok(isWhole, `${target} was cut off`);
  for (const { status, code: refusal } of load.seen) {
    assert.ok(status === 200 || refusal === 'draining', `${refusal}`);
  }
  await verified(folder, running.verifierKey);
  const entries = await readLedger(folder, running.verifierKey);
  assert.equal(entries.at(-1)?.kind, 'stop');
  assertPaired(entries);
  assertRecorded(entries, load.seen);
  const outcomes = new Set(entries.map(({ public: facts }) => facts['outcome']));
  assert.ok(!outcomes.has('lost') && !outcomes.has('failed'));
});
