/** Drills among real holds: not to be told apart, not to be released, told afterwards. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stringify } from 'yaml';
import { rejectHold } from '#gateway/approve.ts';
import { takeUp } from '#gateway/take-up.ts';
import type { Hold } from '#oversight/hold.ts';
import { newApprover, type TestApprover, termsWithLocalKeys } from './harness/approvers.ts';
import { connect } from './harness/clients/connect.ts';
import { modelOf, openGateway, providersAt, type TestGateway } from './harness/gateway.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
let proviso: TestGateway;
let officer: TestApprover;
let adviser: TestApprover;
const terms = termsWithLocalKeys();
const folder = mkdtempSync(join(tmpdir(), 'proviso-drills-'));
const EXERCISES = [
  {
    tool: 'fire_weapon',
    arguments: { to: 'the ferry at berth 2' },
    why: 'There are people on the ferry.',
  },
];

before(async () => {
  upstream = await startUpstream();
  const file = join(folder, 'exercises.yaml');
  writeFileSync(file, stringify(EXERCISES));
  proviso = await openGateway({
    config: {
      terms,
      providers: providersAt(upstream),
      oversight: {
        onHold: 'reference',
        drills: { file, rate: 1, delayMsMax: 0 },
        alarms: { drillsCaughtMin: 0.9 },
      },
    },
  });
  officer = await newApprover(proviso.gateway);
  adviser = await newApprover(proviso.gateway, { roles: ['legal-adviser'], teams: ['law'] });
});
after(async () => {
  await proviso.close();
  await upstream.close();
  for (const dir of [terms, folder]) rmSync(dir, { recursive: true });
});

/** A real call that is held, and the drill that comes after it. */
async function heldTwice(): Promise<readonly [real: Hold, drill: Hold]> {
  const known = new Set(proviso.gateway.holds.list().map(({ id }) => id));
  const call = { id: 'call_1', name: 'fire_weapon', arguments: '{"to":"the old pier"}' };
  const said = { text: '', calls: [call], finish: 'tool_calls' as const };
  upstream.answer(says(speak('openai-chat', said)));
  await connect('openai-chat', proviso).ask(
    {
      model: modelOf('openai-chat'),
      turns: [{ user: 'Do what is needed.' }],
      tools: [
        {
          name: 'fire_weapon',
          description: 'A tool of the harbour.',
          parameters: { type: 'object', properties: {} },
        },
      ],
    },
    false,
  );
  for (;;) {
    const change = proviso.gateway.holds.changed();
    const opened = proviso.gateway.holds.list().filter(({ id }) => !known.has(id));
    const [real, drill] = opened;
    if (real && drill) return [real, drill];
    await change;
  }
}

test('in the ledger’s clear text, and in what is shown, a drill is like any other hold', async () => {
  const [real, drill] = await heldTwice();
  assert.deepEqual([real.isDrill, drill.isDrill], [false, true]);
  const shape = ({ shown, requirements }: Hold) => {
    const { arguments: _, nonce, expiresAt, ...rest } = { arguments: undefined, ...shown };
    return { ...rest, nonceChars: nonce.length, requirements, is: typeof expiresAt };
  };
  assert.deepEqual(shape(drill), shape(real));
  const entries = await proviso.entries();
  const inClear = (hold: Hold) => {
    const { public: facts } = entries[hold.entry] ?? assert.fail();
    const { effect, rules, toolClass, action } = entries[hold.decision]?.public ?? {};
    return { keys: Object.keys(facts), terms: facts['terms'], effect, rules, toolClass, action };
  };
  assert.deepEqual(inClear(drill), inClear(real));
  const digests = ({ entry }: Hold) => entries[entry]?.digests.length;
  assert.equal(digests(drill), digests(real));
});

test('one that is rejected is caught, and told afterwards', async () => {
  const [, drill] = await heldTwice();
  const reason = 'There are people on it.';
  const rejecting = { hold: drill.id, person: officer.id, reason, strength: 'session' } as const;
  await rejectHold(proviso.gateway, rejecting);
  const found = proviso.gateway.holds.find(drill.id);
  assert.ok(found?.isDrill);
  const { end, why } = found;
  assert.deepEqual([end?.end, why], ['rejected', EXERCISES[0]?.why]);
  const ended = (await proviso.entries()).find(({ index }) => index === end?.entry);
  assert.equal(ended?.public['drill'], true);
  assert.deepEqual(proviso.gateway.holds.approvers.drills(officer.id), [true]);
});

test('INVARIANT (6): one that everybody signs goes nowhere, and is an alarm', async () => {
  const [, drill] = await heldTwice();
  await officer.approve(drill.id);
  await adviser.approve(drill.id);
  const { end } = proviso.gateway.holds.find(drill.id) ?? assert.fail();
  assert.equal(end?.end, 'denied');
  await assert.rejects(takeUp(proviso.gateway, drill.id), { code: 'not_found' });
  const entries = await proviso.entries();
  const released = entries.filter((entry) => entry.public['hold'] === drill.id);
  assert.ok(!released.some(({ kind }) => kind === 'release'));
  assert.ok(proviso.logs.some((line) => line.includes('drills_missed')));
  assert.deepEqual(proviso.gateway.holds.approvers.drills(adviser.id), [false]);
});

test('the caller is told nothing of drills', async () => {
  const [real] = await heldTwice();
  const response = await fetch(new URL('/proviso/holds', proviso.address), {
    headers: { authorization: `Bearer ${proviso.key}` },
  });
  const text = await response.text();
  assert.ok(text.includes(real.id));
  for (const hold of proviso.gateway.holds.list()) {
    assert.equal(text.includes(hold.id), !hold.isDrill);
  }
});
