/**
 * Proves packs as a gateway does, but asks the solver each question once: in this process, and with
 * a folder of answers beside other temporary files, on this machine. Tests open hundreds of gateways
 * under the same few packs.
 */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROOF_LIMITS } from '#base/limits.ts';
import { comparePacks } from '#terms/compare/compare-packs.ts';
import type { Pack } from '#terms/pack.ts';
import { cachedSolver } from '#terms/prove/answer-cache.ts';
import type { PackProver } from '#terms/prove/pack-prover.ts';
import { type PackProof, provePack } from '#terms/prove/prove-pack.ts';
import { Prover } from '#terms/prove/prover.ts';
import { type Solver, startSolver, Z3 } from '#terms/prove/solver.ts';

const limits = { processes: 1, timeLimitMs: PROOF_LIMITS.questionMsMax };
const proofs = new Map<string, Promise<PackProof>>();

export const prover: PackProver = {
  solver: Z3,
  prove(pack, against) {
    const asked = JSON.stringify([pack.hash, against && boundBy(against)]);
    const proof = proofs.get(asked) ?? prove(pack, against);
    proofs.set(asked, proof);
    return proof;
  },
  compare: (first, second, report) =>
    withAnswers((solver) => comparePacks(first, second, solver, report)),
  close: async () => undefined,
};

function prove(pack: Pack, against: Pack | undefined): Promise<PackProof> {
  return withAnswers((solver) =>
    provePack(new Prover(pack.schema, solver), pack, against, () => undefined),
  );
}

async function withAnswers<T>(work: (solver: Solver) => Promise<T>): Promise<T> {
  const z3 = { name: Z3, ...startSolver(limits) };
  const solver = cachedSolver(z3, join(tmpdir(), 'proviso-test-answers'), limits);
  try {
    return await work(solver);
  } finally {
    await solver.close();
  }
}

/** What of an older version binds may be less than all of it. */
function boundBy({ hash, redLines, assurances }: Pack): readonly unknown[] {
  return [hash, [...redLines, ...assurances].map(({ policy }) => policy.id)];
}
