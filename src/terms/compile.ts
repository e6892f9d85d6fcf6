/**
 * Policies → closures. Each expression becomes one function of the request; what is constant is
 * computed at load, and what cannot be known to have the right type is checked as it runs, so that
 * unvalidated policies too err exactly where the reference errs.
 */
import { EXTENSION_FUNCTIONS, NO_ARGUMENT } from './extensions/functions.ts';
import { isLike } from './like.ts';
import { add, multiply, negate, subtract } from './long.ts';
import {
  asEntity,
  asLong,
  asSet,
  asString,
  compare,
  factsOf,
  fieldsOf,
  isIn,
  isInValue,
  missing,
  missingEntity,
  wrongType,
} from './operands.ts';
import type { BinaryOperator, Expr, Policy, Scope, UnaryOperator, Variable } from './policy.ts';
import {
  contains,
  containsAll,
  containsAny,
  type Entity,
  entity,
  entityKey,
  equal,
  type Fields,
  fieldOf,
  type Request,
  recordOf,
  setOf,
  type Value,
} from './value.ts';

export interface CompiledPolicy {
  readonly policy: Policy;
  /** Whether the policy applies; throws `EvaluationError`. */
  readonly isSatisfied: (request: Request) => boolean;
}

/** Throws `EvaluationError`. */
export type Evaluate = (request: Request) => Value;
type Test = (request: Request) => boolean;

export function compilePolicy(policy: Policy): CompiledPolicy {
  const tests = [
    scopeTest(policy.principal, (request) => request.principal),
    scopeTest(policy.action, (request) => request.action),
    scopeTest(policy.resource, (request) => request.resource),
    ...policy.conditions.map((condition) => test(condition)),
  ].filter((test) => test !== ALWAYS);
  return { policy, isSatisfied: all(tests) };
}

const ALWAYS: Test = () => true;

function all(tests: readonly Test[]): Test {
  const [first = ALWAYS, second, ...rest] = tests;
  if (!second) return first;
  const others = all([second, ...rest]);
  return (request) => first(request) && others(request);
}

function scopeTest(scope: Scope, of: (request: Request) => Entity): Test {
  switch (scope.op) {
    case 'any':
      return ALWAYS;
    case 'equals': {
      const key = entityKey(scope.entity.type, scope.entity.id);
      return (request) => of(request).key === key;
    }
    case 'in': {
      const keys = scope.entities.map(({ type, id }) => entityKey(type, id));
      return (request) => keys.some((key) => isIn(of(request), key, request));
    }
    case 'is':
      return (request) => of(request).type === scope.type;
    case 'is-in': {
      const key = entityKey(scope.entity.type, scope.entity.id);
      return (request) => of(request).type === scope.type && isIn(of(request), key, request);
    }
  }
}

export function compileExpression(expr: Expr): Evaluate {
  switch (expr.op) {
    case 'boolean':
    case 'long':
    case 'string': {
      const { value } = expr;
      return () => value;
    }
    case 'entity': {
      const value = entity(expr.entity.type, expr.entity.id);
      return () => value;
    }
    case 'variable':
      return compileVariable(expr.name);
    case 'unary':
      return compileUnary(expr.operator, expr.arg);
    case 'binary':
      return compileBinary(expr.operator, expr.left, expr.right);
    case 'if': {
      const condition = test(expr.condition);
      const whenTrue = compileExpression(expr.whenTrue);
      const whenFalse = compileExpression(expr.whenFalse);
      return (request) => (condition(request) ? whenTrue(request) : whenFalse(request));
    }
    case 'get':
      return compileGet(expr.of, expr.attribute);
    case 'has':
      return compileHas(expr.of, expr.attribute);
    case 'like': {
      const of = compileExpression(expr.of);
      const { pattern } = expr;
      return (request) => isLike(asString(of(request)), pattern);
    }
    case 'is': {
      const of = compileExpression(expr.of);
      const { type } = expr;
      return (request) => asEntity(of(request)).type === type;
    }
    case 'set':
      return compileSet(expr.items);
    case 'record':
      return compileRecord(expr.fields);
    case 'call':
      return compileCall(expr.function, expr.args);
  }
}

function compileVariable(name: Variable): Evaluate {
  switch (name) {
    case 'principal':
      return (request) => request.principal;
    case 'action':
      return (request) => request.action;
    case 'resource':
      return (request) => request.resource;
    case 'context':
      return (request) => request.context;
  }
}

/** An expression that must give a boolean. */
function test(expr: Expr): Test {
  const evaluate = compileExpression(expr);
  return (request) => {
    const value = evaluate(request);
    return typeof value === 'boolean' ? value : wrongType('boolean');
  };
}

function compileUnary(operator: UnaryOperator, arg: Expr): Evaluate {
  if (operator === 'not') {
    const of = test(arg);
    return (request) => !of(request);
  }
  const of = compileExpression(arg);
  return operator === 'negate'
    ? (request) => negate(asLong(of(request)))
    : (request) => asSet(of(request)).items.length === 0;
}

