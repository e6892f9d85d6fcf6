/** A whole policy as one expression, and its type for one kind of request. */
import type { EntityUid, Expr, Policy, Scope } from '../policy.ts';
import { NONE } from './capabilities.ts';
import { check } from './check.ts';
import { boolean } from './operators.ts';
import type { CedarSchema, RequestType } from './schema.ts';
import type { BooleanType } from './types.ts';

export interface TypedPolicy {
  /** `false` where the policy cannot apply to this kind of request. */
  readonly type: BooleanType;
  /** The policy as one expression, without the branches that its types rule out. */
  readonly expr: Expr;
}

/** @throws PolicyTypeError */
export function typecheckPolicy(
  policy: Policy,
  schema: CedarSchema,
  request: RequestType,
): TypedPolicy {
  const [first = TRUE_EXPR, ...more] = policyExpressions(policy);
  const whole = more.reduce<Expr>(
    (left, right) => ({ op: 'binary', operator: '&&', left, right }),
    first,
  );
  const { type, expr } = check(whole, NONE, { schema, request });
  return { type: boolean(type), expr };
}

/** The head of the policy and its conditions, all of which must hold. */
export function policyExpressions(policy: Policy): readonly Expr[] {
  return [
    ...scopeExpressions('principal', policy.principal),
    ...scopeExpressions('action', policy.action),
    ...scopeExpressions('resource', policy.resource),
    ...policy.conditions,
  ];
}

function scopeExpressions(name: 'principal' | 'action' | 'resource', scope: Scope): Expr[] {
  const variable: Expr = { op: 'variable', name };
  const within = (right: Expr): Expr => ({
    op: 'binary',
    operator: 'in',
    left: variable,
    right,
  });
  switch (scope.op) {
    case 'any':
      return [];
    case 'equals': {
      const right = literal(scope.entity);
      return [{ op: 'binary', operator: '==', left: variable, right }];
    }
    case 'in': {
      const [only, ...more] = scope.entities.map(literal);
      const isOne = only !== undefined && more.length === 0;
      return [within(isOne ? only : { op: 'set', items: scope.entities.map(literal) })];
    }
    case 'is':
      return [{ op: 'is', of: variable, type: scope.type }];
    case 'is-in':
      return [{ op: 'is', of: variable, type: scope.type }, within(literal(scope.entity))];
  }
}

function literal(entity: EntityUid): Expr {
  return { op: 'entity', entity };
}

const TRUE_EXPR: Expr = { op: 'boolean', value: true };
