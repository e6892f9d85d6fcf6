import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from './entry.ts';
import { Pairing } from './pairing.ts';

/** Decisions, outcomes and others in any order, with outcomes of anything, and times that go back. */
const logs = fc
  .array(
    fc.record({
      kind: fc.constantFrom('decision', 'outcome', 'start'),
      closes: fc.option(fc.nat(40), { nil: undefined }),
      back: fc.constantFrom(0, 0, 0, 0, 2),
    }),
    { maxLength: 40 },
  )
  .map((made) =>
    made.map(({ kind, closes, back }, index): Entry => {
      const isOutcome = kind === 'outcome' || back > 1;
      return {
        index,
        kind,
        at: 10 + index - back,
        public: {},
        digests: [],
        closes: isOutcome ? closes : undefined,
      };
    }),
  );

test('ranges that are joined are paired as the whole is', () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 1, max: 9 }), (entries, width) => {
      const whole = new Pairing();
      const wrong = entries.filter((entry) => whole.add(entry) !== undefined);
      const joined = new Pairing();
      const found = new Set<number>();
      for (let from = 0; from < entries.length; from += width) {
        const range = new Pairing(from);
        for (const entry of entries.slice(from, from + width)) {
          if (range.add(entry) !== undefined) found.add(entry.index);
        }
        for (const { entry } of joined.join(structuredClone(range.range()))) found.add(entry);
      }
      const named = [...found].sort((a, b) => a - b);
      assert.deepEqual(
        named,
        wrong.map(({ index }) => index),
      );
      assert.deepEqual([...joined.open].sort(byNumber), [...whole.open].sort(byNumber));
      assert.deepEqual([joined.decisions, joined.outcomes], [whole.decisions, whole.outcomes]);
    }),
  );
});

function byNumber(a: number, b: number): number {
  return a - b;
}
