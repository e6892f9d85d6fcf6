/** The type that each operator gives for the types of its operands. */
import {
  EXTENSION_FUNCTIONS,
  type ExtensionFunction,
  NO_ARGUMENT,
} from '../extensions/functions.ts';
import type { EntityUid, Expr, UnaryOperator } from '../policy.ts';
import { EvaluationError, entityKey } from '../value.ts';
import type { CedarSchema, EntityType, RequestType } from './schema.ts';
import {
  BOOLEAN,
  type BooleanType,
  FALSE,
  LONG,
  leastUpperBound,
  TRUE,
  type Type,
} from './types.ts';

/** Why a policy is not well-typed. */
export class PolicyTypeError extends Error {
  override readonly name = 'PolicyTypeError';
}

export interface Environment {
  readonly schema: CedarSchema;
  readonly request: RequestType;
}

export function isOrdered({ kind }: Type): boolean {
  return kind === 'long' || kind === 'datetime' || kind === 'duration';
}

export function unaryType(operator: UnaryOperator, arg: Type): Type {
  switch (operator) {
    case 'not':
      return negated(boolean(arg));
    case 'negate':
      if (arg.kind !== 'long') throw expected('long', arg);
      return LONG;
    case 'isEmpty':
      if (arg.kind !== 'set') throw expected('set', arg);
      return BOOLEAN;
  }
}

export function equalityType(
  expr: Extract<Expr, { op: 'binary' }>,
  left: Type,
  right: Type,
  environment: Environment,
): BooleanType {
  const [a, b] = [literalOf(expr.left, environment), literalOf(expr.right, environment)];
  if (a !== undefined && b !== undefined) return a === b ? TRUE : FALSE;
  if (leastUpperBound(left, right)) return BOOLEAN;
  // Entities of two types are never equal; all else that differs in type is a mistake.
  if (left.kind === 'entity' && right.kind === 'entity') return FALSE;
  throw incompatible(left, right);
}

export function inType(
  { left, right }: Extract<Expr, { op: 'binary' }>,
  entity: Type,
  group: Type,
  environment: Environment,
): BooleanType {
  if (entity.kind !== 'entity') throw expected('entity', entity);
  const groupType = group.kind === 'set' ? group.of : group;
  if (groupType.kind !== 'entity') throw expected('entity or set of entities', group);
  const { schema } = environment;
  const action = schema.actions.get(uidKeyOf(left, environment) ?? '');
  const groups = group.kind === 'set' && right.op === 'set' ? right.items : [right];
  const keys = groups.map((item) => uidKeyOf(item, environment));
  if (action && keys.every((key) => key !== undefined)) {
    const self = entityKey(action.action.type, action.action.id);
    return keys.some((key) => key === self || action.ancestors.has(key)) ? TRUE : FALSE;
  }
  return canBeIn(entity.name, groupType.name, schema) ? BOOLEAN : FALSE;
}

function canBeIn(type: string, group: string, { entities, actions }: CedarSchema): boolean {
  if (type === group) return true;
  const known = entities.get(type);
  if (known) return known.ancestors.has(group);
  return [...actions.values()].some(
    ({ action, ancestors }) =>
      action.type === type && [...ancestors].some((key) => key.startsWith(entityKey(group, ''))),
  );
}

export function entityType({ type, id }: EntityUid, { schema }: Environment): Type {
  const known: EntityType | undefined = schema.entities.get(type);
  const isKnown = known ? (known.ids?.has(id) ?? true) : schema.actions.has(entityKey(type, id));
  if (!isKnown) throw new PolicyTypeError(`the schema has no entity \`${type}::"${id}"\``);
  return { kind: 'entity', name: type };
}

export function setType([first, ...more]: readonly Type[]): Type {
  if (!first) throw new PolicyTypeError('an empty set has no type');
  let of = first;
  for (const type of more) {
    const bound = leastUpperBound(of, type);
    if (!bound) throw incompatible(of, type);
    of = bound;
  }
  return { kind: 'set', of };
}

export function callType(name: string, exprs: readonly Expr[], args: readonly Type[]): Type {
  const called = EXTENSION_FUNCTIONS.get(name);
  const areRight =
    called?.args.length === args.length && called.args.every((kind, i) => args[i]?.kind === kind);
  if (!called || !areRight) throw new PolicyTypeError(`wrong arguments for \`${name}\``);
  if (called.args[0] === 'string') checkText(called, exprs[0]);
  return called.result;
}

/** Strict validation wants the text of a constructor literally, so that it can be parsed here. */
function checkText({ apply }: ExtensionFunction, text: Expr | undefined): void {
  if (text?.op !== 'string') throw new PolicyTypeError('expected a literal text');
  try {
    apply(text.value, NO_ARGUMENT);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw new PolicyTypeError(error.message);
  }
}

export function boolean(type: Type): BooleanType {
  if (type.kind !== 'boolean') throw expected('boolean', type);
  return type;
}

export function negated({ value }: BooleanType): BooleanType {
  if (value === undefined) return BOOLEAN;
  return value ? FALSE : TRUE;
}

export function comparable(a: Type, b: Type): BooleanType {
  if (!leastUpperBound(a, b)) throw incompatible(a, b);
  return BOOLEAN;
}

/** Equal literals have equal keys, and others have none. */
function literalOf(expr: Expr, environment: Environment): string | undefined {
  if (expr.op === 'boolean' || expr.op === 'long' || expr.op === 'string') {
    return `${expr.op} ${expr.value}`;
  }
  const key = uidKeyOf(expr, environment);
  return key === undefined ? undefined : `entity ${key}`;
}

function uidKeyOf(expr: Expr, { request }: Environment): string | undefined {
  const isAction = expr.op === 'variable' && expr.name === 'action';
  const uid = isAction ? request.action.action : expr.op === 'entity' ? expr.entity : undefined;
  return uid && entityKey(uid.type, uid.id);
}

export function expected(what: string, type: Type): PolicyTypeError {
  return new PolicyTypeError(`expected ${what}, found ${type.kind}`);
}

export function incompatible(a: Type, b: Type): PolicyTypeError {
  return new PolicyTypeError(`${a.kind} and ${b.kind} have no common type`);
}
