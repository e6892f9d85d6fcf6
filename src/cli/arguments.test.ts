import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { instantOrSpan, list, wholeNumber } from './arguments.ts';

test('a whole number within its bounds, and nothing else', () => {
  const port = wholeNumber(0, 65_535);
  fc.assert(fc.property(fc.integer({ min: 0, max: 65_535 }), (n) => port(String(n)) === n));
  for (const text of ['', '-1', '65536', '1.5', '0x10', '1e3', ' 1', 'eighty']) {
    assert.throws(() => port(text), /whole number from 0 to 65535/, text);
  }
});

test('lists by commas and by repetition', () => {
  assert.deepEqual(list('c', list(' a, b,,')), ['a', 'b', 'c']);
});

test('days, instants and times from now', () => {
  assert.equal(instantOrSpan('2030-01-31'), '2030-01-31T00:00:00.000Z');
  assert.equal(instantOrSpan('2030-01-31T12:00:00+02:00'), '2030-01-31T10:00:00.000Z');
  const inTwoDays = Date.parse(instantOrSpan('2d')) - Date.now();
  assert.ok(Math.abs(inTwoDays - 2 * 86_400_000) < 10_000);
  for (const text of [
    '',
    'tomorrow',
    '2030',
    '2030-02-31T',
    '2030-13-01',
    '90',
    '1y',
    '2030-01-31T12:00',
  ]) {
    assert.throws(() => instantOrSpan(text), /Give a day/, text);
  }
});
