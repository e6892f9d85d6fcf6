/**
 * The life of a call, every stage in order:
 *
 *   Identified → Declared → Received → Classified → Decided → Recorded → Cleared → Routed → Answered
 *     caller     purpose      wire      signals      terms     ledger   oversight  providers   wire
 *
 * Each stage takes the value of the one before and returns the next; the types leave no way around.
 * Who asks, and what for, is known from the head, before a byte of the body is read.
 */
import type { IncomingMessage } from 'node:http';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { identify } from '#caller/identify.ts';
import { clear } from '#oversight/clear.ts';
import { type Answered, type Attempt, carry } from '#providers/carry.ts';
import { type Routed, route } from '#providers/route.ts';
import { declarePurpose } from '#purpose/declare.ts';
import { readBody } from './body.ts';
import { decideNow, type Undecided } from './decide.ts';
import { type Delivered, deliverAnswer, deliverStream } from './deliver.ts';
import { namesOf, type OutcomeFacts } from './entries.ts';
import type { Gateway } from './gateway.ts';
import type { Head } from './head.ts';
import { type HoldWish, holdNotes, holdWish, setHoldHeaders } from './held.ts';
import { holdCall } from './hold-call.ts';
import { observe } from './observe.ts';
import { failureOutcome, outcomeOf, recordDecision, recordOutcome } from './record.ts';
import type { Reply } from './reply.ts';
import { gatedBy, toolCallDecider } from './tool-calls.ts';
import { type Sealed, vaultKeyOf } from './vault-key.ts';

export async function serveCall(
  head: Head,
  request: IncomingMessage,
  reply: Reply,
  gateway: Gateway,
): Promise<void> {
  const { clock, config } = gateway;
  const wish = holdWish(request.headers, config.oversight);
  const identified = identify(head, gateway.callers, clock.now());
  const declared = declarePurpose(identified, gateway.purposes, clock.now());
  if (head.route.operation === 'list_models' || head.route.operation === 'get_model') {
    return reply.whole(200, JSON.stringify(listed(head, gateway)));
  }
  const exchange = head.wire.decodeRequest(await readBody(request, config.limits), {
    route: head.route,
    allowedFields: config.allowedFields[head.protocol],
    betas: head.betas,
  });
  const targets = gateway.routing.targetsOf(exchange.model);
  const vaultKey = vaultKeyOf(declared, gateway.terms);
  const received = { ...declared, request: exchange, targets, wish, vaultKey };

  const decided = await decideNow(received, gateway);
  const asked = await recordDecision(decided, gateway); // INVARIANT (3)
  const recorded =
    asked.decision.effect === 'hold' ? await holdCall(asked, received, reply, gateway) : asked;
  if (!recorded) return; // People are asked, and the answer says so.

  const attempts: Attempt[] = [];
  const end = (outcome: OutcomeFacts): void => {
    recordOutcome(recorded.entry, outcome, gateway);
    observe({ ...recorded, headers: request.headers, attempts, outcome }, gateway);
  };
  try {
    const cleared = clear(recorded, config.askWhom);
    const routed = route(cleared);
    const answered = await carry(routed, attempts, reply, config.limits);
    const delivered = await deliver(routed, answered, reply, gateway);
    end(outcomeOf(delivered, attempts, routed.dropped, routed.vaultKey, gateway));
  } catch (thrown) {
    const error = asProvisoError(thrown);
    end(failureOutcome(error, attempts, reply));
    throw error;
  }
}

type RoutedCall = Routed &
  Undecided &
  Sealed & {
    readonly wire: Head['wire'];
    readonly entry: number;
    readonly terms: string;
    readonly wish: HoldWish;
  };

async function deliver(
  call: RoutedCall,
  { target, carried }: Answered,
  reply: Reply,
  gateway: Gateway,
): Promise<Delivered> {
  const { wire, request, dropped, entry } = call;
  const notes = holdNotes();
  const beforeFirstByte = (): void => {
    reply.header('proviso-decision', entry);
    if (dropped.size > 0) reply.header('proviso-dropped', namesOf(dropped).join(', '));
    if (notes.ids.length > 0) setHoldHeaders(reply, notes);
  };
  if (request.operation === 'generate') {
    const delivery = {
      wire,
      request,
      reply,
      isGated: gatedBy(request),
      decide: toolCallDecider({ ...call, request }, target, reply, notes, gateway),
      notes,
      keepAliveMs: gateway.config.oversight.keepAliveMs,
      dropped,
      beforeFirstByte,
    };
    if (carried.kind === 'stream') return deliverStream(carried.flow, delivery);
    if (carried.kind === 'answer') return deliverAnswer(carried.answer, delivery);
  }
  beforeFirstByte();
  if (carried.kind === 'embeddings' && request.operation === 'embed') {
    reply.whole(200, JSON.stringify(wire.encodeEmbeddings(carried.answer, request)));
    const usage = { inputTokens: carried.answer.inputTokens ?? 0, outputTokens: 0 };
    return { result: 'answered', finish: undefined, usage, parts: [] };
  }
  if (carried.kind === 'count') {
    reply.whole(200, JSON.stringify(wire.encodeCount(carried.inputTokens)));
    return { result: 'answered', finish: undefined, usage: undefined, parts: [] };
  }
  throw new ProvisoError('upstream_invalid', 'The provider answered something else than asked.');
}

function listed({ wire, route }: Head, { routing }: Gateway) {
  const models = routing.listed();
  if (route.operation === 'list_models') return wire.encodeModels(models);
  const { model: id = '' } = route;
  const [target] = routing.targetsOf(id);
  return wire.encodeModel({ id, provider: target?.provider.name ?? '' });
}
