/** What is measured, each started as its own users start it and told to call the static upstream. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import { createKey, formatKeyHash } from '#caller/key.ts';
import { freePort, isReady, nextMessage, type Process, start } from './processes.ts';
import { MODEL } from './traffic.ts';
import type { UpstreamReady } from './upstream.ts';

export type TargetName = 'direct' | 'bare' | 'proviso' | 'portkey';

export interface Target {
  readonly name: TargetName;
  readonly port: number;
  /** What a caller sends besides its request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly process: Process;
  stop(): Promise<void>;
}

/** No proxy at all: what the upstream and the load generator can do by themselves. */
export function direct(upstream: Process, upstreamPort: number): Target {
  return {
    name: 'direct',
    port: upstreamPort,
    headers: { authorization: 'Bearer none' },
    process: upstream,
    stop: () => upstream.stop(),
  };
}

/** @param nodeArgs for the Node that runs the target */
export async function startBare(
  upstreamPort: number,
  nodeArgs: readonly string[] = [],
): Promise<Target> {
  const proxy = start(new URL('./bare-proxy.ts', import.meta.url), {
    core: 0,
    nodeArgs,
    args: [String(upstreamPort)],
    speaks: true,
  });
  const { port } = (await nextMessage(proxy)) as UpstreamReady;
  return {
    name: 'bare',
    port,
    headers: { authorization: 'Bearer none' },
    process: proxy,
    stop: () => proxy.stop(),
  };
}

/** https://github.com/Portkey-AI/gateway, without its console page. */
export async function startPortkey(upstreamPort: number): Promise<Target> {
  const port = await freePort();
  const manifest = createRequire(import.meta.url).resolve('@portkey-ai/gateway/package.json');
  const gateway = start(new URL('build/start-server.js', pathToFileURL(manifest)), {
    core: 0,
    args: ['--headless', `--port=${port}`],
    env: { NODE_ENV: 'production' },
    speaks: false,
  });
  await isReady(`http://127.0.0.1:${port}/`, gateway);
  return {
    name: 'portkey',
    port,
    headers: {
      authorization: 'Bearer none',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
    },
    process: gateway,
    stop: () => gateway.stop(),
  };
}

/** Proviso as it comes: the example terms decide each call, and the ledger is on disk. */
export async function startProviso(
  upstreamPort: number,
  nodeArgs: readonly string[] = [],
): Promise<Target> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'proviso-bench-'));
  const { key, ...hashed } = createKey();
  const config = {
    listen: { port },
    dataDir: 'data',
    providers: {
      upstream: {
        kind: 'compatible',
        baseUrl: `http://127.0.0.1:${upstreamPort}/v1`,
        models: [MODEL],
      },
    },
    callers: {
      bench: {
        keyHash: formatKeyHash(hashed),
        owner: 'the benchmark',
        organisation: 'the benchmark',
      },
    },
  };
  const file = join(folder, 'proviso.yaml');
  writeFileSync(file, stringify(config));
  const gateway = start(new URL('../../bin/proviso.js', import.meta.url), {
    core: 0,
    nodeArgs,
    args: ['start', '--config', file],
    speaks: false,
  });
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  process.once('exit', removeFolder);
  await isReady(`http://127.0.0.1:${port}/readyz`, gateway);
  return {
    name: 'proviso',
    port,
    headers: { authorization: `Bearer ${key}` },
    process: gateway,
    async stop() {
      await gateway.stop();
      process.off('exit', removeFolder);
      removeFolder();
    },
  };
}
