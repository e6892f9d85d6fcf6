/**
 * Two solvers that must agree. What the first found is replayed by two evaluators before anyone sees
 * it, so that the second is needed for proofs: there is one only where both have it.
 */
import type { Solver, SolverAnswer } from './solver.ts';

export interface NamedSolver extends Solver {
  readonly name: string;
}

/** Asks the second what the first has decided; where they do not agree, nobody knows. */
export function crossChecked(first: NamedSolver, second: NamedSolver): NamedSolver {
  return {
    name: `${first.name} and ${second.name}`,
    ask: async (script) => {
      const answer = await first.ask(script);
      if (answer.verdict === 'unknown') return answer;
      const other = await second.ask(script);
      if (other.verdict === answer.verdict) return answer;
      if (other.verdict === 'unknown') {
        // A request that was found speaks for itself.
        if (answer.verdict === 'sat') return answer;
        return unknown(`${second.name} does not confirm the proof: ${other.reason}`);
      }
      return unknown(
        `the solvers disagree: ${first.name} says ${answer.verdict}, ${second.name} says ${other.verdict}`,
      );
    },
    close: async () => {
      await Promise.all([first.close(), second.close()]);
    },
  };
}

function unknown(reason: string): SolverAnswer {
  return { verdict: 'unknown', reason };
}
