/** What commands that prove have in common: how many solvers work at once, and for how long. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { type Solver, startSolver } from '#terms/prove/solver.ts';
import { wholeNumber } from './arguments.ts';

/** As `withProver` gives them to a command. */
export interface ProverOptions {
  /** Solver processes at once. */
  readonly processes: number;
  /** Seconds for one question. */
  readonly timeLimit: number;
}

export function withProver(command: Command): Command {
  return command
    .option(
      '--processes <number>',
      'solver processes at once; each may need some hundred MB',
      wholeNumber(1, 64),
      Math.min(4, availableParallelism()),
    )
    .option(
      '--time-limit <seconds>',
      'for one question; what takes longer is unknown',
      wholeNumber(1, 3_600),
      10,
    );
}

/** Ends the solver's processes when the work is done, however it ends. */
export async function withSolver<T>(
  { processes, timeLimit }: ProverOptions,
  work: (solver: Solver) => Promise<T>,
): Promise<T> {
  const solver = startSolver({ processes, timeLimitMs: timeLimit * 1_000 });
  try {
    return await work(solver);
  } finally {
    await solver.close();
  }
}
