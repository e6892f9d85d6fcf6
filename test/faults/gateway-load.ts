/**
 * Calls of every kind to a real gateway process, many at once, each for a model of its own name: so
 * that what a provider received, what callers saw and what the ledger says can be held together.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { JsonObject } from '#base/json.ts';
import { parseVerifierKey } from '#base/note.ts';
import type { Entry } from '#ledger/entry.ts';
import { readCheckpoint, readEntries } from '#ledger/read.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { providersAt } from '../harness/gateway.ts';
import { bodyOf, pathOf, streamedBody, toolsOf } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { type Script, says, type Upstream } from '../harness/upstream.ts';

const BIN = fileURLToPath(new URL('../../bin/proviso.js', import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly address: string;
  /** Made at the first start only. */
  readonly key: string | undefined;
  readonly verifierKey: string;
  /** Sends the signal; resolves with the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** `proviso start` on the configuration in that folder. */
export async function startProcess(folder: string, fileBytesMax?: number): Promise<Running> {
  const args = [BIN, 'start', '--json', '--config', join(folder, 'proviso.yaml')];
  const limit = fileBytesMax === undefined ? '' : `ulimit -f ${Math.ceil(fileBytesMax / 512)}; `;
  const child = spawn('/bin/sh', ['-c', `${limit}exec "$0" "$@"`, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
  });
  const errors = text(child.stderr);
  let stdout = '';
  for await (const chunk of child.stdout) {
    stdout += String(chunk);
    if (stdout.endsWith('\n}\n')) break;
  }
  if (!stdout.endsWith('\n}\n')) throw new Error(`start ended: ${stdout}${await errors}`);
  const { address, key, ledger } = JSON.parse(stdout) as {
    address: string;
    key?: string;
    ledger: { verifierKey: string };
  };
  return {
    child,
    address,
    key,
    verifierKey: ledger.verifierKey,
    async end(signal) {
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

export function configure(folder: string, upstream: Upstream, limits: JsonObject = {}): void {
  const config = {
    dataDir: join(folder, 'data'),
    listen: { port: 0 },
    // Nobody is there to sign: what is held is told by reference, and the call goes on.
    oversight: {
      onHold: 'reference',
      streamWaitMsMax: 0,
      holdsMax: 1_000_000,
      holdsPerCallerMax: 1_000_000,
    },
    providers: providersAt(upstream),
    telemetry: { logLevel: 'fatal' },
    limits: { attemptsMax: 1, ...limits },
  };
  writeFileSync(join(folder, 'proviso.yaml'), stringify(config));
}

export function ledgerOf(folder: string): string {
  return join(folder, 'data', 'ledger');
}

export async function readLedger(folder: string, verifierKey: string): Promise<Entry[]> {
  const dir = ledgerOf(folder);
  const { size } = await readCheckpoint(dir, parseVerifierKey(verifierKey));
  return Array.fromAsync(readEntries(dir, size));
}

/** Text, then a permitted tool call and one that is held, at the pace of a model. */
export function modelAnswers(): Script {
  const spoken = Object.fromEntries(
    PROTOCOLS.map((protocol) => [
      protocol,
      speak(protocol, {
        text: 'Looking for a berth, and for another one.',
        calls: [
          { id: 'call_1', name: 'find_berth', arguments: '{"metres":12}' },
          { id: 'call_2', name: 'fire_weapon', arguments: '{"metres":12}' },
        ],
        finish: 'tool_calls',
      }),
    ]),
  );
  return async (response, request) => {
    const protocol = PROTOCOLS.find((name) => request.text.includes(`to ${name} `)) ?? 'gemini';
    const answer = spoken[protocol];
    if (!answer) return;
    const streams = request.body['stream'] === true || request.path.includes('alt=sse');
    if (!streams) return says(answer)(response, request);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const frame of answer.frames) {
      if (response.destroyed) return;
      response.write(frame);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    response.end();
  };
}

/** What a caller saw of one call. */
export interface Seen {
  /** The call's own model, as the ledger has it in `targets`. */
  readonly target: string;
  readonly status: number;
  readonly code: string | undefined;
  readonly decision: number | undefined;
  /** Calls of `find_berth` that arrived. */
  readonly toolCalls: number;
  readonly isWhole: boolean;
}

export interface Load {
  readonly seen: readonly Seen[];
  /** No new calls; resolves when those under way have ended. */
  stop(): Promise<void>;
}

let calls = 0;

/** Each of so many callers asks, and asks again, until stopped or refused a connection. */
/** @param padding text that each question carries besides */
export function startLoad({ address }: Running, key: string, callers: number, padding = ''): Load {
  const seen: Seen[] = [];
  let isStopped = false;
  const loop = async (): Promise<void> => {
    while (!isStopped) {
      const one = await call(address, key, calls++, padding);
      if (one) seen.push(one);
      else return;
    }
  };
  const loops = Array.from({ length: callers }, loop);
  return {
    seen,
    async stop() {
      isStopped = true;
      await Promise.all(loops);
    },
  };
}

/** Undefined where no head of an answer came. */
async function call(
  address: string,
  key: string,
  number: number,
  padding: string,
): Promise<Seen | undefined> {
  const protocolIn = PROTOCOLS[number % 4] ?? 'gemini';
  const protocolOut = PROTOCOLS[Math.floor(number / 4) % 4] ?? 'gemini';
  const streams = number % 3 > 0;
  const model = `${protocolOut}-${number}`;
  const response = await fetch(address + pathOf(protocolIn, streams, model), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key },
    body: JSON.stringify(question(protocolIn, protocolOut, model, streams, padding)),
  }).catch(() => undefined);
  if (!response) return undefined;
  const decoder = new TextDecoder();
  let body = '';
  let isWhole = true;
  try {
    for await (const chunk of response.body ?? []) body += decoder.decode(chunk, { stream: true });
  } catch {
    isWhole = false;
  }
  const { status, headers } = response;
  const decision = headers.get('proviso-decision');
  return {
    target: `up-${protocolOut}/${model}`,
    status,
    code: headers.get('proviso-code') ?? undefined,
    decision: decision === null ? undefined : Number(decision),
    toolCalls: /call_1/.test(body) ? 1 : 0,
    isWhole,
  };
}

function question(
  protocolIn: Protocol,
  protocolOut: Protocol,
  model: string,
  streams: boolean,
  padding: string,
): JsonObject {
  const fields = protocolIn === 'gemini' ? {} : { model };
  const tools = toolsOf(protocolIn, 'find_berth');
  const asked = `A berth, by a call to ${protocolOut} please. ${padding}`;
  return (streams ? streamedBody : bodyOf)(protocolIn, asked, { ...fields, ...tools });
}

/** The target of a request that a provider received, by the model in its body or path. */
export function targetOf(body: Record<string, unknown> | null, path: string): string {
  const model =
    typeof body?.['model'] === 'string' ? body['model'] : /models\/([^:]+)/.exec(path)?.[1];
  const protocol = PROTOCOLS.find((name) => model?.startsWith(`${name}-`));
  return `up-${protocol}/${model}`;
}
