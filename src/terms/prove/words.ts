/** A request in words: who does what with what, and all that is not as plain as it could be. */
import { literal } from '../literal.ts';
import type { ReferenceCall } from '../reference.ts';
import type { Entity, Fields, Value } from '../value.ts';
import { requestOfCall } from './replay.ts';

/** Lines; the first names principal, action and resource. */
export function requestWords(call: ReferenceCall): readonly string[] {
  const request = requestOfCall(call);
  if (!request) return ['what is no request'];
  const { principal, action, resource, context } = request;
  const lines = [`${literal(principal)} asks for ${action.id} of ${literal(resource)}`];
  lines.push(...fieldWords('context', context.fields));
  for (const entity of [principal, resource, ...namedIn(context.fields)]) {
    if (!entity.facts) continue;
    lines.push(...fieldWords(literal(entity), entity.facts.attributes));
    lines.push(...fieldWords(`${literal(entity)} tag`, entity.facts.tags));
    const groups = [...entity.facts.ancestors.values()].map(literal);
    if (groups.length > 0) lines.push(`${literal(entity)} in ${groups.join(', ')}`);
  }
  return [...new Set(lines)];
}

function fieldWords(of: string, fields: Fields): readonly string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined || isPlain(value)
      ? []
      : [`${of}.${name} = ${literal(value).replace(/^\((.*)\)$/, '$1')}`],
  );
}

/** What a counterexample is given where nothing else is needed. */
export function isPlain(value: Value): boolean {
  if (typeof value !== 'object') return value === 0 || value === '' || value === false;
  switch (value.kind) {
    case 'set':
      return value.items.length === 0;
    case 'record':
      return Object.values(value.fields).every((field) => field === undefined || isPlain(field));
    case 'entity':
      return /-1$|^default$/.test(value.id);
    case 'datetime':
      return value.ms === PLAIN_INSTANT;
    case 'duration':
      return value.ms === 0;
    case 'decimal':
      return value.tenThousandths === 0;
    case 'ip':
      return false;
  }
}

const PLAIN_INSTANT = Date.UTC(2026, 0, 1);

function namedIn(fields: Fields): readonly Entity[] {
  return Object.values(fields).flatMap((value) =>
    typeof value === 'object' && value.kind === 'entity' ? [value] : [],
  );
}
