import assert from 'node:assert/strict';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSignerKey, parseVerifierKey } from '#base/note.ts';
import { draft, packFolder, packOf, redLine } from '../harness/packs.ts';
import { proviso, provisoJson, startGateway, temporaryFolder, until } from './run.ts';

test('a party’s key is for its owner alone, is made once, and is shown again', async (t) => {
  const folder = temporaryFolder(t);
  const out = join(folder, 'supplier.key');
  const made = await provisoJson('party', 'key', 'create', 'supplier.example/terms', '-o', out);
  assert.equal(made.code, 0);
  assert.equal(parseVerifierKey(made.document['key']).name, 'supplier.example/terms');
  assert.equal(statSync(out).mode & 0o777, 0o600);
  const { code, stdout } = await proviso('party', 'key', 'show', out);
  assert.deepEqual([code, stdout], [0, `${made.document['key']}\n`]);
  assert.equal((await proviso('party', 'key', 'create', 'other', '-o', out)).code, 3);
  assert.deepEqual(readdirSync(folder), ['supplier.key']);
});

test('from keys to terms in force in a gateway that serves, and the chain afterwards', async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  const config = join(folder, 'proviso.yaml');
  const configure = (terms: string) =>
    writeFileSync(config, JSON.stringify({ dataDir: data, terms, listen: { port: 0 } }));
  configure(packFolder(t, draft()));
  const gateway = await startGateway(t, ['--config', config]);
  const { terms, commands } = gateway.ready;
  assert.deepEqual([terms.verdict, terms.signedBy], ['proven', []]);
  const call = {
    method: 'POST',
    headers: headersIn(commands.permitted),
    body: bodyIn(commands.permitted),
  };
  const answer = async () =>
    (await fetch(`${gateway.ready['address']}/v1/chat/completions`, call)).status;
  assert.equal(await answer(), 200);

  const key = join(folder, 'supplier.key');
  await proviso('party', 'key', 'create', 'supplier', '--out', key);
  const parties = { supplier: [parseSignerKey(readFileSync(key, 'utf8'))], customer: [] };
  const pack = packFolder(t, draft({ title: 'Signed terms', parties }));

  const status = () => provisoJson('terms', 'status', pack, '--data', data);
  const before = await status();
  assert.equal(before.code, 2);
  assert.deepEqual(before.document['parties'].map(stateOf), ['supplier (pack): missing']);
  assert.equal(before.document['against'].hash, terms.hash);
  const refused = await provisoJson('terms', 'activate', pack, '--data', data);
  assert.deepEqual([refused.code, refused.document['error'].code], [2, 'terms_unsigned']);

  const signing = await provisoJson('terms', 'sign', pack, '--as', 'supplier', '--key', key);
  assert.equal(signing.code, 0);
  assert.equal((await proviso('terms', 'sign', pack, '--as', 'customer', '--key', key)).code, 3);
  const activated = await provisoJson('terms', 'activate', pack, '--data', data);
  assert.equal(activated.code, 0);
  const { entry, hash, against, signedBy, isNew } = activated.document;
  assert.deepEqual([against, signedBy, isNew], [terms.hash, ['supplier'], true]);
  assert.equal(await answer(), 200);
  const after = await status();
  assert.deepEqual([after.code, after.document['inForce'].entry], [0, entry]);

  // The folder changes; what is in force does not.
  appendFileSync(join(pack, 'rules/open.cedar'), '// more\n');
  gateway.child.kill('SIGHUP');
  await until(() => gateway.log().includes('configuration read again'));
  assert.equal(await answer(), 200);
  assert.equal(await gateway.end(), 0);

  configure(pack);
  const next = await startGateway(t, ['--config', config]);
  assert.equal(next.ready['terms'].hash, hash);
  assert.match(next.ready['warnings'].join('\n'), /differs from the terms in force, small 1\.0\.0/);
  assert.equal(await next.end(), 0);
  const history = await provisoJson('terms', 'history', '--data', data);
  assert.equal(history.code, 0);
  assert.deepEqual(
    history.document['activations'].map((row: Row) => [row.entry, row.against, row.signedBy]),
    [
      [0, undefined, []],
      [entry, terms.hash, ['supplier']],
    ],
  );
  const proven = await proveEntry(data, entry);
  assert.deepEqual([proven.code, proven.document['same']], [0, true]);
});

test('without a gateway terms are activated in the data folder, and edits to what is stored are found', async (t) => {
  const data = join(temporaryFolder(t), 'data');
  const first = packFolder(t, draft());
  const looser = packFolder(
    t,
    draft({ title: 'Looser', files: { 'redlines.cedar': redLine(99) } }),
  );
  assert.equal((await proviso('terms', 'activate', first, '--data', data)).code, 0);
  const refused = await provisoJson('terms', 'activate', looser, '--data', data);
  assert.deepEqual([refused.code, refused.document['error'].code], [2, 'terms_unproven']);
  const released = await provisoJson(
    'terms',
    'activate',
    looser,
    '--data',
    data,
    '--release',
    'red',
  );
  assert.deepEqual(released.document['released'], [{ rule: 'red', by: [] }]);
  appendFileSync(join(data, 'terms', packOf(draft()).hash, 'text.md'), 'more');
  const edited = await proveEntry(data, 1);
  assert.deepEqual([edited.code, edited.document['error'].code], [1, 'terms_corrupt']);
});

interface Row {
  readonly entry: number;
  readonly against?: string;
  readonly signedBy: readonly string[];
}

function stateOf(seat: {
  readonly party: string;
  readonly keysOf: string;
  readonly state: string;
}) {
  return `${seat.party} (${seat.keysOf}): ${seat.state}`;
}

function proveEntry(data: string, entry: number) {
  return provisoJson('terms', 'prove', '--entry', String(entry), '--data', data);
}

/** Of a `curl` command that a start gives to paste. */
function headersIn(command: string): Record<string, string> {
  const [, bearer = ''] = /authorization: (Bearer \S+?)"/.exec(command) ?? [];
  return { authorization: bearer, 'content-type': 'application/json' };
}

function bodyIn(command: string): string {
  return /-d '(.*)'$/.exec(command)?.[1] ?? '';
}
