/** The rounds of the gateway benchmark as rows and budgets. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { atLeast, atMost, type Budget, type Figure } from '../bench.ts';
import type { Measured, Rounds } from './measure.ts';
import { median } from './measure.ts';
import { type MemoryPerStream, OPEN_STREAMS } from './memory.ts';
import { isPinned } from './processes.ts';
import type { TargetName } from './targets.ts';

const TARGETS: readonly TargetName[] = ['direct', 'bare', 'proviso', 'portkey'];
/** statfs(2) of memory file systems, on which a sync to disk costs nothing. */
const MEMORY_FILE_SYSTEMS: readonly number[] = [0x01021994, 0x858458f6];

/** `p50Ms`, `p99Ms`: from the request's first byte to the answer's last, of 64 at once. */
export function wholeFigures(rounds: Rounds): Figure[] {
  return TARGETS.map((target) => ({
    measure: 'whole answers',
    target,
    callsPerSecond: of(rounds, target, (m) => m.callsPerSecond),
    cpuPerCallUs: of(rounds, target, (m) => m.cpuPerCallUs),
    cpuToBare: ratio(rounds, target, 'bare', (m) => m.cpuPerCallUs),
    callsToPortkey: ratio(rounds, target, 'portkey', (m) => m.callsPerSecond),
    p50Ms: of(rounds, target, (m) => m.p50Ms),
    p99Ms: of(rounds, target, (m) => m.p99Ms),
    feedersShare: of(rounds, target, (m) => m.feedersShare),
  }));
}

/** `p50Ms`, `p99Ms`: from the request's first byte to the first token; `added…` to no proxy. */
export function streamFigures(measure: string, rounds: Rounds): Figure[] {
  return TARGETS.map((target) => ({
    measure,
    target,
    callsPerSecond: of(rounds, target, (m) => m.callsPerSecond),
    cpuPerCallUs: of(rounds, target, (m) => m.cpuPerCallUs),
    cpuToBare: ratio(rounds, target, 'bare', (m) => m.cpuPerCallUs),
    callsToPortkey: ratio(rounds, target, 'portkey', (m) => m.callsPerSecond),
    p50Ms: of(rounds, target, (m) => m.firstTokenP50Ms),
    p99Ms: of(rounds, target, (m) => m.firstTokenP99Ms),
    feedersShare: of(rounds, target, (m) => m.feedersShare),
    addedP50Ms: added(rounds, target, 'direct', (m) => m.firstTokenP50Ms),
    addedP99Ms: added(rounds, target, 'direct', (m) => m.firstTokenP99Ms),
    addedToBareP50Ms: added(rounds, target, 'bare', (m) => m.firstTokenP50Ms),
    addedToBareP99Ms: added(rounds, target, 'bare', (m) => m.firstTokenP99Ms),
  }));
}

export function memoryFigure(target: TargetName, memory: MemoryPerStream): Figure {
  return {
    measure: `memory per stream, ${OPEN_STREAMS} open`,
    target,
    heldKb: rounded(memory.heldKb),
    residentKb: rounded(memory.residentKb),
  };
}

/** What a reader must know of the run to judge its figures, as one row. */
export function settingFigure(connections: number): Figure {
  const cores = isPinned
    ? 'proxy on core 0, upstream and load on core 1'
    : 'processes not pinned, for want of taskset';
  const ledger = MEMORY_FILE_SYSTEMS.includes(statfsSync(tmpdir()).type) ? 'in memory' : 'on disk';
  return {
    measure: `setting: ${connections} connections; ${cores}; ledger ${ledger} in ${tmpdir()}`,
  };
}

export function budgets(whole: Rounds, paced: Rounds, memory: MemoryPerStream): Budget[] {
  return [
    atMost(
      'CPU per call, to bare',
      ratio(whole, 'proviso', 'bare', (m) => m.cpuPerCallUs),
      1.8,
    ),
    atLeast(
      'calls a second, to Portkey',
      ratio(whole, 'proviso', 'portkey', (m) => m.callsPerSecond),
      13,
    ),
    atMost(
      'added time to first token, p99, ms',
      added(paced, 'proviso', 'direct', (m) => m.firstTokenP99Ms),
      2,
    ),
    atMost('memory per open stream, KB', rounded(memory.heldKb), 50),
  ];
}

type Pick = (measured: Measured) => number;

function of(rounds: Rounds, target: TargetName, pick: Pick): number {
  return rounded(median(rounds.map((round) => pick(round[target]))));
}

function ratio(rounds: Rounds, target: TargetName, to: TargetName, pick: Pick): number {
  return rounded(median(rounds.map((round) => pick(round[target]) / pick(round[to]))));
}

function added(rounds: Rounds, target: TargetName, to: TargetName, pick: Pick): number {
  return rounded(median(rounds.map((round) => pick(round[target]) - pick(round[to]))));
}

/** Three significant digits; whole numbers above that. */
function rounded(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}
