/**
 * A call that people must sign before it is carried. It waits here, or is told where to ask; a
 * client that went away repeats the very call under its hold. docs/spec/oversight.md#for-callers
 */
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { canonicalJson } from '#base/json.ts';
import { withoutUndefined } from '#oversight/action.ts';
import type { ActionHold } from '#oversight/hold.ts';
import { declarePurpose } from '#purpose/declare.ts';
import type { Classified } from '#signals/classify.ts';
import type { Answer, Protocol } from '#wire/exchange.ts';
import type { WireProtocol } from '#wire/protocol.ts';
import { type DecidedCall, decideNow, type Undecided } from './decide.ts';
import { callerNow } from './decide-again.ts';
import { eventsOfAnswer } from './gate.ts';
import type { Gateway } from './gateway.ts';
import { commentsIn, type HoldWish, keepAlive, looks, setHoldHeaders, waitMsOf } from './held.ts';
import { NOT_HELD } from './holds.ts';
import { type Recorded, recordDecision, recordOutcome } from './record.ts';
import type { Reply } from './reply.ts';
import { actionHold, releaseEntry, wordsOf } from './take-up.ts';
import type { Sealed } from './vault-key.ts';

type Received = Omit<Undecided, 'signals' | 'approvals'> &
  Sealed & {
    readonly wire: WireProtocol;
    readonly wish: HoldWish;
  };

type Held<P> = Recorded<Classified<P> & DecidedCall>;

/**
 * @returns the call as it was decided again; undefined where it was answered by reference
 * @throws ProvisoError `approval_rejected`, `approval_expired`, `approval_pending`, `hold_mismatch`,
 *   `hold_ended`, or why no hold was opened
 */
export async function holdCall<P extends Received>(
  asked: Held<P>,
  received: P,
  reply: Reply,
  gateway: Gateway,
): Promise<Held<P> | undefined> {
  const { request, wish } = received;
  const id = await holdOf(asked, received, gateway);
  reply.header('proviso-hold', id);
  const isStreamed = request.operation === 'generate' && request.stream;
  const waitMs = waitMsOf(wish, isStreamed, gateway.config);
  const stop = isStreamed
    ? beginWaiting(asked.entry, id, received.protocol, reply, gateway)
    : undefined;
  try {
    for await (const _ of looks(gateway, id, reply, waitMs)) {
      const taken = await takeUpCall(id, received, gateway);
      if (taken) return taken;
    }
  } finally {
    stop?.();
  }
  refer(asked, id, received, reply, gateway);
  return undefined;
}

/** The hold that is repeated, or a new one. With it the decision has its outcome. */
async function holdOf<P extends Received>(
  { entry, decision }: Held<P>,
  received: P,
  gateway: Gateway,
): Promise<string> {
  const { wish, request } = received;
  try {
    if (wish.hold !== undefined) {
      requireSame(actionHold(gateway, wish.hold), received);
      recordOutcome(entry, { result: 'held', hold: wish.hold }, gateway);
      return wish.hold;
    }
    const { caller, purpose, targets, protocol, vaultKey } = received;
    const { id, owner, organisation, teams, partner } = caller;
    return await gateway.holds.hold({
      decision: entry,
      rules: decision.rules,
      terms: gateway.terms,
      draft: {
        kind: 'call',
        operation: request.operation,
        request: withoutUndefined(request),
        targets: targets.map(({ provider, model }) => `${provider.name}/${model}`),
        caller: { id, owner, organisation, teams, ...(partner !== undefined && { partner }) },
        purpose: purpose
          ? { id: purpose.id, owner: purpose.owner, authority: purpose.authority }
          : null,
      },
      origin: { kind: 'call', keyId: caller.keyId, protocol, vaultKey },
    });
  } catch (thrown) {
    const { code, publicMessage } = asProvisoError(thrown);
    if (!NOT_HELD.has(code) && code !== 'hold_mismatch' && code !== 'not_found') throw thrown;
    recordOutcome(entry, { result: 'denied', code }, gateway);
    throw new ProvisoError(code, publicMessage, { facts: { entry } });
  }
}

