/**
 * The reference: the same question put to the official engine, at a hundred times the cost. Tests,
 * benchmarks and replays ask it, and the compiled rules must agree.
 */
import {
  type AuthorizationAnswer,
  type AuthorizationCall,
  isAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import type { JsonObject, JsonValue } from '#base/json.ts';
import { formatDecimal } from './extensions/decimal.ts';
import { formatIp } from './extensions/ip.ts';
import { reachableEntities } from './reachable.ts';
import type { Entity, Fields, Request, Value } from './value.ts';

export interface ReferenceAnswer {
  readonly decision: 'allow' | 'deny';
  /** Ids, sorted. */
  readonly reasons: readonly string[];
  readonly errors: readonly string[];
}

/** A request as the official engine takes it, all of its entities included. */
export interface ReferenceCall {
  readonly principal: JsonObject;
  readonly action: JsonObject;
  readonly resource: JsonObject;
  readonly context: JsonObject;
  readonly entities: readonly JsonObject[];
}

/**
 * @param policies Cedar text by id
 * @param entities those of the store; without it, all that the request reaches
 * @param schema with it, a request or entities that do not fit it are an error
 * @throws Error where the engine does not take the question
 */
export function askReference(
  policies: Readonly<Record<string, string>>,
  request: Request,
  entities?: readonly Entity[],
  schema?: string,
): ReferenceAnswer {
  const call = {
    ...referenceCall(request, entities),
    policies: { staticPolicies: policies },
    ...(schema === undefined ? {} : { schema, validateRequest: true }),
  };
  return referenceAnswer(isAuthorized(call as unknown as AuthorizationCall));
}

function referenceAnswer(answer: AuthorizationAnswer): ReferenceAnswer {
  if (answer.type === 'failure') {
    throw new Error(answer.errors.map(({ message }) => message).join('; '));
  }
  const { decision, diagnostics } = answer.response;
  return {
    decision,
    reasons: [...diagnostics.reason].sort(),
    errors: diagnostics.errors.map(({ policyId }) => policyId).sort(),
  };
}

export function referenceCall(
  request: Request,
  entities: Iterable<Entity> = reachableEntities(request).values(),
): ReferenceCall {
  const listed: JsonObject[] = [];
  for (const entity of entities) {
    if (!entity.facts) continue;
    const { attributes, tags, ancestors } = entity.facts;
    listed.push({
      uid: uidJson(entity),
      attrs: fieldsJson(attributes),
      tags: fieldsJson(tags),
      parents: [...ancestors.values()].map(uidJson),
    });
  }
  return {
    principal: uidJson(request.principal),
    action: uidJson(request.action),
    resource: uidJson(request.resource),
    context: fieldsJson(request.context.fields),
    entities: listed,
  };
}

function uidJson({ type, id }: Entity): JsonObject {
  return { type, id };
}

function fieldsJson(fields: Fields): JsonObject {
  const present = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, valueJson(value)] as const],
  );
  return Object.fromEntries(present);
}

function valueJson(value: Value): JsonValue {
  if (typeof value === 'bigint') return rawLong(value);
  if (typeof value !== 'object') return value;
  switch (value.kind) {
    case 'entity':
      return { __entity: uidJson(value) };
    case 'set':
      return value.items.map(valueJson);
    case 'record':
      return fieldsJson(value.fields);
    case 'decimal':
      return extension('decimal', formatDecimal(value));
    case 'duration':
      return extension('duration', `${value.ms}ms`);
    case 'datetime': {
      const epoch = extension('datetime', '1970-01-01');
      return {
        __extn: { fn: 'offset', args: [epoch, extension('duration', `${value.ms}ms`)] },
      };
    }
    case 'ip':
      return extension('ip', formatIp(value));
  }
}

/** Written as it is: `JSON.stringify` would round it. */
function rawLong(value: bigint): JsonValue {
  return JSON.rawJSON(value.toString());
}

function extension(fn: string, arg: string): JsonObject {
  return { __extn: { fn, arg } };
}
