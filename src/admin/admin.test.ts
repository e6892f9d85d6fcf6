import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client } from 'undici';
import { systemClock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import type { KeyRing } from '#caller/ring.ts';
import { parseConfig } from '#config/load.ts';
import { Activations } from '#gateway/activations.ts';
import { registersOf, stateOf } from '#gateway/state.ts';
import { Turns } from '#gateway/turns.ts';
import { openLedger } from '#ledger/ledger.ts';
import { startPackProver } from '#terms/prove/pack-prover.ts';
import type { Terms } from '#terms/terms.ts';
import { connectControl } from './client.ts';
import { openControl } from './open.ts';
import { type Context, type Control, localControl, type Operation } from './operation.ts';
import { readPrivate } from './operations/entries.ts';
import { createKey, listKeys, revokeKey } from './operations/keys.ts';
import { endPurpose, listPurposes, registerPurpose } from './operations/purposes.ts';
import { getStatus } from './operations/status.ts';
import { OPERATIONS } from './operations.ts';
import { serveControl } from './server.ts';
import { controlPath } from './socket.ts';

const HOLDER = {
  caller: 'batch',
  owner: 'clerk',
  organisation: 'example',
  teams: ['records'],
  partner: 'partner example',
  clearance: 2,
  purposes: ['minutes'],
  expiresAt: '2040-01-01T00:00:00.000Z',
};

const PURPOSE = {
  id: 'minutes',
  title: 'Minutes',
  owner: 'clerk',
  authority: 'by-law 12',
  dataClasses: ['public'],
  models: ['small-*'],
  callers: ['*'],
  teams: [],
  allows: ['many-persons'],
  endsAt: '2040-01-01T00:00:00.000Z',
};

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-admin-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The state alone, opened here and served as a gateway's, until the test ends. */
async function served(
  t: TestContext,
  dataDir: string,
  change: Partial<Context['state']> = {},
  onDefect: (cause: unknown) => void = (cause) => assert.fail(String(cause)),
): Promise<{ control: Control; end: () => Promise<void> }> {
  mkdirSync(dataDir, { recursive: true });
  const config = configIn(dataDir);
  const ledger = await openLedger({ dir: config.ledger.dir, origin: 'proviso.local/ledger' });
  const terms = { pack: { id: 'terms', version: '1.0.0', hash: '00' } } as object as Terms;
  const prover = startPackProver();
  const activations = new Activations({ ledger, dataDir, clock: systemClock, prover });
  const state = {
    config,
    ledger,
    activations,
    ...(await stateOf(config, ledger)),
    ...(await registersOf(ledger)),
    turns: new Turns(),
    clock: systemClock,
    terms,
    ...change,
  };
  const context = {
    state,
    actor: { kind: 'operator' } as const,
    address: 'http://127.0.0.1:1',
  };
  const server = await serveControl(context, dataDir, onDefect);
  let isOpen = true;
  const end = async () => {
    if (!isOpen) return;
    isOpen = false;
    await server.close();
    await ledger.close();
  };
  t.after(end);
  return { control: localControl(context, end), end };
}

const configIn = (dataDir: string) => parseConfig(`dataDir: ${dataDir}`, '/proviso.yaml', {});

/** The same state, reached in this process and over the socket. */
async function bothWays(t: TestContext): Promise<{ here: Control; there: Control }> {
  const dataDir = folderFor(t);
  const { control: here } = await served(t, dataDir);
  const there = await connectControl(dataDir);
  assert.ok(there);
  t.after(() => there.close());
  return { here, there };
}

async function refused(work: Promise<unknown>): Promise<ProvisoError> {
  try {
    await work;
  } catch (thrown) {
    assert.ok(thrown instanceof ProvisoError, String(thrown));
    return thrown;
  }
  assert.fail('was not refused');
}

test('the socket is its owner’s alone, and gone afterwards', async (t) => {
  const dataDir = folderFor(t);
  const { end } = await served(t, dataDir);
  assert.equal(statSync(controlPath(dataDir)).mode & 0o777, 0o600);
  await end();
  assert.throws(() => statSync(controlPath(dataDir)));
  assert.equal(await connectControl(dataDir), undefined);
});

test('what a crash left in the socket’s place is taken over', async (t) => {
  const dataDir = folderFor(t);
  writeFileSync(controlPath(dataDir), '');
  await served(t, dataDir);
  const client = await connectControl(dataDir);
  assert.equal((await client?.ask(getStatus, {}))?.address, 'http://127.0.0.1:1');
  await client?.close();
});

test('a data folder whose path is too long for a socket has it elsewhere, for its owner alone', async (t) => {
  const dataDir = join(folderFor(t), 'x'.repeat(120));
  mkdirSync(dataDir);
  const path = controlPath(dataDir);
  t.after(() => rmSync(dirname(path), { recursive: true, force: true }));
  assert.ok(Buffer.byteLength(path) <= 103);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  rmSync(dirname(path), { recursive: true });
  mkdirSync(dirname(path), { mode: 0o755 });
  assert.throws(() => controlPath(dataDir), { code: 'system_failed' });
});

test('both ways tell and do the same', async (t) => {
  const { here, there } = await bothWays(t);
  const { id, key } = await there.ask(createKey, HOLDER);
  assert.ok(key.startsWith(`prv_${id}_`));
  await there.ask(registerPurpose, PURPOSE);
  for (const control of [here, there]) {
    assert.deepEqual(await control.ask(listKeys, {}), [{ id, state: 'active', holder: HOLDER }]);
    assert.deepEqual(await control.ask(listPurposes, {}), [{ ...PURPOSE, state: 'open' }]);
    assert.deepEqual(await control.ask(readPrivate, { index: 0 }), {
      caller: 'batch',
      organisation: 'example',
      owner: 'clerk',
      partner: 'partner example',
      teams: ['records'],
    });
    assert.equal((await refused(control.ask(revokeKey, { id: 'none' }))).code, 'caller_unknown');
    assert.equal(
      (await refused(control.ask(endPurpose, { id: 'none', at: HOLDER.expiresAt }))).code,
      'purpose_unknown',
    );
    assert.equal((await refused(control.ask(readPrivate, { index: 9 }))).code, 'not_found');
  }
  await there.ask(revokeKey, { id });
  await there.ask(endPurpose, { id: 'minutes', at: '2020-01-01T00:00:00Z' });
  for (const control of [here, there]) {
    assert.equal((await control.ask(listKeys, {}))[0]?.state, 'revoked');
    assert.equal((await control.ask(listPurposes, {}))[0]?.state, 'ended');
  }
});

test('INVARIANT (2): an unknown field, a missing one and a wrong type are refused', async (t) => {
  const { there, here } = await bothWays(t);
  const { owner: _owner, ...without } = HOLDER;
  for (const wrong of [{ ...HOLDER, admin: true }, without, { ...HOLDER, clearance: '2' }]) {
    const error = await refused(there.ask(createKey, wrong as typeof HOLDER));
    assert.equal(error.code, 'invalid_request');
  }
  assert.deepEqual(await here.ask(listKeys, {}), []);
});

test('INVARIANT (13): what was changed is there again for the next to open it', async (t) => {
  const dataDir = folderFor(t);
  const first = await openControl(configIn(dataDir));
  const { id } = await first.ask(createKey, HOLDER);
  await first.ask(registerPurpose, PURPOSE);
  const told = [await first.ask(listKeys, {}), await first.ask(listPurposes, {})];
  await first.close();
  const second = await openControl(configIn(dataDir));
  assert.deepEqual([await second.ask(listKeys, {}), await second.ask(listPurposes, {})], told);
  await second.ask(revokeKey, { id });
  await second.close();
});

test('while another holds the ledger and answers no socket, the state stays closed', async (t) => {
  const config = configIn(folderFor(t));
  mkdirSync(config.dataDir, { recursive: true });
  const { dir } = config.ledger;
  const ledger = await openLedger({ dir, origin: 'proviso.local/ledger' });
  const waiting = openControl(config);
  setTimeout(() => void ledger.close(), 300);
  await (await waiting).close();
  const again = await openLedger({ dir, origin: 'proviso.local/ledger' });
  assert.equal((await refused(openControl(config))).code, 'ledger_locked');
  await again.close();
});

test('no other path answers, and a defect says nothing of itself', async (t) => {
  const dataDir = folderFor(t);
  const defects: unknown[] = [];
  const list = () => {
    throw new Error('secret detail');
  };
  const callers = { list } as object as KeyRing;
  await served(t, dataDir, { callers }, (cause) => defects.push(cause));
  const client = new Client('http://proviso', { socketPath: controlPath(dataDir) });
  t.after(() => client.close());
  const unknown = await client.request({ method: 'GET', path: '/v1/everything' });
  assert.equal(unknown.statusCode, 404);
  await unknown.body.dump();
  const failed = await client.request({ method: 'GET', path: '/v1/keys' });
  assert.equal(failed.statusCode, 500);
  assert.doesNotMatch(await failed.body.text(), /secret/);
  assert.equal((defects[0] as Error).message, 'secret detail');
});

test('every operation says what it is for and who may ask', () => {
  for (const { summary, access, path } of Object.values<Operation>(OPERATIONS)) {
    assert.ok(summary.length > 0);
    assert.ok(access.length > 0, path);
  }
});
