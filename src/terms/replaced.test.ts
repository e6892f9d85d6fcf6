/** The pack that a pack replaces is found by its hash, and no other is taken for it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { manifest, smallPack } from './pack.example.ts';
import { loadPack, type Pack, parsePack } from './pack.ts';
import { loadReplaced } from './replaced.ts';

function write(dir: string, yaml: string): Pack {
  const files = smallPack({ 'terms.yaml': yaml });
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
  return parsePack(files, dir);
}

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'proviso-replaced-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

test('it is found beside the pack, and beside the folder that the pack is in', (t) => {
  const dir = folder(t);
  const old = write(join(dir, 'old'), manifest());
  write(join(dir, 'another'), manifest().replace('1.0.0', '1.0.1'));
  for (const path of ['new', 'drafts/new', 'drafts/new/']) {
    const at = join(dir, path);
    write(at, manifest(`replaces: ${old.hash}\n`).replace('1.0.0', '1.1.0'));
    assert.equal(loadReplaced(at, loadPack(at))?.hash, old.hash, path);
  }
});

test('one that is not there, or was changed since, is not taken for another', (t) => {
  const dir = folder(t);
  const old = write(join(dir, 'old'), manifest());
  const at = join(dir, 'new');
  const pack = write(at, manifest(`replaces: ${old.hash}\n`));
  writeFileSync(join(dir, 'old/text.md'), 'other words');
  assert.throws(() => loadReplaced(at, pack), {
    code: 'usage_invalid',
    message: `\`new\` replaces the terms with the hash ${old.hash}, which are in no folder beside it: name them with \`--against\`.`,
  });
  assert.equal(loadReplaced(at, write(at, manifest())), undefined);
});
