/**
 * All that a schema says of one kind of request, as one text. Where two schemas give the same text,
 * each request of one is a request of the other, and rules mean the same under both.
 */
import { canonicalJson, type JsonObject, type JsonValue } from '#base/json.ts';
import type { CedarSchema, RequestType } from './schema.ts';
import type { RecordType, Type } from './types.ts';

export function requestFingerprint(
  { principal, action, resource }: RequestType,
  { entities }: CedarSchema,
): string {
  const described = new Map<string, JsonValue>();
  const open = [principal, resource];
  const describe = (type: Type): JsonValue => {
    switch (type.kind) {
      case 'entity':
        open.push(type.name);
        return { entity: type.name };
      case 'set':
        return { set: describe(type.of) };
      case 'record':
        return { record: describeRecord(type) };
      case 'boolean':
      case 'long':
      case 'string':
      case 'decimal':
      case 'ip':
      case 'datetime':
      case 'duration':
        return type.kind;
    }
  };
  const describeRecord = ({ attributes }: RecordType): JsonObject =>
    Object.fromEntries(
      [...attributes].map(([name, { type, isRequired }]) => [
        name,
        { type: describe(type), isRequired },
      ]),
    );
  const context = describeRecord(action.context);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const type = entities.get(name);
    if (!type || described.has(name)) continue;
    open.push(...type.ancestors);
    described.set(name, {
      in: [...type.ancestors].sort(),
      attributes: describeRecord(type.attributes),
      ...(type.tags ? { tags: describe(type.tags) } : {}),
      ...(type.ids ? { ids: [...type.ids].sort() } : {}),
    });
  }
  return canonicalJson({
    action: { ...action.action },
    in: [...action.ancestors].sort(),
    principal,
    resource,
    context,
    entities: Object.fromEntries(described),
  });
}
