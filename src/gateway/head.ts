/** The head of a request: which protocol, which operation, whose key, what purpose. */
import type { IncomingMessage } from 'node:http';
import { claimedId } from '#caller/key.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import type { WirePath, WireProtocol, WireRoute } from '#wire/protocol.ts';
import { protocols } from '#wire/protocols.ts';

export interface Head {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly wire: WireProtocol;
  readonly protocol: Protocol;
  readonly route: WireRoute;
  readonly credential: string | undefined;
  readonly purposeId: string | undefined;
  /** Whom the call is about; see `vault-key.ts`. */
  readonly subject: string | undefined;
  readonly betas: readonly string[];
}

type Routes = ReadonlyMap<string, { readonly wire: WireProtocol; readonly route: WireRoute }>;

/** Undefined where no protocol has the path. */
export function readHead(request: IncomingMessage, startedAt: number): Head | undefined {
  const { headers, method = '', url = '/' } = request;
  const found = fixedRoutes.get(`${method} ${url}`) ?? findRoute(request);
  if (!found) return undefined;
  const betas = headers['anthropic-beta'];
  return {
    startedAt,
    wire: found.wire,
    protocol: found.wire.name,
    route: found.route,
    credential: credentialOf(request),
    purposeId: single(headers['proviso-purpose']),
    subject: single(headers['proviso-subject']),
    betas:
      betas === undefined
        ? []
        : String(betas)
            .split(',')
            .map((beta) => beta.trim()),
  };
}

/** The paths that hold no names, looked up without parsing. */
const fixedRoutes: Routes = new Map(
  ['/v1/chat/completions', '/v1/responses', '/v1/messages', '/v1/embeddings'].flatMap((path) => {
    const found = routeOf({ method: 'POST', path }, undefined);
    return found ? [[`POST ${path}`, found] as const] : [];
  }),
);

function findRoute({ headers, method = '', url = '/' }: IncomingMessage) {
  if (!URL.canParse(url, 'http://proviso')) return undefined;
  const { pathname: path, searchParams } = new URL(url, 'http://proviso');
  if (headers['anthropic-version'] !== undefined) return routeOf({ method, path }, 'anthropic');
  const isGoogles = headers['x-goog-api-key'] !== undefined || searchParams.has('key');
  return routeOf({ method, path }, isGoogles ? 'gemini' : undefined);
}

/** The three vendors share the path of their models list; what only one's clients send tells. */
function routeOf(path: WirePath, likely: Protocol | undefined) {
  for (const name of likely === undefined ? PROTOCOLS : [likely, ...PROTOCOLS]) {
    const wire = protocols[name];
    const route = wire.route(path);
    if (route) return { wire, route };
  }
  return undefined;
}

/**
 * The key, wherever the vendor's client puts it. Clients may send a vendor's own key beside ours,
 * which is none of ours to know; two of ours that differ name nobody.
 */
export function credentialOf(request: IncomingMessage): string | undefined {
  const given = credentialsIn(request);
  if (given.length < 2) return given[0];
  const ours = new Set(given.filter((value) => claimedId(value) !== undefined));
  return ours.size === 0 ? given[0] : [...ours].join(', ');
}

function credentialsIn({ headers, url = '' }: IncomingMessage): readonly string[] {
  const given: string[] = [];
  const { authorization } = headers;
  if (authorization !== undefined) given.push(authorization.replace(/^Bearer\s+/i, ''));
  for (const name of KEY_HEADERS) {
    const value = single(headers[name]);
    if (value !== undefined) given.push(value);
  }
  const query = url.indexOf('?');
  if (query >= 0) given.push(...new URLSearchParams(url.slice(query)).getAll('key'));
  return given;
}

const KEY_HEADERS = ['x-api-key', 'x-goog-api-key', 'api-key'] as const;

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
