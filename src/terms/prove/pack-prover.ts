/**
 * Proofs of whole packs, each in solver processes of its own that end with it. What a proof rests on
 * is asked anew each time: an answer from a file would be the word of whoever wrote the file.
 */
import { PROOF_LIMITS } from '#base/limits.ts';
import { comparePacks, type PackComparison } from '../compare/compare-packs.ts';
import type { Pack } from '../pack.ts';
import type { Report } from './analyze.ts';
import { type PackProof, provePack } from './prove-pack.ts';
import { Prover } from './prover.ts';
import { type Solver, startSolver, Z3 } from './solver.ts';

export interface PackProver {
  /** The solver and its version, for the record. */
  readonly solver: string;
  /** @param against what binds of the version in force */
  prove(pack: Pack, against: Pack | undefined, report: Report): Promise<PackProof>;
  /** What each of the two permits that the other does not. */
  compare(first: Pack, second: Pack, report: Report): Promise<PackComparison>;
  /** Ends what is under way, and what is asked later: it is not proven then. */
  close(): Promise<void>;
}

type ProofLimits = { readonly [K in keyof typeof PROOF_LIMITS]: number };

/** Starts no process before it is asked. */
export function startPackProver(limits: ProofLimits = PROOF_LIMITS): PackProver {
  const solvers = new Set<Solver>();
  let isClosed = false;
  const withSolver = async <T>(work: (solver: Solver) => Promise<T>): Promise<T> => {
    const { processes, questionMsMax, wholeMsMax } = limits;
    const solver = startSolver({ processes, timeLimitMs: questionMsMax });
    solvers.add(solver);
    if (isClosed) void solver.close();
    const timer = setTimeout(() => void solver.close(), wholeMsMax);
    try {
      return await work(solver);
    } finally {
      clearTimeout(timer);
      solvers.delete(solver);
      await solver.close();
    }
  };
  return {
    solver: Z3,
    prove: (pack, against, report) =>
      withSolver((solver) => provePack(new Prover(pack.schema, solver), pack, against, report)),
    compare: (first, second, report) =>
      withSolver((solver) => comparePacks(first, second, solver, report)),
    async close() {
      isClosed = true;
      await Promise.all([...solvers].map((solver) => solver.close()));
    },
  };
}
