/**
 * Cedar's Long: a signed 64-bit integer whose arithmetic fails on overflow.
 *
 * A Long is a JavaScript number where a double holds it exactly, and a bigint beyond that. Each
 * value has one form only, so that `===` compares and `<` orders, and the common case costs no
 * allocation.
 */
import { EvaluationError } from './value.ts';

export type Long = number | bigint;

export const LONG_MIN = -(2n ** 63n);
export const LONG_MAX = 2n ** 63n - 1n;

/** The one form of an integer; throws `EvaluationError` outside of 64 bits. */
export function toLong(integer: bigint): Long {
  if (integer >= MIN_SAFE && integer <= MAX_SAFE) return Number(integer);
  if (integer < LONG_MIN || integer > LONG_MAX) throw new EvaluationError('integer overflow');
  return integer;
}

export function add(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toLong(BigInt(a) + BigInt(b));
}

export function subtract(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toLong(BigInt(a) - BigInt(b));
}

export function multiply(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    // `+ 0` turns the double's −0 into 0.
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return toLong(BigInt(a) * BigInt(b));
}

export function negate(a: Long): Long {
  return subtract(0, a);
}

/** Division that rounds towards zero, as in Rust; `divisor` is a small positive number. */
export function divideTowardsZero(a: Long, divisor: number): Long {
  return typeof a === 'number' ? Math.trunc(a / divisor) + 0 : toLong(a / BigInt(divisor));
}

/** The remainder in 0 ≤ r < divisor. */
export function floorRemainder(a: Long, divisor: number): number {
  const remainder = typeof a === 'number' ? a % divisor : Number(a % BigInt(divisor));
  return remainder < 0 ? remainder + divisor : remainder + 0;
}

const MIN_SAFE = BigInt(Number.MIN_SAFE_INTEGER);
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
