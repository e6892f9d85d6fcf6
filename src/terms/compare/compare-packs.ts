/**
 * What one terms pack permits that another does not, and the reverse, by proof: what was agreed on
 * top, then each clause that makes a difference with the fewest examples that show it. For people
 * and as data: docs/spec/terms.md
 */

import type { Clause } from '../clauses.ts';
import type { Pack } from '../pack.ts';
import { type Expr, partsOf } from '../policy.ts';
import type { EnvironmentName } from '../prove/analyze.ts';
import { environmentName } from '../prove/analyze.ts';
import type { Effect } from '../prove/pack-policies.ts';
import { Prover } from '../prove/prover.ts';
import { requestSentence } from '../prove/sentence.ts';
import type { Solver } from '../prove/solver.ts';
import { requestWords } from '../prove/words.ts';
import type { ReferenceCall } from '../reference.ts';
import type { PackRule } from '../rules.ts';
import { type AgreementChange, agreementChanges } from './agreement.ts';
import { type BoundChange, boundChanges } from './bounds.ts';
import { type ClauseChange, clauseChanges } from './clauses.ts';
import {
  differences,
  type Environment,
  type Found,
  other,
  type Reason,
  type Side,
  type Unknown,
} from './differences.ts';
import { commonSchema } from './schemas.ts';
import { type VocabularyChange, vocabularyChanges } from './vocabulary.ts';

export interface PackComparison {
  /** `unknown` where something could not be proven either way, whatever else was found. */
  readonly verdict: 'equivalent' | 'differ' | 'unknown';
  readonly redLines: readonly BoundChange[];
  readonly assurances: readonly BoundChange[];
  readonly clauses: readonly ClauseChange[];
  readonly vocabulary: readonly VocabularyChange[];
  readonly agreement: readonly AgreementChange[];
  readonly differences: readonly Difference[];
  readonly unknown: readonly Unknown[];
}

/** One clause by which one of the two allows less, in one way. */
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
  /** The approvals that lift them, where all are holds. */
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

/** @param report is told how many of the searches are done */
export async function comparePacks(
  first: Pack,
  second: Pack,
  solver: Solver,
  report: (done: number, total: number) => void,
): Promise<PackComparison> {
  const schema = commonSchema(first.schema, second.schema);
  const prover = new Prover(schema.text, solver);
  const unknown: Unknown[] = [];
  const environments = [...prover.environments].sort(byInterest).flatMap((type): Environment[] => {
    const knownTo = schema.knownTo(type);
    if (knownTo !== 'differently') return [{ type, knownTo }];
    const reason = 'the two schemas say different things about such calls';
    unknown.push({ environment: environmentName(type, prover), reason });
    return [];
  });
  const shared = environments.flatMap(({ type, knownTo }) => (knownTo === 'both' ? [type] : []));
  const rules = { first: inForce(first), second: inForce(second) };
  const [search, redLines, assurances] = await Promise.all([
    differences({ rules, environments, prover, schema: schema.text }, report),
    boundChanges(first.redLines, second.redLines, prover, shared),
    boundChanges(first.assurances, second.assurances, prover, shared),
  ]);
  unknown.push(...search.unknown);
  const told = {
    redLines,
    assurances,
    clauses: clauseChanges(first, second),
    vocabulary: vocabularyChanges(first, second),
    agreement: agreementChanges(first, second),
    differences: grouped(search.found, { first, second }),
  };
  const isAlike = Object.values(told).every((changes) => changes.length === 0);
  const isUnknown =
    unknown.length > 0 || [...redLines, ...assurances].some(({ change }) => change === 'unknown');
  const verdict = isUnknown ? 'unknown' : isAlike ? 'equivalent' : 'differ';
  return { verdict, ...told, unknown };
}

/** Red lines are decided with the rules. */
function inForce({ rules, redLines }: Pack): readonly PackRule[] {
  return [...rules, ...redLines];
}

/** What people ask for most tells most. */
function byInterest(a: Environment['type'], b: Environment['type']): number {
  const rank = ({ action }: Environment['type']): number => {
    const at = ['generate', 'callTool', 'embed', 'countTokens'].indexOf(action.action.id);
    return at < 0 ? 4 : at;
  };
  return rank(a) - rank(b);
}

function grouped(
  found: readonly Found[],
  packs: Readonly<Record<Side, Pack>>,
): readonly Difference[] {
  const groups = Map.groupBy(found, ({ freer, effects, reason, rules }) =>
    JSON.stringify([freer, effects, reason, rules[0]?.clause]),
  );
  return [...groups.values()]
    .flatMap((group) => {
      const difference = differenceOf(group, packs);
      return difference ? [difference] : [];
    })
    .sort((a, b) => (a.freer === b.freer ? place(a, packs) - place(b, packs) : 0));
}

/** By the order of the text. */
function place({ of, clause }: Difference, packs: Readonly<Record<Side, Pack>>): number {
  return packs[of].manifest.clauses.find(({ id }) => id === clause.id)?.start ?? 0;
}

function differenceOf(
  group: readonly Found[],
  packs: Readonly<Record<Side, Pack>>,
): Difference | undefined {
  const [any] = group;
  const [rule] = any?.rules ?? [];
  if (!any || !rule) return undefined;
  const { freer, effects, reason } = any;
  const of = reason === 'forbids' || reason === 'errs' ? other(freer) : freer;
  const clause = packs[of].clauses.get(rule.clause);
  if (!clause) return undefined;
  const rules = [...new Set(group.flatMap((found) => found.rules))];
  const holds = rules.flatMap(({ hold }) => hold ?? []);
  return {
    freer,
    effects,
    reason,
    of,
    clause,
    rules: rules.map(({ policy }) => policy.id),
    approvals: [...new Set(holds)],
    examples: folded(group),
  };
}

/** Examples that are the same but for the kind of call are told once. */
function folded(found: readonly Found[]): readonly Example[] {
  const alike = Map.groupBy(found, ({ request }) => circumstances(request));
  return [...alike.values()].flatMap((group): Example[] => {
    const [one] = group;
    if (!one) return [];
    const rules = [...new Set(group.flatMap((example) => example.rules))];
    return [
      {
        sentence: requestSentence(one.request, attributesRead(one.rules)),
        rules: rules.map(({ policy }) => policy.id),
        environments: group.map(({ environment }) => environment),
        request: one.request,
      },
    ];
  });
}

/** All but who asks for what, without the names that the solver made up. */
function circumstances(request: ReferenceCall): string {
  const [, ...lines] = requestWords(request);
  return lines.join('\n').replace(/"[a-z]+-\d+"/g, '"…"');
}

function attributesRead(rules: readonly PackRule[]): ReadonlySet<string> {
  const read = new Set<string>();
  const visit = (expr: Expr): void => {
    if (expr.op === 'get' || expr.op === 'has') read.add(expr.attribute);
    for (const part of partsOf(expr)) visit(part);
  };
  for (const { policy } of rules) for (const condition of policy.conditions) visit(condition);
  return read;
}
