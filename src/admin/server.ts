/** Serves the control API on the gateway's own socket, for its operator. */
import { chmodSync, rmSync } from 'node:fs';
import fastify from 'fastify';
import type { Context } from './operation.ts';
import { addOperations, type Routing } from './routes.ts';
import { controlPath } from './socket.ts';

export interface ControlServer {
  close(): Promise<void>;
}

/**
 * Who holds the ledger's lock may take the socket over: what lies there is left from a crash.
 * @param context of the operator: whoever may open the socket
 * @param onDefect is given what failed in a way that it should not
 */
export async function serveControl(
  context: Context,
  dataDir: string,
  onDefect: Routing['onDefect'],
): Promise<ControlServer> {
  const app = fastify({ forceCloseConnections: true });
  addOperations(app, { prefix: '', contextOf: () => context, onDefect });
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
