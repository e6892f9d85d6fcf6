/**
 * Strict validation by our own type checker. Packs are validated by the official engine; this
 * verdict must be the same, since the prover builds on the types behind it.
 */
import { type Expr, type Policy, partsOf } from '../policy.ts';
import { entityKey } from '../value.ts';
import { PolicyTypeError } from './operators.ts';
import { policyExpressions, typecheckPolicy } from './policy.ts';
import { type CedarSchema, requestTypes } from './schema.ts';

/** Why the policy is not valid for the schema; undefined when it is. */
export function validationError(policy: Policy, schema: CedarSchema): string | undefined {
  const unknown = policyExpressions(policy).map((expr) => unknownName(expr, schema));
  const found = unknown.find((name) => name !== undefined);
  if (found !== undefined) return `the schema has no \`${found}\``;
  try {
    for (const request of requestTypes(schema)) typecheckPolicy(policy, schema, request);
  } catch (error) {
    if (error instanceof PolicyTypeError) return error.message;
    throw error;
  }
  return undefined;
}

/** Names are checked in branches too that types rule out. */
function unknownName(expr: Expr, schema: CedarSchema): string | undefined {
  if (expr.op === 'entity') {
    const { type, id } = expr.entity;
    const known = schema.entities.get(type);
    const isKnown = known ? (known.ids?.has(id) ?? true) : schema.actions.has(entityKey(type, id));
    return isKnown ? undefined : `${type}::${JSON.stringify(id)}`;
  }
  if (expr.op === 'is' && !isType(expr.type, schema)) return expr.type;
  for (const part of partsOf(expr)) {
    const found = unknownName(part, schema);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isType(name: string, { entities, actions }: CedarSchema): boolean {
  return entities.has(name) || [...actions.values()].some(({ action }) => action.type === name);
}
