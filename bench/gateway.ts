/**
 * The gateways side by side: nothing between (`direct`), the bare Node proxy, Proviso with decision
 * and durable ledger on, and the Portkey gateway from npm, all before the same static upstream.
 *
 *   load generator ──64 connections──▶ target ──▶ static upstream
 *        core 1                        core 0        core 1
 *
 * Neighbours on the machine make any one figure worth little. So the targets take turns in short
 * rounds, a ratio is taken within its round, and what is reported is the median over the rounds.
 */
import type { Bench } from './bench.ts';
import {
  budgets,
  memoryFigure,
  settingFigure,
  streamFigures,
  wholeFigures,
} from './gateway/figures.ts';
import {
  type Feeders,
  type Load,
  type Measured,
  measure,
  type Rounds,
  setPace,
} from './gateway/measure.ts';
import { MEMORY_NODE_ARGS, type MemoryPerStream, memoryPerStream } from './gateway/memory.ts';
import { nextMessage, start } from './gateway/processes.ts';
import {
  direct,
  startBare,
  startPortkey,
  startProviso,
  type Target,
  type TargetName,
} from './gateway/targets.ts';
import type { UpstreamReady } from './gateway/upstream.ts';

const CONNECTIONS = 64;
const PACE_MS = 5;
const WHOLE: Load = { stream: false, connections: CONNECTIONS, rampMs: 100, windowMs: 1_000 };
const PACED: Load = { stream: true, connections: CONNECTIONS, rampMs: 600, windowMs: 2_200 };
const WARM_UP_CALLS = 60_000;
const WARM_UP_SECONDS_MAX = 6;
const UNPACED: Load = { stream: true, connections: CONNECTIONS, rampMs: 200, windowMs: 1_000 };

export const bench: Bench = async (progress) => {
  progress('starting upstream, load generator, bare proxy, Proviso and Portkey');
  const upstream = start(new URL('./gateway/upstream.ts', import.meta.url), {
    core: 1,
    speaks: true,
  });
  const { port } = (await nextMessage(upstream)) as UpstreamReady;
  const load = start(new URL('./gateway/load.ts', import.meta.url), { core: 1, speaks: true });
  const feeders: Feeders = { upstream, load };
  const targets = [
    direct(upstream, port),
    ...(await Promise.all([startBare(port), startProviso(port), startPortkey(port)])),
  ];

  progress('warming up');
  setPace(upstream, 0);
  for (const target of targets) await warmUp(feeders, target);
  const whole = await takeTurns(feeders, targets, WHOLE, 6, 'whole answers', progress);
  const unpaced = await takeTurns(feeders, targets, UNPACED, 2, 'streams, unpaced', progress);
  setPace(upstream, PACE_MS);
  const paced = await takeTurns(feeders, targets, PACED, 4, `streams, ${PACE_MS} ms`, progress);
  for (const target of targets) if (target.name !== 'direct') await target.stop();

  progress('memory of open streams');
  const bareMemory = await measureMemory(feeders, await startBare(port, MEMORY_NODE_ARGS));
  const provisoMemory = await measureMemory(feeders, await startProviso(port, MEMORY_NODE_ARGS));
  await Promise.all([upstream.stop(), load.stop()]);

  return {
    figures: [
      ...wholeFigures(whole),
      ...streamFigures(`first token, ${PACE_MS} ms a token`, paced),
      ...streamFigures('first token, unpaced', unpaced),
      memoryFigure('bare', bareMemory),
      memoryFigure('proviso', provisoMemory),
      settingFigure(CONNECTIONS),
    ],
    budgets: budgets(whole, paced, provisoMemory),
  };
};

/** The engine compiles for tens of thousands of calls; a slow target gets less, not to wait long. */
async function warmUp(feeders: Feeders, target: Target): Promise<void> {
  let calls = 0;
  for (let second = 0; second < WARM_UP_SECONDS_MAX && calls < WARM_UP_CALLS; second++) {
    calls += (await measure(feeders, target, WHOLE)).callsPerSecond;
  }
  await measure(feeders, target, UNPACED);
}

/** Rounds in which each target has its turn, another one first each time. */
async function takeTurns(
  feeders: Feeders,
  targets: readonly Target[],
  load: Load,
  roundsMax: number,
  name: string,
  progress: (line: string) => void,
): Promise<Rounds> {
  const rounds: Record<TargetName, Measured>[] = [];
  while (rounds.length < roundsMax) {
    progress(`${name}: round ${rounds.length + 1} of ${roundsMax}`);
    const first = rounds.length % targets.length;
    const round: Partial<Record<TargetName, Measured>> = {};
    for (const target of [...targets.slice(first), ...targets.slice(0, first)]) {
      round[target.name] = await measure(feeders, target, load);
    }
    rounds.push(round as Record<TargetName, Measured>);
  }
  return rounds;
}

async function measureMemory(feeders: Feeders, target: Target): Promise<MemoryPerStream> {
  try {
    return await memoryPerStream(feeders, target);
  } finally {
    await target.stop();
  }
}
