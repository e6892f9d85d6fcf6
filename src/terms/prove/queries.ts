/**
 * The questions that are worth asking of policies, each as the claim of a request that would answer
 * it with no.
 */
import {
  all,
  allows,
  any,
  type Claim,
  errs,
  matches,
  no,
  type PolicySet,
  type SourcedPolicy,
} from './claim.ts';

/** No request is denied. */
export function alwaysAllows(policies: PolicySet): Claim {
  return no(allows(policies));
}

/** No request is allowed. */
export function alwaysDenies(policies: PolicySet): Claim {
  return allows(policies);
}

/** `b` allows whatever `a` allows. */
export function implies(a: PolicySet, b: PolicySet): Claim {
  return all(allows(a), no(allows(b)));
}

/** Both allow the same. */
export function equivalent(a: PolicySet, b: PolicySet): Claim {
  return any(implies(a, b), implies(b, a));
}

/** Nothing is allowed by both. */
export function disjoint(a: PolicySet, b: PolicySet): Claim {
  return all(allows(a), allows(b));
}

/** The policy has a value for every request. */
export function neverErrors(policy: SourcedPolicy): Claim {
  return errs(policy);
}

/** The policy applies to no request. */
export function vacuous(policy: SourcedPolicy): Claim {
  return matches(policy);
}
