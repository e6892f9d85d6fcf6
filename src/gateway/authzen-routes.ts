/**
 * AuthZEN over HTTP, at the port at which callers call and with their keys: evaluations, and the
 * access requests of the approval profile (draft 1). docs/spec/authzen.md
 */
import type { IncomingMessage } from 'node:http';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import { identify } from '#caller/identify.ts';
import type { Caller } from '#caller/ring.ts';
import { withoutUndefined } from '#oversight/action.ts';
import { DecisionPoint, proposalOf } from './authzen.ts';
import { parseAccessRequest, parseEvaluations, parseQuestion } from './authzen-shapes.ts';
import { readBody } from './body.ts';
import type { Gateway } from './gateway.ts';
import { credentialOf } from './head.ts';
import { NOT_HELD } from './holds.ts';
import { recordOutcome } from './record.ts';
import { Reply } from './reply.ts';
import type { Mount } from './server.ts';
import { actionHold, wordsOf } from './take-up.ts';

const BASE = '/access/v1/';
const METADATA = '/.well-known/authzen-configuration';
const CAPABILITY = 'urn:openid:authzen:capability:access-request';

export function authzenRoutes(gateway: Gateway): Mount {
  const point = new DecisionPoint(gateway);
  return {
    has: (url) => url.startsWith(BASE) || url === METADATA,
    async handle(request, response) {
      const reply = new Reply(response, gateway.config.limits);
      echoRequestId(request, reply);
      try {
        const { status, body } = await answerTo(request, gateway, point);
        if (!reply.isGone) reply.whole(status, JSON.stringify(body));
      } catch (thrown) {
        refuse(thrown, reply, gateway);
      }
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

async function answerTo(
  request: IncomingMessage,
  gateway: Gateway,
  point: DecisionPoint,
): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', 'http://proviso');
  const asked = `${request.method} ${pathname}`;
  if (asked === `GET ${METADATA}`) return { status: 200, body: metadata(request, gateway) };
  const credential = credentialOf(request);
  const { caller } = identify({ credential }, gateway.callers, gateway.clock.now());
  const task = /^GET \/access\/v1\/requests\/([^/]+)$/.exec(asked)?.[1];
  if (task !== undefined) return { status: 200, body: taskOf(caller, task, request, gateway) };
  if (request.method !== 'POST') {
    request.resume();
    throw new ProvisoError('method_not_allowed', 'Only POST is known here.');
  }
  const body = await readBody(request, gateway.config.limits);
  switch (pathname) {
    case '/access/v1/evaluation': {
      const evaluation = await point.evaluate(caller, parseQuestion(body));
      return { status: 200, body: { ...evaluation } };
    }
    case '/access/v1/evaluations':
      return { status: 200, body: await point.evaluateAll(caller, parseEvaluations(body)) };
    case '/access/v1/requests':
      return ask(caller, body, request, gateway, point);
    default:
      throw new ProvisoError('not_found', `No such path: \`${pathname}\`.`);
  }
}

/** Opens a hold for a denial that people could lift. */
async function ask(
  caller: Caller,
  body: JsonObject,
  request: IncomingMessage,
  gateway: Gateway,
  point: DecisionPoint,
): Promise<Answer> {
  const { denial, ...question } = parseAccessRequest(body);
  const requestable = known(() => point.requestable(caller, denial.evaluation_id));
  if (canonicalJson(withoutUndefined(question)) !== requestable.question) {
    throw problem('invalid_denial_binding', 400, 'This is not the question that was denied.');
  }
  if (gateway.clock.now() >= requestable.expiresAt) {
    throw problem('expired_denial', 410, 'The denial is too old to ask about; evaluate again.');
  }
  // Sent twice, it is the same request.
  requestable.task ??= openHold(caller, question, gateway, point).catch((thrown: unknown) => {
    requestable.task = undefined;
    throw thrown;
  });
  return { status: 202, body: taskOf(caller, await requestable.task, request, gateway) };
}

async function openHold(
  caller: Caller,
  question: Parameters<DecisionPoint['evaluate']>[1],
  gateway: Gateway,
  point: DecisionPoint,
): Promise<string> {
  const judged = await point.judge(caller, question);
  const { decision, entry } = judged;
  if (decision.effect !== 'hold') {
    const result = decision.effect === 'permit' ? 'delivered' : 'withheld';
    recordOutcome(entry, { result, code: decision.code }, gateway);
    throw problem('not_requestable', 400, 'The terms have changed: evaluate again.');
  }
  try {
    return await gateway.holds.hold(proposalOf(caller, question, judged));
  } catch (thrown) {
    const { code, publicMessage } = asProvisoError(thrown);
    if (!NOT_HELD.has(code)) throw thrown;
    recordOutcome(entry, { result: 'withheld', code }, gateway);
    throw problem('not_requestable', 400, publicMessage);
  }
}

/** In the profile's words: what is done with the approval is told by evaluating again. */
const STATUSES = {
  open: 'pending',
  approved: 'approved',
  released: 'approved',
  rejected: 'denied',
  denied: 'denied',
  expired: 'expired',
  lapsed: 'expired',
} as const;

function taskOf(
  caller: Caller,
  id: string,
  request: IncomingMessage,
  gateway: Gateway,
): JsonObject {
  const hold = known(() => actionHold(gateway, id), 'unknown_task');
  if (hold.action.caller.id !== caller.id) {
    throw problem('unknown_task', 404, 'There is no such task.');
  }
  const state = gateway.holds.state(hold);
  const status = STATUSES[state];
  const at = (instant: number) => new Date(instant).toISOString();
  const task = {
    id,
    status,
    status_endpoint: `${originOf(request, gateway)}${BASE}requests/${id}`,
    expires_at: at(hold.expiresAt),
    display: { description: wordsOf(gateway, hold, state) },
  };
  if (status !== 'approved') return { task };
  const approved_at = at(Math.max(...hold.answers.map(({ decidedAt }) => decidedAt)));
  const approval = { id, approved_at, approved_until: at(gateway.holds.validUntil(hold)) };
  return { task, result: { mode: 'reevaluate', approval } };
}

function metadata(request: IncomingMessage, gateway: Gateway): JsonObject {
  const origin = originOf(request, gateway);
  return {
    policy_decision_point: origin,
    access_evaluation_endpoint: `${origin}${BASE}evaluation`,
    access_evaluations_endpoint: `${origin}${BASE}evaluations`,
    access_request_endpoint: `${origin}${BASE}requests`,
    jwks_uri: `${origin}/proviso/release-keys`,
    capabilities: [CAPABILITY],
  };
}

/** The configured one, else the address at which this was asked; never what a header claims. */
function originOf({ socket }: IncomingMessage, { config }: Gateway): string {
  const { localAddress = '', localPort } = socket;
  const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return config.console.origin ?? `http://${host}:${localPort}`;
}

function echoRequestId({ headers }: IncomingMessage, reply: Reply): void {
  const id = headers['x-request-id'];
  if (typeof id === 'string' && /^[\x21-\x7e]{1,200}$/.test(id)) reply.header('x-request-id', id);
}

type ProblemType = 'not_requestable' | 'expired_denial' | 'invalid_denial_binding' | 'unknown_task';

/** One of the profile's problems (RFC 9457). */
class Problem extends Error {
  readonly type: ProblemType;
  readonly status: number;

  constructor(type: ProblemType, status: number, detail: string) {
    super(detail);
    this.type = type;
    this.status = status;
  }
}

function problem(type: ProblemType, status: number, detail: string): Problem {
  return new Problem(type, status, detail);
}

function known<T>(find: () => T, type: ProblemType = 'invalid_denial_binding'): T {
  try {
    return find();
  } catch (thrown) {
    const { publicMessage } = asProvisoError(thrown);
    throw problem(type, type === 'unknown_task' ? 404 : 400, publicMessage);
  }
}

function refuse(thrown: unknown, reply: Reply, { metrics, log }: Gateway): void {
  if (reply.isGone) return;
  if (thrown instanceof Problem) {
    const { type, status, message: detail } = thrown;
    const body = { type: `urn:openid:authzen:access-request:error:${type}`, status, detail };
    return reply.whole(status, JSON.stringify(body), 'application/problem+json');
  }
  const { code, publicMessage: message, status, at, cause } = asProvisoError(thrown);
  metrics.erred(code);
  if (code === 'internal') log.error({ err: cause }, 'defect');
  reply.header('proviso-code', code);
  reply.whole(
    status,
    JSON.stringify({ error: { code, message, ...(at !== undefined && { at }) } }),
  );
}
