/**
 * The control API and the console on the gateway's own port: `/api`, `/console`, `/verify`. Who asks
 * is told by a session's cookie or by a token. Nothing here is on the way of a model call.
 */
import { isIPv6 } from 'node:net';
import cookie from '@fastify/cookie';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { ProvisoError } from '#base/errors.ts';
import type { Mount } from '#gateway/server.ts';
import { isActive } from '#people/person.ts';
import type { Actor } from './actor.ts';
import { describeApi, schemaOf } from './openapi.ts';
import type { Context, Operation } from './operation.ts';
import { requireOwnPage } from './own-page.ts';
import { addPages, CONSOLE_DIR } from './pages.ts';
import { addOperations, type Routing } from './routes.ts';
import { visitOf } from './session-cookie.ts';
import { addStreams } from './streaming.ts';
import type { Web } from './web.ts';

const BODY_BYTES_MAX = 256 * 1024;
/** Of what is open to everybody: from one address, and from all together. */
const ATTEMPTS_A_MINUTE = 60;
const ATTEMPTS_A_MINUTE_OF_ALL = 600;
const MINUTE_MS = 60_000;

export interface HttpMount extends Mount {
  /** Ends the streams that are open, and answers nothing more. */
  close(): Promise<void>;
}

type Served = Omit<Context, 'actor' | 'visit' | 'web'> & { readonly web: Web };

/**
 * @param onDefect is given what failed in a way that it should not
 * @param consoleDir where the console's pages were built
 */
export async function openHttp(
  served: Served,
  onDefect: Routing['onDefect'],
  consoleDir = CONSOLE_DIR,
): Promise<HttpMount> {
  const { web } = served;
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    // The proxy is the last to add to the header, whatever the caller wrote into it.
    trustProxy: (_address, hop) => web.isBehindProxy && hop === 0,
    exposeHeadRoutes: false,
  });
  // What is checked stands with the operations; Fastify's schemas are for the description alone.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  await app.register(cookie);
  await app.register(rateLimit, { global: false });
  await describeApi(app, web.origin);
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS);
    if (web.origin.startsWith('https:')) reply.header('strict-transport-security', HSTS);
  });
  const limitOfAll = app.rateLimit({
    max: ATTEMPTS_A_MINUTE_OF_ALL,
    timeWindow: MINUTE_MS,
    keyGenerator: () => 'all',
    errorResponseBuilder: exceeded,
  });
  const limit = app.rateLimit({
    max: ATTEMPTS_A_MINUTE,
    timeWindow: MINUTE_MS,
    keyGenerator: ({ ip }) => networkOf(ip),
    errorResponseBuilder: exceeded,
  });
  const contextOf = (request: FastifyRequest, reply: FastifyReply) =>
    ({ ...served, ...askerOf(request, reply, served) }) satisfies Context;
  const routing = {
    prefix: '/api',
    contextOf,
    about: (name: string, operation: Operation) => ({
      ...schemaOf(name, operation),
      ...(isAttempt(operation) ? { onRequest: [limit, limitOfAll] } : {}),
    }),
    onDefect,
  };
  addOperations(app, routing);
  const streams = addStreams(app, routing);
  app.get('/api/openapi.json', { schema: { hide: true } }, () => app.swagger());
  addPages(app, web.origin, consoleDir);
  await app.ready();
  return {
    has: (url) => /^\/(?:api|console|verify)(?:[/?]|$)/.test(url),
    handle: (request, response) => app.routing(request, response),
    async close() {
      streams.end();
      await app.close();
    },
  };
}

/** Who asks. @throws ProvisoError `cross_site`, `session_required` */
function askerOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { state, web }: Served,
): Pick<Context, 'visit'> & { readonly actor: Actor } {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const text = /^Bearer ([\w]+)$/i.exec(authorization)?.[1] ?? '';
    const token = state.tokens.identify(text, state.clock.now());
    if (token) return { actor: { kind: 'token', token } };
    throw new ProvisoError(
      'session_required',
      'The token is not known here, was revoked, or has expired.',
    );
  }
  requireOwnPage(request, web.origin);
  const visit = visitOf(request, reply, web);
  const person = state.people.find(visit.current()?.person ?? '');
  return { visit, actor: isActive(person) ? { kind: 'person', person } : { kind: 'nobody' } };
}

function isAttempt({ access, method }: Operation): boolean {
  return access === 'everybody' && method !== 'GET';
}

/** One who has a network of IPv6 has more addresses than can be counted. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (tail !== undefined) while (groups.length < 4) groups.push('0');
  return groups.slice(0, 4).join(':');
}

function exceeded(_request: FastifyRequest, { ttl }: { readonly ttl: number }): ProvisoError {
  const retryAfter = Math.ceil(ttl / 1_000);
  return new ProvisoError(
    'attempts_exceeded',
    `Too many attempts; try again in ${retryAfter} seconds.`,
    { facts: { retryAfter } },
  );
}

const HSTS = 'max-age=31536000';

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;
