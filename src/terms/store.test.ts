import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { smallPack } from './pack.example.ts';
import { type Pack, parsePack } from './pack.ts';
import { loadStoredPack, storedPackDir, storePack } from './store.ts';

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const pack = (changed?: Parameters<typeof smallPack>[0]): Pack =>
  parsePack(smallPack(changed), 'p');

test('a stored pack is the same pack, byte for byte', async (t) => {
  const dataDir = folderFor(t);
  const stored = pack({
    'rules/open.cedar':
      '// “open”\n@id("open") @clause("open")\npermit(principal, action, resource);\r\n',
  });
  await storePack(dataDir, stored);
  await storePack(dataDir, stored);
  const loaded = loadStoredPack(dataDir, stored.hash);
  assert.deepEqual(loaded.files, stored.files);
  assert.deepEqual(readdirSync(join(dataDir, 'terms')), [stored.hash]);
});

test('what was changed, added or taken away is refused', async (t) => {
  const dataDir = folderFor(t);
  const stored = pack();
  const dir = storedPackDir(dataDir, stored.hash);
  const load = () => loadStoredPack(dataDir, stored.hash);
  assert.throws(load, { code: 'terms_corrupt', message: /is missing/ });
  for (const change of [
    () => appendFileSync(join(dir, 'rules/open.cedar'), '// more\n'),
    () => writeFileSync(join(dir, 'rules/more.cedar'), ''),
    () => rmSync(join(dir, 'rules/forbidden.cedar')),
  ]) {
    await storePack(dataDir, stored);
    assert.equal(load().hash, stored.hash);
    change();
    assert.throws(load, { code: 'terms_corrupt', at: dir });
  }
});

test('what a crash left is no pack, and in nobody’s way', async (t) => {
  const dataDir = folderFor(t);
  const stored = pack();
  const draft = `${storedPackDir(dataDir, stored.hash)}.tmp`;
  mkdirSync(draft, { recursive: true });
  writeFileSync(join(draft, 'terms.yaml'), 'half of i');
  assert.throws(() => loadStoredPack(dataDir, stored.hash), { code: 'terms_corrupt' });
  await storePack(dataDir, stored);
  assert.equal(loadStoredPack(dataDir, stored.hash).hash, stored.hash);
});
