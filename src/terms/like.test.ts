import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isLike, likePattern, WILDCARD } from './like.ts';

const element = fc.constantFrom<string | typeof WILDCARD>(WILDCARD, 'a', 'b', '*', 'ä', '𝄞', '');
const text = fc.array(fc.constantFrom('a', 'b', '*', 'ä', '𝄞')).map((parts) => parts.join(''));

test('a pattern matches what the same regular expression matches', () => {
  fc.assert(
    fc.property(fc.array(element), text, (elements, text) => {
      const source = elements.map((part) => (part === WILDCARD ? '[^]*' : RegExp.escape(part)));
      const expected = new RegExp(`^${source.join('')}$`, 'u').test(text);
      assert.equal(isLike(text, likePattern(elements)), expected);
    }),
    { numRuns: 5_000 },
  );
});

test('a text that was made from the pattern matches', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(element, text)), (parts) => {
      const made = parts.map(([part, any]) => (part === WILDCARD ? any : part)).join('');
      const pattern = likePattern(parts.map(([part]) => part));
      assert.ok(isLike(made, pattern));
    }),
    { numRuns: 2_000 },
  );
});

test('many wildcards take no more than linear time each', () => {
  const elements = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? WILDCARD : 'a'));
  const start = performance.now();
  assert.equal(isLike('a'.repeat(10_000) + 'b', likePattern([...elements, 'c'])), false);
  assert.ok(performance.now() - start < 1_000);
});
