/**
 * The terms of a script that name values of the request: what is asserted of entities is asserted of
 * these only, without quantifiers, and a model is read by asking for their values.
 *
 * Ancestors: only an entity on the left of an `in` is asked for them, and only those on the right of
 * one are looked for. Each hierarchy of those is one that entities can have, since an entity whose
 * ancestors nobody asks for may have none.
 */
import { STRING, type Type } from '../typing/types.ts';
import { and, apply, implies, not, type Script, type Term } from './smt.ts';
import type { Sorts } from './sorts.ts';

export class Footprint {
  /** By entity type. */
  readonly entities = new Map<string, Set<Term>>();
  /** By sort. */
  readonly values = new Map<string, Set<Term>>();
  readonly #below = new Map<string, Set<Term>>();
  readonly #above = new Map<string, Set<Term>>();
  #witnesses = 0;

  add(type: Type, term: Term, sorts: Sorts): void {
    addTo(this.values, sorts.sortOf(type), term);
    if (type.kind === 'entity') addTo(this.entities, type.name, term);
  }

  texts(sorts: Sorts): Iterable<Term> {
    return this.values.get(sorts.sortOf(STRING)) ?? [];
  }

  /** An entity that is asked whether it is in others. */
  addBelow(type: string, term: Term): void {
    addTo(this.#below, type, term);
  }

  /** An entity that others may be in. */
  addAbove(type: string, term: Term): void {
    addTo(this.#above, type, term);
  }

  /** Some value that would show why two sets are not alike. */
  witness(type: Type, script: Script, sorts: Sorts): Term {
    const term = script.constant(`w${this.#witnesses++}`, sorts.sortOf(type));
    this.add(type, term, sorts);
    script.assert(sorts.wellFormed(type, term));
    return term;
  }

  /** Each question whether one is in another, as a term: the hierarchy of a model. */
  *memberships(sorts: Sorts): Generator<Membership> {
    for (const [type, terms] of this.#below) {
      for (const group of sorts.schema.entities.get(type)?.ancestors ?? []) {
        const within = sorts.ancestors(type, group);
        for (const above of this.#above.get(group) ?? []) {
          for (const below of terms) {
            yield { type, below, group, above, term: apply('select', within(below), above) };
          }
        }
      }
    }
  }

  /** No entity is in itself, and what is in one group is in all that the group is in. */
  assertHierarchy(script: Script, sorts: Sorts): void {
    const { entities } = sorts.schema;
    const isIn = (type: string, below: Term, group: string, above: Term): Term =>
      apply('select', sorts.ancestors(type, group)(below), above);
    for (const [type, terms] of this.#below) {
      const groups = entities.get(type)?.ancestors ?? new Set<string>();
      for (const below of terms) {
        if (groups.has(type)) script.assert(not(isIn(type, below, type, below)));
        for (const middleType of groups) {
          for (const middle of this.#below.get(middleType) ?? []) {
            const isBelow = isIn(type, below, middleType, middle);
            for (const group of entities.get(middleType)?.ancestors ?? []) {
              for (const above of this.#above.get(group) ?? []) {
                const both = and(isBelow, isIn(middleType, middle, group, above));
                script.assert(implies(both, isIn(type, below, group, above)));
              }
            }
          }
        }
      }
    }
  }
}

export interface Membership {
  readonly type: string;
  readonly below: Term;
  readonly group: string;
  readonly above: Term;
  readonly term: Term;
}

function addTo(map: Map<string, Set<Term>>, type: string, term: Term): void {
  const terms = map.get(type);
  if (terms) terms.add(term);
  else map.set(type, new Set([term]));
}
