/**
 * Red lines and assurances that are not the same in two packs. What binds every later version is
 * compared by what it matches, not by its text.
 */

import { all, any, type Claim, no } from '../prove/claim.ts';
import { matchesRule } from '../prove/pack-policies.ts';
import type { Answer, Prover } from '../prove/prover.ts';
import { lookedAtBy, requestSentence } from '../prove/sentence.ts';
import type { ReferenceCall } from '../reference.ts';
import type { PackRule } from '../rules.ts';
import type { RequestType } from '../typing/schema.ts';
import type { Side } from './differences.ts';

export interface BoundChange {
  readonly id: string;
  readonly change:
    | 'only in the first'
    | 'only in the second'
    /** Matches more there, or less, or neither all nor only what it matched. */
    | 'wider in the second'
    | 'narrower in the second'
    | 'other in the second'
    /** Matches the same. */
    | 'written otherwise'
    | 'unknown';
  /** As the packs that have it have it. */
  readonly first?: Bound | undefined;
  readonly second?: Bound | undefined;
  /** Where only one has it: whether others there match all that it matches. */
  readonly isKept?: boolean | undefined;
  /** What it matches in one pack, and nothing of its kind matches in the other. */
  readonly example?: BoundExample | undefined;
}

export interface BoundExample {
  readonly in: Side;
  readonly sentence: string;
  readonly request: ReferenceCall;
}

export interface Bound {
  readonly clause: string;
  /** The approval that lifts it. */
  readonly hold?: string | undefined;
}

type Bounds = readonly PackRule[];

/** @param environments those that both packs know */
export async function boundChanges(
  first: Bounds,
  second: Bounds,
  prover: Prover,
  environments: readonly RequestType[],
): Promise<readonly BoundChange[]> {
  const ask = (claim: Claim): Promise<Answer> => anywhere(claim, prover, environments);
  const ids = new Set([...first, ...second].map(({ policy }) => policy.id));
  const changes = [...ids].map(async (id): Promise<readonly BoundChange[]> => {
    const [a, b] = [first, second].map((rules) => rules.find(({ policy }) => policy.id === id));
    if (a && b) return a.source.text === b.source.text ? [] : [await changed(a, b, ask)];
    if (a) return [await onlyOne(a, 'first', second, ask)];
    return b ? [await onlyOne(b, 'second', first, ask)] : [];
  });
  return (await Promise.all(changes)).flat();
}

type Ask = (claim: Claim) => Promise<Answer>;

async function changed(a: PackRule, b: PackRule, ask: Ask): Promise<BoundChange> {
  const [lost, won] = await Promise.all([
    ask(all(matchesRule(a), no(matchesRule(b)))),
    ask(all(matchesRule(b), no(matchesRule(a)))),
  ]);
  const both = { id: a.policy.id, first: bound(a), second: bound(b) };
  if (lost.result === 'unknown' || won.result === 'unknown') return { ...both, change: 'unknown' };
  if (lost.result === 'found') {
    const example = exampleOf(a, 'first', lost.request);
    const change = won.result === 'found' ? 'other in the second' : 'narrower in the second';
    return { ...both, change, example };
  }
  if (won.result === 'none') return { ...both, change: 'written otherwise' };
  return {
    ...both,
    change: 'wider in the second',
    example: exampleOf(b, 'second', won.request),
  };
}

async function onlyOne(rule: PackRule, side: Side, others: Bounds, ask: Ask): Promise<BoundChange> {
  const answer = await ask(all(matchesRule(rule), no(any(...others.map(matchesRule)))));
  const alone = { id: rule.policy.id, [side]: bound(rule) };
  if (answer.result === 'unknown') return { ...alone, change: 'unknown' };
  const change = side === 'first' ? 'only in the first' : 'only in the second';
  if (answer.result === 'none') return { ...alone, change, isKept: true };
  return { ...alone, change, isKept: false, example: exampleOf(rule, side, answer.request) };
}

function exampleOf(rule: PackRule, side: Side, request: ReferenceCall): BoundExample {
  return { in: side, sentence: requestSentence(request, lookedAtBy([rule])), request };
}

function bound({ clause, hold }: PackRule): Bound {
  return { clause, ...(hold === undefined ? {} : { hold }) };
}

/** Of any kind of request; unknown where no kind has one and one is unknown. */
async function anywhere(
  claim: Claim,
  prover: Prover,
  environments: readonly RequestType[],
): Promise<Answer> {
  let unknown: Answer | undefined;
  for (const environment of environments) {
    const answer = await prover.find(claim, environment);
    if (answer.result === 'found') return answer;
    if (answer.result === 'unknown') unknown = answer;
  }
  return unknown ?? { result: 'none' };
}
