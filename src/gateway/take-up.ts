/**
 * Takes an approved action up: it is decided again, and only a permit is released, once.
 *
 *   approved → decision (its parent is the hold) → release and outcome, in one batch → delivered
 *
 * A crash before the batch leaves the hold approved and the decision lost; after it, released.
 */
import { asProvisoError, type ErrorCode, ProvisoError } from '#base/errors.ts';
import { type Action, deliveredArguments } from '#oversight/action.ts';
import { denialWords } from '#oversight/clear.ts';
import { type ActionHold, newReleaseId, released } from '#oversight/hold.ts';
import { type ReleaseKey, signRelease } from '#oversight/release.ts';
import type { Decision } from '#terms/decide.ts';
import { factsJson } from '#terms/facts.ts';
import { decideAgain } from './decide-again.ts';
import { decisionEntry, outcomeEntry } from './entries.ts';
import type { Gateway } from './gateway.ts';
import { originOf, type ToolCallOrigin } from './hold-origin.ts';
import type { HoldState } from './holds.ts';
import { contentOf, recordOutcome } from './record.ts';

type ToolCall = Action & { readonly kind: 'tool_call' };

/** How a hold on a tool call stands for whoever wants to do it. */
export type Taken =
  | {
      readonly state: 'released';
      readonly hold: ActionHold;
      readonly action: ToolCall;
      readonly origin: ToolCallOrigin;
      /** The canonical text that was signed. INVARIANT (1) */
      readonly arguments: string;
      readonly token: string;
      /** How often it was given to the caller since the last start. */
      readonly deliveries: number;
      /** The second decision. */
      readonly entry: number;
      /** Made just now, and given to nobody before. */
      readonly isNew: boolean;
    }
  | {
      readonly state: Exclude<HoldState, 'released' | 'approved'> | 'gone';
      readonly hold: ActionHold;
      /** Why not, for a person. */
      readonly words: string;
    };

/**
 * Releases an approved tool call, or says how it stands. A release that was made is given again
 * until its end, always the same.
 */
export function takeUp(gateway: Gateway, id: string): Promise<Taken> {
  const { holds } = gateway;
  return holds.turn(async (): Promise<Taken> => {
    const hold = actionHold(gateway, id);
    const state = holds.state(hold);
    if (state === 'released') return again(gateway, hold, false);
    if (state !== 'approved') return { state, hold, words: wordsOf(gateway, hold, state) };
    return release(gateway, hold);
  });
}

/** @throws ProvisoError `not_found`, also for a drill: there is nothing to do about one */
export function actionHold({ holds }: Gateway, id: string): ActionHold {
  const hold = holds.find(id);
  if (hold && !hold.isDrill) return hold;
  throw new ProvisoError('not_found', `There is no hold \`${id}\`.`);
}

async function release(gateway: Gateway, hold: ActionHold): Promise<Taken> {
  const { holds } = gateway;
  const { action, origin } = toolCallOf(hold);
  const second = await decideAgain(hold, action, origin, gateway).catch(async (thrown: unknown) => {
    const { code, publicMessage } = asProvisoError(thrown);
    if (!PARTY_ENDED.has(code)) throw thrown;
    await holds.end(hold, 'denied', { code });
    return publicMessage;
  });
  if (typeof second === 'string') return { state: 'denied', hold, words: second };
  const { decision, terms, facts } = second;
  const entry = await gateway.ledger.append(
    decisionEntry({
      action: 'call_tool',
      code: decision.code,
      effect: decision.effect,
      parent: hold.entry,
      protocol: origin.protocol,
      purpose: facts.purpose?.id,
      rules: decision.rules.map((rule) => rule.id),
      isStreamed: false,
      targets: [`${facts.model.provider}/${facts.model.name}`],
      terms: terms.pack.hash,
      toolClass: terms.toolClasses.classesOf(action.tool.name).join(' '),
      caller: second.caller,
      facts: [factsJson(facts)],
      content: contentOf({ hold: hold.id }, gateway),
      vaultKey: origin.vaultKey,
    }),
  );
  gateway.metrics.decided('call_tool', decision.effect);
  if (decision.effect !== 'permit') return deny(gateway, hold, decision, entry);
  const key = await holds.key();
  const made = holds.write(releaseEntry(gateway, hold, terms.pack.hash, entry, key));
  // In one batch with the release. INVARIANT (4)
  recordOutcome(entry, { result: 'released' }, gateway);
  await made;
  gateway.metrics.held('released');
  return again(gateway, actionHold(gateway, hold.id), true);
}

