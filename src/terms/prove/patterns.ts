/**
 * `like`: what a text begins with, ends with and contains. Only for patterns of more pieces is it
 * membership in a regular language, in which the solver is slower.
 */
import type { LikePattern } from '../like.ts';
import { and, apply, same, type Term } from './smt.ts';
import type { Sorts } from './sorts.ts';

/** @param value a text of the SMT sort String */
export function encodeLike(value: Term, { pieces }: LikePattern, sorts: Sorts): Term {
  const [first = '', ...more] = pieces;
  const last = more.pop();
  if (last === undefined) return same(value, sorts.textLiteral(first));
  const ends = [
    ...(first === '' ? [] : [apply('str.prefixof', sorts.textLiteral(first), value)]),
    ...(last === '' ? [] : [apply('str.suffixof', sorts.textLiteral(last), value)]),
  ];
  const inside = more.filter((piece) => piece !== '');
  const [only, ...others] = inside;
  if (only === undefined) {
    // Beginning and end may not overlap.
    const lengthMin = Array.from(first + last).length;
    return and(...ends, ...(ends.length < 2 ? [] : [`(<= ${lengthMin} (str.len ${value}))`]));
  }
  if (ends.length === 0 && others.length === 0) {
    return apply('str.contains', value, sorts.textLiteral(only));
  }
  const parts = [first, ...inside, last].map((piece) =>
    apply('str.to_re', sorts.textLiteral(piece)),
  );
  return and(...ends, apply('str.in_re', value, apply('re.++', parts.join(' re.all '))));
}
