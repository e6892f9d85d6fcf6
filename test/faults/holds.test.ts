/**
 * kill -9 while people sign: open holds survive it, what was acknowledged is kept, each hold ends
 * once, and a release is the same before and after.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { parse, stringify } from 'yaml';
import { connectControl } from '#admin/client.ts';
import { askHold, getHold, type HoldRow, signHold } from '#admin/operations/holds.ts';
import { parseConfig } from '#config/load.ts';
import { Gateway } from '#gateway/gateway.ts';
import type { Entry } from '#ledger/entry.ts';
import { provisoJson } from '../cli/run.ts';
import { newApprover, type TestApprover, termsWithLocalKeys } from '../harness/approvers.ts';
import { prover } from '../harness/prover.ts';
import { bodyOf, pathOf } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { says, startUpstream, type Upstream } from '../harness/upstream.ts';
import { configure, ledgerOf, type Running, readLedger, startProcess } from './gateway-load.ts';

const ROUNDS = 8;
const CALLS = 6;

let upstream: Upstream;
before(async () => {
  upstream = await startUpstream();
  const call = { id: 'call_fire', name: 'fire_weapon', arguments: '{"at":"the old pier"}' };
  upstream.answer(says(speak('openai-chat', { calls: [call], finish: 'tool_calls' })));
});
after(() => upstream.close());

/** What the outside was told, and may rely on. */
interface Told {
  /** Holds by id, with the signatures that were acknowledged. */
  readonly signed: Map<string, Set<string>>;
  /** Releases by hold. */
  readonly released: Map<string, string>;
}

async function prepare(t: TestContext): Promise<{ folder: string; people: TestApprover[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-faults-'));
  const terms = termsWithLocalKeys();
  t.after(() => [folder, terms].forEach((path) => rmSync(path, { recursive: true, force: true })));
  configure(folder, upstream);
  const path = join(folder, 'proviso.yaml');
  const given = parse(readFileSync(path, 'utf8')) as object;
  const oversight = { onHold: 'reference', holdsPerCallerMax: 1_000 };
  writeFileSync(path, stringify({ ...given, terms, oversight }));
  const config = parseConfig(readFileSync(path, 'utf8'), path, {});
  const gateway = await Gateway.open(config, { log: pino({ level: 'silent' }), prover });
  const people = [
    await newApprover(gateway),
    await newApprover(gateway, { roles: ['legal-adviser'], teams: ['law'] }),
  ];
  await gateway.close();
  return { folder, people };
}

/** Asks, signs and fetches, until the process is gone. */
async function work(
  running: Running,
  key: string,
  folder: string,
  people: readonly TestApprover[],
  told: Told,
) {
  const control = await connectControl(join(folder, 'data'));
  assert.ok(control);
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const one = async (): Promise<void> => {
    const body = JSON.stringify(bodyOf('openai-chat', 'Do it.'));
    const answer = await fetch(running.address + pathOf('openai-chat'), {
      method: 'POST',
      headers,
      body,
    });
    const hold = answer.headers.get('proviso-hold');
    await answer.text();
    assert.ok(hold);
    told.signed.set(hold, new Set());
    for (const { id: person, signer } of people) {
      const { challenge } = await control.ask(askHold, { hold, person, verdict: 'approve' });
      const assertion = signer.sign(Buffer.from(challenge, 'base64url'));
      await control.ask(signHold, { hold, person, challenge, assertion });
      told.signed.get(hold)?.add(person);
    }
    const { release } = await fetchHold(running, key, hold);
    assert.ok(release);
    told.released.set(hold, release);
  };
  try {
    for (;;) await Promise.all(Array.from({ length: CALLS }, one));
  } catch (thrown) {
    if (thrown instanceof assert.AssertionError) throw thrown;
  } finally {
    await control.close().catch(() => undefined);
  }
}

async function fetchHold({ address }: Running, key: string, hold: string) {
  const response = await fetch(`${address}/proviso/holds/${hold}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return (await response.json()) as { state: string; release?: string };
}

/** One hold for each decision that is held, one end for each hold, approvals before it. */
function assertWhole(entries: readonly Entry[], { released }: Told): void {
  const of = (kind: string) => entries.filter((entry) => entry.kind === kind);
  const holds = of('hold').map(({ public: facts }) => JSON.stringify(facts['id']));
  const held = of('outcome').filter(({ public: facts }) => facts['outcome'] === 'held');
  assert.deepEqual(
    held.map(({ public: facts }) => JSON.stringify(facts['hold'])).toSorted(),
    holds.toSorted(),
  );
  const releases = of('release').map(({ public: facts }) => facts['hold']);
  assert.equal(new Set(releases).size, releases.length, 'a hold was released twice');
  for (const hold of released.keys()) assert.ok(releases.includes(hold), `${hold} is not recorded`);
  const outcomes = of('outcome').filter(({ public: facts }) => facts['outcome'] === 'released');
  assert.equal(outcomes.length, releases.length);
}

test(`${ROUNDS} rounds of kill -9 while people sign`, async (t) => {
  const { folder, people } = await prepare(t);
  const told: Told = { signed: new Map(), released: new Map() };
  let key = '';
  let kept = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const running = await startProcess(folder);
    t.after(() => running.child.kill('SIGKILL'));
    key = running.key ?? key;
    const entries = await readLedger(folder, running.verifierKey);
    assertWhole(entries, told);
    const control = await connectControl(join(folder, 'data'));
    assert.ok(control);
    for (const [hold, signers] of told.signed) {
      const { answers, state }: HoldRow = await control.ask(getHold, { hold });
      const there: ReadonlySet<string> = new Set(answers.map((answer) => answer.person));
      for (const person of signers) assert.ok(there.has(person), `${hold} lost a signature`);
      if (state === 'open' || state === 'approved') kept++;
    }
    await control.close();
    for (const [hold, release] of told.released) {
      const { release: now, state } = await fetchHold(running, key, hold);
      assert.equal(state, 'released');
      // It may have run out meanwhile; it is never another one.
      if (now !== undefined) assert.equal(now, release);
    }
    if (round === ROUNDS) {
      assert.equal(await running.end('SIGTERM'), 0);
      break;
    }
    const working = work(running, key, folder, people, told);
    await sleep(100 + Math.random() * 500);
    await running.end('SIGKILL');
    await working;
    const { code } = await provisoJson(
      'ledger',
      'verify',
      ledgerOf(folder),
      '--key',
      running.verifierKey,
    );
    assert.equal(code, 0);
  }
  assert.ok(told.released.size > ROUNDS, `only ${told.released.size} were released`);
  assert.ok(kept > 0, 'no kill met an open hold');
  t.diagnostic(`${told.signed.size} holds, ${told.released.size} released, ${kept} found open`);
});
