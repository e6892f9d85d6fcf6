/**
 * What an entry can be found by: words such as `purpose:minutes` or `rule:open-use`. An outcome's
 * words are those of the decision that it ends, so that a call is found as one. The caller's name is
 * private, and stands in the index as a token only: see `ledger/vault.ts`.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import { isObject } from '#base/json.ts';
import type { Entry } from '#ledger/entry.ts';

export const TAG_NAMES = ['caller', 'rule', 'purpose', 'provider', 'effect', 'kind'] as const;
export type TagName = (typeof TAG_NAMES)[number];

export function tag(name: TagName, value: string): string {
  return `${name}:${value}`;
}

/** The words for what stands in the open. */
export function publicTags({ kind, public: facts }: Entry): string[] {
  const tags: string[] = [];
  const add = (name: TagName, value: JsonValue | undefined): void => {
    if (typeof value === 'string' && value !== '') tags.push(tag(name, value));
  };
  if (kind === 'outcome') {
    add('effect', facts['outcome']);
    for (const provider of attempted(facts)) add('provider', provider);
    return tags;
  }
  add('kind', kind);
  add('effect', facts['effect'] ?? facts['action']);
  add('purpose', kind === 'purpose' ? facts['id'] : facts['purpose']);
  for (const rule of listOf(facts['rules'])) add('rule', rule);
  for (const provider of targeted(facts)) add('provider', provider);
  return tags;
}

/** Who called, of a decision; whom a key was made for. */
export function callerOf(caller: JsonValue | undefined): string | undefined {
  const id = isObject(caller) ? caller['id'] : caller;
  return typeof id === 'string' ? id : undefined;
}

/** Providers that a decision covers. */
export function targeted(facts: JsonObject): string[] {
  const names = listOf(facts['targets']).map((target) => {
    return typeof target === 'string' ? (target.split('/', 1)[0] ?? '') : '';
  });
  return [...new Set(names)];
}

function attempted(facts: JsonObject): string[] {
  const names = listOf(facts['attempts']).map((attempt) => {
    const provider = isObject(attempt) ? attempt['provider'] : undefined;
    return typeof provider === 'string' ? provider : '';
  });
  return [...new Set(names)];
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}
