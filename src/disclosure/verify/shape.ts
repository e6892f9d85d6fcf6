/** Values of a parsed file as what they must be, or an error that names the member. */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonValue } from '#base/exact-json.ts';
import { type Bytes, fromBase64, HASH_BYTES } from './bytes.ts';

type Value = JsonValue | undefined;

/** An object with these members and no others; which of them may be absent is for their readers. */
export function record<Name extends string>(
  value: Value,
  at: string,
  names: readonly Name[],
): Readonly<Record<Name, Value>> {
  if (!isObject(value)) throw malformed(at, 'is not an object');
  const unknown = Object.keys(value).find((name) => !names.includes(name as Name));
  if (unknown !== undefined) throw malformed(at, `has an unknown member \`${unknown}\``);
  return value as Readonly<Record<Name, Value>>;
}

export function list(value: Value, at: string): readonly JsonValue[] {
  if (!Array.isArray(value)) throw malformed(at, 'is not a list');
  return value as readonly JsonValue[];
}

export function text(value: Value, at: string): string {
  if (typeof value !== 'string') throw malformed(at, 'is not text');
  return value;
}

export function texts(value: Value, at: string): readonly string[] {
  return list(value, at).map((item) => text(item, at));
}

/** A whole number from 0 up. */
export function count(value: Value, at: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw malformed(at, 'is not a whole number');
  }
  return value;
}

export function hashes(value: Value, at: string): readonly Bytes[] {
  return texts(value, at).map((item) => {
    const hash = fromBase64(item);
    if (hash?.length !== HASH_BYTES) throw malformed(at, 'has a line that is no hash');
    return hash;
  });
}

export function requireAscending<T extends string | number>(
  values: readonly T[],
  at: string,
): void {
  const isAscending = values.every((value, i) => i === 0 || (values[i - 1] as T) < value);
  if (!isAscending) throw malformed(at, 'is not in ascending order');
}

export function malformed(at: string, problem: string): ProvisoError {
  return new ProvisoError('proof_invalid', `\`${at}\` ${problem}.`, { at });
}
