/**
 * Carries a routed call to its targets, in order, until one answers.
 *
 * A request is repeated only before the first byte of an answer, and only where the provider cannot
 * have acted on it: it was never sent, or the provider itself said that it would not serve it now.
 * Each target was permitted by the one decision; each attempt is recorded with the outcome.
 */
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { type JsonValue, parseProviderJson } from '#base/json.ts';
import type { Limits } from '#base/limits.ts';
import type {
  Answer,
  AnswerError,
  EmbedAnswer,
  ExchangeRequest,
  Protocol,
} from '#wire/exchange.ts';
import type { WireProtocol } from '#wire/protocol.ts';
import { AnswerFlow } from './answer-flow.ts';
import { type Target, wireFor, withoutSecret } from './provider.ts';
import type { Routed } from './route.ts';
import { send, UpstreamFailure, type UpstreamResponse } from './upstream.ts';

export interface Attempt {
  readonly model: string;
  readonly provider: string;
  readonly result: string;
}

export type Carried =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'stream'; readonly flow: AnswerFlow }
  | { readonly kind: 'embeddings'; readonly answer: EmbedAnswer }
  | { readonly kind: 'count'; readonly inputTokens: number };

export interface Answered {
  readonly target: Target;
  readonly protocolOut: Protocol;
  readonly carried: Carried;
}

/** Tells `carry` that the caller has gone; `aborts` whatever is under way. */
export interface Hangup {
  readonly isGone: boolean;
  onGone: (() => void) | undefined;
}

const RETRY_MS_BASE = 200;
const RETRY_AFTER_MS_MAX = 5_000;

/** @param attempts grows by one row for each attempt, also where all fail and this throws */
export async function carry<P extends Routed>(
  call: P,
  attempts: Attempt[],
  hangup: Hangup,
  limits: Limits,
): Promise<Answered> {
  let failure: ProvisoError | undefined;
  for (const target of call.targets) {
    for (let attempt = 1; attempt <= limits.attemptsMax; attempt++) {
      try {
        const carried = await attemptOnce(call, target, hangup, limits);
        attempts.push(row(target, 'answered'));
        return { target, protocolOut: wireFor(target.provider, call.protocol).name, carried };
      } catch (thrown) {
        failure = asProvisoError(thrown);
        attempts.push(row(target, failure.code));
        const verdict = hangup.isGone ? 'stop' : repeatVerdict(failure);
        if (verdict === 'stop') throw failure;
        if (verdict === 'next' || attempt === limits.attemptsMax) break;
        await unlessGone(retryWaitMs(failure, attempt), hangup);
        if (hangup.isGone) throw failure;
      }
    }
  }
  throw failure ?? new ProvisoError('internal', 'The call had no target.');
}

async function attemptOnce(
  call: Routed,
  target: Target,
  hangup: Hangup,
  limits: Limits,
): Promise<Carried> {
  const { provider } = target;
  provider.breaker.enter(provider.name);
  try {
    const { wire, path, headers, body } = call.encoded(target);
    const response = await send(
      provider.pool,
      {
        path: provider.basePath + path,
        headers: headers ? { ...provider.headers, ...headers } : provider.headers,
        body,
        stream: call.request.operation === 'generate' && call.request.stream,
      },
      limits,
      (controller) => {
        if (hangup.isGone) controller.abort(new Error('the caller went away'));
        hangup.onGone = () => controller.abort(new Error('the caller went away'));
      },
    );
    const carried =
      response.kind === 'stream'
        ? await readStream(wire, target, response, limits)
        : readWhole(call.request, wire, target, response);
    provider.breaker.succeeded();
    return carried;
  } catch (thrown) {
    const failure = asProvisoError(thrown);
    if (hangup.isGone || isAboutTheRequest(failure)) provider.breaker.left();
    else provider.breaker.failed();
    throw failure;
  }
}

async function readStream(
  wire: WireProtocol,
  target: Target,
  { flow: bytes }: UpstreamResponse & { readonly kind: 'stream' },
  limits: Limits,
): Promise<Carried> {
  const clean = (message: string) => withoutSecret(target.provider, message);
  const flow = new AnswerFlow(bytes, wire.streamDecoder(), limits, clean);
  const error = await flow.begin();
  if (!error) return { kind: 'stream', flow };
  flow.abort();
  // A decoder that cannot read the answer, and a provider that does not say what is wrong.
  if (error.kind === 'server' && error.wireCode === undefined) {
    throw new ProvisoError('upstream_invalid', error.message);
  }
  throw rejection(statusOf(error), error, target, undefined);
}

