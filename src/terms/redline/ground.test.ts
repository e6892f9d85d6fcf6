/** Which clauses of a pack lose their ground when the wording changes, and the rules on them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallPack } from '../pack.example.ts';
import { parsePack } from '../pack.ts';
import { groundChanges } from './ground.ts';
import { redline } from './redline.ts';

const RED_LINE = `@id("red") @clause("forbidden")
forbid(principal, action, resource) when { context.persons > 10 };`;
const pack = parsePack(smallPack({ 'redlines.cedar': RED_LINE }), 'pack');
const TEXT = pack.files.get('text.md')?.text ?? '';

function ground(change: (text: string) => string): readonly string[] {
  const found = redline({ file: 'old.md', text: TEXT }, { file: 'new.md', text: change(TEXT) });
  return groundChanges(found, pack).map(({ clause, result }) => `${clause}: ${result}`);
}

test('a clause that keeps its words keeps its ground', () => {
  assert.deepEqual(
    ground((text) => text.replaceAll('\n\n', '\n\n\n').replace('“persons”', '**"persons"**')),
    [],
  );
  assert.deepEqual(
    ground((text) => `${text}\n## More\n\nSomething else.\n`),
    [],
  );
});

test('a clause whose words change, or that is added to, is named with its rules', () => {
  assert.deepEqual(
    ground((text) => text.replace('Nothing with', 'Little with')),
    ['forbidden: changed'],
  );
  assert.deepEqual(
    ground((text) => `${text}\nThe lead may allow more.\n`),
    ['forbidden: changed'],
  );
  assert.deepEqual(
    ground((text) => text.replace('## Open', '## Wide open')),
    ['open: changed'],
  );
  const text = TEXT.replace('Nothing with', 'Little with');
  const found = redline({ file: 'old.md', text: TEXT }, { file: 'new.md', text });
  const [change] = groundChanges(found, pack);
  assert.deepEqual(change?.rules, [
    { id: 'no-persons', kind: 'rule' },
    { id: 'ask-first', kind: 'rule' },
    { id: 'needs-a-purpose', kind: 'rule' },
    { id: 'red', kind: 'red line' },
  ]);
  const bytes = Buffer.from(TEXT).subarray(change?.at.start, change?.at.end).toString();
  assert.match(bytes, /^## Forbidden/);
  assert.equal(change?.at.line, 7);
});

test('a clause that moves or goes is named', () => {
  const [head = '', open = '', forbidden = ''] = TEXT.split(/(?=^## )/m);
  assert.deepEqual(
    ground(() => head + forbidden + open),
    ['open: moved'],
  );
  assert.deepEqual(
    ground(() => head + open),
    ['forbidden: gone'],
  );
});
