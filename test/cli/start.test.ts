/** A gateway as an operator has it: started, used, changed while it runs, read again, stopped. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import {
  type Document,
  launch,
  proviso,
  provisoJson,
  ROOT,
  startGateway,
  temporaryFolder,
  until,
} from './run.ts';

const execute = promisify(execFile);

/** As a person would, in the clone, with nothing of this project on the PATH but its own Node. */
async function paste(command: string): Promise<string> {
  const { HOME = '' } = process.env;
  const PATH = `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
  const { stdout } = await execute('/bin/sh', ['-c', command], { cwd: ROOT, env: { PATH, HOME } });
  return stdout;
}

function ask(ready: Document, body: object, headers: Record<string, string> = {}) {
  return fetch(`${ready['address']}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${ready['key']}`,
      ...headers,
    },
    body: JSON.stringify({ model: 'sandbox', ...body }),
  });
}

const HELLO = { messages: [{ role: 'user', content: 'Good morning.' }] };

test('a first start says all that a newcomer needs, and its three commands work', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const { ready, end } = await startGateway(t, ['--port', '0', '--data', data]);
  assert.match(ready['address'], /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.match(ready['terms'].hash, /^[0-9a-f]{64}$/);
  assert.equal(ready['terms'].id, 'restricted-use');
  assert.match(ready['ledger'].verifierKey, /^proviso\.local\/ledger\+[0-9a-f]{8}\+/);
  assert.deepEqual(ready['providers'], [
    { name: 'sandbox', kind: 'sandbox', protocol: 'openai-chat' },
  ]);
  assert.equal(statSync(data).mode & 0o777, 0o700);
  assert.equal(statSync(join(data, 'control.sock')).mode & 0o777, 0o600);

  const { permitted, refused, verify } = ready['commands'];
  const answer = JSON.parse(await paste(permitted));
  assert.match(answer.choices[0].message.content, /sandbox, not a model/);
  const { error } = JSON.parse(await paste(refused));
  assert.match(error.message, /tracking-persons-in-a-call/);
  assert.match(error.message, /watch, track, identify/);
  assert.match(error.message, /Ledger entry \d+\. Ask /);
  assert.match(await paste(verify), /^verified: /m);

  assert.equal(await end(), 0);
  assert.match(await paste(verify), /^verified: /m);
  const { document } = await provisoJson('ledger', 'show', '--data', data);
  const { address, firstAdministrator } = ready['console'];
  assert.match(address, /^http:\/\/localhost:\d+\/console$/);
  assert.ok(firstAdministrator.startsWith(`${address}/invitation#pri_`));
  assert.deepEqual(
    document['entries'].map(({ kind }: { kind: string }) => kind),
    ['terms', 'start', 'person', 'key', 'decision', 'outcome', 'decision', 'outcome', 'stop'],
  );
});

test('a second start makes no key, and its commands work with one of the caller’s', async (t) => {
  const data = temporaryFolder(t);
  const { document } = await provisoJson('key', 'create', 'mine', '--data', data);
  const { ready } = await startGateway(t, ['--port', '0', '--data', data]);
  assert.equal(ready['key'], undefined);
  const shell = `PROVISO_KEY=${document['key']}; ${ready['commands'].permitted}`;
  assert.match(await paste(shell), /sandbox, not a model/);
});

test('keys and purposes change while it runs, by its socket', async (t) => {
  const data = temporaryFolder(t);
  const { ready, end } = await startGateway(t, ['--port', '0', '--data', data]);
  const made = await provisoJson('key', 'create', 'second', '--data', data);
  const second = { ...ready, key: made.document['key'] };
  assert.equal((await ask(second, HELLO)).status, 200);
  assert.equal((await ask(second, HELLO, { 'proviso-purpose': 'minutes' })).status, 403);
  const words = ['--title', 'Minutes', '--owner', 'clerk', '--authority', 'by-law 12'];
  await proviso('purpose', 'add', 'minutes', ...words, '--callers', 'second', '--data', data);
  assert.equal((await ask(second, HELLO, { 'proviso-purpose': 'minutes' })).status, 200);
  await proviso('key', 'revoke', made.document['id'], '--data', data);
  const revoked = await ask(second, HELLO);
  assert.equal(revoked.status, 401);
  assert.equal(((await revoked.json()) as Document)['error'].code, 'caller_revoked');

  const shown = await provisoJson('ledger', 'show', '5', '--private', '--data', data);
  assert.equal(shown.document['private'].caller.id, 'second');
  const doctor = await provisoJson('doctor', '--data', data);
  assert.equal(doctor.code, 0);
  assert.ok(
    doctor.document['findings'].some(({ message }: { message: string }) =>
      message.startsWith(`runs at ${ready['address']}`),
    ),
  );
  assert.equal(await end('SIGINT'), 0);
  const after = await provisoJson('key', 'list', '--data', data);
  assert.deepEqual(
    after.document['keys'].map(({ state }: { state: string }) => state),
    ['active', 'revoked'],
  );
});

