/** `terms redline`: exit codes, one JSON document, marks where there is no colour, rules by clause. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EXAMPLE_TERMS, proviso, provisoJson, temporaryFolder } from './run.ts';

const TEXT = readFileSync(join(EXAMPLE_TERMS, 'text.md'), 'utf8');

test('the same words are the same, however they are set', async (t) => {
  const [old, now] = ['old.md', 'new.md'].map((name) => join(temporaryFolder(t), name)) as [
    string,
    string,
  ];
  writeFileSync(old, TEXT);
  writeFileSync(now, TEXT.replaceAll('. ', '.\n').replace('## Records', '## **Records**'));
  const { code, document } = await provisoJson('terms', 'redline', old, now);
  assert.equal(code, 0);
  assert.equal(document['same'], true);
  assert.deepEqual([document['clauses'], document['links'], document['hints']], [[], [], []]);
});

test('what changed is marked, with the rules that stand on it', async (t) => {
  const now = join(temporaryFolder(t), 'new.md');
  const words = 'looked at exactly this action and approved it';
  const text = TEXT.replace(
    /looked at exactly this\s+action and approved it/,
    `${words}, unless otherwise directed`,
  );
  assert.notEqual(text, TEXT);
  writeFileSync(now, text);
  const args = ['terms', 'redline', join(EXAMPLE_TERMS, 'text.md'), now, '--pack', EXAMPLE_TERMS];
  const { code, document } = await provisoJson(...args);
  assert.equal(code, 2);
  const [clause] = document['clauses'];
  assert.deepEqual([clause.result, clause.title], ['changed', 'A human decides on force']);
  const edits = clause.passages[0].edits.map(({ op }: { op: string }) => op);
  assert.deepEqual(edits, ['kept', 'new', 'kept']);
  assert.equal(clause.passages[0].edits[1].words, ', unless otherwise directed');
  const [hint] = document['hints'];
  assert.deepEqual(
    [hint.kind, hint.standing, hint.words],
    ['exception', 'new', 'unless otherwise directed'],
  );
  const { start, end } = hint.at;
  assert.equal(readFileSync(now).subarray(start, end).toString(), hint.words);
  const [ground] = document['ground'];
  assert.deepEqual([ground.clause, ground.result], ['human-decides-on-force', 'changed']);
  assert.ok(ground.rules.some(({ kind }: { kind: string }) => kind === 'red line'));

  const { stdout } = await proviso(...args);
  assert.match(stdout, /\{\+, unless otherwise directed\+\}/);
  assert.match(stdout, /red line red-line-force-without-a-human/);
});

test('a file that is not there, and an old wording that is not the pack’s, are wrong input', async (t) => {
  const missing = await provisoJson('terms', 'redline', 'nowhere.md', 'nowhere.md');
  assert.equal(missing.code, 3);
  const old = join(temporaryFolder(t), 'old.md');
  writeFileSync(old, TEXT.replace('25 distinct', '26 distinct'));
  const other = await provisoJson('terms', 'redline', old, old, '--pack', EXAMPLE_TERMS);
  assert.equal(other.code, 3);
  assert.equal(other.document['error'].code, 'terms_invalid');
});
