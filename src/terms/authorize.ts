/**
 * The authorizer: which policies apply to a request, and what follows.
 * https://docs.cedarpolicy.com/auth/authorization.html
 *
 * Policies are kept by what their heads name, so that a decision looks only at those that can
 * apply, however many others there are:
 *
 *   action → its policies:  head names nothing else      → always looked at
 *                           head names a principal       → by that entity, group or type
 *                           head names only a resource   → by that entity, group or type
 */
import { type CompiledPolicy, compilePolicy } from './compile.ts';
import type { EntityUid, Policy, Scope } from './policy.ts';
import { type Entity, EvaluationError, entityKey, type Request } from './value.ts';

export interface Authorization {
  readonly decision: 'allow' | 'deny';
  /** The policies that determined it, in the order of the policies; none for a default deny. */
  readonly reasons: readonly Policy[];
  /** The policies that could not be evaluated. Cedar skips them; Proviso does not. */
  readonly errors: readonly PolicyError[];
}

interface PolicyError {
  readonly policy: Policy;
  readonly message: string;
}

export type Authorize = (request: Request) => Authorization;

/** Never throws for what a policy does. */
export function compilePolicies(policies: readonly Policy[]): Authorize {
  const compiled = policies.map((policy, order) => ({ ...compilePolicy(policy), order }));
  const byAction = new WeakMap<Entity, ActionPolicies>();
  return (request) => {
    let candidates = byAction.get(request.action);
    if (!candidates) {
      candidates = policiesOfAction(compiled, request);
      byAction.set(request.action, candidates);
    }
    return authorize(candidates, request);
  };
}

interface Ordered extends CompiledPolicy {
  readonly order: number;
}

interface ActionPolicies {
  readonly always: readonly Ordered[];
  readonly byPrincipal: Anchored;
  readonly byResource: Anchored;
}

/** Policies by the key or the type that their head names. */
type Anchored = ReadonlyMap<string, readonly Ordered[]>;

function policiesOfAction(compiled: readonly Ordered[], request: Request): ActionPolicies {
  const always: Ordered[] = [];
  const byPrincipal = new Map<string, Ordered[]>();
  const byResource = new Map<string, Ordered[]>();
  for (const candidate of compiled) {
    const { action, principal, resource } = candidate.policy;
    if (!canBeAction(action, request.action)) continue;
    if (principal.op !== 'any') anchor(byPrincipal, principal, candidate);
    else if (resource.op !== 'any') anchor(byResource, resource, candidate);
    else always.push(candidate);
  }
  return { always, byPrincipal, byResource };
}

function canBeAction(scope: Scope, action: Entity): boolean {
  if (scope.op === 'any') return true;
  return anchorsOf(scope).some((key) => key === action.key || action.facts?.ancestors.has(key));
}

function anchor(map: Map<string, Ordered[]>, scope: Scope, candidate: Ordered): void {
  for (const key of new Set(anchorsOf(scope))) {
    const list = map.get(key);
    if (list) list.push(candidate);
    else map.set(key, [candidate]);
  }
}

/** A type has no quotation mark and an entity's key has one, so that both share a map. */
function anchorsOf(scope: Scope): readonly string[] {
  const keyOf = ({ type, id }: EntityUid): string => entityKey(type, id);
  switch (scope.op) {
    case 'any':
      return [];
    case 'equals':
      return [keyOf(scope.entity)];
    case 'in':
      return scope.entities.map(keyOf);
    case 'is':
      return [scope.type];
    case 'is-in':
      return [keyOf(scope.entity)];
  }
}

interface Outcome {
  permits: Ordered[];
  forbids: Ordered[];
  errors: { readonly at: Ordered; readonly message: string }[];
}

function authorize(candidates: ActionPolicies, request: Request): Authorization {
  const outcome: Outcome = { permits: [], forbids: [], errors: [] };
  evaluateAll(candidates.always, request, outcome);
  evaluateAnchored(candidates.byPrincipal, request.principal, request, outcome);
  evaluateAnchored(candidates.byResource, request.resource, request, outcome);
  const isAllowed = outcome.forbids.length === 0 && outcome.permits.length > 0;
  return {
    decision: isAllowed ? 'allow' : 'deny',
    reasons: inOrder(isAllowed ? outcome.permits : outcome.forbids),
    errors: outcome.errors
      .sort((a, b) => a.at.order - b.at.order)
      .map(({ at, message }) => ({ policy: at.policy, message })),
  };
}

function evaluateAnchored(
  anchored: Anchored,
  to: Entity,
  request: Request,
  outcome: Outcome,
): void {
  if (anchored.size === 0) return;
  evaluateAll(anchored.get(to.type), request, outcome);
  evaluateAll(anchored.get(to.key), request, outcome);
  if (!to.facts) return;
  for (const ancestor of to.facts.ancestors.keys()) {
    evaluateAll(anchored.get(ancestor), request, outcome);
  }
}

function evaluateAll(
  policies: readonly Ordered[] | undefined,
  request: Request,
  outcome: Outcome,
): void {
  if (!policies) return;
  for (const candidate of policies) {
    try {
      if (!candidate.isSatisfied(request)) continue;
      if (candidate.policy.effect === 'permit') outcome.permits.push(candidate);
      else outcome.forbids.push(candidate);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      outcome.errors.push({ at: candidate, message: error.message });
    }
  }
}

function inOrder(policies: Ordered[]): readonly Policy[] {
  if (policies.length > 1) policies.sort((a, b) => a.order - b.order);
  return policies.map(({ policy }) => policy);
}
