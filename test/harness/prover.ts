/**
 * Proves packs as a gateway does, but each only once in this process: tests open hundreds of gateways
 * under the same few packs.
 */
import type { Pack } from '#terms/pack.ts';
import { type PackProver, startPackProver } from '#terms/prove/pack-prover.ts';
import type { PackProof } from '#terms/prove/prove-pack.ts';

const { solver, prove } = startPackProver();
const proofs = new Map<string, Promise<PackProof>>();

export const prover: PackProver = {
  solver,
  prove(pack, against, report) {
    const asked = JSON.stringify([pack.hash, against && boundBy(against)]);
    const proof = proofs.get(asked) ?? prove(pack, against, report);
    proofs.set(asked, proof);
    return proof;
  },
  close: async () => undefined,
};

/** What of an older version binds may be less than all of it. */
function boundBy({ hash, redLines, assurances }: Pack): readonly unknown[] {
  return [hash, [...redLines, ...assurances].map(({ policy }) => policy.id)];
}
