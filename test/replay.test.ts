/** Recorded decisions are computed again from ledger, vault and stored packs. INVARIANT (10) */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ReplayReport, replayLedger } from '#audit/replay.ts';
import type { JsonObject } from '#base/json.ts';
import { parseVerifierKey } from '#base/note.ts';
import { registerPurpose } from '#gateway/changes.ts';
import { nodeDisk } from '#ledger/disk.ts';
import { loadMasterKey } from '#ledger/keys.ts';
import { storedPackDir, storePack } from '#terms/store.ts';
import type { ReadEntry } from './harness/gateway.ts';
import { openGateway, providersAt, type TestGateway } from './harness/gateway.ts';
import { bodyOf, pathOf, post, toolsOf } from './harness/raw.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

const SAID = {
  text: 'Looking.',
  calls: [
    { id: 'call_1', name: 'find_berth', arguments: '{"metres":12}' },
    { id: 'call_2', name: 'fire_weapon', arguments: '{"metres":12}' },
    { id: 'call_3', name: 'find_berth', arguments: '{"metres":12,"metres":99}' },
    { id: 'call_4', name: 'find_crane', arguments: '{}' },
  ],
  finish: 'tool_calls',
} as const;
const PERSONS = Array.from({ length: 30 }, (_, i) => `keeper${i}@example.org`).join(' ');

let upstream: Upstream;
let proviso: TestGateway;
const copies = mkdtempSync(join(tmpdir(), 'proviso-replay-'));
before(async () => {
  upstream = await startUpstream();
  upstream.answer(says(speak('openai-chat', SAID)));
  proviso = await openGateway({ config: { providers: providersAt(upstream) } });
  await storePack(proviso.dir, proviso.gateway.terms.pack);
  await registerPurpose(proviso.gateway, {
    id: 'berths',
    title: 'Berths',
    owner: 'harbour office',
    authority: 'harbour rules',
    dataClasses: [],
    tools: ['find_berth', 'fire_weapon'],
    callers: ['*'],
    teams: [],
    allows: [],
  });
  const tools = toolsOf('openai-chat', 'find_berth', 'fire_weapon');
  for (const text of ['A berth?', PERSONS, `Track the movements of ${PERSONS}`]) {
    await post(proviso, pathOf('openai-chat'), bodyOf('openai-chat', text, tools));
    await post(proviso, pathOf('openai-chat'), bodyOf('openai-chat', text, tools), {
      'proviso-purpose': 'berths',
    });
  }
});
after(async () => {
  await proviso.close();
  await upstream.close();
  rmSync(copies, { recursive: true });
});

async function replayOf(dataDir: string): Promise<ReplayReport> {
  const dir = join(dataDir, 'ledger');
  const log = parseVerifierKey(proviso.gateway.ledger.verifierKey);
  const masterKey = await loadMasterKey(nodeDisk, dir);
  return replayLedger({ place: dir, log, dataDir, masterKey }, undefined);
}

function copyOf(name: string): string {
  const copy = join(copies, name);
  cpSync(proviso.dir, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  return copy;
}

test('INVARIANT (10): every decision is computed again with the same result', async () => {
  const decisions = (await proviso.entries()).filter(({ kind }) => kind === 'decision');
  const report = await replayOf(proviso.dir);
  assert.deepEqual(report.differences, []);
  assert.deepEqual(report.problems, []);
  assert.deepEqual([report.same, report.erased], [decisions.length, 0]);
  const codes = new Set(decisions.map(({ public: facts }) => facts['code']));
  for (const code of ['arguments_ambiguous', 'purpose_exceeded', 'terms_denied', undefined]) {
    assert.ok(codes.has(code), String(code));
  }
  const detectors = proviso.gateway.detectors.map(({ name, version }) => `${name}@${version}`);
  assert.deepEqual(report.detectors, { [detectors.join(' ')]: decisions.length });
});

/** What a decision could falsely say, each from a true one. */
const falsehoods: Readonly<Record<string, (facts: JsonObject) => JsonObject>> = {
  effect: (facts) => ({ ...facts, effect: facts['effect'] === 'permit' ? 'deny' : 'permit' }),
  rules: (facts) => ({ ...facts, rules: ['another-rule'] }),
  code: (facts) => ({ ...facts, code: 'terms_error' }),
  targets: (facts) => ({ ...facts, targets: ['elsewhere/model'] }),
  purpose: (facts) => ({ ...facts, purpose: 'another' }),
};

test('a decision that says otherwise than its facts and the terms is named', async () => {
  const all: readonly ReadEntry[] = await proviso.entries();
  const [true_] = all.filter(({ kind }) => kind === 'decision');
  assert.ok(true_);
  const { ledger } = proviso.gateway;
  const wrong = new Map<number, string>();
  for (const [field, falsify] of Object.entries(falsehoods)) {
    const entry = await ledger.append({
      kind: 'decision',
      public: falsify(true_.public),
      private: true_.private,
      vaultKey: 'no-purpose',
    });
    await ledger.append({ kind: 'outcome', closes: entry, public: { outcome: 'denied' } });
    wrong.set(entry, field);
  }
  await ledger.flush();
  const report = await replayOf(proviso.dir);
  assert.equal(report.different, wrong.size);
  for (const { entry, differences } of report.differences) {
    assert.deepEqual(
      differences.map(({ field }) => field),
      [wrong.get(entry)],
    );
  }
});

test('a pack that is missing or changed makes no decision the same, and is named', async () => {
  const { hash } = proviso.gateway.terms.pack;
  const missing = copyOf('missing');
  rmSync(storedPackDir(missing, hash), { recursive: true });
  const changed = copyOf('changed');
  writeFileSync(join(storedPackDir(changed, hash), 'redlines.cedar'), '');
  for (const [dataDir, problem] of [
    [missing, /is missing/],
    [changed, /was changed/],
  ] as const) {
    const report = await replayOf(dataDir);
    assert.deepEqual([report.same, report.different], [0, 0]);
    assert.equal(report.unreplayed, report.decisions);
    assert.match(String(report.problems[0]?.problem), problem);
  }
});

test('facts that the vault has lost are told from facts that were erased', async () => {
  const lost = copyOf('lost');
  rmSync(join(lost, 'ledger/vault/values'), { recursive: true });
  const report = await replayOf(lost);
  assert.deepEqual([report.same, report.erased], [0, 0]);
  assert.match(String(report.problems[0]?.problem), /no facts/);
});
