/** One measurement: a load on one target, and what it cost the target's process meanwhile. */
import type { LoadOrder, LoadReport, LoadResult } from './load.ts';
import { cpuMs, nextMessage, type Process } from './processes.ts';
import type { Target, TargetName } from './targets.ts';
import type { Pace } from './upstream.ts';

/** What feeds a target: both on the core that the target is not on. */
export interface Feeders {
  readonly upstream: Process;
  readonly load: Process;
}

export type Load = Omit<LoadOrder, 'port' | 'headers' | 'openCalls'>;

export interface Measured {
  readonly callsPerSecond: number;
  readonly cpuPerCallUs: number;
  /** CPU of upstream and load generator, of the one core that they share: 1 is all of it. */
  readonly feedersShare: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly firstTokenP50Ms: number;
  readonly firstTokenP99Ms: number;
}

/** What each round measured, by target. */
export type Rounds = readonly Readonly<Record<TargetName, Measured>>[];

/** Throws when a single answer was not what it had to be. */
export async function measure(feeders: Feeders, target: Target, load: Load): Promise<Measured> {
  const order: LoadOrder = { ...load, ...addressOf(target), openCalls: 'complete' };
  const pids = [target.process.pid, feeders.upstream.pid, feeders.load.pid];
  let before: number[] = [];
  let after: number[] = [];
  const result = await run(feeders.load, order, (at) => {
    if (at === 'windowStart') before = pids.map(cpuMs);
    else after = pids.map(cpuMs);
  });
  if (result.failures > 0 || result.calls === 0) {
    throw new Error(
      `${target.name}: ${result.failures} of ${result.calls + result.failures} calls failed; ` +
        `the first: ${result.firstFailure ?? 'none ended'}`,
    );
  }
  const [targetMs = 0, upstreamMs = 0, loadMs = 0] = after.map((ms, i) => ms - (before[i] ?? 0));
  return {
    callsPerSecond: (result.calls * 1_000) / result.windowMs,
    cpuPerCallUs: (targetMs * 1_000) / result.calls,
    feedersShare: (upstreamMs + loadMs) / result.windowMs,
    p50Ms: quantile(result.latenciesMs, 0.5),
    p99Ms: quantile(result.latenciesMs, 0.99),
    firstTokenP50Ms: quantile(result.firstTokensMs, 0.5),
    firstTokenP99Ms: quantile(result.firstTokensMs, 0.99),
  };
}

/** @param onWindow called as the window opens and closes */
export async function run(
  load: Process,
  order: LoadOrder,
  onWindow: (at: 'windowStart' | 'windowEnd') => void,
): Promise<LoadResult> {
  load.child.send(order);
  for (;;) {
    const message = (await nextMessage(load)) as LoadReport;
    if (message.report === 'result') return message.result;
    onWindow(message.report);
  }
}

export function setPace(upstream: Process, tokenWaitMs: number): void {
  const pace: Pace = { tokenWaitMs };
  upstream.child.send(pace);
}

export function addressOf(target: Target): Pick<LoadOrder, 'port' | 'headers'> {
  return { port: target.port, headers: target.headers };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
