/** Commands that need no running gateway: their exit codes, and one JSON document each. */
import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXAMPLE_TERMS, proviso, provisoJson, ROOT, temporaryFolder } from './run.ts';

test('help and version exit with 0 and name each command', async () => {
  const { code, stdout } = await proviso('--help');
  assert.equal(code, 0);
  for (const name of ['start', 'demo', 'doctor', 'decide', 'key', 'purpose', 'ledger', 'terms']) {
    assert.match(stdout, new RegExp(`^  ${name} `, 'm'));
  }
  const help = await proviso('ledger', 'verify', '--help');
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^Usage: proviso ledger verify [^]*Examples:/);
  const version = await proviso('--version');
  const { version: expected } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.equal(version.stdout.trim(), expected);
});

test('wrong input exits with 3, and says what was meant', async () => {
  const unknown = await proviso('cnfig');
  assert.equal(unknown.code, 3);
  assert.match(unknown.stderr, /Did you mean config\?/);
  assert.equal(unknown.stdout, '');
  const { code, document } = await provisoJson('terms', 'check');
  assert.equal(code, 3);
  assert.equal(document['error'].code, 'usage_invalid');
});

test('what cannot be done exits with 1: a port that is taken', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  t.after(() => other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const { code, document } = await provisoJson(
    'start',
    '--port',
    String(port),
    '--data',
    temporaryFolder(t),
  );
  assert.equal(code, 1);
  assert.equal(document['error'].code, 'system_failed');
  assert.match(document['error'].message, new RegExp(`port ${port}.* is in use.*--port`));
});

test('config check: yes is 0, no is 2 with the line and a suggestion', async (t) => {
  const file = join(temporaryFolder(t), 'proviso.yaml');
  writeFileSync(file, 'listen:\n  port: 0\n');
  const good = await provisoJson('config', 'check', file);
  assert.equal(good.code, 0);
  assert.equal(good.document['valid'], true);
  assert.equal(good.document['listen'].port, 0);
  writeFileSync(file, 'listen:\n  prot: 0\n');
  const bad = await provisoJson('config', 'check', file);
  assert.equal(bad.code, 2);
  assert.deepEqual(bad.document, {
    valid: false,
    problems: [`${file}:2:3: \`listen.prot\` is not known here; did you mean \`port\`?`],
  });
  assert.equal((await proviso('config', 'check', `${file}.none`)).code, 3);
});

test('config schema prints a JSON Schema', async () => {
  const { code, stdout } = await proviso('config', 'schema');
  assert.equal(code, 0);
  assert.ok('providers' in JSON.parse(stdout).properties);
});

test('terms check and test: a whole pack, a changed word, a wrong expectation', async (t) => {
  const whole = await provisoJson('terms', 'check', EXAMPLE_TERMS);
  assert.equal(whole.code, 0);
  assert.match(whole.document['hash'], /^[0-9a-f]{64}$/);
  const tests = await provisoJson('terms', 'test', EXAMPLE_TERMS);
  assert.equal(tests.code, 0);
  assert.equal(tests.document['failed'], 0);
  assert.equal(tests.document['tests'].length, tests.document['passed']);

  const pack = join(temporaryFolder(t), 'pack');
  cpSync(EXAMPLE_TERMS, pack, { recursive: true });
  writeFileSync(
    join(pack, 'tests/wrong.yaml'),
    '- name: a chat is forbidden\n  call: {}\n  expect: deny\n',
  );
  const wrong = await proviso('terms', 'test', pack);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stdout, /FAIL .*a chat is forbidden/);
  assert.match(wrong.stdout, /tests\/wrong\.yaml:1: expected deny, got permit/);

  const text = readFileSync(join(pack, 'text.md'), 'utf8');
  writeFileSync(join(pack, 'text.md'), text.replace('many persons', 'some persons'));
  const changed = await provisoJson('terms', 'check', pack);
  assert.equal(changed.code, 2);
  assert.match(changed.document['problems'].join('\n'), /is not what was agreed/);
});

