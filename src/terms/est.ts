/**
 * Policies as the official engine writes them in JSON (its EST) → the typed form.
 * https://docs.cedarpolicy.com/policies/json-format.html
 */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import { EXTENSION_FUNCTIONS } from './extensions/functions.ts';
import { likePattern, WILDCARD } from './like.ts';
import { toLong } from './long.ts';
import type { BinaryOperator, EntityUid, Expr, Policy, Scope, UnaryOperator } from './policy.ts';

/** What stands for a template's `?principal` and `?resource`. */
export type Slots = Readonly<Record<string, EntityUid>>;

export interface EstOptions {
  readonly id: string;
  /** Entity type that stands for a long integer; see source.ts. */
  readonly longMark: string;
  readonly slots?: Slots;
}

/** Throws a plain `Error` for JSON that is no EST: the engine wrote it, so it is our defect. */
export function policyFromEst(json: JsonValue, options: EstOptions): Policy {
  const policy = object(json);
  const effect = string(policy['effect']);
  if (effect !== 'permit' && effect !== 'forbid') throw unexpected(json);
  const annotations = Object.entries(object(policy['annotations'] ?? {}));
  return {
    id: options.id,
    effect,
    principal: scope(policy['principal'], options),
    action: scope(policy['action'], options),
    resource: scope(policy['resource'], options),
    conditions: array(policy['conditions']).map((json) => {
      const clause = object(json);
      const body = expr(clause['body'], options);
      return clause['kind'] === 'when' ? body : { op: 'unary', operator: 'not', arg: body };
    }),
    // An annotation without a value is `null` in the JSON.
    annotations: new Map(annotations.map(([name, value]) => [name, value ? string(value) : ''])),
  };
}

function scope(json: JsonValue | undefined, options: EstOptions): Scope {
  const constraint = object(json);
  const op = string(constraint['op']);
  if (op === 'All') return { op: 'any' };
  if (op === '==') return { op: 'equals', entity: scopeEntity(constraint, options) };
  if (op === 'in') {
    const several = constraint['entities'];
    const entities = several ? array(several).map(uid) : [scopeEntity(constraint, options)];
    return { op: 'in', entities };
  }
  if (op === 'is') {
    const type = string(constraint['entity_type']);
    const within = constraint['in'];
    if (!within) return { op: 'is', type };
    return { op: 'is-in', type, entity: scopeEntity(object(within), options) };
  }
  throw unexpected(json);
}

function scopeEntity(constraint: JsonObject, { slots }: EstOptions): EntityUid {
  const slot = constraint['slot'];
  if (slot === undefined) return uid(constraint['entity']);
  const filled = slots?.[string(slot)];
  if (!filled) throw new Error(`no entity for the slot ${string(slot)}`);
  return filled;
}

const UNARY: Readonly<Record<string, UnaryOperator>> = {
  '!': 'not',
  neg: 'negate',
  isEmpty: 'isEmpty',
};

const BINARY: ReadonlySet<string> = new Set<BinaryOperator>([
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  '&&',
  '||',
  '+',
  '-',
  '*',
  'in',
  'contains',
  'containsAll',
  'containsAny',
  'getTag',
  'hasTag',
]);

