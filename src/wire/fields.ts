/**
 * Reads of single fields that a caller controls. Each returns the typed value or throws a coded
 * error naming the path; `null` counts as absent wherever a field is optional, as all four
 * protocols have it. Paths are put together only when something is wrong.
 */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';

type Value = JsonValue | undefined;

export function pathOf(at: string, key: string | number): string {
  if (typeof key === 'number') return `${at}[${key}]`;
  return at === '' ? key : `${at}.${key}`;
}

/** INVARIANT (2): a field that the module does not know is refused by name. */
export function unknownField(at: string, key: string): ProvisoError {
  const path = pathOf(at, key);
  return new ProvisoError(
    'unknown_field',
    `The field \`${path}\` is not known. Remove it, or ask the operator to allow it.`,
    { at: path },
  );
}

export function invalid(at: string, key: string | number, expected: string): ProvisoError {
  const path = pathOf(at, key);
  return new ProvisoError('invalid_request', `The field \`${path}\` must be ${expected}.`, {
    at: path,
  });
}

export function unsupported(at: string, key: string | number, why: string): ProvisoError {
  const path = pathOf(at, key);
  return new ProvisoError('unsupported', `\`${path}\` is not carried: ${why}`, { at: path });
}

export function asString(value: Value, at: string, key: string | number): string {
  if (typeof value !== 'string') throw invalid(at, key, 'a string');
  return value;
}

export function asObject(value: Value, at: string, key: string | number): JsonObject {
  if (!isObject(value)) throw invalid(at, key, 'an object');
  return value;
}

export function asArray(value: Value, at: string, key: string | number): readonly JsonValue[] {
  if (!Array.isArray(value)) throw invalid(at, key, 'an array');
  return value as readonly JsonValue[];
}

export function optionalString(value: Value, at: string, key: string): string | undefined {
  return value === null || value === undefined ? undefined : asString(value, at, key);
}

export function optionalObject(value: Value, at: string, key: string): JsonObject | undefined {
  return value === null || value === undefined ? undefined : asObject(value, at, key);
}

export function optionalBoolean(value: Value, at: string, key: string): boolean | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'boolean') throw invalid(at, key, 'true or false');
  return value;
}

export function optionalNumber(value: Value, at: string, key: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'number') throw invalid(at, key, 'a number');
  return value;
}

export function optionalInteger(value: Value, at: string, key: string): number | undefined {
  const number = optionalNumber(value, at, key);
  if (number !== undefined && !Number.isSafeInteger(number)) {
    throw invalid(at, key, 'a whole number');
  }
  return number;
}

export function optionalStrings(
  value: Value,
  at: string,
  key: string,
): readonly string[] | undefined {
  if (value === null || value === undefined) return undefined;
  const items = asArray(value, at, key);
  for (const item of items) {
    if (typeof item !== 'string') throw invalid(at, key, 'an array of strings');
  }
  return items as readonly string[];
}

/** One of the listed words. */
export function asWord<T extends string>(
  value: Value,
  at: string,
  key: string,
  words: readonly T[],
): T {
  const index = words.indexOf(value as T);
  const word = words[index];
  if (word === undefined) throw invalid(at, key, `one of ${words.join(', ')}`);
  return word;
}

export function optionalWord<T extends string>(
  value: Value,
  at: string,
  key: string,
  words: readonly T[],
): T | undefined {
  return value === null || value === undefined ? undefined : asWord(value, at, key, words);
}

/**
 * Proto3 JSON: a field's name is its camelCase, or its snake_case alias, never both at once.
 * Returns the camelCase of an exact alias, and any other key as it is, to be refused as unknown.
 */
export function protoName(object: JsonObject, key: string, at: string): string {
  if (!key.includes('_')) return key;
  const camel = key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  if (camel.includes('_')) return key;
  if (camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) !== key) return key;
  if (Object.hasOwn(object, camel)) {
    throw new ProvisoError('duplicate_key', `The body has \`${camel}\` and \`${key}\` at once.`, {
      at: pathOf(at, camel),
    });
  }
  return camel;
}
