/** A gateway with its server and its control socket, opened and ended as one. */
import type { Logger } from 'pino';
import { makeDataFolder } from '#admin/open.ts';
import { type Control, localControl } from '#admin/operation.ts';
import { serveControl } from '#admin/server.ts';
import type { Config } from '#config/config.ts';
import { Gateway } from '#gateway/gateway.ts';
import { startServer } from '#gateway/server.ts';

export interface Serving {
  readonly gateway: Gateway;
  readonly address: string;
  readonly control: Control;
  /** No new calls; open ones end; the ledger is flushed and closed. */
  stop(): Promise<void>;
}

export async function serve(config: Config, log: Logger): Promise<Serving> {
  makeDataFolder(config.dataDir);
  // Closed again, in turn, where what follows fails.
  await using opened = new AsyncDisposableStack();
  const gateway = await Gateway.open(config, { log });
  opened.defer(() => gateway.close());
  const server = await startServer(gateway, config.listen);
  opened.defer(() => server.drain());
  const context = { state: gateway, address: server.address };
  const onDefect = (err: unknown) => log.error({ err }, 'the control API failed');
  const socket = await serveControl(context, config.dataDir, onDefect);
  opened.defer(() => socket.close());
  const serving = opened.move();
  return {
    gateway,
    address: server.address,
    control: localControl(context, async () => undefined),
    stop: () => serving.disposeAsync(),
  };
}
