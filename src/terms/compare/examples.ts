/**
 * Found differences as someone reads them: by clause, and of the examples only those that show what
 * no simpler one does.
 */
import type { Clause } from '../clauses.ts';
import { literal } from '../literal.ts';
import type { Pack } from '../pack.ts';
import type { EnvironmentName } from '../prove/analyze.ts';
import { type Effect, permitsOf } from '../prove/pack-policies.ts';
import { requestOfCall } from '../prove/replay.ts';
import { lookedAtBy, requestSentence } from '../prove/sentence.ts';
import { isPlain } from '../prove/words.ts';
import type { ReferenceCall } from '../reference.ts';
import type { PackRule } from '../rules.ts';
import type { Entity, Fields, Value } from '../value.ts';
import { type Found, other, type Reason, type Side } from './differences.ts';

/** One clause by which one of two packs allows less, in one way. */
export interface Difference {
  /** Which of the two allows more. */
  readonly freer: Side;
  readonly effects: Readonly<Record<Side, Effect>>;
  readonly reason: Reason;
  /** Whose clause and rules these are. */
  readonly of: Side;
  readonly clause: Clause;
  /** Ids of all rules, red lines among them, that make the difference. */
  readonly rules: readonly string[];
  /** The approvals that would lift them. */
  readonly approvals: readonly string[];
  readonly examples: readonly Example[];
}

export interface Example {
  readonly sentence: string;
  readonly rules: readonly string[];
  /** Each kind of call for which it is one; the first is the request's own. */
  readonly environments: readonly EnvironmentName[];
  readonly request: ReferenceCall;
}

type Packs = Readonly<Record<Side, Pack>>;

/** By the order of each text, what the second allows more of last. */
export function differencesByClause(found: readonly Found[], packs: Packs): readonly Difference[] {
  const groups = Map.groupBy(telling(found), ({ freer, effects, reason, rules }) =>
    JSON.stringify([freer, effects, reason, rules[0]?.clause]),
  );
  const place = ({ of, clause }: Difference): number =>
    packs[of].manifest.clauses.find(({ id }) => id === clause.id)?.start ?? 0;
  return [...groups.values()]
    .flatMap((group) => differenceOf(group, packs))
    .sort((a, b) => (a.freer === b.freer ? place(a) - place(b) : a.freer < b.freer ? -1 : 1));
}

/** What a request is beside the kind of call: each line a fact that it needs. */
interface Shown {
  readonly found: Found;
  readonly circumstances: ReadonlySet<string>;
}

/** Without those whose every rule another example shows as well, and more simply. */
function telling(found: readonly Found[]): readonly Found[] {
  const shown = found
    .map((found): Shown => ({ found, circumstances: circumstancesOf(found.request) }))
    .sort((a, b) => a.circumstances.size - b.circumstances.size);
  const left = new Set(shown);
  for (const one of shown) {
    const isTold = (rule: PackRule): boolean =>
      [...left].some((simpler) => simpler.found.rules.includes(rule) && isSimpler(simpler, one));
    if (one.found.rules.every(isTold)) left.delete(one);
  }
  const isLeft = new Set([...left].map(({ found }) => found));
  return found.filter((one) => isLeft.has(one));
}

/** Whether the one makes the other needless, of two that show the same rule. */
function isSimpler({ found: a, circumstances: needed }: Shown, { found: b, circumstances }: Shown) {
  if (a.freer !== b.freer || a.reason !== b.reason) return false;
  if (needed.size >= circumstances.size) return false;
  if (a.effects[a.freer] === b.effects[b.freer]) return needed.isSubsetOf(circumstances);
  // That force is held, and not denied, tells nothing of persons.
  if (a.effects[a.freer] === 'permit') return true;
  // That what is held is permitted once it is approved needs no telling.
  const extra = [...circumstances.difference(needed)];
  return extra.every((fact) => fact.startsWith('context.approvals '));
}

function differenceOf(group: readonly Found[], packs: Packs): readonly Difference[] {
  const [any] = group;
  const [rule] = any?.rules ?? [];
  if (!any || !rule) return [];
  const { freer, effects, reason } = any;
  const of = reason === 'forbids' || reason === 'errs' ? other(freer) : freer;
  const clause = packs[of].clauses.get(rule.clause);
  if (!clause) return [];
  const rules = [...new Set(group.flatMap((found) => found.rules))];
  const difference = {
    freer,
    effects,
    reason,
    of,
    clause,
    rules: rules.map(({ policy }) => policy.id),
    approvals: [...new Set(rules.flatMap(({ hold }) => hold ?? []))],
    examples: examplesOf(group, packs),
  };
  return [difference];
}

/** Those that are the same but for the kind of call are one. */
function examplesOf(found: readonly Found[], packs: Packs): readonly Example[] {
  const alike = Map.groupBy(found, ({ request }) =>
    [...circumstancesOf(request)].sort().join('\n'),
  );
  return [...alike.values()].flatMap((group): Example[] => {
    const [one] = group;
    if (!one) return [];
    const rules = [...new Set(group.flatMap((example) => example.rules))];
    // What nothing permits is an example for each rule that might have.
    const about =
      one.reason === 'does not permit' ? permitsOf(packs[other(one.freer)].rules) : one.rules;
    return [
      {
        sentence: requestSentence(one.request, lookedAtBy(about)),
        rules: rules.map(({ policy }) => policy.id),
        environments: group.map(({ environment }) => environment),
        request: one.request,
      },
    ];
  });
}

/** What is not as plain as it could be, a line for each member of a set; made-up names left out. */
function circumstancesOf(call: ReferenceCall): ReadonlySet<string> {
  const request = requestOfCall(call);
  const facts = new Set<string>();
  if (!request) return facts;
  const addFields = (of: string, fields: Fields): void => {
    for (const [name, value] of Object.entries(fields)) addValue(`${of}.${name}`, value);
  };
  const addValue = (at: string, value: Value | undefined): void => {
    if (value === undefined) return;
    if (typeof value === 'object' && value.kind === 'entity') {
      facts.add(at);
      addEntity(at, value);
    } else if (typeof value === 'object' && value.kind === 'set') {
      for (const item of value.items) facts.add(`${at} ${withoutMadeUp(literal(item))}`);
    } else if (!isPlain(value)) facts.add(`${at} ${withoutMadeUp(literal(value))}`);
  };
  const seen = new Set<string>();
  const addEntity = (at: string, { key, facts: known }: Entity): void => {
    if (seen.has(key) || !known) return;
    seen.add(key);
    addFields(at, known.attributes);
    addFields(`${at} tag`, known.tags);
    for (const group of known.ancestors.values()) facts.add(`${at} in ${literal(group)}`);
  };
  addEntity('principal', request.principal);
  addEntity('resource', request.resource);
  addFields('context', request.context.fields);
  // A call has no such attributes as its kind has always.
  for (const always of ['context.model', 'context.model.provider', 'resource.provider']) {
    facts.delete(always);
  }
  return facts;
}

function withoutMadeUp(text: string): string {
  return text.replace(/"[a-z]+-\d+"/g, '"…"');
}
