/**
 * Cedar's strict type checker over the typed form, for one kind of request: what the prover needs
 * to know of each expression, and a verdict that must be the official validator's.
 * https://github.com/cedar-policy/cedar-spec, `cedar-lean/Cedar/Validation/Typechecker.lean`
 *
 * A `has` that held is a capability: from there on the optional attribute may be read.
 */
import type { Expr, Variable } from '../policy.ts';
import { type Capabilities, capability, intersection, NONE, union } from './capabilities.ts';
import {
  boolean,
  callType,
  comparable,
  type Environment,
  entityType,
  equalityType,
  expected,
  incompatible,
  inType,
  isOrdered,
  negated,
  PolicyTypeError,
  setType,
  unaryType,
} from './operators.ts';
import {
  type AttributeType,
  BOOLEAN,
  FALSE,
  LONG,
  leastUpperBound,
  STRING,
  TRUE,
  type Type,
} from './types.ts';

export interface Checked {
  readonly type: Type;
  readonly expr: Expr;
  /** What is known where the expression is true. */
  readonly grants: Capabilities;
}

/** @throws PolicyTypeError */
export function check(expr: Expr, known: Capabilities, environment: Environment): Checked {
  const plain = (type: Type, reduced: Expr = expr): Checked => ({
    type,
    expr: reduced,
    grants: NONE,
  });
  const of = (part: Expr): Checked => check(part, known, environment);
  switch (expr.op) {
    case 'boolean':
      return plain(expr.value ? TRUE : FALSE);
    case 'long':
      return plain(LONG);
    case 'string':
      return plain(STRING);
    case 'entity':
      return plain(entityType(expr.entity, environment));
    case 'variable':
      return checkVariable(expr.name, environment);
    case 'unary': {
      const arg = of(expr.arg);
      return plain(unaryType(expr.operator, arg.type), { ...expr, arg: arg.expr });
    }
    case 'binary':
      return checkBinary(expr, known, environment);
    case 'if':
      return checkIf(expr, known, environment);
    case 'get':
    case 'has':
      return checkAttribute(expr, known, environment);
    case 'like': {
      const text = of(expr.of);
      if (text.type.kind !== 'string') throw expected('string', text.type);
      return plain(BOOLEAN, { ...expr, of: text.expr });
    }
    case 'is': {
      const entity = of(expr.of);
      if (entity.type.kind !== 'entity') throw expected('entity', entity.type);
      return plain(entity.type.name === expr.type ? TRUE : FALSE, { ...expr, of: entity.expr });
    }
    case 'set': {
      const items = expr.items.map(of);
      return plain(setType(items.map((item) => item.type)), {
        op: 'set',
        items: items.map((item) => item.expr),
      });
    }
    case 'record': {
      const fields = [...expr.fields].map(([name, field]) => [name, of(field)] as const);
      const attributes = fields.map(
        ([name, { type }]) => [name, { type, isRequired: true }] as const,
      );
      const reduced = new Map(fields.map(([name, field]) => [name, field.expr]));
      return plain(
        { kind: 'record', attributes: new Map(attributes) },
        { op: 'record', fields: reduced },
      );
    }
    case 'call': {
      const args = expr.args.map(of);
      const type = callType(
        expr.function,
        expr.args,
        args.map((arg) => arg.type),
      );
      return plain(type, { ...expr, args: args.map((arg) => arg.expr) });
    }
  }
}

function checkVariable(name: Variable, { request }: Environment): Checked {
  const typed = (type: Type, expr: Expr = { op: 'variable', name }): Checked => ({
    type,
    expr,
    grants: NONE,
  });
  switch (name) {
    case 'principal':
      return typed({ kind: 'entity', name: request.principal });
    case 'resource':
      return typed({ kind: 'entity', name: request.resource });
    case 'action': {
      const { action } = request.action;
      return typed({ kind: 'entity', name: action.type }, { op: 'entity', entity: action });
    }
    case 'context':
      return typed(request.action.context);
  }
}

function checkBinary(
  expr: Extract<Expr, { op: 'binary' }>,
  known: Capabilities,
  environment: Environment,
): Checked {
  if (expr.operator === '&&') return checkAnd(expr, known, environment);
  if (expr.operator === '||') return checkOr(expr, known, environment);
  const left = check(expr.left, known, environment);
  const right = check(expr.right, known, environment);
  const reduced: Expr = { ...expr, left: left.expr, right: right.expr };
  const plain = (type: Type): Checked => ({ type, expr: reduced, grants: NONE });
  switch (expr.operator) {
    case '==':
      return plain(equalityType(expr, left.type, right.type, environment));
    case '!=':
      return plain(negated(equalityType(expr, left.type, right.type, environment)));
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (!isOrdered(left.type)) throw expected('long, datetime or duration', left.type);
      if (right.type.kind !== left.type.kind) throw expected(left.type.kind, right.type);
      return plain(BOOLEAN);
    case '+':
    case '-':
    case '*':
      if (left.type.kind !== 'long') throw expected('long', left.type);
      if (right.type.kind !== 'long') throw expected('long', right.type);
      return plain(LONG);
    case 'in':
      return plain(inType(expr, left.type, right.type, environment));
    case 'contains':
      if (left.type.kind !== 'set') throw expected('set', left.type);
      return plain(comparable(left.type.of, right.type));
    case 'containsAll':
    case 'containsAny':
      if (left.type.kind !== 'set') throw expected('set', left.type);
      if (right.type.kind !== 'set') throw expected('set', right.type);
      return plain(comparable(left.type.of, right.type.of));
    case 'getTag':
    case 'hasTag':
      return { ...checkTag(expr, left.type, right.type, known, environment), expr: reduced };
  }
}

