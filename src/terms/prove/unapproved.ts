/**
 * An assurance that asks for an approval is worth nothing where nobody is ever asked for it: a hold
 * that has become a denial. So of each such assurance there is a policy for the call before it was
 * approved, which must be held or permitted, and never denied.
 */
import { readPolicy } from '../engine.ts';
import type { PackRule } from '../rules.ts';
import { usesOf } from '../uses.ts';
import type { SourcedPolicy } from './claim.ts';

/** Undefined for an assurance that asks for none, or not as a set that holds certain names. */
export function unapproved(rule: PackRule): SourcedPolicy | undefined {
  const known = made.get(rule);
  if (known) return known;
  const signs = [...usesOf(rule).approval.values()].flatMap((some) => [...some]);
  if (signs.length === 0 || signs.includes(-1)) return undefined;
  const text = rule.source.text
    .replace(ASKS, 'true')
    .replace(/;\s*$/, '\nwhen { context.approvals.isEmpty() };');
  const policy = { policy: readPolicy(text, { id: rule.policy.id }), text };
  made.set(rule, policy);
  return policy;
}

const made = new WeakMap<PackRule, SourcedPolicy>();

const NAMES = '(?:"[^"]*"|\\[[^\\]]*\\])';
const ASKS = new RegExp(
  `context\\s*\\.\\s*approvals\\s*\\.\\s*contains(?:All|Any)?\\s*\\(\\s*${NAMES}\\s*,?\\s*\\)`,
  'g',
);
