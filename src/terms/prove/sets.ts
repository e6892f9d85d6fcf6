/**
 * Sets as arrays to Bool. Where a question is about all items, the items of a set that is written
 * out are gone through; else a witness stands for the item that would make the difference, so that a
 * model names it.
 */
import { BOOLEAN, type Type } from '../typing/types.ts';
import type { Encoded, Encoder } from './encode.ts';
import { and, apply, emptySet, FALSE, implies, not, or, same, type Term, TRUE } from './smt.ts';
import { Unsupported } from './sorts.ts';

export function encodeSetOperation(
  operator: 'isEmpty' | 'contains' | 'containsAll' | 'containsAny',
  a: Encoded,
  b: Encoded,
  encoder: Encoder,
): Encoded {
  return { type: BOOLEAN, value: operation(operator, a, b, encoder), ok: and(a.ok, b.ok) };
}

export function setEquality(a: Encoded, b: Encoded, encoder: Encoder): Term {
  const equal = same(a.value, b.value);
  if (equal !== TRUE && equal !== FALSE) {
    const w = encoder.footprint.witness(itemType(a), encoder.script, encoder.sorts);
    const differs = not(same(apply('select', a.value, w), apply('select', b.value, w)));
    encoder.script.assert(or(equal, differs));
  }
  return equal;
}

/**
 * Whether the two have an item in common.
 * @param w is one, if they have
 */
export function haveCommon(type: Type, a: Term, b: Term, w: Term, encoder: Encoder): Term {
  const { script, sorts } = encoder;
  const sort = sorts.sortOf({ kind: 'set', of: type });
  const common = script.named(sort, `((_ map and) ${a} ${b})`);
  const none = script.named('Bool', same(common, emptySet(sort)));
  script.assert(or(none, and(apply('select', a, w), apply('select', b, w))));
  return not(none);
}

function operation(
  operator: 'isEmpty' | 'contains' | 'containsAll' | 'containsAny',
  a: Encoded,
  b: Encoded,
  encoder: Encoder,
): Term {
  const { script, sorts, footprint } = encoder;
  switch (operator) {
    case 'isEmpty': {
      if (a.items) return FALSE;
      const empty = script.named('Bool', same(a.value, emptySet(sorts.sortOf(a.type))));
      const w = footprint.witness(itemType(a), script, sorts);
      script.assert(or(empty, apply('select', a.value, w)));
      return empty;
    }
    case 'contains':
      return holds(a, b.value, encoder);
    case 'containsAny': {
      if (b.items) return or(...b.items.map((item) => holds(a, item, encoder)));
      if (a.items) return or(...a.items.map((item) => holds(b, item, encoder)));
      const w = footprint.witness(itemType(a), script, sorts);
      return haveCommon(itemType(a), a.value, b.value, w, encoder);
    }
    case 'containsAll': {
      if (b.items) return and(...b.items.map((item) => holds(a, item, encoder)));
      const merged = script.named(sorts.sortOf(a.type), `((_ map or) ${a.value} ${b.value})`);
      const all = script.named('Bool', same(a.value, merged));
      const w = footprint.witness(itemType(a), script, sorts);
      const isLacking = and(apply('select', b.value, w), not(apply('select', a.value, w)));
      script.assert(implies(not(all), isLacking));
      return all;
    }
  }
}

function holds(set: Encoded, item: Term, { footprint, sorts }: Encoder): Term {
  if (set.items) return or(...set.items.map((other) => same(other, item)));
  footprint.add(itemType(set), item, sorts);
  return apply('select', set.value, item);
}

function itemType({ type }: Encoded): Type {
  if (type.kind !== 'set') throw new Unsupported(`a ${type.kind} as a set`);
  return type.of;
}
