/** A whole gateway in this process: real configuration, ledger and server, on a free port. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { stringify } from 'yaml';
import type { Clock } from '#base/clock.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Caller } from '#caller/ring.ts';
import { parseConfig } from '#config/load.ts';
import { createCallerKey } from '#gateway/changes.ts';
import { Gateway } from '#gateway/gateway.ts';
import { type GatewayServer, type Mount, startServer } from '#gateway/server.ts';
import type { Entry } from '#ledger/entry.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { prover } from './prover.ts';
import type { Upstream } from './upstream.ts';

export interface GatewayOptions {
  /** As in proviso.yaml, over the defaults of `openGateway`. */
  readonly config?: JsonObject;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** What is served beside calls, closed with the gateway. */
  readonly mounts?: (gateway: Gateway) => readonly (Mount & { close(): Promise<void> })[];
}

/** An entry with the values behind its commitments. */
export interface ReadEntry extends Entry {
  readonly private: JsonObject;
}

export interface TestGateway {
  readonly address: string;
  /** Of a caller without limits of its own. */
  readonly key: string;
  readonly gateway: Gateway;
  readonly server: GatewayServer;
  readonly dir: string;
  /** Every line that was logged, at level `trace`. */
  readonly logs: readonly string[];
  newKey(caller?: Partial<Omit<Caller, 'keyId'>>): Promise<{ id: string; key: string }>;
  /** Waits until every decision has its outcome; then the number of entries. */
  settled(): Promise<number>;
  /** All entries from `from` on, once they are settled. */
  entries(from?: number): Promise<readonly ReadEntry[]>;
  close(): Promise<void>;
}

const CALLER: Omit<Caller, 'keyId'> = {
  id: 'tester',
  owner: 'the test desk',
  organisation: 'Example Harbour Authority',
  teams: ['tests'],
  clearance: 0,
  purposes: [],
};

export async function openGateway(options: GatewayOptions): Promise<TestGateway> {
  const dir = mkdtempSync(join(tmpdir(), 'proviso-test-'));
  const { logs, log } = memoryLog();
  const { limits, oversight, ...settings } = options.config ?? {};
  const text = stringify({
    dataDir: dir,
    listen: { port: 0 },
    // A test that fails with a call under way should not wait for its end.
    limits: { drainWaitMsMax: 1_000, ...(limits as JsonObject | undefined) },
    // Nobody answers a hold unless the test does: calls go on by reference, and there may be many.
    oversight: {
      waitMsMax: 0,
      streamWaitMsMax: 0,
      holdsMax: 10_000,
      holdsPerCallerMax: 10_000,
      ...(oversight as JsonObject | undefined),
    },
    ...settings,
  });
  const config = parseConfig(text, join(dir, 'proviso.yaml'), options.env ?? {});
  const gateway = await Gateway.open(config, {
    log,
    prover,
    ...(options.clock && { clock: options.clock }),
  });
  const mounts = options.mounts?.(gateway) ?? [];
  const server = await startServer(gateway, config.listen, mounts);
  const newKey: TestGateway['newKey'] = (caller) =>
    createCallerKey(gateway, { ...CALLER, ...caller });
  const { key } = await newKey();
  return {
    address: server.address,
    key,
    gateway,
    server,
    dir,
    logs,
    newKey,
    settled: () => settled(gateway),
    entries: (from = 0) => entriesOf(gateway, from),
    async close() {
      await Promise.all(mounts.map((mount) => mount.close()));
      await server.drain();
      await gateway.close();
      rmSync(dir, { recursive: true });
    },
  };
}

/** The `providers` of a configuration: one for each protocol at an upstream, by model name. */
export function providersAt(upstream: Upstream, more: JsonObject = {}): JsonObject {
  return Object.fromEntries(
    PROTOCOLS.map((protocol) => [
      `up-${protocol}`,
      {
        kind: 'compatible',
        protocol,
        baseUrl: upstream.baseUrl(protocol),
        models: [modelOf(protocol), `${protocol}-*`],
        ...more,
      },
    ]),
  );
}

export function modelOf(protocol: Protocol): string {
  return `${protocol}-model`;
}

const WAIT_MS_MAX = 5_000;

async function settled({ ledger }: Gateway): Promise<number> {
  const until = performance.now() + WAIT_MS_MAX;
  while (ledger.openDecisions().length > 0) {
    if (performance.now() > until) {
      throw new Error(`decisions without outcome: ${ledger.openDecisions().join(', ')}`);
    }
    await turn();
  }
  await ledger.flush();
  return ledger.size;
}

async function entriesOf(gateway: Gateway, from: number): Promise<readonly ReadEntry[]> {
  const { ledger } = gateway;
  const size = await settled(gateway);
  const entries: ReadEntry[] = [];
  for (let index = from; index < size; index++) {
    const entry = await ledger.readEntry(index);
    entries.push({ ...entry, private: await ledger.readPrivate(entry) });
  }
  return entries;
}

/** The outcome of a decision. */
export function outcomeOf(entries: readonly ReadEntry[], decision: number): JsonObject {
  const outcomes = entries.filter(({ closes }) => closes === decision);
  if (outcomes.length !== 1) throw new Error(`entry ${decision} has ${outcomes.length} outcomes`);
  return outcomes[0]?.public ?? {};
}

export interface ToolDecision {
  readonly effect: JsonValue | undefined;
  readonly code: JsonValue | undefined;
  readonly tool: JsonValue | undefined;
  readonly arguments: JsonValue | undefined;
}

/** The decisions on tool calls in the answer to the call that entry `parent` decided. */
export function toolDecisions(
  entries: readonly ReadEntry[],
  parent: number,
): readonly ToolDecision[] {
  return entries
    .filter(({ public: facts }) => facts['parent'] === parent)
    .map(({ public: { effect, code }, private: { content } }) => {
      const { name, arguments: text } = content as JsonObject;
      return { effect, code, tool: name, arguments: text };
    });
}

function memoryLog() {
  const logs: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logs.push(line) });
  return { logs, log };
}
