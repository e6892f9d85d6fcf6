/** Longs and what is counted in them: signed numbers of 64 bits, whose arithmetic errs on overflow. */
import { BOOLEAN, LONG } from '../typing/types.ts';
import type { Encoded } from './encode.ts';
import { and, apply, not, type Term } from './smt.ts';

const ORDER = { '<': 'bvslt', '<=': 'bvsle', '>': 'bvsgt', '>=': 'bvsge' } as const;

export function encodeOrder(operator: keyof typeof ORDER, a: Encoded, b: Encoded): Encoded {
  const value = apply(ORDER[operator], a.value, b.value);
  return { type: BOOLEAN, value, ok: and(a.ok, b.ok) };
}

const ARITHMETIC = {
  '+': ['bvadd', 'bvsaddo'],
  '-': ['bvsub', 'bvssubo'],
  '*': ['bvmul', 'bvsmulo'],
} as const;

export function encodeArithmetic(
  operator: keyof typeof ARITHMETIC,
  a: Encoded,
  b: Encoded,
): Encoded {
  const [name, overflows] = ARITHMETIC[operator];
  return {
    type: LONG,
    value: apply(name, a.value, b.value),
    ok: and(a.ok, b.ok, fits(overflows, a.value, b.value)),
  };
}

/** That the operation does not overflow. */
export function fits(overflows: string, a: Term, b: Term): Term {
  return not(apply(overflows, a, b));
}
