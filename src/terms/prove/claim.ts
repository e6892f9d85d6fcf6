/**
 * What is asked of a request: which policies match it, which err on it, and what follows. One claim
 * is a term for the solver and a test for the evaluators.
 */
import type { Policy } from '../policy.ts';
import type { EncodedPolicy } from './encode.ts';
import { and, not, or, type Term } from './smt.ts';

export interface SourcedPolicy {
  readonly policy: Policy;
  /** As the official engine reads it. */
  readonly text: string;
}

export type PolicySet = readonly SourcedPolicy[];

export type Claim =
  | { readonly op: 'matches' | 'errs'; readonly policy: SourcedPolicy }
  | { readonly op: 'not'; readonly of: Claim }
  | { readonly op: 'all' | 'any'; readonly of: readonly Claim[] };

export type Outcome = 'matches' | 'errs' | 'neither';

export function matches(policy: SourcedPolicy): Claim {
  return { op: 'matches', policy };
}

export function errs(policy: SourcedPolicy): Claim {
  return { op: 'errs', policy };
}

export function no(of: Claim): Claim {
  return { op: 'not', of };
}

export function all(...of: readonly Claim[]): Claim {
  return { op: 'all', of };
}

export function any(...of: readonly Claim[]): Claim {
  return { op: 'any', of };
}

/** As Cedar decides: a policy that errs is skipped. */
export function allows(policies: PolicySet): Claim {
  const [permits, forbids] = byEffect(policies);
  return all(any(...permits.map(matches)), no(any(...forbids.map(matches))));
}

/** As Proviso decides: a policy that errs denies. INVARIANT (5) */
export function permits(policies: PolicySet): Claim {
  return all(allows(policies), no(any(...policies.map(errs))));
}

export function policiesOf(claim: Claim): ReadonlySet<SourcedPolicy> {
  switch (claim.op) {
    case 'matches':
    case 'errs':
      return new Set([claim.policy]);
    case 'not':
      return policiesOf(claim.of);
    case 'all':
    case 'any':
      return new Set(claim.of.flatMap((part) => [...policiesOf(part)]));
  }
}

export function claimTerm(claim: Claim, encoded: ReadonlyMap<SourcedPolicy, EncodedPolicy>): Term {
  switch (claim.op) {
    case 'matches':
    case 'errs': {
      const policy = encoded.get(claim.policy);
      if (!policy) throw new Error(`not encoded: ${claim.policy.policy.id}`);
      return policy[claim.op];
    }
    case 'not':
      return not(claimTerm(claim.of, encoded));
    case 'all':
      return and(...claim.of.map((part) => claimTerm(part, encoded)));
    case 'any':
      return or(...claim.of.map((part) => claimTerm(part, encoded)));
  }
}

export function isTrue(claim: Claim, outcomeOf: (policy: SourcedPolicy) => Outcome): boolean {
  switch (claim.op) {
    case 'matches':
    case 'errs':
      return outcomeOf(claim.policy) === claim.op;
    case 'not':
      return !isTrue(claim.of, outcomeOf);
    case 'all':
      return claim.of.every((part) => isTrue(part, outcomeOf));
    case 'any':
      return claim.of.some((part) => isTrue(part, outcomeOf));
  }
}

function byEffect(policies: PolicySet): readonly [PolicySet, PolicySet] {
  const of = (effect: Policy['effect']): PolicySet =>
    policies.filter(({ policy }) => policy.effect === effect);
  return [of('permit'), of('forbid')];
}
