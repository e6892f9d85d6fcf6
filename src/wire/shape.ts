/**
 * Shapes of fields that are carried as they are (`native`): known by name and type at every level,
 * so that nothing unknown travels inside of them (INVARIANT (2)), without code for each.
 */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import { asArray, asObject, invalid, pathOf, protoName, unknownField } from './fields.ts';

export type Shape =
  | 'string'
  | 'number'
  | 'boolean'
  /** Anything: the content of a JSON Schema, of arguments, or of a map that belongs to the caller. */
  | 'any'
  | { readonly fields: { readonly [key: string]: Shape } }
  | { readonly list: Shape }
  | { readonly map: Shape }
  /** By kind of JSON value: a scalar, a list, an object with these fields. */
  | { readonly either: readonly Shape[] };

/** How keys are spelt: as they stand, or as proto3 JSON has them. */
export type Spelling = 'exact' | 'proto';

/** The value with its keys in their main spelling; throws `unknown_field` or `invalid_request`. */
export function shaped(
  value: JsonValue,
  shape: Shape,
  at: string,
  spelling: Spelling = 'exact',
): JsonValue {
  if (value === null || shape === 'any') return value;
  if (typeof shape === 'string') {
    if (typeof value !== shape) throw wrong(at, `a ${shape}`);
    return value;
  }
  if ('either' in shape) {
    for (const option of shape.either) {
      if (fits(value, option)) return shaped(value, option, at, spelling);
    }
    throw wrong(at, 'of another type');
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) throw wrong(at, 'an array');
    return asArray(value, at, '').map((item, i) =>
      shaped(item, shape.list, pathOf(at, i), spelling),
    );
  }
  if (!isObject(value)) throw wrong(at, 'an object');
  return 'map' in shape
    ? shapedMap(value, shape.map, at, spelling)
    : shapedFields(value, shape.fields, at, spelling);
}

/**
 * For answers: what the shape does not know is left out and named in `dropped`, so that a caller who
 * sends the answer back is not refused. Undefined where nothing of the value fits.
 */
export function pruned(
  value: JsonValue,
  shape: Shape,
  at: string,
  dropped: Set<string>,
): JsonValue | undefined {
  if (value === null || shape === 'any') return value;
  if (typeof shape !== 'string' && 'either' in shape) {
    const option = shape.either.find((candidate) => fits(value, candidate));
    if (option !== undefined) return pruned(value, option, at, dropped);
  } else if (fits(value, shape)) {
    if (typeof shape === 'string') return value;
    if ('list' in shape) {
      return asArray(value, at, '')
        .map((item) => pruned(item, shape.list, `${at}[]`, dropped))
        .filter((item) => item !== undefined);
    }
    return prunedObject(value as JsonObject, shape, at, dropped);
  }
  dropped.add(at);
  return undefined;
}

function prunedObject(
  object: JsonObject,
  shape: { fields: { readonly [key: string]: Shape } } | { map: Shape },
  at: string,
  dropped: Set<string>,
): JsonObject {
  const out: { [key: string]: JsonValue } = {};
  for (const key in object) {
    const path = pathOf(at, key);
    const known = 'map' in shape || Object.hasOwn(shape.fields, key);
    const inner = 'map' in shape ? shape.map : shape.fields[key];
    if (!known || inner === undefined) dropped.add(path);
    else {
      const value = pruned(object[key] as JsonValue, inner, path, dropped);
      if (value !== undefined) out[key] = value;
    }
  }
  return out;
}

/** As `shaped`, for what must be an object. */
export function shapedObject(
  value: JsonValue | undefined,
  shape: Shape,
  at: string,
  spelling: Spelling = 'exact',
): JsonObject {
  const end = at.lastIndexOf('.');
  const object = asObject(value, at.slice(0, Math.max(end, 0)), at.slice(end + 1));
  return shaped(object, shape, at, spelling) as JsonObject;
}

function shapedFields(
  object: JsonObject,
  fields: { readonly [key: string]: Shape },
  at: string,
  spelling: Spelling,
): JsonObject {
  const out: { [key: string]: JsonValue } = {};
  for (const key in object) {
    const name = spelling === 'proto' ? protoName(object, key, at) : key;
    const shape = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (shape === undefined) throw unknownField(at, key);
    out[name] = shaped(object[key] as JsonValue, shape, pathOf(at, name), spelling);
  }
  return out;
}

function shapedMap(object: JsonObject, shape: Shape, at: string, spelling: Spelling): JsonObject {
  if (shape === 'any') return object;
  const out: { [key: string]: JsonValue } = {};
  for (const key in object) {
    out[key] = shaped(object[key] as JsonValue, shape, pathOf(at, key), spelling);
  }
  return out;
}

function fits(value: JsonValue, shape: Shape): boolean {
  if (typeof shape === 'string') return shape === 'any' || typeof value === shape;
  if ('list' in shape) return Array.isArray(value);
  return 'either' in shape || isObject(value);
}

function wrong(at: string, expected: string): Error {
  const end = at.lastIndexOf('.');
  return invalid(at.slice(0, Math.max(end, 0)), at.slice(end + 1), expected);
}
