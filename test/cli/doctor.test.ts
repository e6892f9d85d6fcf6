/** What the doctor finds, and that it exits with 2 for what must be mended. */
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { proviso, provisoJson, temporaryFolder } from './run.ts';

interface Finding {
  readonly area: string;
  readonly status: string;
  readonly message: string;
  readonly advice?: string;
}

const SECRET = 'sk-planted-000000000000';

async function provider(t: TestContext, status: number, date?: string): Promise<string> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (date !== undefined) response.setHeader('date', date);
    response.writeHead(status, { location: 'http://127.0.0.1:1/elsewhere' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.close();
    assert.deepEqual(seen, ['GET /v1/models']);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

async function examine(t: TestContext, baseUrl: string) {
  const folder = temporaryFolder(t);
  const file = join(folder, 'proviso.yaml');
  writeFileSync(join(folder, 'key'), SECRET);
  const one = `{ kind: openai, apiKey: { file: key }, baseUrl: '${baseUrl}' }`;
  writeFileSync(file, `listen: { port: 0 }\nproviders: { main: ${one} }\n`);
  const { code, document } = await provisoJson('doctor', '--config', file);
  assert.ok(!JSON.stringify(document).includes(SECRET));
  const findings = document['findings'] as Finding[];
  const of = (area: string) => findings.filter((finding) => finding.area === area);
  return { code, healthy: document['healthy'], of };
}

test('a provider that accepts the key, and a clock that agrees', async (t) => {
  const { code, healthy, of } = await examine(t, await provider(t, 200));
  assert.deepEqual([code, healthy], [0, true]);
  assert.match(of('provider')[0]?.message ?? '', /accepts the key/);
  assert.match(of('clock')[0]?.message ?? '', /differs from that of main by \d\.\d s/);
});

test('a provider that refuses the key must be mended', async (t) => {
  const { code, healthy, of } = await examine(t, await provider(t, 401));
  assert.deepEqual([code, healthy], [2, false]);
  const [finding] = of('provider');
  assert.equal(finding?.status, 'fail');
  assert.match(finding?.message ?? '', /refuses the key \(401\)/);
  assert.match(finding?.advice ?? '', /providers\.main\.apiKey/);
});

test('a redirect is not followed', async (t) => {
  const { code, of } = await examine(t, await provider(t, 302));
  assert.equal(code, 0);
  assert.equal(of('provider')[0]?.status, 'warn');
});

test('a provider that cannot be reached must be mended', async (t) => {
  const { code, of } = await examine(t, 'http://127.0.0.1:1/v1');
  assert.equal(code, 2);
  assert.match(of('provider')[0]?.message ?? '', /refuses connections/);
});

test('a clock that is minutes off must be mended', async (t) => {
  const date = new Date(Date.now() - 300_000).toUTCString();
  const { code, of } = await examine(t, await provider(t, 200, date));
  assert.equal(code, 2);
  assert.deepEqual([of('clock')[0]?.status, of('provider')[0]?.status], ['fail', 'ok']);
});

test('a data folder that others can read, a forged ledger, broken terms', async (t) => {
  const data = temporaryFolder(t);
  await proviso('key', 'create', 'someone', '--data', data);
  const statusOf = async (area: string) => {
    const { document } = await provisoJson('doctor', '--data', data);
    return (document['findings'] as Finding[]).find((finding) => finding.area === area)?.status;
  };
  assert.equal(await statusOf('data'), 'ok');
  chmodSync(data, 0o755);
  assert.equal(await statusOf('data'), 'fail');
  assert.equal(await statusOf('ledger'), 'ok');
  const checkpoint = join(data, 'ledger/checkpoint');
  writeFileSync(checkpoint, readFileSync(checkpoint, 'utf8').replace('\n1\n', '\n2\n'));
  assert.equal(await statusOf('ledger'), 'fail');

  const file = join(data, 'proviso.yaml');
  writeFileSync(file, `terms: ${temporaryFolder(t)}\n`);
  const { code, stdout } = await proviso('doctor', '--config', file);
  assert.equal(code, 2);
  assert.match(stdout, /^fail +terms +.*terms\.yaml: The file is missing/m);
});

test('a configuration that is not valid is told line by line', async (t) => {
  const file = join(temporaryFolder(t), 'proviso.yaml');
  writeFileSync(file, 'listen: { prot: 1 }\n');
  const { code, stdout } = await proviso('doctor', '--config', file);
  assert.equal(code, 2);
  assert.match(stdout, /^fail +config +.*:1:11: .*did you mean `port`/m);
});
