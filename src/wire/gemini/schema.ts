/**
 * The API's older dialect of JSON Schema (after OpenAPI 3.0) → JSON Schema, for the other
 * protocols. To Gemini itself schemas go as JSON Schema, or as they came.
 *
 * https://ai.google.dev/api/caching#Schema
 */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import { asArray, asObject, pathOf, protoName, unknownField } from '../fields.ts';
import { shaped } from '../shape.ts';
import { SCHEMA_FIELDS } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

/** Keys in camelCase, every level checked. Throws `unknown_field`. */
export function checkedSchema(value: JsonValue, at: string): JsonObject {
  const schema = asObject(value, '', at);
  const out: Fields = {};
  for (const key in schema) {
    const member = schema[key] as JsonValue;
    const name = protoName(schema, key, at);
    const path = pathOf(at, name);
    if (member === null) continue;
    switch (name) {
      case 'items':
        out[name] = checkedSchema(member, path);
        break;
      case 'anyOf':
        out[name] = asArray(member, at, name).map((item, i) =>
          checkedSchema(item, pathOf(path, i)),
        );
        break;
      case 'properties': {
        const properties: Fields = {};
        const object = asObject(member, at, name);
        for (const property in object) {
          properties[property] = checkedSchema(
            object[property] as JsonValue,
            pathOf(path, property),
          );
        }
        out[name] = properties;
        break;
      }
      default: {
        const shape = Object.hasOwn(SCHEMA_FIELDS, name) ? SCHEMA_FIELDS[name] : undefined;
        if (shape === undefined) throw unknownField(at, key);
        out[name] = shaped(member, shape, path);
      }
    }
  }
  return out;
}

/** @param schema as `checkedSchema` returned it */
export function toJsonSchema(schema: JsonObject): JsonObject {
  const out: Fields = {};
  for (const key in schema) {
    const value = schema[key] as JsonValue;
    switch (key) {
      case 'type':
        if (typeof value === 'string' && value !== 'TYPE_UNSPECIFIED') {
          out[key] = value.toLowerCase();
        }
        break;
      case 'nullable':
      case 'propertyOrdering':
        break;
      case 'example':
        out['examples'] = [value];
        break;
      case 'items':
        out[key] = isObject(value) ? toJsonSchema(value) : value;
        break;
      case 'anyOf':
        out[key] = (value as readonly JsonObject[]).map(toJsonSchema);
        break;
      case 'properties': {
        const properties: Fields = {};
        const object = value as JsonObject;
        for (const name in object) properties[name] = toJsonSchema(object[name] as JsonObject);
        out[key] = properties;
        break;
      }
      default:
        out[key] = /^m(in|ax)[A-Z]/.test(key) ? Number(value) : value;
    }
  }
  if (schema['nullable'] === true && typeof out['type'] === 'string') {
    out['type'] = [out['type'], 'null'];
  }
  return out;
}
