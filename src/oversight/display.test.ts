import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import { actionHash, makeAction } from './action.ts';
import { renderAction } from './display.ts';
import { placesIn, unitIn } from './places.ts';
import { visible } from './visible.ts';

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

test('two actions that differ never look the same', () => {
  const name = fc.constantFrom('a', 'b c', 'b"]["c', '0', '', '\u200b', '⟨U+0022⟩');
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom(null, true, 1, '1', '', '""', 'null', '{}'),
      fc.array(tie('value'), { maxLength: 2 }),
      fc.dictionary(name, tie('value'), { maxKeys: 2, noNullPrototype: true }),
    ),
  })).value as fc.Arbitrary<JsonObject>;
  const shown = (args: JsonObject) => argumentLines({ args });
  fc.assert(
    fc.property(value, value, (one, other) => {
      const areSame = canonicalJson(one) === canonicalJson(other);
      assert.equal(shown(one).join('\n') === shown(other).join('\n'), areSame);
    }),
    { numRuns: 3_000 },
  );
});

test('a number has the unit that its name says, and no other', () => {
  const units: readonly (readonly [name: string, unit: string | undefined])[] = [
    ['distance_km', 'km'],
    ['distanceKm', 'km'],
    ['max-speed-knots', 'kn'],
    ['altitude_ft', 'ft'],
    ['waitMs', 'ms'],
    ['price_eur', 'EUR'],
    ['minutes', 'min'],
    ['m', undefined],
    ['item', undefined],
    ['atoms', undefined],
    ['berth', undefined],
    ['', undefined],
  ];
  for (const [name, unit] of units) assert.equal(unitIn(name), unit, name);
  const { lines } = renderAction(actionWith({ legs_km: [1, 2], note_km: 'far' }));
  assert.deepEqual(
    lines.filter(({ unit }) => unit !== undefined).map(({ label, unit }) => [label, unit]),
    [
      ['arguments.legs_km[0]', 'km'],
      ['arguments.legs_km[1]', 'km'],
    ],
  );
});

test('places are found by names and in GeoJSON, and nowhere that would be a guess', () => {
  const found = (value: JsonObject) =>
    placesIn(value, 'a').map(({ label, latitude, longitude }) => [label, latitude, longitude]);
  assert.deepEqual(found({ lat: 54.3, lon: 10.1 }), [['a', 54.3, 10.1]]);
  assert.deepEqual(found({ from: { Latitude: -1, Longitude: 2 } }), [['a.from', -1, 2]]);
  assert.deepEqual(found({ 'way points': [{ lat: 1, lng: 2 }] }), [['a["way points"][0]', 1, 2]]);
  const line = [
    [10, 50],
    [11, 51, 7],
  ];
  assert.deepEqual(found({ type: 'LineString', coordinates: line }), [
    ['a.coordinates[0]', 50, 10],
    ['a.coordinates[1]', 51, 11],
  ]);
  for (const none of [
    { at: [54.3, 10.1] },
    { lat: 91, lon: 0 },
    { lat: 1 },
    { lat: 1, latitude: 2, lon: 3 },
    { lat: '1', lon: '2' },
    { coordinates: [1, 2] },
  ]) {
    assert.deepEqual(found(none), [], JSON.stringify(none));
  }
});

test('what is different from the last action like it stands beside, and is hashed', () => {
  const before = actionWith({ berth: 4, note: 'as ever', keep: 1 });
  const now = actionWith({ berth: 5, keep: 1, urgent: true });
  const alone = renderAction(now);
  const { lines, compared, hash } = renderAction(now, before);
  assert.deepEqual(
    lines.filter((line) => line.before ?? line.isNew).map((line) => [line.label, line.before]),
    [
      ['arguments.berth', '4'],
      ['arguments.urgent', undefined],
    ],
  );
  assert.deepEqual(compared, {
    action: actionHash(before),
    gone: [{ label: 'arguments.note', value: 'as ever' }],
  });
  assert.notEqual(hash, alone.hash);
  assert.deepEqual(
    lines.map(({ label, value }) => [label, value]),
    alone.lines.map(({ label, value }) => [label, value]),
  );
  assert.equal(
    renderAction(now, actionWith({ berth: 5, keep: 1, urgent: true })).compared?.gone.length,
    0,
  );
});
