/**
 * The port to a solver: SMT-LIB scripts in, `sat` with the values asked for, `unsat` or `unknown`
 * out. A script that takes too long, that the solver does not understand or on which it fails is
 * `unknown`.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { takingTurns } from './turns.ts';

export type SolverAnswer =
  /** `values` is what the solver printed after its verdict. */
  | { readonly verdict: 'sat'; readonly values: string }
  | { readonly verdict: 'unsat' }
  | { readonly verdict: 'unknown'; readonly reason: string };

export interface Solver {
  readonly ask: (script: string) => Promise<SolverAnswer>;
  readonly close: () => Promise<void>;
}

export interface SolverOptions {
  /** How many scripts are worked on at once, each in a process of its own. */
  readonly processes: number;
  /** For one script. */
  readonly timeLimitMs: number;
}

/** Which solver it is, for records of what it proved. */
export const Z3 = `z3-solver ${versionOf('z3-solver')}`;

/** Z3, started when it is first asked. */
export function startSolver({ processes, timeLimitMs }: SolverOptions): Solver {
  const idle: ChildProcess[] = [];
  const all = new Set<ChildProcess>();
  const inTurn = takingTurns(processes);
  let isClosed = false;
  const started = async (): Promise<ChildProcess | undefined> => {
    const child = fork(new URL('./solver-process.ts', import.meta.url), {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    all.add(child);
    child.once('exit', () => {
      all.delete(child);
      if (idle.includes(child)) idle.splice(idle.indexOf(child), 1);
    });
    const ready = await answerOf(child, undefined, START_MS_MAX);
    if (ready === undefined) child.kill('SIGKILL');
    return ready === undefined ? undefined : child;
  };
  const askIdle = async (script: string): Promise<SolverAnswer> => {
    if (isClosed) return { verdict: 'unknown', reason: 'the solver was closed' };
    const child = idle.pop() ?? (await started());
    if (!child) return { verdict: 'unknown', reason: 'the solver could not be started' };
    const printed = await answerOf(child, withOptions(script, timeLimitMs), timeLimitMs + GRACE_MS);
    if (printed === undefined) {
      child.kill('SIGKILL');
      return {
        verdict: 'unknown',
        reason: `the solver ended, or took more than ${timeLimitMs} ms`,
      };
    }
    idle.push(child);
    return verdictOf(printed);
  };
  return {
    ask: (script) => inTurn(() => askIdle(script)),
    close: async () => {
      isClosed = true;
      const ends = [...all].map((child) => once(child, 'exit'));
      for (const child of all) child.kill('SIGKILL');
      await Promise.all(ends);
    },
  };
}

function versionOf(name: string): string {
  const { version } = createRequire(import.meta.url)(`${name}/package.json`) as {
    readonly version: string;
  };
  return version;
}

/** The same question gets the same answer: no seed is left to chance. */
const SEED = 1;
/** Beyond the limit that the solver itself was told, which it sometimes does not heed. */
const GRACE_MS = 1_000;
/** It takes a fifth of a second on a machine with nothing else to do. */
const START_MS_MAX = 60_000;

function withOptions(script: string, timeLimitMs: number): string {
  return [
    `(set-option :timeout ${timeLimitMs})`,
    `(set-option :smt.random_seed ${SEED})`,
    `(set-option :sat.random_seed ${SEED})`,
    script,
  ].join('\n');
}

/** Undefined when it does not answer in time, or ends. Without a script, it is waited for only. */
async function answerOf(
  child: ChildProcess,
  script: string | undefined,
  waitMsMax: number,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const onMessage = (message: unknown): void => resolve(String(message));
  const onEnd = (): void => resolve(undefined);
  const timer = setTimeout(onEnd, waitMsMax);
  child.once('message', onMessage);
  child.once('exit', onEnd);
  child.once('error', onEnd);
  if (script !== undefined) {
    child.send(script, (error) => {
      if (error) onEnd();
    });
  }
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    child.off('message', onMessage);
    child.off('exit', onEnd);
    child.off('error', onEnd);
  }
}

/** What a solver printed, as its answer. */
export function verdictOf(printed: string): SolverAnswer {
  const [, verdict, rest = ''] = /^\s*(sat|unsat|unknown)\b([^]*)$/.exec(printed) ?? [];
  if (verdict === 'sat') return { verdict, values: rest };
  if (verdict === 'unsat') return { verdict };
  const reason = verdict === 'unknown' ? 'the solver gave up' : printed.trim().slice(0, 200);
  return { verdict: 'unknown', reason };
}
