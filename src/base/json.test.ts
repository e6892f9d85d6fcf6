import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProvisoError } from './errors.ts';
import {
  canonicalJson,
  type JsonValue,
  parseJson,
  parseJsonText,
  parseProviderJson,
} from './json.ts';
import { JSON_DEPTH_MAX } from './limits.ts';

const code = (text: string) => {
  try {
    parseJsonText(text);
    return undefined;
  } catch (error) {
    return (error as ProvisoError).code;
  }
};

test('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, space) => {
      const text = JSON.stringify(value, null, space);
      if (text.includes('"__proto__"')) return;
      assert.equal(JSON.stringify(parseJsonText(text)), JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('a key named twice is refused, however it is spelt and wherever it stands', () => {
  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"x":{"b":[],"c":"\\"b\\":","b":0}}]',
    '{"name":"observe","na\\u006de":"fire"}',
    '{"a\\\\":"\\\\\\"","a\\\\":":"}',
  ]) {
    assert.equal(code(text), 'duplicate_key', text);
  }
  assert.equal(code('{"a":{"a":[{"a":1},{"a":2}]}}'), undefined);
});

test('a duplicate hidden anywhere in a generated document is found', () => {
  const key = fc.string({ maxLength: 6 }).filter((name) => name !== '__proto__');
  fc.assert(
    fc.property(key, fc.jsonValue(), fc.jsonValue(), (name, one, two) => {
      const text = `{${JSON.stringify(name)}:${JSON.stringify(one)},${JSON.stringify(name)}:${JSON.stringify(two)}}`;
      if (text.includes('__proto__')) return;
      assert.equal(code(`[1,${text}]`), 'duplicate_key');
    }),
  );
});

test('bytes that are not UTF-8, half characters and __proto__ are refused', () => {
  assert.throws(() => parseJson(Buffer.from([0x22, 0xff, 0x22])), { code: 'invalid_json' });
  assert.throws(() => parseJson(Buffer.from([0x22, 0xc0, 0xaf, 0x22])), { code: 'invalid_json' });
  assert.equal(code('"\\ud800"'), 'invalid_json');
  assert.equal(code('{"\\udc00x":1}'), 'invalid_json');
  assert.equal(code('"\\ud83d\\ude00"'), undefined);
  assert.equal(code('{"__proto__":{"admin":true}}'), 'invalid_json');
  assert.equal(code('{"\\u005f_proto__":1}'), 'invalid_json');
});

test('depth is bounded', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.equal(code(nested(JSON_DEPTH_MAX)), undefined);
  assert.equal(code(nested(JSON_DEPTH_MAX + 1)), 'invalid_json');
});

test('numbers that a double would change are kept as they were written', () => {
  for (const text of [
    '{"id":12345678901234567890}',
    '[0.1234567890123456789]',
    '[1e400]',
    '[-9223372036854775808]',
  ]) {
    assert.equal(JSON.stringify(parseJsonText(text)), text);
  }
  assert.deepEqual(parseJsonText('[9007199254740991,1.50e2,0.1]'), [9007199254740991, 150, 0.1]);
});

test('an answer is read with its numbers exact, whatever stands in its strings', () => {
  for (const text of [
    '{"id": -12345678901234567890,"t":"12345678901234567890 1e5"}',
    '[1e400,0.1234567890123456789]',
  ]) {
    assert.equal(JSON.stringify(parseProviderJson(text)), text.replace(': ', ':'));
  }
  assert.deepEqual(parseProviderJson('{"a":[1,2.5,1790000000],"a":3}'), { a: 3 });
  assert.throws(() => parseProviderJson('{'), { code: 'invalid_json' });
});

test('canonical JSON is that of RFC 8785', () => {
  // The example of RFC 8785, section 3.2.3: keys sort by UTF-16 code units.
  const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 };
  assert.equal(canonicalJson(keys), '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"😀":5,"\ufb33":3}');
  const numbers = [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 1e-27, -0];
  assert.equal(canonicalJson(numbers), '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]');
});

test('canonical JSON does not depend on the order of keys', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const reversed = Object.fromEntries(Object.entries(object).reverse());
      assert.equal(canonicalJson(reversed as JsonValue), canonicalJson(object as JsonValue));
    }),
  );
});