test('a gateway that cannot start says why and ends, whatever it had opened', async (t) => {
  const data = temporaryFolder(t);
  await startGateway(t, ['--port', '0', '--data', data]);
  const second = await provisoJson('start', '--port', '0', '--data', data);
  assert.deepEqual([second.code, second.document['error'].code], [1, 'ledger_locked']);
});

test('SIGTERM refuses new calls and lets an open stream end', async (t) => {
  const data = temporaryFolder(t);
  const { ready, end, child } = await startGateway(t, ['--port', '0', '--data', data]);
  const content = Array.from({ length: 600 }, (_, i) => `word${i}`).join(' ');
  const messages = [{ role: 'user', content }];
  const response = await ask(ready, { stream: true, messages });
  // Before the drain, so that its connection is one of those that may end.
  const idle = connect(Number(new URL(ready['address']).port), '127.0.0.1');
  await new Promise((resolve) => idle.once('connect', resolve));
  const ended = end();
  await until(
    async () => (await fetch(`${ready['address']}/healthz`).catch(() => undefined)) === undefined,
  );
  assert.equal(child.exitCode, null);
  const stream = await response.text();
  assert.match(stream, /word599/);
  assert.match(stream, /data: \[DONE\]\s*$/);
  const streamEndedAt = performance.now();
  assert.equal(await ended, 0);
  // Neither the kept connection of the stream nor the silent one holds the drain.
  assert.ok(performance.now() - streamEndedAt < 10_000);
  idle.destroy();
  const { document } = await provisoJson('ledger', 'show', '--data', data);
  const [outcome, stop] = document['entries'].slice(-2);
  assert.deepEqual([outcome.public.outcome, stop.kind], ['answered', 'stop']);
});

test('a second signal ends at once', async (t) => {
  const data = temporaryFolder(t);
  const { ready, child } = await startGateway(t, ['--port', '0', '--data', data]);
  const content = Array.from({ length: 5_000 }, (_, i) => `word${i}`).join(' ');
  const response = await ask(ready, { stream: true, messages: [{ role: 'user', content }] });
  child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.equal(child.exitCode, null);
  child.kill('SIGINT');
  await until(() => child.exitCode !== null);
  assert.equal(child.exitCode, 1);
  await assert.rejects(response.text());
  const again = await startGateway(t, ['--port', '0', '--data', data]);
  assert.equal(await again.end(), 0);
  const { document } = await provisoJson('ledger', 'show', '--data', data);
  const lost = document['entries'].filter(
    ({ public: facts }: Document) => facts.outcome === 'lost',
  );
  assert.equal(lost.length, 1);
});

test('SIGHUP puts a new configuration in force, and keeps the old one where it cannot', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'proviso.yaml');
  const configure = (...lines: string[]) =>
    writeFileSync(file, ['listen: { port: 0 }', ...lines].join('\n'));
  configure();
  const { ready, child, log } = await startGateway(t, ['--config', file]);
  assert.equal((await ask(ready, HELLO, { 'proviso-purpose': 'help' })).status, 403);

  const content = Array.from({ length: 400 }, (_, i) => `word${i}`).join(' ');
  const underWay = await ask(ready, { stream: true, messages: [{ role: 'user', content }] });
  configure(
    'ledger: { origin: elsewhere.example/log }',
    "purposes: { help: { title: t, owner: o, authority: a, callers: ['*'] } }",
  );
  child.kill('SIGHUP');
  await until(() => log().includes('configuration read again'));
  assert.match(log(), /"needsRestart":\["ledger\.origin"\]/);
  assert.equal((await ask(ready, HELLO, { 'proviso-purpose': 'help' })).status, 200);

  assert.match(await underWay.text(), /word399[^]*data: \[DONE\]\s*$/);

  configure('purpses: {}');
  child.kill('SIGHUP');
  await until(() => log().includes('stays as it was'));
  assert.match(log(), /did you mean `purposes`/);
  assert.equal((await ask(ready, HELLO, { 'proviso-purpose': 'help' })).status, 200);
});

test('ledger show --follow shows entries as they come, until it is stopped', async (t) => {
  const data = temporaryFolder(t);
  const { ready } = await startGateway(t, ['--port', '0', '--data', data]);
  const follower = launch(['ledger', 'show', '--follow', '--json', '--last', '1', '--data', data]);
  t.after(() => follower.kill('SIGKILL'));
  let seen = '';
  follower.stdout.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await until(() => seen.includes('"kind":"key"'));
  await ask(ready, HELLO);
  await until(() => seen.includes('"kind":"outcome"'));
  const kinds = seen
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as Document)['kind']);
  assert.deepEqual(kinds.slice(-3), ['key', 'decision', 'outcome']);
  follower.kill('SIGINT');
  await until(() => follower.exitCode !== null);
  assert.equal(follower.exitCode, 0);
});
