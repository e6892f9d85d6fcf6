import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { openNote } from '#base/note.ts';
import { parseCosignatureKey } from '#ledger/cosignature.ts';
import { ExampleLog } from './log.example.ts';
import { serveWitness, type WitnessSettings } from './server.ts';
import { verifySplitView } from './split-view.ts';
import { originOf } from './witness.ts';

const root = mkdtempSync(join(tmpdir(), 'proviso-witness-server-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const log = ExampleLog.make('example.com/log', 20);
const silent = pino({ level: 'silent' });

function settings(changes: Partial<WitnessSettings> = {}): WitnessSettings {
  return {
    name: 'witness.example.org/harbour',
    dir: join(root, String(folders++)),
    listen: { host: '127.0.0.1', port: 0 },
    logs: [log.key],
    signatures: ['ed25519', 'ml-dsa-44'],
    requestsPerMinuteMax: 1_000,
    ...changes,
  };
}

async function post(address: string, body: Buffer): Promise<Response> {
  return fetch(`${address}/add-checkpoint`, { method: 'POST', body: new Uint8Array(body) });
}

test('the protocol’s paths, types and bodies; and the same witness after a restart', async () => {
  const own = settings();
  const first = await serveWitness(own, silent);
  const newest = `${first.address}/${originOf('example.com/log').hash}/checkpoint`;
  assert.equal((await fetch(newest)).status, 404);
  const answer = await post(first.address, log.request(0, 7));
  assert.equal(answer.status, 200);
  const lines = await answer.text();
  const verifiers = first.verifierKeys.map(parseCosignatureKey);
  const { signatures } = openNote(Buffer.from(log.checkpoint(7) + lines), verifiers);
  assert.equal(signatures.length, 2);
  const kept = await fetch(newest);
  assert.equal(kept.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(await kept.text(), log.checkpoint(7) + lines);
  await first.close();

  const second = await serveWitness(own, silent);
  assert.deepEqual(second.verifierKeys, first.verifierKeys);
  const conflict = await post(second.address, log.request(0, 9));
  assert.equal(conflict.status, 409);
  assert.equal(conflict.headers.get('content-type'), 'text/x.tlog.size');
  assert.equal(await conflict.text(), '7\n');
  assert.equal((await post(second.address, log.request(7, 9))).status, 200);
  assert.equal((await fetch(`${second.address}/add-checkpoint`)).status, 404, 'only by POST');
  await second.close();
  assert.equal(statSync(join(own.dir, 'ed25519.key')).mode & 0o777, 0o600);
});

test('requests that are too large or too many are refused', async () => {
  const server = await serveWitness(settings({ requestsPerMinuteMax: 3 }), silent);
  const { address } = server;
  assert.equal((await post(address, Buffer.alloc(65_537))).status, 413);
  assert.equal((await post(address, Buffer.alloc(0))).status, 400);
  assert.equal((await post(address, log.request(0, 7))).status, 200);
  const limited = await post(address, log.request(7, 8));
  assert.equal(limited.status, 429);
  assert.ok(Number(limited.headers.get('retry-after')) > 0);
  await server.close();
});

test('two heads of one size are kept as evidence', async () => {
  const own = settings({ signatures: ['ed25519'] });
  const server = await serveWitness(own, silent);
  const { address } = server;
  assert.equal((await post(address, log.request(0, 7))).status, 200);
  assert.equal((await post(address, log.fork(3).request(7, 7))).status, 422);
  const path = join(own.dir, 'evidence', `${originOf('example.com/log').hash}.json`);
  while (!existsSync(path)) await new Promise(setImmediate);
  const { heads } = verifySplitView(readFileSync(path), log.key);
  assert.deepEqual(
    heads.map(({ size }) => size),
    [7, 7],
  );
  await server.close();
});

test('a key that is gone, or of another name, stops the start', async () => {
  const own = settings({ signatures: ['ed25519'] });
  await (await serveWitness(own, silent)).close();
  const renamed = { ...own, name: 'witness.example.org/other' };
  await assert.rejects(serveWitness(renamed, silent), { code: 'config_invalid' });
  rmSync(join(own.dir, 'ed25519.key'));
  await assert.rejects(serveWitness(own, silent), { code: 'config_invalid' });
  await assert.rejects(serveWitness(settings({ logs: ['x'] }), silent), { code: 'note_invalid' });
});
