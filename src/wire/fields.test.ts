import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '#base/json.ts';
import { asWord, optionalInteger, optionalStrings, pathOf, protoName } from './fields.ts';
import { type Shape, shaped } from './shape.ts';

test('paths are written as a reader of the body would write them', () => {
  assert.equal(pathOf('', 'model'), 'model');
  assert.equal(pathOf(pathOf('messages', 2), 'content'), 'messages[2].content');
});

test('wrong types are refused with their path, null is absent', () => {
  assert.equal(optionalInteger(null, '', 'seed'), undefined);
  assert.throws(() => optionalInteger(1.5, 'a', 'seed'), { code: 'invalid_request', at: 'a.seed' });
  assert.throws(() => optionalInteger('1', 'a', 'seed'), { code: 'invalid_request' });
  assert.throws(() => optionalStrings(['a', 1], '', 'stop'), { at: 'stop' });
  assert.throws(() => asWord('Auto', '', 'mode', ['auto', 'none']), { at: 'mode' });
});

test('proto3 names: the exact alias is the name, any other spelling is not', () => {
  const of = (key: string, object: JsonObject = { [key]: 1 }) => protoName(object, key, 'at');
  assert.equal(of('maxOutputTokens'), 'maxOutputTokens');
  assert.equal(of('max_output_tokens'), 'maxOutputTokens');
  for (const other of ['MaxOutputTokens', 'max_Output_tokens', 'max_outputTokens', 'max__tokens']) {
    assert.equal(of(other), other);
  }
  assert.throws(() => of('top_p', { top_p: 1, topP: 1 }), { code: 'duplicate_key', at: 'at.topP' });
});

test('a name and its alias are one name', () => {
  const word = fc.stringMatching(/^[a-z]{1,6}$/);
  fc.assert(
    fc.property(word, fc.array(word, { minLength: 1, maxLength: 3 }), (first, rest) => {
      const camel = first + rest.map((w) => w[0]?.toUpperCase() + w.slice(1)).join('');
      const snake = [first, ...rest].join('_');
      assert.equal(protoName({ [snake]: 1 }, snake, ''), camel);
      assert.equal(protoName({ [camel]: 1 }, camel, ''), camel);
    }),
  );
});

const shape: Shape = {
  fields: {
    name: 'string',
    list: { list: { fields: { deepValue: 'number' } } },
    map: { map: 'string' },
    any: 'any',
    either: { either: ['string', { fields: { on: 'boolean' } }] },
  },
};

test('a shape lets through what it names, at every level', () => {
  const value = {
    name: 'n',
    list: [{ deepValue: 1 }],
    map: { x: 'y' },
    any: { z: [1] },
    either: { on: true },
  };
  assert.deepEqual(shaped(value, shape, 'at'), value);
  assert.deepEqual(shaped({ either: 'text', name: null }, shape, 'at'), {
    either: 'text',
    name: null,
  });
});

test('INVARIANT (2): a shape refuses what it does not name, with the path', () => {
  const refused: [JsonObject, string, string][] = [
    [{ nane: 'n' }, 'unknown_field', 'at.nane'],
    [{ list: [{}, { deepvalue: 1 }] }, 'unknown_field', 'at.list[1].deepvalue'],
    [{ either: { off: true } }, 'unknown_field', 'at.either.off'],
    [{ constructor: 1 }, 'unknown_field', 'at.constructor'],
    [{ map: { x: 1 } }, 'invalid_request', 'at.map.x'],
    [{ name: 1 }, 'invalid_request', 'at.name'],
    [{ list: {} }, 'invalid_request', 'at.list'],
    [{ either: 7 }, 'invalid_request', 'at.either'],
  ];
  for (const [value, code, at] of refused) {
    assert.throws(() => shaped(value, shape, 'at'), { code, at }, at);
  }
});

test('in proto spelling the keys come out in camelCase', () => {
  const value = { list: [{ deep_value: 1 }], map: { snake_key: 'kept' } };
  assert.deepEqual(shaped(value, shape, 'at', 'proto'), {
    list: [{ deepValue: 1 }],
    map: { snake_key: 'kept' },
  });
  assert.throws(() => shaped(value, shape, 'at'), { code: 'unknown_field' });
});
