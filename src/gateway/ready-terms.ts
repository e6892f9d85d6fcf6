/**
 * INVARIANT (7): what must be so before a pack may come into force, each with its refusal: it reads,
 * its tests pass, its date has come, who must sign has signed, and it is proven. Cheap checks first.
 */
import { ProvisoError } from '#base/errors.ts';
import { PROOF_LIMITS } from '#base/limits.ts';
import { VERSION } from '#base/version.ts';
import { type Consent, consentOf, type Release, type Seat } from '#terms/consent.ts';
import { periodWords } from '#terms/decide.ts';
import { inputsOf } from '#terms/inputs.ts';
import { type Pack, parsePack, readPackFiles } from '#terms/pack.ts';
import type { PackFile } from '#terms/problems.ts';
import type { Report } from '#terms/prove/analyze.ts';
import type { PackProver } from '#terms/prove/pack-prover.ts';
import type { Check, PackProof, ProofProblem } from '#terms/prove/prove-pack.ts';
import { requestWords } from '#terms/prove/words.ts';
import { decodeSignatureUnverified, type Signature } from '#terms/signature.ts';
import { readSignatureFiles } from '#terms/signature-files.ts';
import { compileTerms, effectiveOf, type Terms } from '#terms/terms.ts';
import { testPack } from '#terms/test-pack.ts';
import type { Activation } from './activation.ts';

/** A pack as it was handed in, with the signatures beside it. */
export interface Submitted {
  /** Of the folder, for what is said of its files. */
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly signatures: readonly PackFile[];
  /** Red lines and assurances in force that the operator releases. */
  readonly releases: readonly string[];
}

/** @throws ProvisoError `terms_invalid` where the folder cannot be read; `note_invalid` */
export function submissionIn(dir: string, releases: readonly string[] = []): Submitted {
  return { name: dir, files: readPackFiles(dir), signatures: readSignatureFiles(dir), releases };
}

export interface Ready {
  readonly terms: Terms;
  readonly activation: Activation;
}

export interface Circumstances {
  readonly prover: PackProver;
  readonly now: () => number;
  readonly inForce: Pack | undefined;
  /** All that came into force before. */
  readonly before: readonly Activation[];
  readonly report: Report;
}

/**
 * @throws ProvisoError `terms_invalid`, `terms_test_failed`, `terms_not_in_force`, `terms_unsigned`,
 * `terms_unproven`, `terms_undecided`; `usage_invalid` for a release of what is not in force
 */
export async function readyTerms(
  { name, files, signatures, releases }: Submitted,
  { prover, now, inForce, before, report }: Circumstances,
): Promise<Ready> {
  const pack = parsePack(files, name);
  const tests = requireTests(pack);
  requireDate(pack, now());
  requireReplaced(pack, inForce);
  const used = new Set(before.flatMap((one) => one.signatures.map(textOf)));
  const isUsed = ({ text }: Signature): boolean => used.has(text);
  const consent = consentOf({ pack, inForce, files: signatures, isUsed, releases });
  requireConsent(consent);
  const { released, notes } = consent;
  return provenTerms(pack, { prover, inForce, released, signatures: notes, tests, report });
}

export interface Agreed {
  readonly prover: PackProver;
  readonly inForce: Pack | undefined;
  readonly released: readonly Release[];
  /** The notes that count. */
  readonly signatures: readonly string[];
  readonly tests: number;
  readonly report: Report;
}

/** @throws ProvisoError `terms_unproven`, `terms_undecided` */
export async function provenTerms(
  pack: Pack,
  { prover, inForce, released, signatures, tests, report }: Agreed,
): Promise<Ready> {
  const against = inForce && withoutReleased(inForce, released);
  const proof = await prover.prove(pack, against, report);
  const verdict = requireProven(proof);
  const { hash, id, version } = pack;
  return {
    terms: compileTerms(pack),
    activation: {
      ...(inForce && { against: inForce.hash }),
      hash,
      id,
      inputs: { ...inputsOf(pack, against) },
      proof: {
        checks: [...proof.checks],
        solver: prover.solver,
        timeLimitMs: PROOF_LIMITS.questionMsMax,
        verdict,
      },
      proviso: VERSION,
      released: released.map(({ rule, by }) => ({ rule, by: [...by] })),
      signatures: [...signatures],
      tests,
      version,
    },
  };
}

