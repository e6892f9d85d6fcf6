/**
 * A counterexample made smaller: whatever it does not need is taken out, piece by piece, as long as
 * it stays one. Tried with the compiled rules, of which thousands a second are asked.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import { isObject } from '#base/json.ts';
import type { ReferenceCall } from '../reference.ts';
import type { CedarSchema, RequestType } from '../typing/schema.ts';
import type { RecordType, Type } from '../typing/types.ts';

/** @param holds whether a request is still a counterexample */
export function smallest(
  found: ReferenceCall,
  schema: CedarSchema,
  { action }: RequestType,
  holds: (call: ReferenceCall) => boolean,
): ReferenceCall {
  let best = found;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = best;
    for (const smaller of candidates(best, schema, action.context)) {
      const call = smaller(best);
      if (call && holds(call)) best = call;
    }
    if (best === before) break;
  }
  const named = withoutUnnamed(best);
  // Policies may name entities that nothing in the request does.
  return holds(named) ? named : best;
}

const ROUNDS_MAX = 4;

/** A change, computed on the request as it is by then; undefined where it no longer applies. */
type Change = (call: ReferenceCall) => ReferenceCall | undefined;

function* candidates(
  call: ReferenceCall,
  schema: CedarSchema,
  context: RecordType,
): Generator<Change> {
  for (const change of recordChanges(call.context, context)) {
    yield (now) => {
      const changed = change(now.context);
      return changed && { ...now, context: changed };
    };
  }
  for (const [i, entity] of call.entities.entries()) {
    const type = schema.entities.get(uidType(entity['uid']));
    if (!type) continue;
    const edit = (name: 'attrs' | 'tags', change: RecordChange): Change => {
      return (now) =>
        withEntity(now, i, (old) => {
          const changed = change(object(old[name]));
          return changed && { ...old, [name]: changed };
        });
    };
    const tags = Object.keys(object(entity['tags']));
    for (const tag of tags) yield edit('tags', (all) => without(all, tag));
    const attributes = object(entity['attrs']);
    for (const change of recordChanges(attributes, type.attributes)) yield edit('attrs', change);
    const parents = array(entity['parents']);
    for (const parent of parents) {
      yield (now) =>
        withEntity(now, i, (old) => ({
          ...old,
          parents: array(old['parents']).filter(
            (p) => JSON.stringify(p) !== JSON.stringify(parent),
          ),
        }));
    }
  }
}

type RecordChange = (record: JsonObject) => JsonObject | undefined;

function* recordChanges(record: JsonObject, { attributes }: RecordType): Generator<RecordChange> {
  for (const [name, { type, isRequired }] of attributes) {
    const value = record[name];
    if (value === undefined) continue;
    if (!isRequired) yield (now) => without(now, name);
    for (const change of valueChanges(value, type)) {
      yield (now) => {
        const changed = now[name] === undefined ? undefined : change(now[name]);
        return changed === undefined ? undefined : { ...now, [name]: changed };
      };
    }
  }
}

function* valueChanges(
  value: JsonValue,
  type: Type,
): Generator<(now: JsonValue) => JsonValue | undefined> {
  switch (type.kind) {
    case 'boolean':
      yield () => false;
      return;
    case 'long':
      yield (now) => (typeof now === 'number' && now < 0 ? -now : undefined);
      // From small numbers up to those that a rule is likely to name, and then by halves.
      for (const small of [0, 1, 2, 5, 10, 100]) yield smallerNumber(small);
      for (let i = 0; i < 12; i++) yield halved;
      for (let i = 0; i < 12; i++) yield decreased(2 ** (11 - i));
      return;
    case 'string':
      yield () => '';
      return;
    case 'set':
      yield () => [];
      for (const item of Array.isArray(value) ? value : []) {
        const text = JSON.stringify(item);
        yield (now) => array(now).filter((other) => JSON.stringify(other) !== text);
      }
      return;
    case 'record':
      for (const change of recordChanges(object(value), type)) yield (now) => change(object(now));
      return;
    case 'datetime':
      yield () => ({ __extn: { fn: 'datetime', arg: '2026-01-01' } });
      return;
    case 'duration':
      yield () => ({ __extn: { fn: 'duration', arg: '0ms' } });
      return;
    case 'decimal':
      yield () => ({ __extn: { fn: 'decimal', arg: '0.0' } });
      return;
    case 'entity':
    case 'ip':
      return;
  }
}

function smallerNumber(to: number): (now: JsonValue) => JsonValue | undefined {
  return (now) => (typeof now === 'number' && now >= 0 && now <= to ? undefined : to);
}

function halved(now: JsonValue): JsonValue | undefined {
  if (typeof now === 'number') return now > 100 ? Math.floor(now / 2) : undefined;
  return JSON.isRawJSON(now) ? Number.MAX_SAFE_INTEGER : undefined;
}

function decreased(by: number): (now: JsonValue) => JsonValue | undefined {
  return (now) => (typeof now === 'number' && now > by ? now - by : undefined);
}

/** Entities that nothing names any more; those that are left have no reference that dangles. */
function withoutUnnamed(call: ReferenceCall): ReferenceCall {
  const byKey = new Map(call.entities.map((entity) => [keyOf(entity['uid']), entity]));
  const named = new Set<string>();
  const open = [call.principal, call.action, call.resource].map(keyOf);
  const visit = (value: JsonValue | undefined): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (isObject(value)) {
      if (value['__entity'] !== undefined) open.push(keyOf(value['__entity']));
      else for (const part of Object.values(value)) visit(part);
    }
  };
  visit(call.context);
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const entity = byKey.get(key);
    if (!entity || named.has(key)) continue;
    named.add(key);
    visit(entity['attrs']);
    visit(entity['tags']);
    open.push(...array(entity['parents']).map(keyOf));
  }
  return { ...call, entities: call.entities.filter((entity) => named.has(keyOf(entity['uid']))) };
}

function withEntity(
  call: ReferenceCall,
  at: number,
  change: (entity: JsonObject) => JsonObject | undefined,
): ReferenceCall | undefined {
  const old = call.entities[at];
  const changed = old && change(old);
  return changed && { ...call, entities: call.entities.with(at, changed) };
}

function without(record: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(record).filter(([other]) => other !== name));
}

function keyOf(uid: JsonValue | undefined): string {
  const { type, id } = object(uid);
  return JSON.stringify([type, id]);
}

function uidType(uid: JsonValue | undefined): string {
  const { type } = object(uid);
  return typeof type === 'string' ? type : '';
}

function object(json: JsonValue | undefined): JsonObject {
  return isObject(json) ? json : {};
}

function array(json: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(json) ? json : [];
}
