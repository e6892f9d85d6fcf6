import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSignerKey, parseSignerKey, signNote } from '#base/note.ts';
import { openCheckpoint, parseCheckpoint, signCheckpoint } from './checkpoint.ts';
import { EMPTY_ROOT, leafHash } from './tree.ts';

const invalid = { code: 'note_invalid' };

test('a checkpoint is written and read, and has to be the log’s own', () => {
  const signer = parseSignerKey(makeSignerKey('example.com/log'));
  const root = leafHash(Buffer.from('entry'));
  const note = signCheckpoint(1, root, signer);
  assert.match(note, /^example\.com\/log\n1\n[\w+/]{43}=\n\n— example\.com\/log /);
  const checkpoint = openCheckpoint(Buffer.from(note), signer.verifier);
  assert.deepEqual(checkpoint, { origin: 'example.com/log', size: 1, root, extensions: [] });

  const elsewhere = signNote(`example.com/other\n0\n${rootLine()}`, signer);
  assert.throws(() => openCheckpoint(Buffer.from(elsewhere), signer.verifier), invalid);
});

test('malformed checkpoints are refused', () => {
  const good = `example.com/log\n0\n${rootLine()}`;
  assert.equal(parseCheckpoint(good).size, 0);
  assert.deepEqual(parseCheckpoint(`${good}ext\n`).extensions, ['ext']);
  const wrong = [
    '',
    'example.com/log\n0\n',
    `\n0\n${rootLine()}`,
    good.replace('\n0\n', '\n00\n'),
    good.replace('\n0\n', '\n-1\n'),
    good.replace('\n0\n', '\n0x1\n'),
    good.replace('\n0\n', '\n9007199254740993\n'),
    good.replace('=\n', '\n'),
    good.replace('=\n', '==\n'),
    `${good}\n`,
    good.slice(0, -1),
  ];
  for (const each of wrong)
    assert.throws(() => parseCheckpoint(each), invalid, JSON.stringify(each));
});

function rootLine(): string {
  return `${Buffer.from(EMPTY_ROOT, 'latin1').toString('base64')}\n`;
}
