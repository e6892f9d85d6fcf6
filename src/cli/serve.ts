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
  const gateway = await Gateway.open(config, { log });
  // What is open so far, to be closed again should the rest fail.
  const open: (() => Promise<void>)[] = [() => gateway.close()];
  const closeAll = async () => {
    for (const close of open.toReversed()) await close();
  };
  try {
    const server = await startServer(gateway, config.listen);
    open.push(() => server.drain());
    const status = () => statusOf(gateway, server.address);
    const control = controlOf(gateway, status, async () => undefined);
    const onDefect = (err: unknown) => log.error({ err }, 'the control API failed');
    const socket = await serveControl(control, config.dataDir, onDefect);
    open.push(() => socket.close());
    return { gateway, address: server.address, control, status, stop: closeAll };
  } catch (thrown) {
    await closeAll();
    throw thrown;
  }
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
