/**
 * Databases are only ever what the ledger says: deleted under load, after a kill, and between starts,
 * they come back the same. And the whole audit on what a gateway left, as its operator runs it.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Document,
  provisoJson,
  type Started,
  startGateway,
  temporaryFolder,
  until,
} from './run.ts';

const CALLERS = 6;
const PAUSE_MS = 10;
const TRACK =
  'Track the location of ada@example.org, ben@example.org, cleo@example.org and dov@example.org.';

function ask({ ready }: Started, key: string, content: string): Promise<Response> {
  return fetch(`${ready['address']}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: 'sandbox', messages: [{ role: 'user', content }] }),
  });
}

/** Calls without end, until `stop`; a gateway that is killed ends them. */
function load(gateway: Started, key: string): { readonly stop: () => Promise<number> } {
  let isOver = false;
  let answered = 0;
  const call = async (): Promise<void> => {
    while (!isOver) {
      const response = await ask(gateway, key, 'Good morning.').catch(() => undefined);
      if (response?.ok && (await response.text().catch(() => '')) !== '') answered++;
      if (!response) isOver = true;
      await sleep(PAUSE_MS);
    }
  };
  const callers = Array.from({ length: CALLERS }, call);
  return {
    async stop() {
      isOver = true;
      await Promise.all(callers);
      return answered;
    },
  };
}

async function stateOf(data: string): Promise<Document> {
  const keys = await provisoJson('key', 'list', '--data', data);
  const purposes = await provisoJson('purpose', 'list', '--data', data);
  return { keys: keys.document, purposes: purposes.document };
}

async function count(data: string, ...asked: string[]): Promise<number> {
  const args = ['ledger', 'search', '--data', data, '-n', '10000', ...asked];
  const { code, document } = await provisoJson(...args);
  assert.equal(code, 0, JSON.stringify(document));
  return (document['entries'] as unknown[]).length;
}

function removeDatabases(data: string): void {
  for (const name of readdirSync(join(data, 'ledger'))) {
    if (/^(state|search)\.sqlite/.test(name)) rmSync(join(data, 'ledger', name));
  }
}

test('INVARIANT (13): databases that are deleted, under load or after a kill, lose nothing', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const args = ['--port', '0', '--data', data];
  let gateway = await startGateway(t, args);
  const { document: made } = await provisoJson('key', 'create', 'reader', '--data', data);
  const key = String(made['key']);
  await provisoJson('key', 'create', 'gone', '--data', data);
  const before = await stateOf(data);

  const first = load(gateway, key);
  for (let round = 0; round < 2; round++) {
    // Under the searchers, and under the gateway, which does not look at it.
    rmSync(join(data, 'ledger/search.sqlite'), { force: true });
    // What is acknowledged is published within a second.
    await until(async () => (await count(data, '--caller', 'reader', '--kind', 'decision')) > 0);
  }
  const locked = await provisoJson('state', 'rebuild', '--data', data);
  assert.deepEqual([locked.code, locked.document['error'].code], [1, 'ledger_locked']);
  const rebuilt = await provisoJson('state', 'rebuild', '--search', '--data', data);
  assert.equal(rebuilt.code, 0);
  assert.ok(rebuilt.document['searchIndex'].size > 0);
  await gateway.end('SIGKILL');
  const answered = await first.stop();
  assert.ok(answered > 0);

  // Killed with calls under way: these have no outcome yet, and are open in what is built anew.
  removeDatabases(data);
  const { code, document } = await provisoJson('state', 'rebuild', '--data', data);
  assert.equal(code, 0);
  assert.ok(document['projection'].size > 0);
  const crashed = await provisoJson('ledger', 'fsck', '--data', data);
  assert.deepEqual(crashed.document['faults'], []);

  removeDatabases(data);
  gateway = await startGateway(t, args);
  assert.deepEqual(await stateOf(data), before);
  assert.equal((await ask(gateway, key, 'Still there?')).status, 200);
  const second = load(gateway, key);
  const underLoad = await provisoJson('ledger', 'fsck', '--data', data);
  assert.deepEqual(underLoad.document['faults'], []);
  const all = answered + 1 + (await second.stop());
  assert.equal(await gateway.end(), 0);
  assert.ok((await count(data, '--caller', 'reader', '--effect', 'answered')) >= all);
  assert.deepEqual(await stateOf(data), before);
});

test('what a gateway left is audited, decided again and found, from a folder', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const gateway = await startGateway(t, ['--port', '0', '--data', data]);
  const { key } = gateway.ready;
  await ask(gateway, key, 'Good morning.');
  await ask(gateway, key, TRACK);
  assert.equal(await gateway.end(), 0);

  const fsck = await provisoJson('ledger', 'fsck', data);
  assert.deepEqual([fsck.code, fsck.document['faults'], fsck.document['packs']], [0, [], 1]);
  const replay = await provisoJson('ledger', 'replay', data);
  assert.equal(replay.code, 0);
  assert.deepEqual([replay.document['decisions'], replay.document['same']], [2, 2]);
  const range = await provisoJson('ledger', 'replay', data, '--range', '0..2');
  assert.deepEqual([range.code, range.document['decisions']], [0, 0]);
  const past = await provisoJson('ledger', 'replay', data, '--range', '0..9999');
  assert.equal(past.code, 3);
  assert.equal(await count(data, '--effect', 'deny', '--rule', 'tracking-persons-in-a-call'), 1);

  rmSync(join(data, 'ledger/tile/entries'), { recursive: true });
  const broken = await provisoJson('ledger', 'fsck', data);
  assert.equal(broken.code, 2);
  assert.match(broken.document['faults'][0].problem, /is missing/);
  assert.ok(broken.document['faults'][0].consequence.length > 0);
  assert.ok(!existsSync(join(data, 'ledger/fsck.jsonl')));
});
