/**
 * Entities and contexts from Cedar's JSON, as tests, replays and the conformance corpus have them.
 * https://docs.cedarpolicy.com/auth/entities-syntax.html
 *
 * Integers beyond 2⁵³ come as `parseJsonText` keeps them. Calls are decided on entities that
 * request.ts makes from facts, without JSON.
 */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import { EXTENSION_FUNCTIONS, NO_ARGUMENT } from './extensions/functions.ts';
import { type Long, toLong } from './long.ts';
import type { EntityUid } from './policy.ts';
import {
  type Entity,
  EvaluationError,
  entity,
  entityKey,
  type RecordValue,
  recordOf,
  setOf,
  type Value,
} from './value.ts';

export interface ListedEntities {
  readonly entities: ReadonlyMap<string, Entity>;
  /** The listed entity, or one without facts. */
  readonly get: (uid: EntityUid) => Entity;
}

/** Throws `EvaluationError` for JSON that is no entity list, for duplicates and for cycles. */
export function entitiesFromJson(json: JsonValue): ListedEntities {
  const listed = new Map<string, Listed>();
  for (const item of array(json)) {
    const fields = object(item);
    const uid = uidFromJson(fields['uid']);
    const key = entityKey(uid.type, uid.id);
    if (listed.has(key)) throw new EvaluationError(`entity \`${key}\` is given twice`);
    const parents = array(fields['parents'] ?? []).map(uidFromJson);
    listed.set(key, { entity: entity(uid.type, uid.id), fields, parents });
  }
  const get = (uid: EntityUid): Entity => {
    return listed.get(keyOf(uid))?.entity ?? entity(uid.type, uid.id);
  };
  for (const { entity, fields } of listed.values()) {
    entity.facts = {
      attributes: fieldsFromJson(object(fields['attrs'] ?? {}), get),
      tags: fieldsFromJson(object(fields['tags'] ?? {}), get),
      ancestors: ancestorsOf(entity.key, listed, get),
    };
  }
  const entities = new Map([...listed].map(([key, { entity }]) => [key, entity]));
  return { entities, get };
}

export function contextFromJson(json: JsonValue, listed: ListedEntities): RecordValue {
  return recordOf(fieldsFromJson(object(json), listed.get));
}

/** `{ "type", "id" }`, with or without `__entity` around it. */
export function uidFromJson(json: JsonValue | undefined): EntityUid {
  const outer = object(json);
  const { type, id } = object(outer['__entity'] ?? outer);
  if (typeof type !== 'string' || typeof id !== 'string') throw malformed(json);
  return { type, id };
}

interface Listed {
  readonly entity: Entity;
  readonly fields: JsonObject;
  readonly parents: readonly EntityUid[];
}

type Get = (uid: EntityUid) => Entity;

function ancestorsOf(
  key: string,
  listed: ReadonlyMap<string, Listed>,
  get: Get,
): ReadonlyMap<string, Entity> {
  const ancestors = new Map<string, Entity>();
  const open = [...(listed.get(key)?.parents ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const ancestor = get(next);
    if (ancestor.key === key) throw new EvaluationError(`entity \`${key}\` is in itself`);
    if (ancestors.has(ancestor.key)) continue;
    ancestors.set(ancestor.key, ancestor);
    open.push(...(listed.get(ancestor.key)?.parents ?? []));
  }
  return ancestors;
}

function fieldsFromJson(json: JsonObject, get: Get): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, valueFromJson(value, get)]),
  );
}

function valueFromJson(json: JsonValue, get: Get): Value {
  if (typeof json === 'string' || typeof json === 'boolean') return json;
  if (typeof json === 'number') return longFromNumber(json);
  if (json === null) throw malformed(json);
  if (JSON.isRawJSON(json)) return longFromText(json.rawJSON);
  if (Array.isArray(json)) return setOf(json.map((item) => valueFromJson(item, get)));
  const fields = object(json);
  if (fields['__entity'] !== undefined) return get(uidFromJson(fields));
  if (fields['__extn'] !== undefined) return extensionFromJson(object(fields['__extn']), get);
  return recordOf(fieldsFromJson(fields, get));
}

/** `{ "fn": "ip", "arg": "10.0.0.1" }`, or `args` with several. */
function extensionFromJson(json: JsonObject, get: Get): Value {
  const name = json['fn'];
  const called = typeof name === 'string' ? EXTENSION_FUNCTIONS.get(name) : undefined;
  const args = json['args'] === undefined ? [json['arg'] ?? null] : array(json['args']);
  const [first, second = NO_ARGUMENT] = args.map((arg) => valueFromJson(arg, get));
  if (!called || first === undefined || args.length !== called.args.length) throw malformed(json);
  return called.apply(first, second);
}

function longFromNumber(value: number): Long {
  if (!Number.isInteger(value)) throw malformed(value);
  return toLong(BigInt(value));
}

function longFromText(text: string): Long {
  if (!/^-?[0-9]+$/.test(text)) throw malformed(text);
  return toLong(BigInt(text));
}

function keyOf({ type, id }: EntityUid): string {
  return entityKey(type, id);
}

function object(json: JsonValue | undefined): JsonObject {
  if (!isObject(json)) throw malformed(json);
  return json;
}

function array(json: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(json)) throw malformed(json);
  return json;
}

function malformed(json: JsonValue | undefined): EvaluationError {
  return new EvaluationError(`not Cedar's JSON: ${JSON.stringify(json)?.slice(0, 80)}`);
}
