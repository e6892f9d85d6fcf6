/** Old entries to cold storage and back, as an operator does it: by commands. */
import assert from 'node:assert/strict';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exampleLedger, ORIGIN } from '#audit/ledger.example.ts';
import { type Document, provisoJson, temporaryFolder } from './run.ts';

const CALLS = 4_300;
const CUT = 4_096;

async function ok(...args: readonly string[]): Promise<Document> {
  const { code, document } = await provisoJson(...args);
  assert.equal(code, 0, JSON.stringify(document));
  return document;
}

test('old entries go to an archive, and all commands read it where it is', async (t) => {
  const folder = temporaryFolder(t);
  const data = join(folder, 'data');
  const { ledger } = await exampleLedger(data, CALLS);
  await ledger.close();
  const config = join(folder, 'proviso.yaml');
  const configured = (retention: string): void =>
    writeFileSync(config, `dataDir: data\nledger: { origin: ${ORIGIN}, ${retention} }\n`);
  const cold = join(folder, 'cold');
  const archive = (...more: string[]) =>
    provisoJson('ledger', 'archive', '-c', config, '--to', cold, ...more);

  configured('retention: { atLeast: 90 years }');
  const kept = await archive('--before', '1d');
  assert.deepEqual([kept.code, kept.document['error'].code], [1, 'retention_in_force']);
  assert.ok(!existsSync(cold));
  configured('retention: { atLeast: 7 days }');
  const inside = await archive('--before', '1d', '--to', join(data, 'ledger/cold'));
  assert.equal(inside.code, 3);
  const moved = await archive('--before', '1d');
  assert.deepEqual([moved.code, moved.document['from'], moved.document['to']], [0, 0, 8_192]);
  const again = await archive('--before', '1d');
  assert.deepEqual([again.code, again.document['entries']], [0, 0]);
  const rules = await ok('ledger', 'search', '-c', config, '--kind', 'retention');
  assert.deepEqual(
    rules['entries'].map(({ public: facts }: Document) => facts['atLeast']),
    ['7 days', '90 years'],
  );
  assert.equal(
    (await ok('ledger', 'search', '-c', config, '--kind', 'archive'))['entries'].length,
    1,
  );

  const elsewhere = join(folder, 'restored');
  renameSync(cold, elsewhere);
  const away = await ok('ledger', 'fsck', '-c', config);
  assert.equal(away['elsewhere'].at(-1).to, 8_192);
  const here = await ok('ledger', 'fsck', '-c', config, '--archive', elsewhere);
  assert.deepEqual([here['elsewhere'], here['decisions']], [[], CALLS]);
  const replayed = await ok('ledger', 'replay', '-c', config, '--archive', elsewhere);
  assert.deepEqual([replayed['same'], replayed['elsewhere']], [CALLS, []]);
  const verified = await ok(
    'ledger',
    'verify',
    data,
    '--archive',
    elsewhere,
    '--key',
    ledger.verifierKey,
  );
  assert.deepEqual([verified['elsewhere'], verified['decisions']], [[], CALLS]);
  const before = ['--before', String(CUT), '-n', '3'];
  const found = await ok('ledger', 'search', '-c', config, '--archive', elsewhere, ...before);
  assert.ok(found['entries'].every(({ caller }: Document) => caller === 'records-batch'));
  const file = join(folder, 'shown.json');
  const fields = ['--fields', 'effect,caller', '--from', '1000', '--to', '1010', '--out', file];
  await ok('ledger', 'disclose', '-c', config, '--archive', elsewhere, ...fields);
  await ok('verify', file, '--key', ledger.verifierKey);
});
