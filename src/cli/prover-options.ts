/** What commands that prove have in common: solvers, how many and for how long, and what is kept. */
import { availableParallelism } from 'node:os';
import { type Command, Option } from 'commander';
import { ProvisoError } from '#base/errors.ts';
import { type CachedSolver, cachedSolver } from '#terms/prove/answer-cache.ts';
import { crossChecked, type NamedSolver } from '#terms/prove/cross-check.ts';
import { findCvc5, startCvc5 } from '#terms/prove/cvc5.ts';
import { type Solver, startSolver, Z3 } from '#terms/prove/solver.ts';
import { wholeNumber } from './arguments.ts';
import { Output } from './output.ts';

/** As `withProver` gives them to a command. */
export interface ProverOptions {
  /** Solver processes at once. */
  readonly processes: number;
  /** Seconds for one question. */
  readonly timeLimit: number;
  /** A second solver that must agree. */
  readonly crossCheck?: 'cvc5';
  /** A folder that keeps answers. */
  readonly cache?: string;
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
      30,
    )
    .addOption(
      new Option('--cross-check <solver>', 'a second solver that must agree').choices(['cvc5']),
    )
    .option('--cache <folder>', 'keeps answers for the next run; trust it as you do the folder');
}

/**
 * Ends the solvers when the work is done, however it ends.
 * @throws ProvisoError `system_failed` for a second solver that is not there
 */
export async function withSolver<T>(
  { processes, timeLimit, crossCheck, cache }: ProverOptions,
  work: (solver: Solver) => Promise<T>,
): Promise<T> {
  const limits = { processes, timeLimitMs: timeLimit * 1_000 };
  const caches: CachedSolver[] = [];
  const keeping = (solver: NamedSolver): NamedSolver => {
    if (cache === undefined) return solver;
    const cached = cachedSolver(solver, cache, limits);
    caches.push(cached);
    return cached;
  };
  const z3 = keeping({ name: Z3, ...startSolver(limits) });
  const solver =
    crossCheck === undefined
      ? z3
      : crossChecked(z3, keeping({ name: await cvc5Name(), ...startCvc5(limits) }));
  try {
    return await work(solver);
  } finally {
    await solver.close();
    for (const { name, counts } of caches) {
      const { asked, kept } = counts();
      if (kept === 0) continue;
      // A verdict that rests on a file says so.
      new Output(false).note(`${kept} of ${asked} answers of ${name} came from \`${cache}\``);
    }
  }
}

async function cvc5Name(): Promise<string> {
  const name = await findCvc5();
  if (name !== undefined) return name;
  throw new ProvisoError(
    'system_failed',
    'There is no `cvc5` on the PATH: install it, or leave out `--cross-check`.',
  );
}