/** What binds of a version, when something of it was released. */
export function withoutReleased(inForce: Pack, released: readonly Pick<Release, 'rule'>[]): Pack {
  const ids = new Set(released.map(({ rule }) => rule));
  return {
    ...inForce,
    redLines: inForce.redLines.filter(({ policy }) => !ids.has(policy.id)),
    assurances: inForce.assurances.filter(({ policy }) => !ids.has(policy.id)),
  };
}

/** @throws ProvisoError `terms_not_in_force` */
export function requireDate(pack: Pack, nowMs: number): void {
  const effective = effectiveOf(pack);
  if (nowMs >= effective.from && nowMs < effective.until) return;
  throw new ProvisoError(
    'terms_not_in_force',
    `${nameOf(pack)} ${periodWords({ effective })}, and it is ${new Date(nowMs).toISOString()}.`,
  );
}

/** Who signed a pack that names the version before it agreed to no other. */
function requireReplaced({ id, version, manifest: { replaces } }: Pack, inForce?: Pack): void {
  if (replaces === undefined || !inForce || inForce.hash === replaces) return;
  throw new ProvisoError(
    'terms_unproven',
    `${id} ${version} replaces the terms with the hash ${replaces}; in force are ${inForce.id} ${inForce.version}, with the hash ${inForce.hash}.`,
  );
}

function requireTests(pack: Pack): number {
  const { results } = testPack(pack);
  const failures = results.flatMap(({ test, failure }) =>
    failure === undefined ? [] : [`${test.path}:${test.line}: ${test.name}: ${failure}`],
  );
  if (failures.length === 0) return results.length;
  throw new ProvisoError(
    'terms_test_failed',
    `${failures.length} of ${results.length} tests of ${nameOf(pack)} fail:\n${failures.join('\n')}`,
    { facts: { problems: failures } },
  );
}

function requireConsent({ seats, isComplete, withheld }: Consent): void {
  const problems = [
    ...(isComplete ? [] : seats.filter(({ state }) => state !== 'signed').map(seatWords)),
    ...withheld.map(({ rule, missing }) => `\`${rule}\` is not released by ${missing.join(', ')}`),
  ];
  if (problems.length === 0) return;
  throw new ProvisoError('terms_unsigned', `Not everyone has signed:\n${problems.join('\n')}`, {
    facts: { problems },
  });
}

/** What is the matter with a signature that does not count. */
export function seatWords({ party, keysOf, state, signature }: Seat): string {
  const keys = keysOf === 'pack' ? 'of the pack' : 'of the version in force';
  const who = `\`${party}\`, with a key ${keys}`;
  switch (state) {
    case 'signed':
      return `${who}: signed`;
    case 'missing':
      return `${who}: has not signed`;
    case 'stale':
      return `${who}: signed other terms, of hash ${signature?.statement.terms.hash ?? ''}`;
    case 'used':
      return `${who}: this signature has brought terms into force before; sign again`;
    case 'invalid':
      return `${who}: the signature does not verify`;
    case 'unknown key':
      return `${who}: signed with another key`;
  }
}

/** Unknown is not proven: the solver was slow, failed, or was ended. */
function requireProven({ verdict, problems }: PackProof): 'proven' {
  if (verdict === 'proven') return verdict;
  const lines = problemLines(problems);
  const facts = { problems: lines };
  const why = lines.join('\n');
  if (verdict === 'unknown') {
    const message = `The terms could not be proven either way:\n${why}`;
    throw new ProvisoError('terms_undecided', message, { facts });
  }
  const isOfOld = problems.some(({ check }) => OLD_CHECKS.has(check));
  const hint = isOfOld ? `\n${HOW_TO_RELEASE}` : '';
  throw new ProvisoError('terms_unproven', `The terms are not proven:\n${why}${hint}`, { facts });
}

const OLD_CHECKS: ReadonlySet<Check> = new Set(['kept from the old version', 'covers what is new']);
const HOW_TO_RELEASE =
  'A red line or assurance in force changes only when those who are named for it release it, each in its signature: `proviso terms sign --release`. Where no party names a key, `proviso terms activate --release`.';

/** Each problem once, with its first example. */
function problemLines(problems: readonly ProofProblem[]): readonly string[] {
  const distinct = new Map(problems.map((problem) => [problem.message, problem]));
  return [...distinct.values()].flatMap(({ rule, clause, message, example }) => [
    `${rule} (clause ${clause}): ${message}`,
    ...(example ? [`  for example: ${requestWords(example).join('; ')}`] : []),
  ]);
}

function nameOf({ id, version }: Pack): string {
  return `${id} ${version}`;
}

function textOf(note: string): string {
  return decodeSignatureUnverified(note).text;
}
