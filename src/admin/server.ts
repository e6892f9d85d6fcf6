/** Serves the control API on the gateway's own socket, with Fastify. Nothing of it is on a port. */
import { chmodSync, rmSync } from 'node:fs';
import fastify, { type FastifyInstance } from 'fastify';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { type Context, type Operation, perform } from './operation.ts';
import { OPERATIONS } from './operations.ts';
import { controlPath } from './socket.ts';

export interface ControlServer {
  close(): Promise<void>;
}

/**
 * Who holds the ledger's lock may take the socket over: what lies there is left from a crash.
 * @param onDefect is given what failed in a way that it should not
 */
export async function serveControl(
  context: Context,
  dataDir: string,
  onDefect: (cause: unknown) => void,
): Promise<ControlServer> {
  const app = fastify({ forceCloseConnections: true });
  app.setErrorHandler((thrown, _request, reply) => {
    const error = errorOf(thrown);
    if (error.code === 'internal') onDefect(error.cause);
    const { code, publicMessage: message, at, facts } = error;
    return reply.code(error.status).send({ error: { code, message, at, facts } });
  });
  app.setNotFoundHandler((request) => {
    throw new ProvisoError('not_found', `No such path: \`${request.method} ${request.url}\`.`);
  });
  for (const operation of OPERATIONS) add(app, operation, context);
  const path = controlPath(dataDir);
  const isFile = process.platform !== 'win32';
  if (isFile) rmSync(path, { force: true });
  await app.listen({ path });
  if (isFile) chmodSync(path, 0o600);
  return {
    async close() {
      await app.close();
      if (isFile) rmSync(path, { force: true });
    },
  };
}

function add(app: FastifyInstance, operation: Operation, context: Context): void {
  const { method, path } = operation;
  app.route({
    method,
    url: path,
    async handler({ params, query, body }, reply) {
      const given = {
        ...(query as object),
        ...(body as object | undefined),
        ...(params as object),
      };
      const result = await perform(operation, context, given);
      if (result === undefined) return reply.code(204).send();
      return result;
    },
  });
}

function errorOf(thrown: unknown): ProvisoError {
  const { statusCode, message } = thrown as { statusCode?: number; message?: string };
  const isClients = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  if (thrown instanceof ProvisoError || !isClients) return asProvisoError(thrown);
  return new ProvisoError('invalid_request', `${message}.`, { status: statusCode });
}
