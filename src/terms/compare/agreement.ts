/**
 * What terms.yaml agrees on beside clauses and words for the rules: parties and their keys, dates,
 * and whatever else stands there, value by value.
 */
import { isObject, type JsonValue } from '#base/json.ts';
import type { Pack } from '../pack.ts';

export interface AgreementChange {
  /** Such as `parties customer keys`; the members of a list go by their id. */
  readonly at: string;
  /** What only one has: of a list of texts those, else the value. */
  readonly first?: JsonValue | undefined;
  readonly second?: JsonValue | undefined;
}

/** Told elsewhere, or no part of what is agreed. */
const ELSEWHERE = new Set('id version title replaces clauses toolClasses topics'.split(' '));

export function agreementChanges(first: Pack, second: Pack): readonly AgreementChange[] {
  const [a, b] = [first, second].map(
    ({ manifest }) => JSON.parse(JSON.stringify(manifest)) as Readonly<Record<string, JsonValue>>,
  );
  const sections = [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])];
  return sections
    .filter((section) => !ELSEWHERE.has(section))
    .flatMap((section) => changesAt(section, a?.[section], b?.[section]));
}

function changesAt(
  at: string,
  first: JsonValue | undefined,
  second: JsonValue | undefined,
): readonly AgreementChange[] {
  if (JSON.stringify(first) === JSON.stringify(second)) return [];
  const [a, b] = [membersOf(first), membersOf(second)];
  if (a && b) {
    const names = [...new Set([...a.keys(), ...b.keys()])];
    return names.flatMap((name) => changesAt(`${at} ${name}`, a.get(name), b.get(name)));
  }
  if (isTexts(first) && isTexts(second)) {
    const [lost, won] = [lacking(first, second), lacking(second, first)];
    // The same in another order is told as it stands.
    if (lost.length + won.length > 0) return [{ at, first: lost, second: won }];
  }
  return [{ at, first, second }];
}

/** Of an object, or of a list whose members have ids. */
function membersOf(value: JsonValue | undefined): ReadonlyMap<string, JsonValue> | undefined {
  if (isObject(value)) return new Map(Object.entries(value));
  if (!Array.isArray(value)) return undefined;
  const members = value.flatMap((member): [string, JsonValue][] =>
    isObject(member) && typeof member['id'] === 'string' ? [[member['id'], member]] : [],
  );
  return members.length === value.length ? new Map(members) : undefined;
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function lacking(texts: readonly string[], others: readonly string[]): readonly string[] {
  return texts.filter((text) => !others.includes(text));
}
