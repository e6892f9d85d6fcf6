/** The ledger as the control API shows it: searched, its head with its witnesses, and disclosed. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { parseVerifierKey } from '#disclosure/verify/key.ts';
import { verifyFile } from '#disclosure/verify/verify.ts';
import { openLedger } from '#ledger/ledger.ts';
import { loadCosigners } from '#witness/keys.ts';
import { serveWitness } from '#witness/server.ts';
import { type Console, openConsole } from './harness/console.ts';

/** Two callers of the sandbox, of whom one asks for another's secret every time. */
async function used(t: TestContext): Promise<Console> {
  const here = await openConsole(t);
  for (const caller of ['archive', 'bridge', 'archive']) {
    const { key } = await here.operate('createKey', {
      caller,
      owner: 'the records desk',
      organisation: 'Example Records',
      teams: [],
      clearance: 0,
      purposes: [],
    });
    const response = await fetch(`${here.serving.address}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sandbox', messages: [{ role: 'user', content: 'Hello.' }] }),
    });
    assert.equal(response.status, 200, await response.text());
  }
  return here;
}

test('an auditor finds entries by caller, provider and time', async (t) => {
  const here = await used(t);
  const auditor = await here.person('Cleo Moor', 'auditor');
  const calls = { kind: 'decision', provider: 'sandbox' } as const;
  const { entries, next } = await auditor.ask('searchEntries', { ...calls, caller: 'archive' });
  assert.deepEqual(
    entries.map(({ caller, outcome }) => [caller, outcome?.public['outcome']]),
    [
      ['archive', 'answered'],
      ['archive', 'answered'],
    ],
  );
  assert.equal(next, undefined);
  const newest = await auditor.ask('searchEntries', { ...calls, limit: 1 });
  assert.equal(newest.entries[0]?.caller, 'archive');
  const rest = await auditor.ask('searchEntries', { ...calls, before: newest.next ?? 0 });
  assert.deepEqual(
    rest.entries.map(({ caller }) => caller),
    ['bridge', 'archive'],
  );
  const { entries: none } = await auditor.ask('searchEntries', {
    ...calls,
    from: new Date(Date.now() + 60_000).toISOString(),
  });
  assert.deepEqual(none, []);
});

test('an auditor makes a disclosure that anyone can verify, of few entries', async (t) => {
  const here = await used(t);
  const auditor = await here.person('Cleo Moor', 'auditor');
  const made = await auditor.ask('makeDisclosure', {
    where: ['kind=decision', 'caller=bridge'],
    fields: ['caller', 'effect'],
  });
  assert.equal(made.entries, 1);
  assert.equal(made.sha256, hash('sha256', made.text, 'hex'));
  const { verifierKeys } = await auditor.ask('getCheckpoint', {});
  const keys = await Promise.all(verifierKeys.map(parseVerifierKey));
  const verdict = await verifyFile(Buffer.from(made.text), { keys });
  assert.equal(verdict.isShown, true);
  assert.deepEqual(verdict.shown, made.shown);
  assert.equal(made.text.includes('archive'), false);

  const complete = await auditor.ask('makeDisclosure', {
    where: ['provider=somebody-else'],
    fields: ['targets'],
    isComplete: true,
  });
  assert.ok(complete.shown.some((sentence) => sentence.includes('none matches')));
  const refused = { code: 'usage_invalid' };
  const unknown = { where: ['colour=red'], fields: ['effect'] };
  await assert.rejects(auditor.ask('makeDisclosure', unknown), refused);
  const nothing = { where: ['effect=hold'], fields: ['effect'] };
  await assert.rejects(auditor.ask('makeDisclosure', nothing), { code: 'not_found' });
});

test('the checkpoint in force names who must cosign it, who has, and why another has not', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'proviso-checkpoint-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const log = { dir: join(dir, 'log'), origin: 'proviso.example.org/harbour' };
  const ledger = await openLedger(log);
  await ledger.close();
  const settings = {
    name: 'witness.example.org/customs',
    dir: join(dir, 'witness'),
    listen: { host: '127.0.0.1', port: 0 },
    logs: [ledger.verifierKey],
    signatures: ['ed25519'],
    requestsPerMinuteMax: 100_000,
  } as const;
  const witness = await serveWitness(settings, pino({ level: 'silent' }));
  t.after(() => witness.close());
  const [key = ''] = witness.verifierKeys;
  const [cosigner] = await loadCosigners(join(dir, 'away'), 'witness.example.org/pilots', [
    'ed25519',
  ]);
  const policy = join(dir, 'policy.txt');
  const lines = [
    `witness customs ${key} ${witness.address}/`,
    `witness pilots ${cosigner?.verifier.text} http://127.0.0.1:9/`,
    'group one any customs pilots',
    'quorum one',
  ];
  writeFileSync(policy, `${lines.join('\n')}\n`);
  const witnesses = { policy, askMs: 100 };
  const here = await openConsole(t, { ledger: { ...log, witnesses } });
  const head = async () => (await here.operate('getCheckpoint', {})).witnessing;
  const problem = async () => (await head())?.witnesses[1]?.problem;
  while (!(await head())?.isQuorum || !(await problem()))
    await new Promise((resolve) => setTimeout(resolve, 50));
  const found = await here.operate('getCheckpoint', {});
  assert.equal(found.origin, log.origin);
  assert.deepEqual(
    found.witnessing?.witnesses.map(({ name, hasCosigned }) => [name, hasCosigned]),
    [
      ['customs', true],
      ['pilots', false],
    ],
  );
  const keys = await Promise.all([...found.verifierKeys, key].map(parseVerifierKey));
  assert.ok(found.witnessing?.witnesses[1]?.problem, 'says why the other did not');
  const verdict = await verifyFile(Buffer.from(found.text), { keys });
  assert.equal(verdict.checkpoint?.cosignatures.length, 1);
});
