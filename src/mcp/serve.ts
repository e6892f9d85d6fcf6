/**
 * MCP servers behind Proviso, at `/mcp/<name>`: streamable HTTP, a session for each client. Each
 * request says anew whose key it has and for what purpose; a session is its caller's alone.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuthInfo } from '@modelcontextprotocol/sdk/server/auth/types.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { identify } from '#caller/identify.ts';
import { isLoopback } from '#config/address.ts';
import { readBody } from '#gateway/body.ts';
import type { Gateway } from '#gateway/gateway.ts';
import { credentialOf } from '#gateway/head.ts';
import { declarePurpose } from '#purpose/declare.ts';
import type { Asker } from './asker.ts';
import { guardOf } from './decide.ts';
import { RecentEvents } from './events.ts';
import { Relay } from './relay.ts';
import { openUpstream } from './upstream.ts';

interface Session {
  readonly server: string;
  readonly callerId: string;
  readonly front: StreamableHTTPServerTransport;
  readonly relay: Relay;
  /** Milliseconds, on the monotonic clock. */
  lastUsed: number;
  openRequests: number;
}

const PATH = /^\/mcp\/([^/?]+)\/?(?:\?.*)?$/;
const SWEEP_MS = 30_000;
const RETRY_MS = 1_000;

export class McpServers {
  readonly #gateway: Gateway;
  readonly #sessions = new Map<string, Session>();
  readonly #sweeper: NodeJS.Timeout;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  has(url: string): boolean {
    return PATH.test(url);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#serve(request, response);
    } catch (thrown) {
      const error = asProvisoError(thrown);
      if (error.code === 'internal') this.#gateway.log.error({ err: error.cause }, 'defect');
      this.#gateway.metrics.erred(error.code);
      if (!request.complete) request.resume();
      if (response.headersSent) return void response.destroy();
      const { code, publicMessage: message, status, facts } = error;
      const body = {
        jsonrpc: '2.0',
        id: null,
        error: { code: -32001, message, data: { code, ...facts } },
      };
      response
        .writeHead(status, { 'content-type': 'application/json', 'proviso-code': code })
        .end(JSON.stringify(body));
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await Promise.allSettled([...this.#sessions.values()].map(({ relay }) => relay.close()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requireOwnOrigin(request, this.#gateway);
    const name = PATH.exec(request.url ?? '')?.[1] ?? '';
    const asker = this.#asker(request);
    const auth: AuthInfo = { token: '', clientId: asker.caller.id, scopes: [], extra: { asker } };
    const body =
      request.method === 'POST' ? await readBody(request, this.#gateway.config.limits) : undefined;
    const session = await this.#sessionFor(request, name, asker, body?.['method'] === 'initialize');
    session.openRequests++;
    response.once('close', () => {
      session.openRequests--;
      session.lastUsed = performance.now();
    });
    await session.front.handleRequest(Object.assign(request, { auth }), response, body);
  }

  #asker(request: IncomingMessage): Asker {
    const { callers, purposes, clock } = this.#gateway;
    const { 'proviso-purpose': purpose, 'proviso-subject': subject } = request.headers;
    const head = {
      credential: credentialOf(request),
      purposeId: Array.isArray(purpose) ? purpose[0] : purpose,
      subject: Array.isArray(subject) ? subject[0] : subject,
    };
    return declarePurpose(identify(head, callers, clock.now()), purposes, clock.now());
  }

  async #sessionFor(
    request: IncomingMessage,
    server: string,
    { caller }: Asker,
    isFirst: boolean,
  ): Promise<Session> {
    const id = request.headers['mcp-session-id'];
    if (id === undefined && isFirst) return this.#open(server, caller.id);
    const session = typeof id === 'string' ? this.#sessions.get(id) : undefined;
    // Another's session is no different from none.
    if (session?.server === server && session.callerId === caller.id) return session;
    throw id === undefined
      ? new ProvisoError(
          'invalid_request',
          'Begin with `initialize`: the request names no session.',
        )
      : new ProvisoError('not_found', 'There is no such session; begin a new one.');
  }

  async #open(name: string, callerId: string): Promise<Session> {
    const { config, log } = this.#gateway;
    const server = config.mcp.find((known) => known.name === name);
    if (!server) {
      const known = config.mcp.map((each) => `\`${each.name}\``).join(', ');
      throw new ProvisoError(
        'not_found',
        `No MCP server \`${name}\` is configured; ${known === '' ? 'none is' : `known are ${known}`}.`,
      );
    }
    const { mcpSessionsMax, mcpEventsMax } = config.limits;
    if (this.#sessions.size >= mcpSessionsMax) {
      throw new ProvisoError(
        'overloaded',
        `${mcpSessionsMax} MCP sessions are open, which is the limit.`,
      );
    }
    const id = randomUUID();
    const front = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      eventStore: new RecentEvents(mcpEventsMax),
      retryInterval: RETRY_MS,
    });
    const back = openUpstream(server, (words) => log.debug({ server: name }, words));
    back.onerror = (cause) => log.warn({ server: name, err: cause }, 'MCP server');
    const relay = new Relay(front, back, guardOf(this.#gateway, server.name));
    try {
      await relay.start(() => this.#sessions.delete(id));
    } catch (cause) {
      await relay.close();
      throw new ProvisoError(
        'upstream_failed',
        `The MCP server \`${name}\` could not be started.`,
        { cause },
      );
    }
    const session = {
      server: name,
      callerId,
      front,
      relay,
      lastUsed: performance.now(),
      openRequests: 0,
    };
    this.#sessions.set(id, session);
    return session;
  }

  #sweep(): void {
    const { mcpIdleMsMax } = this.#gateway.config.limits;
    for (const session of this.#sessions.values()) {
      if (session.openRequests > 0) continue;
      if (performance.now() - session.lastUsed > mcpIdleMsMax) void session.relay.close();
    }
  }
}

/**
 * A page in a browser that found its way to this address by a name of its own choosing has no
 * business here: programs send no origin.
 */
function requireOwnOrigin({ headers }: IncomingMessage, { config }: Gateway): void {
  const { origin, host = '' } = headers;
  const hostname = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const isForeignHost = isLoopback(config.listen.host) && !isLoopback(hostname);
  const isForeignOrigin = origin !== undefined && URL.parse(origin)?.host !== host;
  if (isForeignHost || isForeignOrigin) {
    throw new ProvisoError('origin_refused', 'The request comes from another origin.');
  }
}
