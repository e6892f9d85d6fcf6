/**
 * A Cedar schema with all names resolved: what entities, actions and requests there are.
 * https://docs.cedarpolicy.com/schema/json-schema.html
 */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { EntityUid } from '../policy.ts';
import { entityKey } from '../value.ts';
import { BOOLEAN, LONG, type RecordType, STRING, type Type } from './types.ts';

export interface CedarSchema {
  readonly entities: ReadonlyMap<string, EntityType>;
  /** By key of the action. */
  readonly actions: ReadonlyMap<string, ActionType>;
}

export interface EntityType {
  readonly name: string;
  /** Types of which an entity of this type can be in one, transitively, itself left out. */
  readonly ancestors: ReadonlySet<string>;
  readonly attributes: RecordType;
  readonly tags?: Type | undefined;
  /** The only ids there are, where the schema lists them. */
  readonly ids?: ReadonlySet<string> | undefined;
}

interface ActionType {
  readonly action: EntityUid;
  /** Keys of the actions that this one is in, transitively, itself left out. */
  readonly ancestors: ReadonlySet<string>;
  readonly principals: readonly string[];
  readonly resources: readonly string[];
  readonly context: RecordType;
}

/** One kind of request that the schema allows. */
export interface RequestType {
  readonly principal: string;
  readonly action: ActionType;
  readonly resource: string;
}

export function requestTypes(schema: CedarSchema): readonly RequestType[] {
  return [...schema.actions.values()].flatMap((action) =>
    action.principals.flatMap((principal) =>
      action.resources.map((resource) => ({ principal, action, resource })),
    ),
  );
}

/** The same for the same kind of request of two schemas. */
export function requestTypeKey({ principal, action, resource }: RequestType): string {
  return JSON.stringify([principal, action.action.type, action.action.id, resource]);
}

/** @param json as the official engine writes it, with types resolved */
export function schemaFromJson(json: JsonObject): CedarSchema {
  const commonTypes = new Map<string, JsonObject>();
  const entities = new Map<string, JsonObject>();
  const actions = new Map<string, { readonly uid: EntityUid; readonly json: JsonObject }>();
  for (const [namespace, definition] of Object.entries(json)) {
    const qualified = (name: string): string => (namespace ? `${namespace}::${name}` : name);
    for (const [name, type] of members(definition, 'commonTypes')) {
      commonTypes.set(qualified(name), type);
    }
    for (const [name, type] of members(definition, 'entityTypes')) {
      entities.set(qualified(name), type);
    }
    for (const [id, action] of members(definition, 'actions')) {
      const uid = { type: qualified('Action'), id };
      actions.set(entityKey(uid.type, uid.id), { uid, json: action });
    }
  }
  const typeOf = typeReader(commonTypes);
  const entityParents = (name: string): readonly string[] =>
    strings(entities.get(name)?.['memberOfTypes']);
  const actionParents = (key: string): readonly string[] =>
    array(actions.get(key)?.json['memberOf']).map((parent) => {
      const { type, id } = object(parent);
      return entityKey(string(type), string(id));
    });
  return {
    entities: new Map(
      [...entities].map(([name, json]) => [
        name,
        {
          name,
          ancestors: closure(name, entityParents),
          attributes: recordOf(json['shape'], typeOf),
          tags: json['tags'] === undefined ? undefined : typeOf(json['tags']),
          ids: json['enum'] === undefined ? undefined : new Set(strings(json['enum'])),
        },
      ]),
    ),
    actions: new Map(
      [...actions].map(([key, { uid, json }]) => {
        const appliesTo = json['appliesTo'] === undefined ? {} : object(json['appliesTo']);
        return [
          key,
          {
            action: uid,
            ancestors: closure(key, actionParents),
            principals: strings(appliesTo['principalTypes']),
            resources: strings(appliesTo['resourceTypes']),
            context: recordOf(appliesTo['context'], typeOf),
          },
        ];
      }),
    ),
  };
}

type TypeOf = (json: JsonValue | undefined) => Type;

function typeReader(commonTypes: ReadonlyMap<string, JsonObject>): TypeOf {
  const typeOf: TypeOf = (json) => {
    const fields = object(json);
    const name = string(fields['type']);
    if (name === 'Entity') return { kind: 'entity', name: string(fields['name']) };
    if (name === 'Set') return { kind: 'set', of: typeOf(fields['element']) };
    if (name === 'Record') return recordFields(fields, typeOf);
    const common = commonTypes.get(name);
    if (common) return typeOf(common);
    const builtin = BUILTIN[name.replace(/^__cedar::/, '')];
    if (!builtin) throw unexpected(json);
    return builtin;
  };
  return typeOf;
}

const BUILTIN: Readonly<Record<string, Type>> = {
  Bool: BOOLEAN,
  Boolean: BOOLEAN,
  Long: LONG,
  String: STRING,
  decimal: { kind: 'decimal' },
  ipaddr: { kind: 'ip' },
  datetime: { kind: 'datetime' },
  duration: { kind: 'duration' },
};

function recordOf(json: JsonValue | undefined, typeOf: TypeOf): RecordType {
  if (json === undefined) return { kind: 'record', attributes: new Map() };
  const type = typeOf(json);
  if (type.kind !== 'record') throw unexpected(json);
  return type;
}

function recordFields(json: JsonObject, typeOf: TypeOf): RecordType {
  const attributes = Object.entries(object(json['attributes'])).map(
    ([name, attribute]) =>
      [
        name,
        { type: typeOf(attribute), isRequired: object(attribute)['required'] !== false },
      ] as const,
  );
  return { kind: 'record', attributes: new Map(attributes) };
}

function closure(of: string, parentsOf: (name: string) => readonly string[]): ReadonlySet<string> {
  const ancestors = new Set<string>();
  const open = [...parentsOf(of)];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (ancestors.has(next)) continue;
    ancestors.add(next);
    open.push(...parentsOf(next));
  }
  return ancestors;
}

function members(definition: JsonValue, name: string): readonly (readonly [string, JsonObject])[] {
  const found = object(definition)[name];
  if (found === undefined) return [];
  return Object.entries(object(found)).map(([key, value]) => [key, object(value)]);
}

function object(json: JsonValue | undefined): JsonObject {
  if (!isObject(json)) throw unexpected(json);
  return json;
}

function array(json: JsonValue | undefined): readonly JsonValue[] {
  if (json === undefined) return [];
  if (!Array.isArray(json)) throw unexpected(json);
  return json;
}

function strings(json: JsonValue | undefined): readonly string[] {
  return array(json).map(string);
}

function string(json: JsonValue | undefined): string {
  if (typeof json !== 'string') throw unexpected(json);
  return json;
}

function unexpected(json: JsonValue | undefined): Error {
  return new Error(`not the engine's schema: ${JSON.stringify(json)}`);
}
