/** Serves the control API on the gateway's own socket, with Fastify. Nothing of it is on a port. */
import { chmodSync, rmSync } from 'node:fs';
import fastify, { type FastifyInstance } from 'fastify';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import type { Control } from './control.ts';
import { CONTROL_ROUTES, type ControlRoute } from './routes.ts';
import { controlPath } from './socket.ts';

export interface ControlServer {
  close(): Promise<void>;
}

/**
 * Who holds the ledger's lock may take the socket over: what lies there is left from a crash.
 * @param onDefect is given what failed in a way that it should not
 */
export async function serveControl(
  control: Control,
  dataDir: string,
  onDefect: (cause: unknown) => void,
): Promise<ControlServer> {
  const app = fastify({
    // INVARIANT (2): an unknown field is refused, not taken away.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
    forceCloseConnections: true,
  });
  app.setErrorHandler((thrown, _request, reply) => {
    const error = errorOf(thrown);
    if (error.code === 'internal') onDefect(error.cause);
    const { code, publicMessage: message, at, facts } = error;
    return reply.code(error.status).send({ error: { code, message, at, facts } });
  });
  app.setNotFoundHandler((request) => {
    throw new ProvisoError('not_found', `No such path: \`${request.method} ${request.url}\`.`);
  });
  for (const route of CONTROL_ROUTES) add(app, route, control);
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

function add(app: FastifyInstance, route: ControlRoute, control: Control): void {
  const { method, url, summary, body, answer, act } = route;
  app.route({
    method,
    url,
    schema: {
      summary,
      ...(body === undefined ? {} : { body }),
      response: answer === undefined ? { 204: { type: 'null' } } : { 200: answer },
    },
    async handler({ params, body }, reply) {
      const document = await act(control, { params: params as Record<string, string>, body });
      if (document === undefined) reply.code(204);
      return document;
    },
  });
}

function errorOf(thrown: unknown): ProvisoError {
  const { statusCode, message } = thrown as { statusCode?: number; message?: string };
  const isClients = statusCode !== undefined && statusCode >= 400 && statusCode < 500;
  if (thrown instanceof ProvisoError || !isClients) return asProvisoError(thrown);
  return new ProvisoError('invalid_request', `${message}.`, { status: statusCode });
}