/** INVARIANT (6): what was approved is this very request, of this caller, for this purpose. */
function requireSame({ action, id }: ActionHold, { request, caller, purpose }: Received): void {
  const isSame =
    action.kind === 'call' &&
    action.caller.id === caller.id &&
    action.purpose?.id === purpose?.id &&
    action.operation === request.operation &&
    canonicalJson(action.request) === canonicalJson(withoutUndefined(request));
  if (isSame) return;
  if (action.caller.id !== caller.id) {
    throw new ProvisoError('not_found', `There is no hold \`${id}\`.`);
  }
  throw new ProvisoError(
    'hold_mismatch',
    `This is not the request that is held as \`${id}\`: repeat that one, or send this without it.`,
  );
}

/** Undefined while people are asked. */
function takeUpCall<P extends Received>(
  id: string,
  received: P,
  gateway: Gateway,
): Promise<Held<P> | undefined> {
  const { holds, purposes, clock } = gateway;
  return holds.turn(async () => {
    const hold = actionHold(gateway, id);
    const state = holds.state(hold);
    if (state === 'open') return undefined;
    if (state !== 'approved') throw ended(hold, state, gateway);
    const caller = callerNow(received.caller, gateway);
    const purposeId = received.purpose?.id;
    const { purpose } = declarePurpose({ caller, purposeId }, purposes, clock.now());
    const now = { ...received, caller, purpose };
    const decided = await decideNow(now, gateway, () => holds.given(hold));
    const recorded = await recordDecision(decided, gateway, hold.entry);
    const { entry, decision, terms } = recorded;
    if (decision.effect === 'permit') {
      // On disk before the provider is asked: a crash behind it leaves a hold that is used.
      await holds.write(releaseEntry(gateway, hold, terms, entry, await holds.key()));
      gateway.metrics.held('released');
    } else await holds.end(hold, 'denied', { decision: entry });
    return recorded;
  });
}

function ended(
  hold: ActionHold,
  state: Exclude<ReturnType<Gateway['holds']['state']>, 'open' | 'approved'>,
  gateway: Gateway,
): ProvisoError {
  const words = wordsOf(gateway, hold, state);
  const facts = { hold: hold.id };
  switch (state) {
    case 'rejected':
      return new ProvisoError('approval_rejected', words, { facts });
    case 'expired':
    case 'lapsed':
      return new ProvisoError('approval_expired', words, { facts });
    case 'released':
      return new ProvisoError('hold_ended', 'The approval was used: a call is carried once.', {
        facts,
      });
    case 'denied':
      return new ProvisoError('terms_denied', words, { facts });
  }
}

/** The stream begins before anything is known of its answer, so that it can be kept alive. */
function beginWaiting(
  entry: number,
  id: string,
  protocol: Protocol,
  reply: Reply,
  { config }: Gateway,
): () => void {
  reply.header('proviso-decision', entry);
  setHoldHeaders(reply, { ids: [id], releases: [], comments: [] });
  reply.beginStream();
  reply.write(commentsIn(protocol, [`proviso-hold ${id}`]), () => undefined);
  return keepAlive(reply, protocol, config.oversight.keepAliveMs);
}

/** An answer in the caller's protocol that says where to ask. */
function refer<P extends Received>(
  { entry }: Held<P>,
  id: string,
  { request, wire }: P,
  reply: Reply,
  gateway: Gateway,
): void {
  const until = new Date(actionHold(gateway, id).expiresAt).toISOString();
  const words =
    `This call waits for people to approve it, until ${until}, as \`${id}\`. ` +
    `GET /proviso/holds/${id} says how it stands; once it is approved, repeat it with the header ` +
    `\`proviso-hold: ${id}\`.`;
  if (request.operation !== 'generate') {
    throw new ProvisoError('approval_pending', words, { facts: { entry, hold: id } });
  }
  const answer: Answer = {
    id,
    model: request.model,
    createdAt: Math.floor(gateway.clock.now() / 1000),
    parts: [{ type: 'text', text: `[Proviso: ${words}]` }],
    finish: { reason: 'stop' },
  };
  if (request.stream) {
    const encoder = wire.streamEncoder({ request });
    reply.end(
      eventsOfAnswer(answer)
        .map((event) => encoder.push(event))
        .join(''),
    );
    return;
  }
  reply.header('proviso-decision', entry);
  setHoldHeaders(reply, { ids: [id], releases: [], comments: [] });
  reply.whole(200, JSON.stringify(wire.encodeAnswer(answer, request, new Set())));
}
