/** Operations as routes of a Fastify instance, on the gateway's own socket or on its port. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { parseJson } from '#base/json.ts';
import { type Context, type Operation, perform } from './operation.ts';
import { OPERATIONS } from './operations.ts';

export interface Routing {
  /** Before each path. */
  readonly prefix: string;
  /** Who asks, and where; may refuse the request. */
  readonly contextOf: (request: FastifyRequest, reply: FastifyReply) => Context;
  /** What Fastify is told of an operation beside its path. */
  readonly about?: (name: string, operation: Operation) => object;
  /** Is given what failed in a way that it should not. */
  readonly onDefect: (cause: unknown) => void;
}

export function addOperations(app: FastifyInstance, routing: Routing): void {
  const { prefix, contextOf, about } = routing;
  answerErrors(app, routing.onDefect);
  takeStrictJson(app);
  for (const [name, operation] of Object.entries<Operation>(OPERATIONS)) {
    app.route({
      method: operation.method,
      url: prefix + operation.path,
      ...about?.(name, operation),
      async handler(request, reply) {
        const result = await perform(operation, contextOf(request, reply), givenBy(request));
        if (result === undefined) return reply.code(204).send();
        return reply.type('application/json; charset=utf-8').send(JSON.stringify(result));
      },
    });
  }
}

/** Members of the path, the query and the body; none of them twice. */
function givenBy({ params, query, body }: FastifyRequest): object {
  const parts = [params, query, body ?? {}];
  if (!parts.every((part) => typeof part === 'object' && part !== null && !Array.isArray(part))) {
    throw new ProvisoError('invalid_request', 'The body must be a JSON object.');
  }
  const given = {};
  for (const [name, value] of parts.flatMap((part) => Object.entries(part as object))) {
    if (Object.hasOwn(given, name)) {
      throw new ProvisoError('duplicate_key', `\`${name}\` is given twice.`, { at: name });
    }
    Object.defineProperty(given, name, { value, enumerable: true });
  }
  return given;
}

/** No other content type: those that a page of another site could send as a plain form. */
function takeStrictJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_: unknown, body: Buffer) => (body.length === 0 ? {} : parseJson(body)),
  );
}

function answerErrors(app: FastifyInstance, onDefect: Routing['onDefect']): void {
  app.setErrorHandler((thrown, _request, reply) => {
    const error = errorOf(thrown);
    if (error.code === 'internal') onDefect(error.cause);
    const { code, publicMessage: message, at, facts } = error;
    const retryAfter = facts['retryAfter'];
    if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
    return reply.code(error.status).send({ error: { code, message, at, facts } });
  });
  app.setNotFoundHandler((request) => {
    throw new ProvisoError('not_found', `No such path: \`${request.method} ${request.url}\`.`);
  });
}

function errorOf(thrown: unknown): ProvisoError {
  const { statusCode, message } = thrown as { statusCode?: number; message?: string };
  if (thrown instanceof ProvisoError) return thrown;
  if (statusCode === 415) {
    return new ProvisoError('unsupported_media_type', 'A body must be `application/json`.');
  }
  if (statusCode === 413) return new ProvisoError('body_too_large', 'The body is too large.');
  const isClients = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  if (!isClients) return asProvisoError(thrown);
  return new ProvisoError('invalid_request', `${message}.`, { status: statusCode });
}