function expr(json: JsonValue | undefined, options: EstOptions): Expr {
  const [entry, ...more] = Object.entries(object(json));
  if (!entry || more.length > 0) throw unexpected(json);
  const [key, body] = entry;
  if (EXTENSION_FUNCTIONS.has(key)) {
    return { op: 'call', function: key, args: array(body).map((arg) => expr(arg, options)) };
  }
  if (key === 'Value') return literal(body, options);
  if (key === 'Var') return variable(string(body));
  if (key === 'Set') return { op: 'set', items: array(body).map((item) => expr(item, options)) };
  const parts = object(body);
  if (key === 'Record') {
    const fields = Object.entries(parts).map(
      ([name, value]) => [name, expr(value, options)] as const,
    );
    return { op: 'record', fields: new Map(fields) };
  }
  const unary = UNARY[key];
  if (unary) return unaryExpr(unary, parts['arg'], options);
  if (key === 'if-then-else') {
    return {
      op: 'if',
      condition: expr(parts['if'], options),
      whenTrue: expr(parts['then'], options),
      whenFalse: expr(parts['else'], options),
    };
  }
  const left = expr(parts['left'], options);
  if (BINARY.has(key)) {
    const operator = key as BinaryOperator;
    return { op: 'binary', operator, left, right: expr(parts['right'], options) };
  }
  switch (key) {
    case '.':
      return { op: 'get', of: left, attribute: string(parts['attr']) };
    case 'has':
      return hasExpr(left, parts['attr']);
    case 'like':
      return { op: 'like', of: left, pattern: likePattern(array(parts['pattern']).map(element)) };
    case 'is': {
      const is: Expr = { op: 'is', of: left, type: string(parts['entity_type']) };
      if (parts['in'] === undefined) return is;
      const within: Expr = {
        op: 'binary',
        operator: 'in',
        left,
        right: expr(parts['in'], options),
      };
      return { op: 'binary', operator: '&&', left: is, right: within };
    }
    default:
      throw unexpected(json);
  }
}

function unaryExpr(operator: UnaryOperator, arg: JsonValue | undefined, options: EstOptions): Expr {
  // −2⁶³ has no positive twin, so the sign belongs to the literal.
  const value = operator === 'negate' ? object(arg)['Value'] : undefined;
  const digits = isObject(value) ? longDigits(uid(value), options) : undefined;
  if (digits) return { op: 'long', value: toLong(-BigInt(digits)) };
  return { op: 'unary', operator, arg: expr(arg, options) };
}

/** `x has a.b` is `x has a && x.a has b`. */
function hasExpr(of: Expr, attribute: JsonValue | undefined): Expr {
  const path = Array.isArray(attribute) ? attribute.map(string) : [string(attribute)];
  let at = of;
  let all: Expr | undefined;
  for (const name of path) {
    const has: Expr = { op: 'has', of: at, attribute: name };
    all = all ? { op: 'binary', operator: '&&', left: all, right: has } : has;
    at = { op: 'get', of: at, attribute: name };
  }
  if (!all) throw unexpected(attribute);
  return all;
}

function literal(value: JsonValue | undefined, options: EstOptions): Expr {
  if (typeof value === 'boolean') return { op: 'boolean', value };
  if (typeof value === 'number') return { op: 'long', value };
  if (typeof value === 'string') return { op: 'string', value };
  const entity = uid(value);
  const digits = longDigits(entity, options);
  return digits ? { op: 'long', value: toLong(BigInt(digits)) } : { op: 'entity', entity };
}

function longDigits(entity: EntityUid, { longMark }: EstOptions): string | undefined {
  return entity.type === longMark ? entity.id : undefined;
}

function variable(name: string): Expr {
  switch (name) {
    case 'principal':
    case 'action':
    case 'resource':
    case 'context':
      return { op: 'variable', name };
    default:
      throw unexpected(name);
  }
}

function element(json: JsonValue): string | typeof WILDCARD {
  return json === 'Wildcard' ? WILDCARD : string(object(json)['Literal']);
}

function uid(json: JsonValue | undefined): EntityUid {
  const outer = object(json);
  const entity = object(outer['__entity'] ?? outer);
  return { type: string(entity['type']), id: string(entity['id']) };
}

function object(json: JsonValue | undefined): JsonObject {
  if (!isObject(json)) throw unexpected(json);
  return json;
}

function array(json: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(json)) throw unexpected(json);
  return json;
}

function string(json: JsonValue | undefined): string {
  if (typeof json !== 'string') throw unexpected(json);
  return json;
}

function unexpected(json: JsonValue | undefined): Error {
  return new Error(`not the engine's JSON: ${JSON.stringify(json)}`);
}
