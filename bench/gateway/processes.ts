/**
 * The processes of the benchmark, each on the core it was given, and what they cost: CPU and memory
 * as the kernel counts them (proc_pid_stat(5)), over a process and all that it started.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

export interface StartOptions {
  /** 0: the proxy under test. 1: what feeds it. */
  readonly core: 0 | 1;
  readonly nodeArgs?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the script speaks to us over an IPC channel. */
  readonly speaks: boolean;
}

export interface Process {
  readonly child: ChildProcess;
  readonly pid: number;
  /** The end of what it wrote to its standard error. */
  readonly complaints: string;
  stop(): Promise<void>;
}

const PIN = 'taskset';
/** Whether each process can be held to its core; where it can't, the figures say so. */
export const isPinned = spawnSync(PIN, ['-c', '0,1', 'true']).status === 0;

const STOP_WAIT_MS_MAX = 5_000;
const COMPLAINT_CHARS_MAX = 4_000;
const READY_WAIT_MS_MAX = 60_000;
/** CPU times in /proc count in USER_HZ, which is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

const running = new Set<Process>();
process.on('exit', () => {
  for (const { pid } of running) kill(treeOf(pid), 'SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Starts a Node script with the Node that runs this benchmark. */
export function start(script: URL, options: StartOptions): Process {
  const path = fileURLToPath(script);
  const nodeArgs = [...(options.nodeArgs ?? []), path, ...(options.args ?? [])];
  const [command, args] = isPinned
    ? [PIN, ['-c', String(options.core), process.execPath, ...nodeArgs]]
    : [process.execPath, nodeArgs];
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'pipe', options.speaks ? 'ipc' : 'ignore'],
    env: { ...process.env, ...options.env },
  });
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-COMPLAINT_CHARS_MAX);
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`Could not start \`${path}\`.`);
  const started: Process = {
    child,
    pid,
    get complaints() {
      return complaints;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      const tree = treeOf(pid);
      kill([pid], 'SIGTERM');
      const killer = setTimeout(() => kill(tree, 'SIGKILL'), STOP_WAIT_MS_MAX);
      await exited;
      clearTimeout(killer);
    },
  };
  running.add(started);
  child.once('exit', () => running.delete(started));
  return started;
}

/** The next message of a process; rejects when it ends instead. */
export async function nextMessage(from: Process): Promise<unknown> {
  const ending = new AbortController();
  const ended = once(from.child, 'exit', { signal: ending.signal }).then(() => {
    throw new Error(`A process of the benchmark ended early: ${describe(from)}`);
  });
  try {
    const [message] = await Promise.race([once(from.child, 'message'), ended]);
    return message;
  } finally {
    ended.catch(() => undefined);
    ending.abort();
  }
}

/** Resolves when the address answers 200. */
export async function isReady(url: string, from: Process): Promise<void> {
  for (const deadline = Date.now() + READY_WAIT_MS_MAX; Date.now() < deadline; ) {
    if (from.child.exitCode !== null) break;
    const response = await fetch(url).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Nothing answers at ${url}: ${describe(from)}`);
}

function describe({ child, complaints }: Process): string {
  return `${child.spawnargs.join(' ')}\n${complaints}`;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('No free port.');
  return address.port;
}

/** CPU that a process and its descendants have used since they began, in milliseconds. */
export function cpuMs(pid: number): number {
  let ticks = 0;
  for (const member of treeOf(pid)) {
    const fields = statFields(member);
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks * MS_PER_TICK;
}

/** Resident memory of a process and its descendants, in kilobytes. */
export function residentKb(pid: number): number {
  let kilobytes = 0;
  for (const member of treeOf(pid)) {
    const status = readFileSync(`/proc/${member}/status`, 'utf8');
    kilobytes += Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0);
  }
  return kilobytes;
}

export function kill(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}

/** A process and all that it started, by the parents that /proc names. */
export function treeOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (pid > 0) parents.set(pid, Number(statFields(pid)[1] ?? 0));
  }
  const tree = [root];
  for (const member of tree) {
    for (const [pid, parent] of parents) if (parent === member) tree.push(pid);
  }
  return tree;
}

/** The fields after the command's name: state, parent, … */
function statFields(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
