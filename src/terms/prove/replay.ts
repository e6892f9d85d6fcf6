/**
 * A found request put to both evaluators: the compiled rules, and the official engine, which also
 * checks that request and entities fit the schema. What does not replay is nobody's counterexample.
 */
import { compilePolicy } from '../compile.ts';
import { contextFromJson, entitiesFromJson, uidFromJson } from '../entities.ts';
import { askReference, type ReferenceCall } from '../reference.ts';
import { type Entity, EvaluationError, type Request } from '../value.ts';
import { type Claim, isTrue, type Outcome, policiesOf, type SourcedPolicy } from './claim.ts';

/** Its store also holds entities that only policies name. */
export interface ListedRequest extends Request {
  readonly entities: ReadonlyMap<string, Entity>;
}

/** Whether the claim is true of the request by the compiled rules. */
export function holdsCompiled(claim: Claim, request: Request): boolean {
  return isTrue(claim, (policy) => compiledOutcome(policy, request));
}

/** Whether the claim is true of the request by the official engine. */
export function holdsReference(claim: Claim, request: ListedRequest, schema: string): boolean {
  const outcomes = referenceOutcomes([...policiesOf(claim)], request, schema);
  return outcomes !== undefined && isTrue(claim, (policy) => outcomes.get(policy) ?? 'neither');
}

/** Undefined for what is no request. */
export function requestOfCall(call: ReferenceCall): ListedRequest | undefined {
  try {
    const listed = entitiesFromJson(call.entities);
    const of = (uid: ReferenceCall['principal']) => listed.get(uidFromJson(uid));
    return {
      principal: of(call.principal),
      action: of(call.action),
      resource: of(call.resource),
      context: contextFromJson(call.context, listed),
      entities: listed.entities,
    };
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

function compiledOutcome(policy: SourcedPolicy, request: Request): Outcome {
  const compiled = compiledPolicies.get(policy) ?? compilePolicy(policy.policy);
  compiledPolicies.set(policy, compiled);
  try {
    return compiled.isSatisfied(request) ? 'matches' : 'neither';
  } catch (error) {
    if (error instanceof EvaluationError) return 'errs';
    throw error;
  }
}

const compiledPolicies = new WeakMap<SourcedPolicy, ReturnType<typeof compilePolicy>>();

/**
 * Permits and forbids apart, since the engine names only those that determined its decision.
 * Undefined where it refuses the request.
 */
function referenceOutcomes(
  policies: readonly SourcedPolicy[],
  request: ListedRequest,
  schema: string,
): ReadonlyMap<SourcedPolicy, Outcome> | undefined {
  const outcomes = new Map<SourcedPolicy, Outcome>();
  for (const effect of ['permit', 'forbid']) {
    const asked = policies.filter(({ policy }) => policy.effect === effect);
    const texts = Object.fromEntries(asked.map(({ text }, i) => [`p${i}`, text]));
    try {
      const answer = askReference(texts, request, [...request.entities.values()], schema);
      for (const [i, policy] of asked.entries()) {
        if (answer.reasons.includes(`p${i}`)) outcomes.set(policy, 'matches');
        if (answer.errors.includes(`p${i}`)) outcomes.set(policy, 'errs');
      }
    } catch {
      return undefined;
    }
  }
  return outcomes;
}
