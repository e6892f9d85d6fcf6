/** `proviso ledger disclose`, `verify`, `erase` and `inquiry`: exit codes, and one JSON document each. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { exampleLedger } from '#disclosure/ledger.example.ts';
import { proviso, provisoJson, ROOT, startGateway, temporaryFolder } from './run.ts';

async function ledgerFor(t: TestContext): Promise<{ folder: string; dir: string; key: string }> {
  const folder = temporaryFolder(t);
  const dir = join(folder, 'ledger');
  const { log } = await exampleLedger(dir, 20);
  return { folder, dir, key: log.text };
}

test('what is disclosed is verified: yes is 0, no is 2, what cannot be asked is 3', async (t) => {
  const { folder, dir, key } = await ledgerFor(t);
  const [out, sdJwt] = [join(folder, 'out.json'), join(folder, 'out.jwt')];
  const ask = (...more: string[]) =>
    provisoJson('ledger', 'disclose', dir, '--fields', 'caller', '--out', out, ...more);
  const made = await ask('--where', 'effect=deny', '--sd-jwt', sdJwt);
  assert.equal(made.code, 0);
  assert.match(made.document['sha256'], /^[0-9a-f]{64}$/);
  for (const file of [out, sdJwt]) {
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const good = await provisoJson('verify', file, '--key', key);
    assert.deepEqual([good.code, good.document['isShown']], [0, true]);
    assert.equal((await proviso('verify', file)).code, 2);
  }
  const tampered = join(folder, 'tampered.json');
  writeFileSync(tampered, readFileSync(out, 'utf8').replace('\\"deny\\"', '\\"hold\\"'));
  const bad = await provisoJson('verify', tampered, '--key', key);
  assert.deepEqual([bad.code, bad.document['isShown'], bad.document['shown']], [2, false, []]);
  assert.equal((await proviso('verify', out, '--key', 'no key')).code, 3);
  assert.equal((await proviso('verify')).code, 3);
  assert.equal((await proviso('verify', join(folder, 'none.json'), '--key', key)).code, 1);

  for (const wrong of [
    ['--where', 'efect=deny'],
    ['--where', 'purpose=none'],
    ['--from', 'yesterday'],
    ['--complete', '--where', 'caller=ann', '--fields', 'effect,nothing'],
  ]) {
    assert.equal((await ask(...wrong)).code, 3, wrong.join(' '));
  }
});

test('one entry is proven in the form that other tools know', async (t) => {
  const { folder, dir, key } = await ledgerFor(t);
  const [proof, entry] = [join(folder, 'proof'), join(folder, 'entry')];
  const index = ['--index', '7', '--out', proof, '--entry', entry];
  assert.equal((await proviso('ledger', 'prove', dir, ...index)).code, 0);
  assert.match(readFileSync(proof, 'utf8'), /^c2sp\.org\/tlog-proof@v1\nindex 7\n/);
  assert.equal((await proviso('verify', proof, '--entry', entry, '--key', key)).code, 0);
  assert.equal((await proviso('verify', proof, '--key', key)).code, 2);
});

test('the page is one file, where it was built', async (t) => {
  const page = join(temporaryFolder(t), 'verify.html');
  const isBuilt = existsSync(join(ROOT, 'dist/verify/verify.html'));
  const { code, stderr } = await proviso('verify', '--page', page);
  assert.equal(code, isBuilt ? 0 : 1);
  if (isBuilt) assert.match(readFileSync(page, 'utf8'), /default-src 'none'/);
  else assert.match(stderr, /npm run build:console/);
});

test('a running gateway erases, and what was erased is told as such', async (t) => {
  const data = temporaryFolder(t);
  const gateway = await startGateway(t, ['--data', data, '--port', '0']);
  const { address, key } = gateway.ready as { address: string; key: string };
  const asked = await fetch(`${address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sandbox', messages: [{ role: 'user', content: 'Hello.' }] }),
  });
  await asked.text();
  const entry = asked.headers.get('proviso-decision') ?? '';
  // Entries are published once a second, and read from what is published.
  await sleep(LEDGER_LIMITS.publishMs + 500);
  assert.equal((await proviso('ledger', 'show', entry, '--private', '--data', data)).code, 0);
  assert.equal((await proviso('erase', '--data', data)).code, 3);
  const erased = await provisoJson('erase', '--without-purpose', '--data', data);
  assert.equal(erased.code, 0);
  const shown = await provisoJson('ledger', 'show', entry, '--private', '--data', data);
  assert.deepEqual([shown.code, shown.document['error'].code], [1, 'value_erased']);
  const again = await provisoJson('erase', '--without-purpose', '--data', data);
  assert.deepEqual([again.code, again.document['error'].code], [3, 'not_found']);
  assert.deepEqual(
    (await provisoJson('inquiry', 'list', '--data', data)).document['inquiries'],
    [],
  );
  assert.equal((await proviso('inquiry', 'show', '7', '--data', data)).code, 3);
  assert.equal(await gateway.end(), 0);
});
