/**
 * The typed form of a Cedar policy: what the compiler, the prover and the checks all read. It is
 * made from the official engine's JSON (est.ts) and from nothing else.
 */
import type { LikePattern } from './like.ts';
import type { Long } from './long.ts';

export interface Policy {
  readonly id: string;
  readonly effect: 'permit' | 'forbid';
  readonly principal: Scope;
  readonly action: Scope;
  readonly resource: Scope;
  /** All must hold; `unless` has become a negation. */
  readonly conditions: readonly Expr[];
  readonly annotations: ReadonlyMap<string, string>;
}

export interface EntityUid {
  readonly type: string;
  readonly id: string;
}

/** What a policy's head says of the principal, the action or the resource. */
export type Scope =
  | { readonly op: 'any' }
  | { readonly op: 'equals'; readonly entity: EntityUid }
  /** In any of these, or one of them. Only an action names several. */
  | { readonly op: 'in'; readonly entities: readonly EntityUid[] }
  | { readonly op: 'is'; readonly type: string }
  | { readonly op: 'is-in'; readonly type: string; readonly entity: EntityUid };

export type Variable = 'principal' | 'action' | 'resource' | 'context';

export type UnaryOperator = 'not' | 'negate' | 'isEmpty';

export type BinaryOperator =
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '&&'
  | '||'
  | '+'
  | '-'
  | '*'
  | 'in'
  | 'contains'
  | 'containsAll'
  | 'containsAny'
  | 'getTag'
  | 'hasTag';

export type Expr =
  | { readonly op: 'boolean'; readonly value: boolean }
  | { readonly op: 'long'; readonly value: Long }
  | { readonly op: 'string'; readonly value: string }
  | { readonly op: 'entity'; readonly entity: EntityUid }
  | { readonly op: 'variable'; readonly name: Variable }
  | { readonly op: 'unary'; readonly operator: UnaryOperator; readonly arg: Expr }
  | {
      readonly op: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expr;
      readonly right: Expr;
    }
  | {
      readonly op: 'if';
      readonly condition: Expr;
      readonly whenTrue: Expr;
      readonly whenFalse: Expr;
    }
  | { readonly op: 'get'; readonly of: Expr; readonly attribute: string }
  | { readonly op: 'has'; readonly of: Expr; readonly attribute: string }
  | { readonly op: 'like'; readonly of: Expr; readonly pattern: LikePattern }
  | { readonly op: 'is'; readonly of: Expr; readonly type: string }
  | { readonly op: 'set'; readonly items: readonly Expr[] }
  | { readonly op: 'record'; readonly fields: ReadonlyMap<string, Expr> }
  | { readonly op: 'call'; readonly function: string; readonly args: readonly Expr[] };

/** The expressions that an expression is made of, in the order in which they are evaluated. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.op) {
    case 'boolean':
    case 'long':
    case 'string':
    case 'entity':
    case 'variable':
      return [];
    case 'unary':
      return [expr.arg];
    case 'binary':
      return [expr.left, expr.right];
    case 'if':
      return [expr.condition, expr.whenTrue, expr.whenFalse];
    case 'get':
    case 'has':
    case 'like':
    case 'is':
      return [expr.of];
    case 'set':
      return expr.items;
    case 'record':
      return [...expr.fields.values()];
    case 'call':
      return expr.args;
  }
}
