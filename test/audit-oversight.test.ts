/** What people signed is verified again by an audit, and what nobody signed is named. INVARIANT (6) */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type AuditReport, auditLedger } from '#audit/fsck.ts';
import { replayLedger } from '#audit/replay.ts';
import { parseVerifierKey } from '#base/note.ts';
import { nodeDisk } from '#ledger/disk.ts';
import { loadMasterKey } from '#ledger/keys.ts';
import {
  newApprover,
  nextHold,
  type TestApprover,
  termsWithLocalKeys,
} from './harness/approvers.ts';
import { connect } from './harness/clients/connect.ts';
import { modelOf, openGateway, providersAt, type TestGateway } from './harness/gateway.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
let proviso: TestGateway;
let officer: TestApprover;
let adviser: TestApprover;
let terms: string;
before(async () => {
  upstream = await startUpstream();
  terms = termsWithLocalKeys();
  const oversight = { waitMsMax: 4_000, streamWaitMsMax: 4_000 };
  proviso = await openGateway({ config: { terms, providers: providersAt(upstream), oversight } });
  officer = await newApprover(proviso.gateway);
  adviser = await newApprover(proviso.gateway, { roles: ['legal-adviser'], teams: ['law'] });
});
after(async () => {
  await proviso.close();
  await upstream.close();
  rmSync(terms, { recursive: true });
});

/** A held call. @returns the hold's id, and what ends with the answer */
async function held(): Promise<{ id: string; asking: Promise<unknown> }> {
  const calls = [{ id: 'call_1', name: 'fire_weapon', arguments: '{"berth":4}' }];
  const said = { text: 'Now.', calls, finish: 'tool_calls' as const };
  upstream.answer(says(speak('openai-chat', said)));
  const parameters = { type: 'object' as const, properties: {} };
  const tools = [{ name: 'fire_weapon', description: 'A tool of the harbour.', parameters }];
  const turns = [{ user: 'Do what is needed.' }];
  const opened = nextHold(proviso.gateway);
  const question = { model: modelOf('openai-chat'), turns, tools };
  const asking = connect('openai-chat', proviso).ask(question, false);
  return { id: (await opened).id, asking };
}

async function source() {
  await proviso.gateway.ledger.flush();
  const place = join(proviso.dir, 'ledger');
  const log = parseVerifierKey(proviso.gateway.ledger.verifierKey);
  return { place, log, dataDir: proviso.dir, masterKey: await loadMasterKey(nodeDisk, place) };
}

async function audit(): Promise<AuditReport> {
  return auditLedger(await source());
}

test('a release with its signatures is sound, and both its decisions are computed again', async () => {
  const { id, asking } = await held();
  await officer.approve(id);
  await adviser.approve(id);
  await asking;
  await proviso.settled();
  const report = await audit();
  assert.deepEqual(report.faults, []);
  assert.deepEqual([report.releases, report.people], [1, 2]);
  const replayed = await replayLedger(await source(), undefined);
  assert.deepEqual([replayed.differences, replayed.problems], [[], []]);
  assert.ok(replayed.same >= 3);
});

test('a release that nobody signed, or that was signed for something else, is named', async () => {
  const { ledger } = proviso.gateway;
  const made = await Array.fromAsync(ledger.history(['hold', 'approval', 'release']));
  const release = made.find(({ kind }) => kind === 'release');
  const approvals = made.filter(({ kind }) => kind === 'approval');
  assert.ok(release && approvals.length === 2);
  const { id, asking } = await held();
  const [opened] = (await Array.fromAsync(ledger.history(['hold']))).slice(-1);
  const copied: number[] = [];
  for (const { public: facts, private: said } of approvals) {
    const entry = { kind: 'approval' as const, public: { ...facts, hold: id }, vaultKey: 'copied' };
    copied.push(await ledger.append({ ...entry, private: said }));
  }
  const forged = await ledger.append({
    kind: 'release',
    public: {
      ...release.public,
      action: opened?.public['action'] ?? null,
      approvals: copied,
      hold: id,
      id: 'rel_forged',
    },
  });
  const { faults } = await audit();
  assert.ok(faults.every(({ entry }) => entry === forged));
  const problems = faults.map(({ problem }) => problem).join('\n');
  for (const number of copied) {
    assert.match(problems, new RegExp(`entry ${number} is no signature: .* something else`));
  }
  assert.match(problems, /is not the permit that a release needs/);

  const unsigned = await held();
  const [next] = (await Array.fromAsync(ledger.history(['hold']))).slice(-1);
  const facts = { ...release.public, action: next?.public['action'] ?? null };
  const entry = await ledger.append({
    kind: 'release',
    public: { ...facts, approvals: [], hold: unsigned.id, id: 'rel_unsigned' },
  });
  const found = (await audit()).faults.filter((fault) => fault.entry === entry);
  assert.match(
    found.map(({ problem }) => problem).join('\n'),
    /signatures of `[a-z-]+` are missing/,
  );
  // Nobody answers these; the callers get references.
  await Promise.allSettled([asking, unsigned.asking]);
});
