import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '#base/json.ts';
import { makeAction } from './action.ts';
import { renderAction, visible } from './display.ts';

const actionWith = (args: JsonObject | string, tool = 't') =>
  makeAction({
    kind: 'tool_call',
    arguments: args,
    asks: ['force'],
    caller: { id: 'c', owner: 'o', organisation: 'g', teams: ['one'] },
    expiresAt: 0,
    ledger: 'l',
    model: 'p/m',
    purpose: null,
    terms: '0'.repeat(64),
    tool: { name: tool, classes: [], definition: null },
  });

const argumentLines = (args: JsonObject | string) =>
  renderAction(actionWith(args))
    .lines.filter(({ label }) => label.startsWith('arguments'))
    .map(({ label, value, kind }) => `${label} ${kind} ${value}`);

test('every argument has a line of its own, with nothing folded', () => {
  const long = 'x'.repeat(50_000);
  assert.deepEqual(
    argumentLines({ b: [1, 'one', true, null], a: { 'odd.key': {}, long }, none: [], empty: '' }),
    [
      `arguments.a.long text ${long}`,
      'arguments.a["odd.key"] empty {}',
      'arguments.b[0] number 1',
      'arguments.b[1] text one',
      'arguments.b[2] boolean true',
      'arguments.b[3] null null',
      'arguments.empty empty ""',
      'arguments.none empty []',
    ],
  );
  assert.deepEqual(argumentLines('free text'), ['arguments text free text']);
  assert.deepEqual(argumentLines({}), ['arguments empty {}']);
});

test('what the model wrote is marked as such', () => {
  const by = (who: string) =>
    renderAction(actionWith({ a: 1 }))
      .lines.filter((line) => line.by === who)
      .map(({ label }) => label);
  assert.deepEqual(by('model'), ['tool', 'arguments.a']);
  assert.ok(by('gateway').includes('caller'));
});

test('what cannot be seen, or passes for another, is written out', () => {
  const cases: readonly (readonly [text: string, shown: string])[] = [
    ['pay', 'pay'],
    ['p\u0430y', 'p\u0430⟨U+0430⟩y'],
    ['\u0440\u0430\u0443', '\u0440⟨U+0440⟩\u0430⟨U+0430⟩\u0443⟨U+0443⟩'],
    ['\u043f\u0440\u0438\u0432\u0435\u0442', '\u043f\u0440\u0438\u0432\u0435\u0442'],
    ['caf\u00e9 na\u00efve', 'caf\u00e9 na\u00efve'],
    ['a\u202eb', 'a⟨U+202E⟩b'],
    ['a\u200bb\ufeff', 'a⟨U+200B⟩b⟨U+FEFF⟩'],
    ['a\u00a0b', 'a⟨U+00A0⟩b'],
    ['a\nb\tc\u0000', 'a⟨U+000A⟩b⟨U+0009⟩c⟨U+0000⟩'],
    ['a\u{e0041}', 'a⟨U+E0041⟩'],
    ['a\ufe0f', 'a⟨U+FE0F⟩'],
    ['\u0301a', '⟨U+0301⟩a'],
    ['⟨U+0041⟩', '⟨U+27E8⟩U+0041⟨U+27E9⟩'],
    [' a  b ', '⟨U+0020⟩a⟨U+0020⟩ b⟨U+0020⟩'],
  ];
  for (const [text, shown] of cases) assert.equal(visible(text), shown, JSON.stringify(text));
});

test('no two different texts look the same', () => {
  const letter = fc.constantFrom(
    'a',
    '\u0430',
    '\u200b',
    '⟨',
    '⟩',
    'U',
    '+',
    '0',
    '\u202e',
    ' ',
    '\n',
  );
  const text = fc.array(letter, { maxLength: 6 }).map((letters) => letters.join(''));
  fc.assert(
    fc.property(text, text, (one, other) => {
      assert.equal(visible(one) === visible(other), one === other);
    }),
    { numRuns: 2_000 },
  );
});

test('the hash covers every line', () => {
  const one = renderAction(actionWith({ a: 1 }, 'x'));
  const other = renderAction(actionWith({ a: 1 }, 'y'));
  assert.notEqual(one.hash, other.hash);
  assert.equal(renderAction(actionWith({ a: 1 }, 'x')).hash, one.hash);
});
