/**
 * An old activation, held to what it said: the stored packs, their hashes, tests and signatures, and
 * the proof, made anew. INVARIANT (10), of terms. docs/spec/terms.md, "Terms in force"
 */
import { type Consent, consentOf } from '#terms/consent.ts';
import { inputsOf } from '#terms/inputs.ts';
import type { Pack } from '#terms/pack.ts';
import type { Report } from '#terms/prove/analyze.ts';
import type { PackProver } from '#terms/prove/pack-prover.ts';
import type { PackProof } from '#terms/prove/prove-pack.ts';
import { testPack } from '#terms/test-pack.ts';
import type { Activation } from './activation.ts';
import { withoutReleased } from './ready-terms.ts';

export interface ProvenAgain {
  readonly comparisons: readonly Comparison[];
  readonly proof: PackProof;
  /** The solver that proved it now. */
  readonly solver: string;
  /** Whether this version of Proviso adds another base schema than the one that proved it did. */
  readonly isOtherSchema: boolean;
}

/** What the entry says, and what is found now. */
export interface Comparison {
  readonly what: string;
  readonly recorded: string;
  readonly found: string;
}

/**
 * @param pack with the hash that the entry names
 * @param against the version that it was proven against, where the entry names one
 */
export async function proveAgain(
  activation: Activation,
  pack: Pack,
  against: Pack | undefined,
  prover: PackProver,
  report: Report,
): Promise<ProvenAgain> {
  const bound = against && withoutReleased(against, activation.released);
  const proof = await prover.prove(pack, bound, report);
  const { inputs, proof: recorded } = activation;
  const found = inputsOf(pack, bound);
  const consent = consentAgain(activation, pack, against);
  const compared = (what: string, before: unknown, now: unknown): Comparison => ({
    what,
    recorded: String(before),
    found: String(now),
  });
  return {
    comparisons: [
      compared('id', activation.id, pack.id),
      compared('version', activation.version, pack.version),
      compared('terms.yaml', inputs.manifest, found.manifest),
      compared('text.md', inputs.text, found.text),
      compared('policies', inputs.policies, found.policies),
      compared('schema', inputs.schema, found.schema),
      compared('what was proven', inputs.proof, found.proof),
      compared('tests', `${activation.tests} passed`, testsWords(pack)),
      compared('signatures', 'all who must', consent.isComplete ? 'all who must' : 'not all'),
      compared('released', releasedWords(activation), releasedWords(consent)),
      compared('checks', recorded.checks.join(', '), proof.checks.join(', ')),
      compared('verdict', recorded.verdict, proof.verdict),
    ],
    proof,
    solver: prover.solver,
    isOtherSchema: inputs.schema !== found.schema,
  };
}

/** The signatures in the entry, against the keys in the packs. */
function consentAgain(
  { signatures, released }: Activation,
  pack: Pack,
  inForce: Pack | undefined,
): Consent {
  const files = signatures.map((text, i) => ({ path: `signature ${i + 1}`, text }));
  const byOperator = released.filter(({ by }) => by.length === 0).map(({ rule }) => rule);
  return consentOf({ pack, inForce, files, isUsed: () => false, releases: byOperator });
}

function releasedWords({ released }: Pick<Consent, 'released'>): string {
  const words = released.map(({ rule, by }) => `${rule} by ${by.join(' and ') || 'the operator'}`);
  return words.length === 0 ? 'nothing' : words.sort().join(', ');
}

function testsWords(pack: Pack): string {
  const { results } = testPack(pack);
  const failed = results.filter(({ failure }) => failure !== undefined).length;
  return failed === 0 ? `${results.length} passed` : `${failed} of ${results.length} failed`;
}
