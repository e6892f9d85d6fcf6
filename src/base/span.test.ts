import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSpan, spanBefore, spanWords } from './span.ts';

function before(instant: string, text: string): string {
  const span = parseSpan(text);
  assert.ok(span);
  return new Date(spanBefore(Date.parse(instant), span)).toISOString();
}

test('a span is read however it is written, and written in one way', () => {
  for (const [text, words] of [
    ['184d', '184 days'],
    ['184 days', '184 days'],
    ['1 day', '1 day'],
    ['2w', '2 weeks'],
    ['6 months', '6 months'],
    ['6months', '6 months'],
    ['1 year', '1 year'],
    ['7y', '7 years'],
  ] as const) {
    const span = parseSpan(text);
    assert.ok(span, text);
    assert.equal(spanWords(span), words);
    assert.deepEqual(parseSpan(words), span);
  }
  for (const text of [
    '',
    '0 days',
    '6',
    'months',
    '6 m',
    '-1 day',
    '1.5 years',
    '6  months',
    '99999d',
  ]) {
    assert.equal(parseSpan(text), undefined, text);
  }
});

test('months and years are those of the calendar', () => {
  assert.equal(before('2030-08-31T12:00:00Z', '6 months'), '2030-02-28T12:00:00.000Z');
  assert.equal(before('2028-08-31T00:00:00Z', '6 months'), '2028-02-29T00:00:00.000Z');
  assert.equal(before('2030-01-15T00:00:00Z', '1 month'), '2029-12-15T00:00:00.000Z');
  assert.equal(before('2028-02-29T00:00:00Z', '1 year'), '2027-02-28T00:00:00.000Z');
  assert.equal(before('2030-03-01T00:00:00Z', '1 day'), '2030-02-28T00:00:00.000Z');
  assert.equal(before('2030-03-15T00:00:00Z', '2w'), '2030-03-01T00:00:00.000Z');
});