function checkAnd(
  { left: leftExpr, right: rightExpr }: Extract<Expr, { op: 'binary' }>,
  known: Capabilities,
  environment: Environment,
): Checked {
  const left = check(leftExpr, known, environment);
  const leftType = boolean(left.type);
  if (leftType.value === false) return { ...left, grants: NONE };
  const right = check(rightExpr, union(known, left.grants), environment);
  const rightType = boolean(right.type);
  const expr: Expr = { op: 'binary', operator: '&&', left: left.expr, right: right.expr };
  if (rightType.value === false) return { type: FALSE, expr, grants: NONE };
  const type = rightType.value === true ? leftType : BOOLEAN;
  return { type, expr, grants: union(left.grants, right.grants) };
}

function checkOr(
  { left: leftExpr, right: rightExpr }: Extract<Expr, { op: 'binary' }>,
  known: Capabilities,
  environment: Environment,
): Checked {
  const left = check(leftExpr, known, environment);
  const leftType = boolean(left.type);
  if (leftType.value === true) return { ...left, grants: NONE };
  const right = check(rightExpr, known, environment);
  const rightType = boolean(right.type);
  const expr: Expr = { op: 'binary', operator: '||', left: left.expr, right: right.expr };
  if (leftType.value === false) return { type: rightType, expr, grants: right.grants };
  if (rightType.value === true) return { type: TRUE, expr, grants: NONE };
  if (rightType.value === false) return { type: BOOLEAN, expr, grants: left.grants };
  return { type: BOOLEAN, expr, grants: intersection(left.grants, right.grants) };
}

function checkIf(
  expr: Extract<Expr, { op: 'if' }>,
  known: Capabilities,
  environment: Environment,
): Checked {
  const condition = check(expr.condition, known, environment);
  const { value } = boolean(condition.type);
  const branch = (taken: boolean): Checked =>
    taken
      ? check(expr.whenTrue, union(known, condition.grants), environment)
      : check(expr.whenFalse, known, environment);
  if (value !== undefined) {
    const { type, expr: taken, grants } = branch(value);
    // The condition stays, since it may err.
    const whole: Expr = { op: 'if', condition: condition.expr, whenTrue: taken, whenFalse: taken };
    return { type, expr: whole, grants: value ? union(condition.grants, grants) : grants };
  }
  const [whenTrue, whenFalse] = [branch(true), branch(false)];
  const type = leastUpperBound(whenTrue.type, whenFalse.type);
  if (!type) throw incompatible(whenTrue.type, whenFalse.type);
  return {
    type,
    expr: {
      op: 'if',
      condition: condition.expr,
      whenTrue: whenTrue.expr,
      whenFalse: whenFalse.expr,
    },
    grants: intersection(union(condition.grants, whenTrue.grants), whenFalse.grants),
  };
}

function checkAttribute(
  expr: Extract<Expr, { op: 'get' | 'has' }>,
  known: Capabilities,
  environment: Environment,
): Checked {
  const of = check(expr.of, known, environment);
  const reduced: Expr = { ...expr, of: of.expr };
  const { attributes, isAction } = attributesOf(of.type, environment);
  const attribute = attributes.get(expr.attribute);
  const self = capability(expr.of, expr.attribute);
  if (expr.op === 'get') {
    const isKnown = attribute !== undefined && (attribute.isRequired || known.has(self));
    if (!isKnown) throw new PolicyTypeError(`attribute \`${expr.attribute}\` may not be there`);
    return { type: attribute.type, expr: reduced, grants: NONE };
  }
  if (attribute === undefined || isAction) return { type: FALSE, expr: reduced, grants: NONE };
  // An entity that is not in the store has no attributes, not even required ones.
  const isSure = known.has(self) || (attribute.isRequired && of.type.kind === 'record');
  return isSure
    ? { type: TRUE, expr: reduced, grants: NONE }
    : { type: BOOLEAN, expr: reduced, grants: new Set([self]) };
}

function attributesOf(
  type: Type,
  { schema }: Environment,
): { readonly attributes: ReadonlyMap<string, AttributeType>; readonly isAction: boolean } {
  if (type.kind === 'record') return { attributes: type.attributes, isAction: false };
  if (type.kind !== 'entity') throw expected('record or entity', type);
  const known = schema.entities.get(type.name);
  if (known) return { attributes: known.attributes.attributes, isAction: false };
  return { attributes: new Map(), isAction: true };
}

function checkTag(
  { operator, left, right }: Extract<Expr, { op: 'binary' }>,
  entity: Type,
  name: Type,
  known: Capabilities,
  { schema }: Environment,
): { readonly type: Type; readonly grants: Capabilities } {
  if (entity.kind !== 'entity') throw expected('entity', entity);
  if (name.kind !== 'string') throw expected('string', name);
  const tags = schema.entities.get(entity.name)?.tags;
  const self = capability(left, right);
  if (operator === 'getTag') {
    if (tags === undefined || !known.has(self)) throw new PolicyTypeError('tag may not be there');
    return { type: tags, grants: NONE };
  }
  if (tags === undefined) return { type: FALSE, grants: NONE };
  return known.has(self)
    ? { type: TRUE, grants: NONE }
    : { type: BOOLEAN, grants: new Set([self]) };
}
