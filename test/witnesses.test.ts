/**
 * Two parties, each with a gateway and a witness, that witness each other's logs; and the log as
 * anyone reads it over HTTP, with code that is not Proviso's.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import type { JsonObject } from '#base/json.ts';
import { openLedger } from '#ledger/ledger.ts';
import { serveWitness, type WitnessServer } from '#witness/server.ts';
import { openGateway, type TestGateway } from './harness/gateway.ts';
import { readLog } from './harness/log-reader.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-witnesses-'));
const PARTIES = ['harbour', 'customs'] as const;
const silent = pino({ level: 'silent' });
const originOf = (party: string): string => `proviso.example.org/${party}`;
const logKeys: string[] = [];
const witnesses: WitnessServer[] = [];
const gateways: TestGateway[] = [];

before(async () => {
  for (const party of PARTIES) {
    const ledger = await openLedger({ dir: join(root, party), origin: originOf(party) });
    logKeys.push(ledger.verifierKey);
    await ledger.close();
  }
  for (const party of PARTIES) witnesses.push(await startWitness(party));
  const policy = join(root, 'policy.txt');
  const lines = PARTIES.map(
    (party, i) => `witness ${party} ${witnesses[i]?.verifierKeys[0]} ${witnesses[i]?.address}/\n`,
  );
  writeFileSync(policy, `${lines.join('')}group both all ${PARTIES.join(' ')}\nquorum both\n`);
  for (const party of PARTIES) gateways.push(await startGateway(party, { policy, askMs: 100 }));
});
after(async () => {
  for (const gateway of gateways) await gateway.close();
  for (const witness of witnesses) await witness.close();
  rmSync(root, { recursive: true });
});

function startWitness(party: string, port = 0): Promise<WitnessServer> {
  const settings = {
    name: `witness.example.org/${party}`,
    dir: join(root, `witness-${party}`),
    listen: { host: '127.0.0.1', port },
    logs: logKeys,
    signatures: ['ed25519', 'ml-dsa-44'],
    requestsPerMinuteMax: 100_000,
  } as const;
  return serveWitness(settings, silent);
}

function startGateway(party: string, settings: JsonObject, more: JsonObject = {}) {
  const ledger = {
    dir: join(root, party),
    origin: originOf(party),
    witnesses: { awayMsMax: 1_000, whenAway: 'stop', answerWaitMsMax: 500, ...settings },
    ...more,
  };
  return openGateway({ config: { ledger } });
}

const [harbour, customs] = [0, 1].map((i) => () => gateways[i] as TestGateway) as [
  () => TestGateway,
  () => TestGateway,
];

async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 200; left > 0; left--) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`did not come to be within ten seconds: ${what}`);
}

function call({ address, key }: TestGateway): Promise<Response> {
  return fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sandbox', messages: [{ role: 'user', content: 'Good day.' }] }),
  });
}

test('anyone reads both logs over HTTP, signed by their gateways and cosigned by both parties', async () => {
  for (const [i, gateway] of gateways.entries()) {
    assert.equal((await call(gateway)).status, 200);
    const { ledger } = gateway.gateway;
    const more = Array.from({ length: 600 }, () => ledger.append({ kind: 'start', public: { i } }));
    await Promise.all(more);
    const size = await gateway.settled();
    await until('published', () => gateway.gateway.witnessing?.published?.size === size);
    const keys = [
      ...ledger.verifiers.map(({ text }) => text),
      ...witnesses.map(({ verifierKeys: [key = ''] }) => key),
    ];
    assert.equal(keys.length, 4);
    const read = await readLog(`${gateway.address}/ledger/`, keys);
    assert.equal(read.origin, originOf(PARTIES[i] ?? ''));
    assert.equal(read.size, size);
    assert.deepEqual(read.signedBy, keys, 'Ed25519, ML-DSA-44 and two cosignatures');
    const kinds = read.entries.map((entry) => (JSON.parse(entry.toString()) as JsonObject)['kind']);
    assert.equal(kinds[0], 'terms');
    assert.ok(kinds.includes('decision') && kinds.includes('outcome'));
  }
});

test('only reading is served, with its caching, and nothing else of the folder', async () => {
  const at = (path: string, init?: RequestInit) =>
    fetch(`${harbour().address}/ledger/${path}`, init);
  assert.equal((await at('checkpoint')).headers.get('cache-control'), 'no-cache');
  const tile = await at('tile/0/000');
  assert.match(tile.headers.get('cache-control') ?? '', /max-age=31536000, immutable/);
  const head = await at('tile/0/000', { method: 'HEAD' });
  assert.equal(head.headers.get('content-length'), '8192');
  assert.equal((await head.arrayBuffer()).byteLength, 0);
  const posted = await at('checkpoint', { method: 'POST', body: 'x' });
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, HEAD']);
  for (const path of [
    '',
    'keys/ledger.key',
    '../ledger/keys/ledger.key',
    'tile/0/9',
    'checkpoint/',
  ]) {
    assert.equal((await at(path)).status, 404, path);
  }
  assert.equal((await at('checkpoint?x=1')).status, 200);
  const lost = join(root, 'harbour/tile/0/001');
  const bytes = readFileSync(lost);
  rmSync(lost);
  const failed = await at('tile/0/001');
  writeFileSync(lost, bytes);
  assert.equal(failed.status, 500);
  const text = await failed.text();
  assert.match(text, /ledger_corrupt/);
  assert.doesNotMatch(text, new RegExp(root), 'no path of the machine');
});

test('a witness that is away stops the calls of who asked for that, and they go on after it', async () => {
  const witness = witnesses[1] as WitnessServer;
  await witness.close();
  const before = harbour().gateway.witnessing?.published?.size;
  assert.equal((await call(harbour())).status, 200, 'it is not away for long enough');
  await until('refused', async () => (await call(harbour())).status === 503);
  const refused = await call(harbour());
  assert.equal(refused.headers.get('proviso-code'), 'witnesses_away');
  assert.equal(refused.headers.get('retry-after'), '10');
  const ready = await fetch(`${harbour().address}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /Too few witnesses/);
  assert.equal(harbour().gateway.witnessing?.published?.size, before);
  const metrics = await (await fetch(`${harbour().address}/metrics`)).text();
  assert.match(metrics, new RegExp(`^proviso_ledger_witnessed_entries ${before}$`, 'm'));
  assert.doesNotMatch(metrics, /^proviso_ledger_unwitnessed_seconds 0$/m);

  witnesses[1] = await startWitness('customs', Number(new URL(witness.address).port));
  await until('carried', async () => (await call(harbour())).status === 200);
  assert.equal((await fetch(`${harbour().address}/readyz`)).status, 200);
  assert.equal((await call(customs())).status, 200);
});

test('what a gateway records at its end is witnessed too', async () => {
  const gateway = gateways.pop() as TestGateway;
  const { ledger, witnessing } = gateway.gateway;
  await gateway.close();
  assert.equal(witnessing?.published?.size, ledger.size);
});

test('the log is served elsewhere, or not at all, where the configuration says so', async () => {
  const moved = await openGateway({ config: { ledger: { prefix: '/log/of/mine/' } } });
  await moved.settled();
  assert.equal((await fetch(`${moved.address}/ledger/checkpoint`)).status, 404);
  const { signedBy } = await readLog(`${moved.address}/log/of/mine/`, [
    moved.gateway.ledger.verifierKey,
  ]);
  assert.equal(signedBy.length, 1, 'without witnesses, the newest head of its own');
  await moved.close();
  const closed = await openGateway({ config: { ledger: { serve: false } } });
  await closed.settled();
  const answer = await fetch(`${closed.address}/ledger/checkpoint`);
  assert.equal(answer.status, 404);
  await closed.close();
});