/** Whoever asked could not ask any more. */
const PARTY_ENDED: ReadonlySet<ErrorCode> = new Set([
  'caller_revoked',
  'caller_expired',
  'purpose_unknown',
  'purpose_ended',
]);

/**
 * The entry that makes it so.
 * @param terms hash of those that permitted it
 * @param decision the second one
 */
export function releaseEntry(
  { holds, clock }: Gateway,
  hold: ActionHold,
  terms: string,
  decision: number,
  { kid }: ReleaseKey,
) {
  const facts = {
    id: newReleaseId(),
    issuedAt: clock.now(),
    expiresAt: holds.validUntil(hold),
    terms,
  };
  return released(hold, facts, decision, kid);
}

/** Ends a hold whose second decision was no permit. */
export async function deny(
  gateway: Gateway,
  hold: ActionHold,
  decision: Decision,
  entry: number,
): Promise<Taken> {
  const ended = gateway.holds.end(hold, 'denied', { decision: entry });
  await gateway.ledger.append(outcomeEntry(entry, { result: 'withheld', code: decision.code }));
  await ended;
  const words = denialWords(decision, entry, gateway.config.askWhom);
  return { state: 'denied', hold, words: `It was approved, and then decided again. ${words}` };
}

async function again(gateway: Gateway, hold: ActionHold, isNew: boolean): Promise<Taken> {
  const { release: made } = hold.end ?? {};
  if (!made || gateway.clock.now() >= made.expiresAt) {
    return { state: 'gone', hold, words: 'It was released, and the release has run out.' };
  }
  const { action, origin } = toolCallOf(hold);
  const token = signRelease(action, made, await gateway.holds.key());
  const text = deliveredArguments(action);
  return {
    state: 'released',
    hold,
    action,
    origin,
    arguments: text,
    token,
    deliveries: gateway.holds.delivered(hold.id),
    entry: made.decision,
    isNew,
  };
}

function toolCallOf(hold: ActionHold): { action: ToolCall; origin: ToolCallOrigin } {
  const { action } = hold;
  const origin = originOf(hold);
  if (action.kind === 'tool_call' && origin.kind === 'tool_call') {
    return { action, origin };
  }
  throw new ProvisoError('hold_mismatch', 'The hold is on a call: repeat that call under it.');
}

/** How a hold stands, for a person. */
export function wordsOf({ config }: Gateway, hold: ActionHold, state: HoldState): string {
  const { answers, end, id, expiresAt } = hold;
  const ask = `Ask ${config.askWhom}.`;
  switch (state) {
    case 'open':
    case 'approved': {
      const until = new Date(expiresAt).toISOString();
      return `People are asked to approve it, until ${until}. Ask for GET /proviso/holds/${id}.`;
    }
    case 'rejected': {
      const reason = answers.find(({ verdict }) => verdict === 'reject')?.reason;
      const said = reason === undefined ? '' : `: “${reason}”`;
      return `A person who was asked to approve it said no${said}. Ledger entry ${end?.entry}. ${ask}`;
    }
    case 'denied':
      return `It was approved, and then denied when it was decided again. Ledger entry ${end?.entry}. ${ask}`;
    case 'expired':
      return `It was not approved in time. ${ask}`;
    case 'lapsed':
      return `It was approved, and not taken up in time. ${ask}`;
    case 'released':
      return 'It was released.';
  }
}
