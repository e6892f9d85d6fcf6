/** Which entities a request holds, however deep: what a store for it would have to list. */
import type { Entity, Fields, Request, Value } from './value.ts';

/** The entities that a request reaches, by key: principal, action, resource, and all they name. */
export function reachableEntities(request: Request): ReadonlyMap<string, Entity> {
  const found = new Map<string, Entity>();
  const open: Value[] = [request.principal, request.action, request.resource, request.context];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object') continue;
    if (next.kind === 'set') open.push(...next.items);
    if (next.kind === 'record') open.push(...valuesOf(next.fields));
    if (next.kind !== 'entity' || found.has(next.key)) continue;
    found.set(next.key, next);
    if (!next.facts) continue;
    open.push(...valuesOf(next.facts.attributes), ...valuesOf(next.facts.tags));
    open.push(...next.facts.ancestors.values());
  }
  return found;
}

function valuesOf(fields: Fields): Value[] {
  return Object.values(fields).filter((value) => value !== undefined);
}