function compileBinary(operator: BinaryOperator, leftExpr: Expr, rightExpr: Expr): Evaluate {
  if (operator === '&&' || operator === '||') {
    const first = test(leftExpr);
    const second = test(rightExpr);
    return operator === '&&'
      ? (request) => first(request) && second(request)
      : (request) => first(request) || second(request);
  }
  const left = compileExpression(leftExpr);
  const right = compileExpression(rightExpr);
  switch (operator) {
    case '==':
      return (request) => equal(left(request), right(request));
    case '!=':
      return (request) => !equal(left(request), right(request));
    case '<':
      return (request) => compare(left(request), right(request)) < 0;
    case '<=':
      return (request) => compare(left(request), right(request)) <= 0;
    case '>':
      return (request) => compare(left(request), right(request)) > 0;
    case '>=':
      return (request) => compare(left(request), right(request)) >= 0;
    case '+':
      return (request) => add(asLong(left(request)), asLong(right(request)));
    case '-':
      return (request) => subtract(asLong(left(request)), asLong(right(request)));
    case '*':
      return (request) => multiply(asLong(left(request)), asLong(right(request)));
    case 'in':
      return (request) => isInValue(asEntity(left(request)), right(request), request);
    case 'contains':
      return (request) => contains(asSet(left(request)), right(request));
    case 'containsAll':
      return (request) => containsAll(asSet(left(request)), asSet(right(request)));
    case 'containsAny':
      return (request) => containsAny(asSet(left(request)), asSet(right(request)));
    case 'getTag':
      return (request) => {
        const of = asEntity(left(request));
        const tag = asString(right(request));
        const tags = factsOf(of, request)?.tags ?? missingEntity(of);
        return fieldOf(tags, tag) ?? missing(`tag \`${tag}\``);
      };
    case 'hasTag':
      return (request) => {
        const tags = factsOf(asEntity(left(request)), request)?.tags;
        const tag = asString(right(request));
        return tags !== undefined && fieldOf(tags, tag) !== undefined;
      };
  }
}

function compileGet(ofExpr: Expr, attribute: string): Evaluate {
  const field = fieldReader(attribute);
  if (ofExpr.op === 'variable' && ofExpr.name === 'context') {
    return (request) => field(request.context.fields) ?? missing(`attribute \`${attribute}\``);
  }
  const of = compileExpression(ofExpr);
  return (request) =>
    field(fieldsOf(of(request), request) ?? missing('entity')) ??
    missing(`attribute \`${attribute}\``);
}

function compileHas(ofExpr: Expr, attribute: string): Evaluate {
  const field = fieldReader(attribute);
  if (ofExpr.op === 'variable' && ofExpr.name === 'context') {
    return (request) => field(request.context.fields) !== undefined;
  }
  const of = compileExpression(ofExpr);
  return (request) => {
    const fields = fieldsOf(of(request), request);
    return fields !== undefined && field(fields) !== undefined;
  };
}

/** A plain read where no JavaScript object inherits the name, since it is several times faster. */
function fieldReader(name: string): (fields: Fields) => Value | undefined {
  return name in Object.prototype ? (fields) => fieldOf(fields, name) : (fields) => fields[name];
}

function compileSet(itemExprs: readonly Expr[]): Evaluate {
  const items = itemExprs.map(compileExpression);
  if (itemExprs.every(isLiteral)) {
    const value = setOf(items.map((item) => item(NO_REQUEST)));
    return () => value;
  }
  return (request) => setOf(items.map((item) => item(request)));
}

function compileRecord(fieldExprs: ReadonlyMap<string, Expr>): Evaluate {
  const fields = [...fieldExprs].map(([name, value]) => [name, compileExpression(value)] as const);
  return (request) =>
    recordOf(Object.fromEntries(fields.map(([name, value]) => [name, value(request)])));
}

function compileCall(name: string, argExprs: readonly Expr[]): Evaluate {
  const called = EXTENSION_FUNCTIONS.get(name);
  const [first, second] = argExprs.map(compileExpression);
  // The official parser lets a wrong number of arguments pass; it is an error when it is reached.
  if (!called || !first || argExprs.length !== called.args.length) {
    return () => missing(`function \`${name}\` of ${argExprs.length} arguments`);
  }
  const { apply } = called;
  if (second) return (request) => apply(first(request), second(request));
  if (!argExprs.every(isLiteral)) return (request) => apply(first(request), NO_ARGUMENT);
  return constant(() => apply(first(NO_REQUEST), NO_ARGUMENT));
}

/** Computed once. What errs at load errs when it is reached, and not before. */
function constant(evaluate: () => Value): Evaluate {
  let value: Value;
  try {
    value = evaluate();
  } catch (error) {
    return () => {
      throw error;
    };
  }
  return () => value;
}

function isLiteral(expr: Expr): boolean {
  return ['boolean', 'long', 'string', 'entity'].includes(expr.op);
}

/** A literal reads nothing of it. */
const NOBODY = entity('', '');
const NO_REQUEST: Request = {
  principal: NOBODY,
  action: NOBODY,
  resource: NOBODY,
  context: recordOf({}),
  entities: new Map(),
};
