/**
 * The life of a call, every stage in order:
 *
 *   Identified → Declared → Received → Classified → Decided → Recorded → Cleared → Routed → Answered
 *     caller     purpose      wire      signals      terms     ledger   oversight  providers
 *
 * Each stage takes the value of the one before and returns the next; the types leave no way around.
 * Who asks and what for is known from the head, before a byte of the body is read.
 */
import type { IncomingMessage } from 'node:http';
import { asProvisoError, type ProvisoError } from '#base/errors.ts';
import { identify } from '#caller/identify.ts';
import { clear } from '#oversight/clear.ts';
import { declarePurpose } from '#purpose/declare.ts';
import { type Answered, type Attempt, carry } from '#providers/carry.ts';
import { type Routed, route } from '#providers/route.ts';
import { classify } from '#signals/classify.ts';
import { decideCall } from './decide.ts';
import { type Delivered, deliverAnswer, deliverStream } from './deliver.ts';
import { namesOf } from './entries.ts';
import type { Gateway } from './gateway.ts';
import type { Head } from './head.ts';
import { readBody } from './body.ts';
import { recordDecision, recordOutcome } from './record.ts';
import type { Reply } from './reply.ts';
import { toolCallDecider } from './tool-calls.ts';

export async function serveCall(
  head: Head,
  request: IncomingMessage,
  reply: Reply,
  gateway: Gateway,
): Promise<void> {
  const { config, clock, terms } = gateway;
  const identified = identify(head, gateway.callers, clock.now());
  const declared = declarePurpose(identified, gateway.purposes, clock.now());
  if (head.route.operation === 'list_models') return reply.whole(200, listModels(head, gateway));
  if (head.route.operation === 'get_model') return reply.whole(200, getModel(head, gateway));

  const body = await readBody(request, config.limits);
  const exchange = head.wire.decodeRequest(body, {
    route: head.route,
    allowedFields: config.allowedFields[head.protocol],
    betas: head.betas,
  });
  const targets = gateway.routing.targetsOf(exchange.model);
  const received = { ...declared, request: exchange, targets };

  const classified = await classify(received, gateway.detectors);
  const decided = decideCall(classified, terms, clock.now());
  const recorded = await recordDecision(decided, gateway); // INVARIANT (3)
  reply.header('proviso-decision', recorded.entry);

  const attempts: Attempt[] = [];
  try {
    const cleared = clear(recorded, config.askWhom);
    const routed = route(cleared);
    const answered = await carry(routed, attempts, reply, config.limits);
    const delivered = await deliver(routed, answered, reply, gateway);
    recordOutcome(recorded, delivered, attempts, routed.dropped, gateway);
  } catch (thrown) {
    const error = asProvisoError(thrown);
    recordOutcome(recorded, failed(error, reply), attempts, new Set(), gateway);
    throw error;
  }
}
