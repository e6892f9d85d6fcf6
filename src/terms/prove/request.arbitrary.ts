/** Random requests of one kind, with entities that fit the schema, as Cedar's JSON. */
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { EntityUid } from '../policy.ts';
import type { ReferenceCall } from '../reference.ts';
import type { CedarSchema, EntityType, RequestType } from '../typing/schema.ts';
import type { RecordType, Type } from '../typing/types.ts';

/** What random values are drawn from: what rules name, so that they meet it. */
export interface Pool {
  readonly ids: readonly string[];
  readonly texts: readonly string[];
  readonly longs: readonly number[];
}

export function requestFor(
  schema: CedarSchema,
  { principal, action, resource }: RequestType,
  pool: Pool,
): fc.Arbitrary<ReferenceCall> {
  const listed = [...schema.entities.values()].flatMap((type) =>
    idsOf(type, pool).map((id) => entity({ type: type.name, id }, type, schema, pool)),
  );
  const actions = [...schema.actions.values()].map(({ action, ancestors }) => ({
    uid: { ...action },
    attrs: {},
    parents: [...ancestors].map(uidOfKey),
  }));
  return fc
    .record({
      principal: uid(principal, schema, pool),
      resource: uid(resource, schema, pool),
      context: record(action.context, schema, pool),
      entities: fc.tuple(...listed),
    })
    .map((all) => ({
      ...all,
      action: { ...action.action },
      entities: [...all.entities, ...actions],
    }));
}

function entity(
  self: EntityUid,
  type: EntityType,
  schema: CedarSchema,
  pool: Pool,
): fc.Arbitrary<JsonObject> {
  const parents = [...type.ancestors].flatMap((name) => {
    const group = schema.entities.get(name);
    // By their order, so that no two are in each other.
    return (group ? idsOf(group, pool) : [])
      .filter((id) => !group?.ancestors.has(type.name) || id > self.id)
      .map((id) => ({ type: name, id }));
  });
  const tags = type.tags
    ? fc.dictionary(fc.constantFrom(...pool.texts), value(type.tags, schema, pool), { maxKeys: 2 })
    : fc.constant({});
  return fc.record({
    uid: fc.constant({ ...self }),
    attrs: record(type.attributes, schema, pool),
    tags,
    parents: fc.subarray(parents),
  });
}

function record(
  { attributes }: RecordType,
  schema: CedarSchema,
  pool: Pool,
): fc.Arbitrary<JsonObject> {
  const fields = [...attributes].map(([name, { type, isRequired }]) => {
    const present = value(type, schema, pool).map((json) => [[name, json] as const]);
    return isRequired ? present : fc.oneof(present, fc.constant([]));
  });
  return fc.tuple(...fields).map((all) => Object.fromEntries(all.flat()));
}

function value(type: Type, schema: CedarSchema, pool: Pool): fc.Arbitrary<JsonValue> {
  const call = (fn: string, args: readonly string[]): fc.Arbitrary<JsonValue> =>
    fc.constantFrom(...args).map((arg) => ({ __extn: { fn, arg } }));
  switch (type.kind) {
    case 'boolean':
      return fc.boolean();
    case 'long':
      return fc.constantFrom(...pool.longs);
    case 'string':
      return fc.constantFrom(...pool.texts);
    case 'entity':
      return uid(type.name, schema, pool).map((uid) => ({ __entity: uid }));
    case 'set':
      return fc.array(value(type.of, schema, pool), { maxLength: 3 });
    case 'record':
      return record(type, schema, pool);
    case 'decimal':
      return call('decimal', ['0.0', '1.5', '-1.5', '922337203685477.5807']);
    case 'datetime':
      return call('datetime', ['1970-01-01', '2024-02-29', '1969-12-31T23:59:59.999Z']);
    case 'duration':
      return call('duration', ['0ms', '-1d1ms', '1d2h3m4s5ms', '9223372036854775807ms']);
    case 'ip':
      return call('ip', ['10.0.0.1', '10.0.0.0/8', '127.0.0.1', '224.0.0.1/4', '::1', 'ff00::/8']);
  }
}

function uid(type: string, schema: CedarSchema, pool: Pool): fc.Arbitrary<JsonObject> {
  const known = schema.entities.get(type);
  const ids = known
    ? idsOf(known, pool)
    : [...schema.actions.values()].flatMap(({ action }) =>
        action.type === type ? [action.id] : [],
      );
  return fc.constantFrom(...ids).map((id) => ({ type, id }));
}

function idsOf({ ids }: EntityType, pool: Pool): readonly string[] {
  return ids ? [...ids] : pool.ids;
}

function uidOfKey(key: string): JsonObject {
  const at = key.indexOf('"');
  return { type: key.slice(0, at), id: key.slice(at + 1) };
}
