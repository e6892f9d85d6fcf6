import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openLedger } from './ledger.ts';
import { readPublicFile, WITNESSED_FILE } from './public-files.ts';
import { decodeBundle } from './tiles.ts';

const dir = mkdtempSync(join(tmpdir(), 'proviso-public-'));
after(() => rmSync(dir, { recursive: true }));

before(async () => {
  const ledger = await openLedger({ dir, origin: 'example.com/log' });
  for (let i = 0; i < 300; i++) void ledger.append({ kind: 'start', public: { i } });
  await ledger.close();
});

test('checkpoint, tiles and bundles are shown with their types', async () => {
  const checkpoint = await readPublicFile(dir, 'checkpoint');
  assert.equal(checkpoint?.bytes.toString(), readFileSync(join(dir, 'checkpoint'), 'utf8'));
  assert.equal(checkpoint.contentType, 'text/plain; charset=utf-8');
  assert.equal(checkpoint.cacheControl, 'no-cache');
  for (const path of ['tile/0/000', 'tile/0/001.p/44', 'tile/1/000.p/1', 'tile/entries/001.p/44']) {
    const tile = await readPublicFile(dir, path);
    assert.deepEqual(tile?.bytes, readFileSync(join(dir, path)), path);
    assert.equal(tile.contentType, 'application/octet-stream');
    assert.match(tile.cacheControl, /immutable/);
  }
});

test('a partial form that has gone is cut from the full one', async () => {
  const hashes = await readPublicFile(dir, 'tile/0/000.p/7');
  assert.deepEqual(hashes?.bytes, readFileSync(join(dir, 'tile/0/000')).subarray(0, 7 * 32));
  const bundle = await readPublicFile(dir, 'tile/entries/000.p/7');
  assert.equal(decodeBundle(bundle?.bytes as Buffer, 7, 'p').length, 7);
});

test('where a quorum is asked for, nothing past its newest checkpoint is shown', async () => {
  const read = (path: string) => readPublicFile(dir, path, WITNESSED_FILE);
  assert.equal(await read('checkpoint'), undefined);
  assert.equal(await read('tile/0/000'), undefined);
  const witnessed = `example.com/log\n270\n${'A'.repeat(43)}=\n\n— example.com/log AAAAAAA=\n`;
  writeFileSync(join(dir, WITNESSED_FILE), witnessed);
  assert.equal((await read('checkpoint'))?.bytes.toString(), witnessed);
  assert.equal((await read('tile/0/000'))?.bytes.length, 256 * 32);
  assert.equal(await read('tile/0/001.p/15'), undefined);
  assert.equal(await read(WITNESSED_FILE), undefined);
});

test('nothing else of the folder is shown, however it is asked for', async () => {
  const paths = [
    '',
    'keys/ledger.key',
    'tile/../keys/ledger.key',
    'tile/0/../../keys/ledger.key',
    'vault/master.key',
    'lock/head',
    'checkpoint.witnessed',
    'state.sqlite',
    'tile/0/002',
    'tile/0/001',
    'tile/0/001.p/45',
    'tile/0/001.p/0',
    'tile/0/000.p/256',
    'tile/00/000',
    'tile/0/x000/000',
    'tile/0/0',
    'tile/3/000.p/1',
    'tile/entries/001',
    'tile/entries/000.tmp',
    'checkpoint.tmp',
    '/checkpoint',
    'checkpoint\0',
    'tile/0/000\n',
  ];
  for (const path of paths) assert.equal(await readPublicFile(dir, path), undefined, path);
});
