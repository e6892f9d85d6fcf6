import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  add,
  divideTowardsZero,
  floorRemainder,
  LONG_MAX,
  LONG_MIN,
  type Long,
  multiply,
  negate,
  subtract,
  toLong,
} from './long.ts';
import { EvaluationError } from './value.ts';

const EDGES = [0n, 1n, -1n, 3_037_000_500n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, LONG_MAX];
const integer = fc.oneof(
  fc.constantFrom(...EDGES, ...EDGES.map((edge) => -edge), LONG_MIN),
  fc.bigInt({ min: -1000n, max: 1000n }),
  fc.bigInt({ min: LONG_MIN, max: LONG_MAX }),
);

/** The exact result in its one form, or an error beyond 64 bits. */
function agrees(compute: () => Long, exact: bigint): void {
  if (exact < LONG_MIN || exact > LONG_MAX) {
    assert.throws(compute, EvaluationError);
    return;
  }
  const result = compute();
  assert.equal(BigInt(result), exact);
  assert.equal(typeof result, Number.isSafeInteger(Number(exact)) ? 'number' : 'bigint');
  assert.ok(!Object.is(result, -0));
}

test('arithmetic is exact, and fails beyond 64 bits', () => {
  fc.assert(
    fc.property(integer, integer, (a, b) => {
      const [x, y] = [toLong(a), toLong(b)];
      agrees(() => add(x, y), a + b);
      agrees(() => subtract(x, y), a - b);
      agrees(() => multiply(x, y), a * b);
      agrees(() => negate(x), -a);
    }),
    { numRuns: 5_000 },
  );
});

test('a Long has one form, so that equal Longs are identical and order holds', () => {
  fc.assert(
    fc.property(integer, integer, (a, b) => {
      assert.equal(toLong(a) === toLong(b), a === b);
      assert.equal(toLong(a) < toLong(b), a < b);
    }),
    { numRuns: 5_000 },
  );
});

test('division rounds towards zero, and a remainder is never negative', () => {
  const divisor = fc.constantFrom(1_000, 60_000, 86_400_000);
  fc.assert(
    fc.property(integer, divisor, (a, divisor) => {
      const exact = a / BigInt(divisor);
      agrees(() => divideTowardsZero(toLong(a), divisor), exact);
      const remainder = floorRemainder(toLong(a), divisor);
      assert.ok(remainder >= 0 && remainder < divisor && !Object.is(remainder, -0));
      assert.equal((a - BigInt(remainder)) % BigInt(divisor), 0n);
    }),
    { numRuns: 5_000 },
  );
});

test('what does not fit is an error', () => {
  assert.throws(() => toLong(LONG_MAX + 1n), EvaluationError);
  assert.throws(() => toLong(LONG_MIN - 1n), EvaluationError);
  assert.equal(toLong(LONG_MIN), LONG_MIN);
});
