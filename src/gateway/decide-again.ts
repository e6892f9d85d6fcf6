/**
 * The second decision on a held tool call, when it is about to be done: under the terms in force,
 * with the caller and the purpose as they are now, with the signals found anew, and with the
 * approvals as facts.
 */
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import type { Caller } from '#caller/ring.ts';
import { deliveredArguments, type ToolCallAction } from '#oversight/action.ts';
import type { ActionHold } from '#oversight/hold.ts';
import { declarePurpose } from '#purpose/declare.ts';
import { classifyToolCall, type Signals } from '#signals/classify.ts';
import { beyondTerms } from '#terms/bounds.ts';
import { type Decision, decide } from '#terms/decide.ts';
import { parseFacts, type ToolCallFacts } from '#terms/facts.ts';
import type { Terms } from '#terms/terms.ts';
import type { Gateway } from './gateway.ts';
import type { ToolCallOrigin } from './hold-origin.ts';

export interface SecondDecision {
  readonly decision: Decision;
  readonly caller: Caller;
  readonly facts: ToolCallFacts;
  readonly terms: Terms;
}

/**
 * @throws ProvisoError `caller_revoked`, `caller_expired`, `purpose_unknown`, `purpose_ended`: whoever
 *   asked could not ask any more
 */
export async function decideAgain(
  hold: ActionHold,
  action: ToolCallAction,
  origin: ToolCallOrigin,
  gateway: Gateway,
): Promise<SecondDecision> {
  const asked = parseFacts(origin.facts);
  if (asked.operation !== 'call_tool') {
    throw new ProvisoError('ledger_corrupt', `Entry ${hold.entry} has facts of another action.`);
  }
  let { terms } = gateway;
  let signals = await signalsNow(action, origin, gateway);
  // Where others came into force meanwhile: what those ask about was not looked for.
  while (terms !== gateway.terms) {
    ({ terms } = gateway);
    signals = await signalsNow(action, origin, gateway);
  }
  const instant = gateway.clock.now();
  const caller = callerNow({ id: asked.caller.id, keyId: origin.keyId }, gateway);
  const purposeId = asked.purpose?.id;
  const { purpose } = declarePurpose({ caller, purposeId }, gateway.purposes, instant);
  const topics = signals.toolTopics[asked.tool.name] ?? [];
  const facts: ToolCallFacts = {
    ...asked,
    caller,
    purpose,
    signals,
    toolTopics: [...new Set([...asked.toolTopics, ...topics])].sort(),
    instant,
    approvals: gateway.holds.given(hold),
  };
  return { decision: beyondTerms(facts) ?? decide(facts, terms).decision, caller, facts, terms };
}

/** Who asked, as they are now. @throws ProvisoError `caller_revoked`, `caller_expired` */
export function callerNow(
  { id, keyId }: Pick<Caller, 'id' | 'keyId'>,
  { callers, clock }: Gateway,
): Caller {
  const held = callers.find(keyId);
  const { caller } = held ?? {};
  if (!held || !caller || held.isRevoked || caller.id !== id) {
    throw new ProvisoError('caller_revoked', `The key \`prv_${keyId}\` was revoked.`);
  }
  if (caller.expiresAt !== undefined && clock.now() >= caller.expiresAt) {
    throw new ProvisoError('caller_expired', `The key \`prv_${keyId}\` has ended.`);
  }
  return caller;
}

/** Word lists are part of the terms, so what they find may have changed with them. */
async function signalsNow(
  action: ToolCallAction,
  { definition }: ToolCallOrigin,
  { detectors }: Gateway,
): Promise<Signals> {
  const said = definition && canonicalJson(definition as object as JsonObject);
  const spoken = said && (await classifyToolCall(action.tool.name, said, detectors));
  const text = deliveredArguments(action);
  return classifyToolCall(action.tool.name, text, detectors, spoken ? spoken.topics : []);
}