test('decide explains a permit and a denial, and leaves nothing behind', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'call.json');
  const data = join(folder, 'data');
  const decide = (content: string, ...more: string[]) => {
    const body = { model: 'm', messages: [{ role: 'user', content }] };
    writeFileSync(file, JSON.stringify(body));
    return provisoJson('decide', '--request', file, '--data', data, ...more);
  };
  const permit = await decide('Good morning.');
  assert.equal(permit.code, 0);
  assert.equal(permit.document['effect'], 'permit');
  const people = 'ada@example.org, ben@example.org, cleo@example.org and dov@example.org';
  const deny = await decide(`Track the location of ${people}.`);
  assert.equal(deny.code, 2);
  assert.equal(deny.document['effect'], 'deny');
  assert.deepEqual(
    deny.document['rules'].map(({ id, clause }: { id: string; clause: string }) => [id, clause]),
    [['tracking-persons-in-a-call', 'no-mass-surveillance']],
  );
  assert.match(deny.document['rules'][0].words, /watch, track, identify/);
  assert.equal(deny.document['signals'].persons, 4);
  assert.ok(!JSON.stringify(deny.document).includes('ada@example.org'));
  assert.equal(existsSync(data), false);
  const malformed = await decide('Hello.', '--caller', '{"clearance":"high"}');
  assert.equal(malformed.code, 3);
  assert.match(malformed.document['error'].message, /`clearance`/);
});

test('keys and purposes without a gateway: kept in the ledger, the key shown once', async (t) => {
  const data = temporaryFolder(t);
  const on = (...args: string[]) => provisoJson(...args, '--data', data);
  const made = await on('key', 'create', 'batch', '--teams', 'records,audit', '--expires', '90d');
  assert.equal(made.code, 0);
  assert.match(made.document['key'], /^prv_[0-9a-f]{12}_[0-9a-f]{56}$/);
  const listed = await on('key', 'list');
  const [row] = listed.document['keys'];
  assert.deepEqual([row.id, row.state], [made.document['id'], 'active']);
  assert.deepEqual([row.holder.caller, row.holder.teams], ['batch', ['records', 'audit']]);
  assert.ok(!JSON.stringify(listed.document).includes(made.document['key'].slice(17)));
  assert.equal((await on('key', 'revoke', made.document['id'])).code, 0);
  assert.equal((await on('key', 'list')).document['keys'][0].state, 'revoked');
  const unknown = await on('key', 'revoke', 'prv_000000000000');
  assert.deepEqual([unknown.code, unknown.document['error'].code], [3, 'caller_unknown']);

  const words = ['--title', 'Minutes', '--owner', 'clerk', '--authority', 'by-law 12'];
  assert.equal((await on('purpose', 'add', 'minutes', ...words, '--callers', 'batch')).code, 0);
  assert.equal((await on('purpose', 'end', 'minutes')).code, 0);
  const { document } = await on('purpose', 'list');
  assert.deepEqual(
    [document['purposes'][0].id, document['purposes'][0].state],
    ['minutes', 'ended'],
  );
});

test('key create --offline prints a hash that proviso.yaml takes', async (t) => {
  const { document } = await provisoJson('key', 'create', 'kiosk', '--offline');
  const file = join(temporaryFolder(t), 'proviso.yaml');
  const holder = `  kiosk: { owner: desk, organisation: example, keyHash: '${document['keyHash']}' }`;
  writeFileSync(file, `callers:\n${holder}\n`);
  const checked = await provisoJson('config', 'check', file);
  assert.deepEqual([checked.code, checked.document['callers']], [0, ['kiosk']]);
});

test('ledger verify: yes is 0, a changed byte is 2, no folder is 3', async (t) => {
  const data = temporaryFolder(t);
  await proviso('key', 'create', 'someone', '--data', data);
  const ledger = join(data, 'ledger');
  const key = readFileSync(join(ledger, 'keys/ledger.pub'), 'utf8').trim();
  const sound = await provisoJson('ledger', 'verify', ledger, '--key', key);
  assert.deepEqual([sound.code, sound.document['verified'], sound.document['size']], [0, true, 1]);
  const bundle = join(ledger, 'tile/entries/000.p/1');
  const bytes = readFileSync(bundle);
  bytes[bytes.length - 4] = (bytes[bytes.length - 4] ?? 0) ^ 1;
  writeFileSync(bundle, bytes);
  const forged = await provisoJson('ledger', 'verify', ledger, '--key', key);
  assert.deepEqual([forged.code, forged.document['verified']], [2, false]);
  assert.ok(forged.document['faults'].length > 0);
  assert.equal((await proviso('ledger', 'verify', `${data}/none`, '--key', key)).code, 3);
  assert.equal((await proviso('ledger', 'verify', ledger, '--key', 'nonsense')).code, 3);
});

test('no colour and no control characters where the output is no terminal', async () => {
  const { stdout } = await proviso('terms', 'test', EXAMPLE_TERMS);
  // oxlint-disable-next-line no-control-regex -- this is what must be absent
  assert.doesNotMatch(stdout, /\u001b/);
});
