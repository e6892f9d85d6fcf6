/**
 * What callers ask of their holds, by reference, at the port at which they call: one whose client
 * went away finds its action here. docs/spec/oversight.md#for-callers
 */
import type { IncomingMessage } from 'node:http';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import { identify } from '#caller/identify.ts';
import type { Caller } from '#caller/ring.ts';
import type { ActionHold } from '#oversight/hold.ts';
import type { ModelRequest } from '#wire/exchange.ts';
import { protocols } from '#wire/protocols.ts';
import type { GatedPart } from './gate.ts';
import type { Gateway } from './gateway.ts';
import { credentialOf } from './head.ts';
import { looks } from './held.ts';
import { asSigned } from './hold-tool-call.ts';
import { Reply } from './reply.ts';
import type { Mount } from './server.ts';
import { actionHold, type Taken, takeUp, wordsOf } from './take-up.ts';

const WAIT_MS_MAX = 60_000;

export function holdRoutes(gateway: Gateway): Mount {
  return {
    has: (url) => url.startsWith('/proviso/'),
    async handle(request, response) {
      const reply = new Reply(response, gateway.config.limits);
      request.resume();
      try {
        const body = await answerTo(request, reply, gateway);
        if (!reply.isGone) reply.whole(200, JSON.stringify(body));
      } catch (thrown) {
        refuse(asProvisoError(thrown), reply, gateway);
      }
    },
  };
}

function refuse(error: ProvisoError, reply: Reply, { metrics, log }: Gateway): void {
  const { code, publicMessage: message, status } = error;
  metrics.erred(code);
  if (code === 'internal') log.error({ err: error.cause }, 'defect');
  if (reply.isGone) return;
  reply.header('proviso-code', code);
  reply.whole(status, JSON.stringify({ error: { code, message } }));
}

async function answerTo(
  request: IncomingMessage,
  reply: Reply,
  gateway: Gateway,
): Promise<JsonObject> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://proviso');
  const [, , noun, id, ...more] = pathname.split('/');
  if (more.length > 0 || (noun !== 'holds' && pathname !== '/proviso/release-keys')) {
    throw new ProvisoError('not_found', `No such path: \`${pathname}\`.`);
  }
  if (request.method !== 'GET') {
    throw new ProvisoError('method_not_allowed', 'Only GET is known here.');
  }
  if (noun !== 'holds') return keySet(gateway);
  const credential = credentialOf(request);
  const { caller } = identify({ credential }, gateway.callers, gateway.clock.now());
  if (id === undefined) return { holds: holdsOf(caller, gateway) };
  requireOwn(caller, id, gateway);
  const waitMs = waitMsIn(searchParams);
  for await (const _ of looks(gateway, id, reply, waitMs)) {
    if (gateway.holds.state(actionHold(gateway, id)) !== 'open') break;
  }
  return reply.isGone ? {} : stateOf(id, gateway);
}

/** RFC 7517, for executors that can trust the connection. */
async function keySet({ holds }: Gateway): Promise<JsonObject> {
  const { kid, x } = await holds.key();
  return { keys: [{ alg: 'EdDSA', crv: 'Ed25519', kid, kty: 'OKP', use: 'sig', x }] };
}

function holdsOf(caller: Caller, gateway: Gateway): JsonObject[] {
  return gateway.holds
    .list()
    .filter((hold): hold is ActionHold => !hold.isDrill && hold.action.caller.id === caller.id)
    .map((hold) => rowOf(hold, gateway));
}

/** That there is a hold of somebody else is nobody's business. */
function requireOwn({ id: callerId }: Caller, id: string, gateway: Gateway): void {
  const { action } = actionHold(gateway, id);
  if (action.caller.id !== callerId) {
    throw new ProvisoError('not_found', `There is no hold \`${id}\`.`);
  }
}

function waitMsIn(query: URLSearchParams): number {
  const text = query.get('waitMs') ?? '0';
  const waitMs = /^\d{1,5}$/.test(text) ? Number(text) : WAIT_MS_MAX + 1;
  if (waitMs <= WAIT_MS_MAX) return waitMs;
  throw new ProvisoError('invalid_request', `\`waitMs\` must be 0 to ${WAIT_MS_MAX}.`, {
    at: 'waitMs',
  });
}

/** Takes an approved tool call up: asking for it is what its caller does to get it. */
async function stateOf(id: string, gateway: Gateway): Promise<JsonObject> {
  const hold = actionHold(gateway, id);
  if (hold.action.kind === 'call') return rowOf(hold, gateway);
  const taken = await takeUp(gateway, id);
  const row = rowOf(actionHold(gateway, id), gateway);
  if (taken.state !== 'released') return { ...row, message: taken.words };
  const { action, arguments: text, token, deliveries } = taken;
  const { answer } = taken.origin;
  return {
    ...row,
    toolCall: {
      ...(answer && typeof answer.part['id'] === 'string' ? { id: answer.part['id'] } : {}),
      name: action.tool.name,
      arguments: text,
    },
    release: token,
    deliveries,
    ...(answer && { answer: answerOf(answer, taken) }),
  };
}

function rowOf(hold: ActionHold, gateway: Gateway): JsonObject {
  const { id, decision, expiresAt, shown } = hold;
  const state = gateway.holds.state(hold);
  return {
    hold: id,
    state,
    kind: shown.kind,
    decision,
    asks: shown.asks,
    expiresAt: new Date(expiresAt).toISOString(),
    message: wordsOf(gateway, hold, state),
  };
}

type InAnswer = NonNullable<Extract<Taken, { state: 'released' }>['origin']['answer']>;

/** The call as the answer in which it would have come. */
function answerOf(
  { protocol, id, model, part }: InAnswer,
  { arguments: text }: Extract<Taken, { state: 'released' }>,
): JsonObject {
  const request: ModelRequest = {
    operation: 'generate',
    model,
    stream: false,
    messages: [],
    tools: [],
    providerTools: [],
  };
  const parts = [asSigned(part as object as GatedPart, text)];
  const answer = { id, model, parts, finish: { reason: 'tool_calls' as const } };
  return protocols[protocol].encodeAnswer(answer, request, new Set());
}
