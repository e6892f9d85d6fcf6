/** A gateway with its server and its control socket, opened and ended as one. */
import type { Logger } from 'pino';
import { type HttpMount, openHttp } from '#admin/http.ts';
import { makeDataFolder } from '#admin/open.ts';
import { type Control, localControl } from '#admin/operation.ts';
import { serveControl } from '#admin/server.ts';
import { openWeb } from '#admin/web.ts';
import type { Config } from '#config/config.ts';
import { Gateway, type Ports } from '#gateway/gateway.ts';
import { type Mount, startServer } from '#gateway/server.ts';
import { McpServers } from '#mcp/serve.ts';

export interface Serving {
  readonly gateway: Gateway;
  readonly address: string;
  /** Of the console, as browsers see it. */
  readonly origin: string;
  readonly control: Control;
  /** No new calls; open ones end; the ledger is flushed and closed. */
  stop(): Promise<void>;
}

export async function serve(
  config: Config,
  log: Logger,
  ports: Omit<Ports, 'log'> = {},
): Promise<Serving> {
  makeDataFolder(config.dataDir);
  // Closed again, in turn, where what follows fails.
  await using opened = new AsyncDisposableStack();
  const gateway = await Gateway.open(config, { ...ports, log });
  opened.defer(() => gateway.close());
  const mcp = new McpServers(gateway);
  opened.defer(() => mcp.close());
  let http: HttpMount | undefined;
  const pages: Mount = {
    has: (url) => http?.has(url) === true,
    handle: (request, response) => http?.handle(request, response),
  };
  const server = await startServer(gateway, config.listen, [mcp, pages]);
  opened.defer(() => server.drain());
  const { address } = server;
  const onDefect = (err: unknown) => log.error({ err }, 'the control API failed');
  // Where people find the console depends on the port, which is known now.
  const web = openWeb(gateway, Number(new URL(address).port));
  opened.defer(async () => web.pulse.close());
  const context = { state: gateway, address, web, actor: { kind: 'operator' } } as const;
  http = await openHttp({ state: gateway, address, web }, onDefect);
  opened.defer(() => http?.close());
  const socket = await serveControl(context, config.dataDir, onDefect);
  opened.defer(() => socket.close());
  const serving = opened.move();
  return {
    gateway,
    address,
    origin: web.origin,
    control: localControl(context, async () => undefined),
    stop: () => serving.disposeAsync(),
  };
}
