/** The rules of a pack as the prover takes them, and the decisions they lead to as claims. */
import type { PackRule } from '../rules.ts';
import { all, any, type Claim, errs, matches, no, type PolicySet, permits } from './claim.ts';

/** As decide.ts decides. */
export type Effect = 'permit' | 'hold' | 'deny';

/** The same object for a rule each time, since policies are told apart by it. */
export function sourced(rule: PackRule): PolicySet[number] {
  const known = sources.get(rule) ?? { policy: rule.policy, text: rule.source.text };
  sources.set(rule, known);
  return known;
}

const sources = new WeakMap<PackRule, PolicySet[number]>();

export function policySet(rules: readonly PackRule[]): PolicySet {
  return rules.map(sourced);
}

export function matchesRule(rule: PackRule): Claim {
  return matches(sourced(rule));
}

export function errsRule(rule: PackRule): Claim {
  return errs(sourced(rule));
}

/** That the rules, all that are in force, lead to this decision. */
export function decides(effect: Effect, rules: readonly PackRule[]): Claim {
  switch (effect) {
    case 'permit':
      return permits(policySet(rules));
    case 'hold':
      return all(no(isDenied(rules)), isHeld(rules));
    case 'deny':
      return any(isDenied(rules), all(no(isHeld(rules)), no(anyMatches(permitsOf(rules)))));
  }
}

export function permitsOf(rules: readonly PackRule[]): readonly PackRule[] {
  return rules.filter(({ policy }) => policy.effect === 'permit');
}

/** The forbids that no approval lifts. */
export function denialsOf(rules: readonly PackRule[]): readonly PackRule[] {
  return rules.filter(({ policy, hold }) => policy.effect === 'forbid' && hold === undefined);
}

export function holdsOf(rules: readonly PackRule[]): readonly PackRule[] {
  return rules.filter(({ policy, hold }) => policy.effect === 'forbid' && hold !== undefined);
}

function isDenied(rules: readonly PackRule[]): Claim {
  return any(...rules.map(errsRule), ...denialsOf(rules).map(matchesRule));
}

function isHeld(rules: readonly PackRule[]): Claim {
  return anyMatches(holdsOf(rules));
}

export function anyMatches(rules: readonly PackRule[]): Claim {
  return any(...rules.map(matchesRule));
}
