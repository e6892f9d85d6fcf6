/** What an open stream holds: resident memory with 2,000 of them, against none. */
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf, type Feeders, measure, run, setPace } from './measure.ts';
import { kill, residentKb, treeOf } from './processes.ts';
import type { Target } from './targets.ts';

export const OPEN_STREAMS = 2_000;

/** For the Node of a target whose memory is to be measured. */
export const MEMORY_NODE_ARGS = [
  '--expose-gc',
  '--import',
  new URL('./collect.ts', import.meta.url).href,
];

/** So slow that each stream outlasts the measurement. */
const TOKEN_WAIT_MS = 400;
const RAMP_MS = 3_000;
const HOLD_MS = 1_500;
const COLLECT_WAIT_MS = 500;
const MARGIN_MS = 300;

export interface MemoryPerStream {
  /** With the garbage that happened to lie about, and the room V8 took for more. */
  readonly residentKb: number;
  /** Garbage collected before both readings: what the streams hold. */
  readonly heldKb: number;
}

/** The target is of no use afterwards: its streams are cut off. */
export async function memoryPerStream(feeders: Feeders, target: Target): Promise<MemoryPerStream> {
  setPace(feeders.upstream, 0);
  const warmUp = { stream: true, connections: 64, rampMs: 100, windowMs: 1_000 };
  await measure(feeders, target, warmUp);
  await collectGarbage(target);
  const emptyKb = residentKb(target.process.pid);

  setPace(feeders.upstream, TOKEN_WAIT_MS);
  const order = {
    ...addressOf(target),
    stream: true,
    connections: OPEN_STREAMS,
    rampMs: RAMP_MS,
    windowMs: HOLD_MS + COLLECT_WAIT_MS + MARGIN_MS,
    openCalls: 'cut' as const,
  };
  const opened = run(feeders.load, order, () => undefined);
  await sleep(RAMP_MS + HOLD_MS);
  const fullKb = residentKb(target.process.pid);
  await collectGarbage(target);
  const heldKb = residentKb(target.process.pid);
  const { openStreams, failures, firstFailure } = await opened;
  if (openStreams !== OPEN_STREAMS || failures > 0) {
    throw new Error(`${target.name}: ${openStreams} of ${OPEN_STREAMS} streams: ${firstFailure}`);
  }
  return {
    residentKb: (fullKb - emptyKb) / OPEN_STREAMS,
    heldKb: (heldKb - emptyKb) / OPEN_STREAMS,
  };
}

async function collectGarbage(target: Target): Promise<void> {
  kill(treeOf(target.process.pid), 'SIGUSR2');
  await sleep(COLLECT_WAIT_MS);
}
