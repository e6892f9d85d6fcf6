/** A gateway with its server and its control socket, opened and ended as one. */
import type { Logger } from 'pino';
import type { Control, Status } from '#admin/control.ts';
import { controlOf } from '#admin/local.ts';
import { makeDataFolder } from '#admin/open.ts';
import { serveControl } from '#admin/server.ts';
import type { Config } from '#config/config.ts';
import { Gateway } from '#gateway/gateway.ts';
import { startServer } from '#gateway/server.ts';

export interface Serving {
  readonly gateway: Gateway;
  readonly address: string;
  readonly control: Control;
  status(): Status;
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
  const status = () => statusOf(gateway, server.address);
  const control = controlOf(gateway, status, async () => undefined);
  const onDefect = (err: unknown) => log.error({ err }, 'the control API failed');
  const socket = await serveControl(control, config.dataDir, onDefect);
  opened.defer(() => socket.close());
  const serving = opened.move();
  return {
    gateway,
    address: server.address,
    control,
    status,
    stop: () => serving.disposeAsync(),
  };
}

function statusOf({ terms, ledger }: Gateway, address: string): Status {
  const { id, version, hash } = terms.pack;
  const { origin, verifierKey, size } = ledger;
  return {
    address,
    pid: process.pid,
    terms: { id, version, hash },
    ledger: { origin, verifierKey, size },
  };
}