function readWhole(
  request: ExchangeRequest,
  wire: WireProtocol,
  target: Target,
  response: UpstreamResponse & { readonly kind: 'whole' },
): Carried {
  const body = readBody(response.body);
  if (response.status !== 200) {
    const error = wire.decodeError(response.status, body);
    throw rejection(response.status, error, target, response.headers['retry-after']);
  }
  if (body === undefined) {
    throw new ProvisoError('upstream_invalid', 'The provider’s answer is not JSON.');
  }
  try {
    return decoded(request, wire, body);
  } catch (thrown) {
    // An error in an answer's place may quote anything.
    const { code, publicMessage } = asProvisoError(thrown);
    throw new ProvisoError(code, withoutSecret(target.provider, publicMessage), { cause: thrown });
  }
}

function decoded(request: ExchangeRequest, wire: WireProtocol, body: JsonValue): Carried {
  switch (request.operation) {
    case 'generate':
      return { kind: 'answer', answer: wire.decodeAnswer(body) };
    case 'embed':
      return { kind: 'embeddings', answer: wire.decodeEmbeddings(body, request) };
    case 'count_tokens':
      return { kind: 'count', inputTokens: wire.decodeCount(body, request) };
  }
}

function readBody(body: Buffer): JsonValue | undefined {
  try {
    return parseProviderJson(body.toString());
  } catch {
    return undefined;
  }
}

/** A provider's refusal, with its own status, unless it is about Proviso's own credentials. */
function rejection(
  status: number,
  error: AnswerError,
  target: Target,
  retryAfter: string | undefined,
): ProvisoError {
  const { name } = target.provider;
  if (status === 401 || status === 403 || status < 400) {
    return new ProvisoError(
      'upstream_failed',
      status < 400
        ? `The provider \`${name}\` answered with the unexpected status ${status}.`
        : `The provider \`${name}\` did not accept Proviso’s own key; ask whoever runs this gateway.`,
    );
  }
  const message = withoutSecret(target.provider, error.message);
  return new ProvisoError('upstream_rejected', `The provider \`${name}\` refused: ${message}`, {
    status,
    facts: retryAfter === undefined ? { kind: error.kind } : { kind: error.kind, retryAfter },
  });
}

function statusOf(error: AnswerError): number {
  switch (error.kind) {
    case 'invalid_request':
      return 400;
    case 'authentication':
      return 401;
    case 'permission':
      return 403;
    case 'not_found':
      return 404;
    case 'too_large':
      return 413;
    case 'rate_limit':
      return 429;
    case 'overloaded':
      return 529;
    case 'timeout':
      return 504;
    case 'server':
      return 500;
  }
}

/** The next attempt: at the same target, at the next one, or none. */
function repeatVerdict(failure: ProvisoError): 'same' | 'next' | 'stop' {
  if (failure instanceof UpstreamFailure) return failure.wasSent ? 'stop' : 'same';
  switch (failure.code) {
    case 'upstream_rejected':
      if (failure.status === 429 || failure.status === 503 || failure.status === 529) {
        return retryAfterMs(failure) > RETRY_AFTER_MS_MAX ? 'next' : 'same';
      }
      return 'stop';
    case 'upstream_unavailable':
    case 'cannot_carry':
      return 'next';
    case 'upstream_failed':
      return 'next';
    default:
      return 'stop';
  }
}

/** A refusal, a rate limit too, says nothing of the provider's health to other callers. */
function isAboutTheRequest(failure: ProvisoError): boolean {
  if (failure.code === 'cannot_carry' || failure.code === 'upstream_unavailable') return true;
  return failure.code === 'upstream_rejected' && failure.status < 500;
}

function retryAfterMs(failure: ProvisoError): number {
  const seconds = Number(failure.facts['retryAfter'] ?? 0);
  return Number.isFinite(seconds) ? seconds * 1000 : Number.POSITIVE_INFINITY;
}

/** Full jitter, so that many callers do not come back at once; never before the provider asks. */
function retryWaitMs(failure: ProvisoError, attempt: number): number {
  return Math.max(retryAfterMs(failure), Math.random() * RETRY_MS_BASE * 2 ** attempt);
}

/** Keys in sorted order, as the ledger writes them. */
/** Waits, but no longer than the caller does. */
function unlessGone(waitMs: number, hangup: Hangup): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, waitMs);
    hangup.onGone = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function row(target: Target, result: string): Attempt {
  return { model: target.model, provider: target.provider.name, result };
}
