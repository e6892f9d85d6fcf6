/**
 * What one terms pack permits that another does not, and the reverse, by proof: what was agreed on
 * top, then each clause that makes a difference with the fewest examples that show it. For people
 * and as data: docs/spec/proofs.md, "Of two packs"
 */
import type { Pack } from '../pack.ts';
import { environmentName } from '../prove/analyze.ts';
import { Prover } from '../prove/prover.ts';
import { byInterest } from '../prove/sentence.ts';
import type { Solver } from '../prove/solver.ts';
import { type AgreementChange, agreementChanges } from './agreement.ts';
import { type BoundChange, boundChanges } from './bounds.ts';
import { type ClauseChange, clauseChanges } from './clauses.ts';
import { differences, type Environment, type Found, type Unknown } from './differences.ts';
import { type Difference, differencesByClause } from './examples.ts';
import { commonSchema } from './schemas.ts';
import { type VocabularyChange, vocabularyChanges } from './vocabulary.ts';

export interface PackComparison {
  /** `unknown` where something could not be proven either way, whatever else was found. */
  readonly verdict: 'equivalent' | 'differ' | 'unknown';
  readonly redLines: readonly BoundChange[];
  readonly assurances: readonly BoundChange[];
  readonly clauses: readonly ClauseChange[];
  readonly vocabulary: readonly VocabularyChange[];
  readonly agreement: readonly AgreementChange[];
  readonly differences: readonly Difference[];
  /** Of the rules alone, where only red lines keep them from deciding otherwise. */
  readonly heldBack: readonly Difference[];
  readonly unknown: readonly Unknown[];
}

/** @param report is told how many of the searches are done */
export async function comparePacks(
  first: Pack,
  second: Pack,
  solver: Solver,
  report: (done: number, total: number) => void,
): Promise<PackComparison> {
  const schema = commonSchema(first.schema, second.schema);
  const prover = new Prover(schema.text, solver);
  const unknown: Unknown[] = [];
  const environments = byInterest(prover.environments).flatMap((type): Environment[] => {
    const knownTo = schema.knownTo(type);
    if (knownTo !== 'differently') return [{ type, knownTo }];
    const reason = 'the two schemas say different things about such calls';
    unknown.push({ environment: environmentName(type, prover), reason });
    return [];
  });
  const shared = environments.flatMap(({ type, knownTo }) => (knownTo === 'both' ? [type] : []));
  const packs = { first, second };
  const asked = { environments, prover, schema: schema.text };
  const [search, alone, redLines, assurances] = await Promise.all([
    differences({ ...asked, packs }, report),
    differences(
      { ...asked, packs: { first: rulesOf(first), second: rulesOf(second) } },
      () => undefined,
    ),
    boundChanges(first.redLines, second.redLines, prover, shared),
    boundChanges(first.assurances, second.assurances, prover, shared),
  ]);
  unknown.push(...search.unknown, ...alone.unknown);
  const isTold = ({ freer, rules }: Found): boolean =>
    search.found.some(
      (one) => one.freer === freer && rules.every((rule) => one.rules.includes(rule)),
    );
  const told = {
    redLines,
    assurances,
    clauses: clauseChanges(first, second),
    vocabulary: vocabularyChanges(first, second),
    agreement: agreementChanges(first, second),
    differences: differencesByClause(search.found, packs),
    heldBack: differencesByClause(
      alone.found.filter((one) => !isTold(one)),
      packs,
    ),
  };
  const isAlike = Object.values(told).every((changes) => changes.length === 0);
  const isUnknown =
    unknown.length > 0 || [...redLines, ...assurances].some(({ change }) => change === 'unknown');
  const verdict = isUnknown ? 'unknown' : isAlike ? 'equivalent' : 'differ';
  return { verdict, ...told, unknown };
}

function rulesOf({ rules }: Pack): Pick<Pack, 'rules' | 'redLines'> {
  return { rules, redLines: [] };
}
