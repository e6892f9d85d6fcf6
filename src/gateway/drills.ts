/**
 * Drills: made-up actions that must be rejected, among the real ones and not to be told apart from
 * them: the same tool, caller, purpose and model, asked for by a decision of its own. What is shown
 * is a document and no action, so that nothing can release it. docs/spec/oversight.md
 */
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson } from '#base/json.ts';
import { makeDocument } from '#oversight/action.ts';
import type { Exercise } from '#oversight/exercises.ts';
import { type ActionHold, drillOpened, newHoldId } from '#oversight/hold.ts';
import { classifyToolCall } from '#signals/classify.ts';
import { beyondTerms } from '#terms/bounds.ts';
import { decide } from '#terms/decide.ts';
import { factsJson, parseFacts, type ToolCallFacts } from '#terms/facts.ts';
import { decisionEntry, outcomeEntry } from './entries.ts';
import type { Gateway } from './gateway.ts';
import { originOf, type ToolCallOrigin } from './hold-origin.ts';
import { requirementsOf } from './holds.ts';
import { contentOf } from './record.ts';

const PARTS = 1_000_000;

/**
 * After a real hold was opened: perhaps a drill like it comes some time later. Never throws, and
 * nothing waits for it.
 */
export function seedDrill(gateway: Gateway, like: ActionHold): void {
  const { rate, exercises, delayMsMax } = gateway.config.oversight.drills;
  const { shown } = like;
  if (shown.kind !== 'tool_call' || randomInt(PARTS) >= rate * PARTS) return;
  const fitting = exercises.filter(({ tool }) => tool === shown.tool.name);
  const exercise = fitting[randomInt(Math.max(1, fitting.length))];
  if (!exercise) return;
  sleep(randomInt(delayMsMax + 1), undefined, { ref: false })
    .then(() => (gateway.holds.isStopping ? undefined : openDrill(gateway, like, exercise)))
    .catch((err: unknown) => gateway.log.error({ err }, 'a drill could not be opened'));
}

/** @returns its id; undefined where the terms would not hold the exercise */
export async function openDrill(
  gateway: Gateway,
  like: ActionHold,
  exercise: Exercise,
): Promise<string | undefined> {
  const { ledger, holds, clock, log } = gateway;
  const origin = originOf(like);
  const { shown } = like;
  if (origin.kind !== 'tool_call' || shown.kind !== 'tool_call') return undefined;
  const { facts, decision, terms } = await decideExercise(gateway, origin, exercise);
  if (decision.effect !== 'hold') {
    log.warn({ tool: exercise.tool }, 'the terms do not hold this exercise: it teaches nothing');
    return undefined;
  }
  const requirements = requirementsOf(decision.rules, terms);
  const id = newHoldId();
  const document = makeDocument({
    ...shown,
    arguments: exercise.arguments,
    asks: requirements.map(({ approval }) => approval),
    expiresAt: clock.now() + Math.min(...requirements.map(({ withinMs }) => withinMs)),
    terms: terms.pack.hash,
  });
  const { model } = facts;
  const entry = await ledger.append(
    decisionEntry({
      action: 'call_tool',
      code: decision.code,
      effect: decision.effect,
      parent: undefined,
      protocol: origin.protocol,
      purpose: facts.purpose?.id,
      rules: decision.rules.map((rule) => rule.id),
      isStreamed: false,
      targets: [`${model.provider}/${model.name}`],
      terms: terms.pack.hash,
      toolClass: shown.tool.classes.join(' '),
      caller: facts.caller,
      facts: [factsJson(facts)],
      content: contentOf({ arguments: exercise.arguments }, gateway),
      vaultKey: origin.vaultKey,
    }),
  );
  const opened = drillOpened({ id, decision: entry, requirements }, document, exercise.why);
  const written = holds.write(opened, origin.vaultKey);
  await Promise.all([written, ledger.append(outcomeEntry(entry, { result: 'held', hold: id }))]);
  return id;
}

/** As the call that it looks like would be decided, with other arguments. */
async function decideExercise(
  { terms, detectors, clock }: Gateway,
  { facts: kept }: ToolCallOrigin,
  { tool, arguments: given }: Exercise,
) {
  const like = parseFacts(kept) as ToolCallFacts;
  const signals = await classifyToolCall(tool, canonicalJson(given), detectors, like.toolTopics);
  const facts: ToolCallFacts = { ...like, signals, instant: clock.now(), approvals: undefined };
  return { facts, terms, decision: beyondTerms(facts) ?? decide(facts, terms).decision };
}
