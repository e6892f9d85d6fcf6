/**
 * Cedar's values as the compiled rules see them.
 *
 * Booleans and strings are JavaScript's own, Longs are numbers or bigints (long.ts), all else is an
 * object with a `kind`. Values are immutable once a request is decided on them.
 */
import type { Long } from './long.ts';

export type Value =
  | boolean
  | Long
  | string
  | Entity
  | SetValue
  | RecordValue
  | Decimal
  | Ip
  | Datetime
  | Duration;

/** An entity with what is known of it. One that a store does not hold has no `facts`. */
export interface Entity {
  readonly kind: 'entity';
  readonly type: string;
  readonly id: string;
  /** Type and id in one string; a type has no quotation mark, so two entities never share one. */
  readonly key: string;
  /** Filled by the store that made the entity, before any request is decided on it. */
  facts: EntityFacts | undefined;
}

export interface EntityFacts {
  readonly attributes: Fields;
  readonly tags: Fields;
  /** By key: all entities that this one is in, transitively, itself left out. */
  readonly ancestors: ReadonlyMap<string, Entity>;
}

/** An attribute that is `undefined` is absent. Only own properties count. */
export type Fields = { readonly [name: string]: Value | undefined };

export interface RecordValue {
  readonly kind: 'record';
  readonly fields: Fields;
}

export interface SetValue {
  readonly kind: 'set';
  /** May hold equal items; nothing observes it. */
  readonly items: readonly Value[];
  /** Made on the first search of a large set. */
  index: SetIndex | undefined;
}

interface SetIndex {
  readonly scalars: ReadonlySet<Value>;
  readonly entityKeys: ReadonlySet<string>;
  readonly others: readonly Value[];
}

/** A number with four digits after the point, times 10⁴. */
export interface Decimal {
  readonly kind: 'decimal';
  readonly tenThousandths: Long;
}

/** Milliseconds since 1970-01-01T00:00:00Z. */
export interface Datetime {
  readonly kind: 'datetime';
  readonly ms: Long;
}

export interface Duration {
  readonly kind: 'duration';
  readonly ms: Long;
}

/** An address, or the range of all addresses that share its first `prefix` bits. */
export interface Ip {
  readonly kind: 'ip';
  readonly version: 4 | 6;
  readonly address: bigint;
  readonly prefix: number;
}

/** What one decision is about. */
export interface Request {
  readonly principal: Entity;
  readonly action: Entity;
  readonly resource: Entity;
  readonly context: RecordValue;
  /** Asked only for entities that a policy names. */
  readonly entities: EntityStore;
}

export interface EntityStore {
  readonly get: (key: string) => Entity | undefined;
}

/** A rule that cannot be evaluated. INVARIANT (5) makes it a deny further up. */
export class EvaluationError extends Error {
  override readonly name = 'EvaluationError';
}

export function entityKey(type: string, id: string): string {
  return `${type}"${id}`;
}

export function entity(type: string, id: string, facts?: EntityFacts): Entity {
  return { kind: 'entity', type, id, key: entityKey(type, id), facts };
}

export function setOf(items: readonly Value[]): SetValue {
  return { kind: 'set', items, index: undefined };
}

export function recordOf(fields: Fields): RecordValue {
  return { kind: 'record', fields };
}

/** An own attribute; those that every JavaScript object inherits do not count. */
export function fieldOf(fields: Fields, name: string): Value | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

export function equal(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  switch (a.kind) {
    case 'entity':
      return b.kind === 'entity' && a.key === b.key;
    case 'set':
      return b.kind === 'set' && containsAll(a, b) && containsAll(b, a);
    case 'record':
      return b.kind === 'record' && equalFields(a.fields, b.fields);
    case 'decimal':
      return b.kind === 'decimal' && a.tenThousandths === b.tenThousandths;
    case 'datetime':
      return b.kind === 'datetime' && a.ms === b.ms;
    case 'duration':
      return b.kind === 'duration' && a.ms === b.ms;
    case 'ip':
      return (
        b.kind === 'ip' &&
        a.version === b.version &&
        a.address === b.address &&
        a.prefix === b.prefix
      );
  }
}

export function contains(set: SetValue, value: Value): boolean {
  const { items } = set;
  if (items.length > SCANNED_ITEMS_MAX) return indexContains((set.index ??= indexOf(items)), value);
  for (const item of items) if (equal(item, value)) return true;
  return false;
}

/** Whether `set` holds each item of `part`. */
export function containsAll(set: SetValue, part: SetValue): boolean {
  for (const item of part.items) if (!contains(set, item)) return false;
  return true;
}

export function containsAny(set: SetValue, part: SetValue): boolean {
  for (const item of part.items) if (contains(set, item)) return true;
  return false;
}

/** Below this a scan is faster than a hash. */
const SCANNED_ITEMS_MAX = 8;

function indexOf(items: readonly Value[]): SetIndex {
  const scalars = new Set<Value>();
  const entityKeys = new Set<string>();
  const others: Value[] = [];
  for (const item of items) {
    if (typeof item !== 'object') scalars.add(item);
    else if (item.kind === 'entity') entityKeys.add(item.key);
    else others.push(item);
  }
  return { scalars, entityKeys, others };
}

function indexContains(index: SetIndex, value: Value): boolean {
  if (typeof value !== 'object') return index.scalars.has(value);
  if (value.kind === 'entity') return index.entityKeys.has(value.key);
  for (const other of index.others) if (equal(other, value)) return true;
  return false;
}

function equalFields(a: Fields, b: Fields): boolean {
  let count = 0;
  for (const name of Object.keys(a)) {
    const value = a[name];
    if (value === undefined) continue;
    count++;
    const other = fieldOf(b, name);
    if (other === undefined || !equal(value, other)) return false;
  }
  for (const name of Object.keys(b)) if (b[name] !== undefined) count--;
  return count === 0;
}
