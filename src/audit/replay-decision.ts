/**
 * One decision, computed again from the facts that were recorded with it: INVARIANT (10). The facts
 * are every question that was put to the terms, in order: of a call, for each target what was asked
 * about the call itself and then about each tool that would run inside the provider, up to the
 * first refusal; of a tool call in an answer, the one about it.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import { beyondTerms } from '#terms/bounds.ts';
import { type Decision, decide } from '#terms/decide.ts';
import { type Facts, parseFacts } from '#terms/facts.ts';
import type { Terms } from '#terms/terms.ts';

/** What a decision entry says in the open and the facts decide. */
export interface DecidedPublicly {
  readonly action: string;
  readonly effect: string;
  readonly code?: string | undefined;
  readonly purpose?: string | undefined;
  readonly rules: readonly string[];
  /** `provider/model` of each target. */
  readonly targets: readonly string[];
  readonly toolClass?: string | undefined;
}

export interface Difference {
  readonly field: keyof DecidedPublicly;
  readonly recorded: JsonValue;
  readonly computed: JsonValue;
}

/**
 * @param kept the private value `facts`
 * @throws ProvisoError `invalid_request` where the facts are not facts
 */
export function replayDecision(kept: JsonValue, terms: Terms): DecidedPublicly {
  const questions = (Array.isArray(kept) ? kept : [kept]).map(parseFacts);
  const answers = questions.map((facts) => ({ facts, decision: decisionOf(facts, terms) }));
  let permit: Decision | undefined;
  let refusal: Decision | undefined;
  const all: string[] = [];
  const permitted: string[] = [];
  for (const [first, ...inside] of byTarget(answers)) {
    const target = targetOf(first.facts);
    all.push(target);
    const refused = [first, ...inside].find(({ decision }) => decision.effect !== 'permit');
    if (refused) refusal ??= refused.decision;
    else {
      permit ??= first.decision;
      permitted.push(target);
    }
  }
  const decision = permit ?? refusal ?? NOTHING_ASKED;
  const [asked] = questions;
  return {
    action: asked?.operation ?? '',
    effect: decision.effect,
    code: decision.code,
    purpose: asked?.purpose?.id,
    rules: decision.rules.map(({ id }) => id),
    targets: permit ? permitted : all,
    toolClass:
      asked?.operation === 'call_tool'
        ? terms.toolClasses.classesOf(asked.tool.name).join(' ')
        : undefined,
  };
}

/** What the entry says otherwise. */
export function differencesFrom(recorded: JsonObject, computed: DecidedPublicly): Difference[] {
  const fields = Object.keys(computed) as (keyof DecidedPublicly)[];
  return fields
    .map((field) => ({
      field,
      recorded: recorded[field] ?? null,
      computed: (computed[field] as JsonValue | undefined) ?? null,
    }))
    .filter((each) => JSON.stringify(each.recorded) !== JSON.stringify(each.computed));
}

interface Answer {
  readonly facts: Facts;
  readonly decision: Decision;
}

/** INVARIANT (5): no question is no permit. */
const NOTHING_ASKED: Decision = { effect: 'deny', rules: [], errors: [] };

function decisionOf(facts: Facts, terms: Terms): Decision {
  return beyondTerms(facts) ?? decide(facts, terms).decision;
}

/** A question about a tool inside the provider belongs to the call that was asked about before it. */
function byTarget(answers: readonly Answer[]): [Answer, ...Answer[]][] {
  const targets: [Answer, ...Answer[]][] = [];
  for (const answer of answers) {
    const { facts } = answer;
    const isInside = facts.operation === 'call_tool' && facts.runsAt === 'provider';
    const target = targets.at(-1);
    if (isInside && target) target.push(answer);
    else targets.push([answer]);
  }
  return targets;
}

function targetOf({ model }: Facts): string {
  return `${model.provider}/${model.name}`;
}
