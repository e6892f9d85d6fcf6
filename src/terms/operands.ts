/**
 * What the compiled expressions ask of their operands as they run: the right type, an order, a
 * place in the hierarchy. A wrong answer is an `EvaluationError`, exactly where the reference errs.
 */
import type { Long } from './long.ts';
import {
  type Entity,
  type EntityFacts,
  EvaluationError,
  type Fields,
  type Request,
  type SetValue,
  type Value,
} from './value.ts';

/** An entity that a policy names is bare; its facts are the store's. */
export function factsOf(of: Entity, request: Request): EntityFacts | undefined {
  return of.facts ?? request.entities.get(of.key)?.facts;
}

export function fieldsOf(value: Value, request: Request): Fields | undefined {
  if (typeof value === 'object') {
    if (value.kind === 'record') return value.fields;
    if (value.kind === 'entity') return factsOf(value, request)?.attributes;
  }
  return wrongType('record or entity');
}

export function isIn(of: Entity, key: string, request: Request): boolean {
  return of.key === key || factsOf(of, request)?.ancestors.has(key) === true;
}

export function isInValue(of: Entity, group: Value, request: Request): boolean {
  if (typeof group === 'object') {
    if (group.kind === 'entity') return isIn(of, group.key, request);
    if (group.kind === 'set') {
      let isInAny = false;
      // To the end: an item of another type is an error wherever it stands.
      for (const item of group.items) {
        if (isIn(of, asEntity(item).key, request)) isInAny = true;
      }
      return isInAny;
    }
  }
  return wrongType('entity or set of entities');
}

/** Negative, zero or positive; only Longs, datetimes and durations have an order. */
export function compare(a: Value, b: Value): number {
  if (isLong(a)) return compareLongs(a, asLong(b));
  if (typeof a === 'object' && (a.kind === 'datetime' || a.kind === 'duration')) {
    if (typeof b === 'object' && b.kind === a.kind) return compareLongs(a.ms, b.ms);
  }
  return wrongType('long, datetime or duration');
}

function compareLongs(a: Long, b: Long): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isLong(value: Value): value is Long {
  return typeof value === 'number' || typeof value === 'bigint';
}

export function asLong(value: Value): Long {
  return isLong(value) ? value : wrongType('long');
}

export function asString(value: Value): string {
  return typeof value === 'string' ? value : wrongType('string');
}

export function asEntity(value: Value): Entity {
  return typeof value === 'object' && value.kind === 'entity' ? value : wrongType('entity');
}

export function asSet(value: Value): SetValue {
  return typeof value === 'object' && value.kind === 'set' ? value : wrongType('set');
}

export function wrongType(expected: string): never {
  throw new EvaluationError(`type error: expected ${expected}`);
}

export function missing(what: string): never {
  throw new EvaluationError(`${what} does not exist`);
}

export function missingEntity(of: Entity): never {
  throw new EvaluationError(`entity \`${of.type}::${JSON.stringify(of.id)}\` does not exist`);
}
