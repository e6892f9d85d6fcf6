/**
 * The HTTP server: finds the protocol, keeps the limits, and hands each call to the pipeline.
 * Health, readiness and metrics are beside it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject } from '#base/json.ts';
import { protocols } from '#wire/protocols.ts';
import { authzenRoutes } from './authzen-routes.ts';
import type { Gateway } from './gateway.ts';
import { type Head, readHead } from './head.ts';
import { holdRoutes } from './hold-routes.ts';
import { serveCall } from './pipeline.ts';
import { publicLedger } from './public-ledger.ts';
import { Reply } from './reply.ts';

export interface GatewayServer {
  /** `http://host:port` */
  readonly address: string;
  /** No new calls; open ones end, at most `drainWaitMsMax`. */
  drain(): Promise<void>;
}

/** What else is served at the same port, beside calls: found by path, after every protocol's. */
export interface Mount {
  has(url: string): boolean;
  handle(request: IncomingMessage, response: ServerResponse): unknown;
}

export async function startServer(
  gateway: Gateway,
  listen: { readonly host: string; readonly port: number },
  mounts: readonly Mount[] = [],
): Promise<GatewayServer> {
  const state: State = { openResponses: 0, isDraining: false };
  const mounted = [holdRoutes(gateway), authzenRoutes(gateway), ...mounts, publicLedger(gateway)];
  const { limits } = gateway.config;
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      requestTimeout: limits.requestWaitMsMax,
      headersTimeout: Math.min(limits.requestWaitMsMax, 60_000),
      connectionsCheckingInterval: Math.min(limits.requestWaitMsMax, 30_000),
      // A header that stands twice is seen so, not taken for its first value.
      joinDuplicateHeaders: true,
      keepAliveTimeout: 65_000,
    },
    (request, response) => handle(gateway, state, mounted, request, response),
  );
  server.maxConnections = limits.connectionsMax;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    drain: () => {
      gateway.holds.stop();
      return drain(server, state, gateway);
    },
  };
}

interface State {
  /** Until the last byte is with the caller. */
  openResponses: number;
  isDraining: boolean;
}

function handle(
  gateway: Gateway,
  state: State,
  mounts: readonly Mount[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  state.openResponses++;
  response.once('close', () => state.openResponses--);
  const reply = new Reply(response, gateway.config.limits);
  const head = readHead(request, gateway.clock.now());
  if (!head) {
    const mount = mounts.find((each) => each.has(request.url ?? ''));
    if (mount) return void mount.handle(request, response);
    return serveOther(gateway, state, request, reply);
  }
  if (state.isDraining) {
    reply.header('connection', 'close');
    return refuse(head, reply, new ProvisoError('draining', 'The gateway is stopping.'), gateway);
  }
  const { openCalls } = gateway.metrics;
  if (openCalls >= gateway.config.limits.openCallsMax) {
    const error = new ProvisoError(
      'overloaded',
      `${openCalls} calls are under way, which is the limit; try again shortly.`,
      { facts: { retryAfter: 1 } },
    );
    return refuse(head, reply, error, gateway);
  }
  gateway.metrics.openCalls++;
  serveCall(head, request, reply, gateway).then(
    () => {
      gateway.metrics.openCalls--;
    },
    (thrown: unknown) => {
      gateway.metrics.openCalls--;
      const error = asProvisoError(thrown);
      if (error.code === 'internal') gateway.log.error({ err: error.cause }, 'defect');
      refuse(head, reply, error, gateway);
      // A body that was not read to its end would be taken for the next request.
      if (!request.complete) response.once('finish', () => request.destroy());
    },
  );
}

/** An error in the caller's own protocol, also after a stream has begun. */
function refuse(head: Head, reply: Reply, error: ProvisoError, gateway: Gateway): void {
  gateway.metrics.erred(error.code);
  if (reply.isGone) return;
  if (reply.hasBegun) return reply.end(head.wire.encodeStreamError(error));
  const retryAfter = error.facts['retryAfter'];
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  const entry = error.facts['entry'];
  if (entry !== undefined) reply.header('proviso-decision', String(entry));
  const hold = error.facts['hold'];
  if (hold !== undefined) reply.header('proviso-hold', String(hold));
  reply.header('proviso-code', error.code);
  reply.whole(error.status, JSON.stringify(head.wire.encodeError(error)));
}

function serveOther(gateway: Gateway, state: State, request: IncomingMessage, reply: Reply): void {
  request.resume();
  switch (request.url?.split('?')[0] ?? '') {
    case '/healthz':
      return reply.whole(200, JSON.stringify({ status: 'ok' }));
    case '/readyz':
      return serveReady(gateway, state, reply);
    case '/metrics':
      gateway.metrics.registry.metrics().then(
        (text) => reply.whole(200, text, gateway.metrics.registry.contentType),
        () => reply.whole(500, ''),
      );
      return;
    default: {
      const error = new ProvisoError(
        'not_found',
        `No such path: \`${request.method} ${request.url?.split('?')[0]}\`. ` +
          'Point a client of OpenAI, Anthropic or Gemini at this address; see docs/clients.md.',
      );
      gateway.metrics.erred(error.code);
      reply.header('proviso-code', error.code);
      reply.whole(error.status, JSON.stringify(protocols['openai-chat'].encodeError(error)));
    }
  }
}

function serveReady(gateway: Gateway, state: State, reply: Reply): void {
  const problems: JsonObject = {
    ...(state.isDraining ? { server: 'draining' } : {}),
    ...(gateway.ledger.failure ? { ledger: gateway.ledger.failure.publicMessage } : {}),
    ...(gateway.ledger.refusal ? { witnesses: gateway.ledger.refusal.publicMessage } : {}),
  };
  const isReady = isObject(problems) && Object.keys(problems).length === 0;
  const isAway = isReady && gateway.witnessing?.isAway;
  reply.whole(
    isReady ? 200 : 503,
    JSON.stringify({
      status: isReady ? 'ready' : 'not ready',
      ...(isAway ? { witnesses: 'away: what is published last has no quorum' } : {}),
      ...problems,
    }),
  );
}

/** How often a drain looks whether anything is still open. */
const DRAIN_LOOK_MS = 20;

async function drain(server: Server, state: State, { config, metrics }: Gateway): Promise<void> {
  const waitMsMax = config.limits.drainWaitMsMax;
  state.isDraining = true;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const endsAt = performance.now() + waitMsMax;
  while (metrics.openCalls + state.openResponses > 0 && performance.now() < endsAt) {
    server.closeIdleConnections();
    await sleep(DRAIN_LOOK_MS);
  }
  // What is left is kept alive for nothing, or has had its time.
  server.closeAllConnections();
  await closed;
  // A call that was cut off still has its outcome to write.
  while (metrics.openCalls > 0 && performance.now() < endsAt + waitMsMax) {
    await sleep(DRAIN_LOOK_MS);
  }
}
