/** `terms init` and `terms pin`: a pack to begin with, and what follows when its wording is edited. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { proviso, provisoJson, temporaryFolder } from './run.ts';

async function newPack(t: TestContext): Promise<string> {
  const dir = join(temporaryFolder(t), 'house-terms');
  const { code, document } = await provisoJson('terms', 'init', dir);
  assert.equal(code, 0);
  assert.equal(document['id'], 'house-terms');
  return dir;
}

function edit(dir: string, file: string, from: string, to: string): void {
  const text = readFileSync(join(dir, file), 'utf8');
  assert.ok(text.includes(from), from);
  writeFileSync(join(dir, file), text.replace(from, to));
}

test('a new pack checks, tests and proves, against itself too', async (t) => {
  const dir = await newPack(t);
  const check = await provisoJson('terms', 'check', dir);
  assert.deepEqual(
    [check.code, check.document['valid'], check.document['id']],
    [0, true, 'house-terms'],
  );
  const tests = await provisoJson('terms', 'test', dir);
  assert.equal(tests.code, 0);
  assert.deepEqual([tests.document['failed'], tests.document['uncovered']], [0, []]);
  const proof = await provisoJson('terms', 'prove', dir, '--against', dir);
  assert.deepEqual([proof.code, proof.document['verdict']], [0, 'proven']);
});

test('a folder that is in use, and a name that is no id, are wrong input', async (t) => {
  const dir = await newPack(t);
  assert.equal((await provisoJson('terms', 'init', dir)).code, 3);
  assert.equal((await provisoJson('terms', 'init', join(dir, '..', 'My Terms!'))).code, 3);
  const named = await provisoJson('terms', 'init', join(dir, '..', 'My Terms!'), '--id', 'mine');
  assert.deepEqual([named.code, named.document['id']], [0, 'mine']);
});

test('an edit is pinned, with the clauses whose words changed and the rules on them', async (t) => {
  const dir = await newPack(t);
  const old = join(dir, '..', 'old.md');
  writeFileSync(old, readFileSync(join(dir, 'text.md')));
  const before = readFileSync(join(dir, 'terms.yaml'), 'utf8');
  edit(dir, 'text.md', 'more than 10 distinct', 'more than twenty-five distinct');
  assert.equal((await provisoJson('terms', 'check', dir)).code, 2);

  const dry = await provisoJson('terms', 'pin', dir, '--from', old, '--dry-run');
  assert.deepEqual([dry.code, dry.document['pinned']], [0, false]);
  assert.equal(readFileSync(join(dir, 'terms.yaml'), 'utf8'), before);

  const { code, stdout } = await proviso('terms', 'pin', dir, '--from', old);
  assert.equal(code, 0);
  assert.match(stdout, /reworded {2}data-about-persons/);
  assert.match(stdout, /\[-10-\] \{\+twenty-five\+\}/);
  assert.match(stdout, /rule many-persons: does it still say this\?/);
  assert.match(stdout, /moved {5}human-decides/);
  assert.doesNotMatch(stdout, /open-use/);
  assert.equal((await provisoJson('terms', 'check', dir)).code, 0);
  const numbers = /(start|end|sha256): \w+/g;
  const after = readFileSync(join(dir, 'terms.yaml'), 'utf8');
  assert.equal(after.replace(numbers, ''), before.replace(numbers, ''));

  const again = await provisoJson('terms', 'pin', dir);
  assert.equal(again.code, 0);
  assert.ok(again.document['clauses'].every(({ result }: { result: string }) => result === 'same'));
  // The wording before that one is not what terms.yaml is pinned to now.
  assert.equal((await provisoJson('terms', 'pin', dir, '--from', old)).code, 3);
});

test('a heading that is not found again is refused, and nothing is changed', async (t) => {
  const dir = await newPack(t);
  const old = join(dir, '..', 'old.md');
  writeFileSync(old, readFileSync(join(dir, 'text.md')));
  const before = readFileSync(join(dir, 'terms.yaml'), 'utf8');
  edit(dir, 'text.md', '## A human decides on what cannot be undone', '## Care with what lasts');
  const { code, document } = await provisoJson('terms', 'pin', dir, '--from', old);
  assert.equal(code, 2);
  assert.match(document['problems'].join(), /terms\.yaml:\d+:\d+: The heading of `human-decides`/);
  assert.equal(readFileSync(join(dir, 'terms.yaml'), 'utf8'), before);
});

test('the wording before is found in git, by its hashes', async (t) => {
  const dir = await newPack(t);
  const git = (...args: readonly string[]): Buffer =>
    execFileSync('git', [
      '-C',
      join(dir, '..'),
      '-c',
      'user.name=T',
      '-c',
      'user.email=t@test.example',
      ...args,
    ]);
  try {
    git('init', '--quiet');
  } catch {
    t.skip('git is not installed');
    return;
  }
  git('add', '.');
  git('commit', '--quiet', '-m', 'terms');
  edit(dir, 'text.md', 'more than 10 distinct', 'more than 12 distinct');
  git('commit', '--quiet', '-am', 'edited, and not pinned');
  const { code, stdout } = await proviso('terms', 'pin', dir);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /\[-10-\] \{\+12\+\}/);
});
