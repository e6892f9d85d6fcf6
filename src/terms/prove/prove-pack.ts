/**
 * INVARIANT (7): what must be proven of a pack before it is in force: floor ⊆ terms ⊆ ceiling, and
 * with an older version, that its floor and ceiling still bind.
 *
 * Proven of the rules alone, as Proviso decides them. That red lines are decided with the rules too
 * is a second lock, and takes nothing away that a proof here has not shown to be nothing.
 */

import { BASE_SCHEMA } from '../base-schema.ts';
import { readSchema } from '../engine.ts';
import type { Pack } from '../pack.ts';
import type { ReferenceCall } from '../reference.ts';
import type { PackRule } from '../rules.ts';
import { type RequestType, requestTypeKey, requestTypes } from '../typing/schema.ts';
import { validationError } from '../typing/validate.ts';
import { type EnvironmentName, environmentName, type Report } from './analyze.ts';
import { all, any, type Claim, errs, matches, no, permits } from './claim.ts';
import { meaningsLost } from './meanings.ts';
import { anyMatches, decides, matchesRule, policySet, sourced } from './pack-policies.ts';
import type { Prover } from './prover.ts';
import { unapproved } from './unapproved.ts';

export interface PackProof {
  readonly verdict: 'proven' | 'not proven' | 'unknown';
  /** What was put to the proof. */
  readonly checks: readonly Check[];
  /** What is refuted or unknown. */
  readonly problems: readonly ProofProblem[];
  /** How many statements were put to the proof. */
  readonly statements: number;
}

export interface ProofProblem {
  readonly result: 'refuted' | 'unknown';
  readonly check: Check;
  /** The rule, red line or assurance that it is about. */
  readonly rule: string;
  readonly clause: string;
  readonly message: string;
  readonly environment?: EnvironmentName | undefined;
  readonly example?: ReferenceCall | undefined;
}

export type Check =
  | 'within the ceiling'
  | 'above the floor'
  | 'floor and ceiling agree'
  | 'never errors'
  | 'not vacuous'
  | 'kept from the old version'
  | 'covers what is new';

/** @param old the version whose red lines and assurances bind, if there is one */
export async function provePack(
  prover: Prover,
  pack: Pack,
  old: Pack | undefined,
  report: Report,
): Promise<PackProof> {
  const problems: ProofProblem[] = [];
  const statements = [...ownStatements(pack)];
  if (old) statements.push(...oldStatements(pack, old, prover, problems));
  let done = 0;
  const total = statements.length * prover.environments.length;
  const found = await Promise.all(
    statements.map(async (statement) => {
      const answers = await Promise.all(
        prover.environments.map(async (environment) => {
          const answer = await ask(prover, statement, environment);
          report(++done, total);
          return answer;
        }),
      );
      return statement.isSomewhere ? vacuity(statement, answers) : answers.flat();
    }),
  );
  problems.push(...found.flat(), ...(await newEnvironments(prover, pack, old)));
  const isRefuted = problems.some(({ result }) => result === 'refuted');
  const verdict = isRefuted ? 'not proven' : problems.length > 0 ? 'unknown' : 'proven';
  const checks = new Set([...statements.map(({ check }) => check), 'covers what is new' as const]);
  return { verdict, checks: [...checks], problems, statements: statements.length };
}

/** Something that no request may be. */
interface Statement {
  readonly check: Check;
  readonly rules: readonly PackRule[];
  /** True of a request that breaks it because of the rule. */
  readonly broken: (rule: PackRule) => Claim;
  readonly message: (rule: PackRule) => string;
  /** The reverse: it must be true of a request in some environment. */
  readonly isSomewhere?: true;
}

function* ownStatements(pack: Pack): Generator<Statement> {
  const { redLines, assurances } = pack;
  yield ceiling(pack, redLines, 'The terms permit what the red line');
  yield floor(pack, assurances, 'The terms do not permit what the assurance');
  yield asked(pack, assurances, 'The terms deny, and ask nobody to approve, what the assurance');
  yield {
    check: 'floor and ceiling agree',
    rules: assurances,
    broken: (rule) => all(matches(sourced(rule)), any(...redLines.map(matchesRule))),
    message: ({ policy }) => `A red line forbids what the assurance \`${policy.id}\` promises.`,
  };
  const forbids = pack.rules.filter(({ policy }) => policy.effect === 'forbid');
  yield {
    check: 'never errors',
    rules: [...forbids, ...redLines, ...assurances],
    broken: (rule) => errs(sourced(rule)),
    message: ({ policy }) => `\`${policy.id}\` cannot be evaluated for every request.`,
  };
  for (const rule of [...redLines, ...assurances]) {
    yield {
      check: 'not vacuous',
      rules: [rule],
      broken: matchesRule,
      message: ({ policy }) => `\`${policy.id}\` applies to no request at all.`,
      isSomewhere: true,
    };
  }
}

function ceiling({ rules }: Pack, redLines: readonly PackRule[], words: string): Statement {
  return {
    check: 'within the ceiling',
    rules: redLines,
    broken: (rule) => all(permits(policySet(rules)), matches(sourced(rule))),
    message: ({ policy }) => `${words} \`${policy.id}\` forbids.`,
  };
}

function floor({ rules }: Pack, assurances: readonly PackRule[], words: string): Statement {
  return {
    check: 'above the floor',
    rules: assurances,
    broken: (rule) => all(matches(sourced(rule)), no(permits(policySet(rules)))),
    message: ({ policy }) => `${words} \`${policy.id}\` promises.`,
  };
}

/** What is promised once it is approved must be held before: of all that is decided at run time. */
function asked(
  { rules, redLines }: Pack,
  assurances: readonly PackRule[],
  words: string,
): Statement {
  return {
    check: 'above the floor',
    rules: assurances.filter((rule) => unapproved(rule) !== undefined),
    broken: (rule) => {
      const before = unapproved(rule);
      return before ? all(matches(before), decides('deny', [...rules, ...redLines])) : any();
    },
    message: ({ policy }) => `${words} \`${policy.id}\` promises once it is approved.`,
  };
}

/** The old version's ceiling and floor, as far as they still have a meaning under the new schema. */
function oldStatements(
  pack: Pack,
  old: Pack,
  prover: Prover,
  problems: ProofProblem[],
): readonly Statement[] {
  const fitting = (rules: readonly PackRule[]): readonly PackRule[] =>
    rules.filter((rule) => {
      const error = validationError(rule.policy, prover.schema);
      if (error === undefined) return true;
      const message = `The new schema takes its meaning from \`${rule.policy.id}\` of the old version: ${error}.`;
      problems.push(problem('refuted', 'kept from the old version', rule, message));
      return false;
    });
  for (const { rule, message } of meaningsLost(pack, old)) {
    problems.push(problem('refuted', 'kept from the old version', rule, message));
  }
  // What stands there as it stood is stated already.
  const changed = (before: readonly PackRule[], now: readonly PackRule[]): readonly PackRule[] =>
    fitting(before).filter((rule) => !now.some(({ source }) => source.text === rule.source.text));
  const redLines = changed(old.redLines, pack.redLines);
  const assurances = changed(old.assurances, pack.assurances);
  // Or a version that only drops a red line would free the next one to break it.
  const kept = (rules: readonly PackRule[], now: readonly PackRule[]): Statement => ({
    check: 'kept from the old version',
    rules,
    broken: (rule) => all(matches(sourced(rule)), no(any(...now.map(matchesRule)))),
    message: ({ policy }) => `The new version no longer holds all of \`${policy.id}\`.`,
  });
  return [
    ceiling(pack, redLines, 'The new terms permit what the old red line'),
    floor(pack, assurances, 'The new terms do not permit what the old assurance'),
    asked(
      pack,
      assurances,
      'The new terms deny, and ask nobody to approve, what the old assurance',
    ),
    kept(redLines, pack.redLines),
    kept(assurances, pack.assurances),
  ];
}

/** One question for all rules of a statement; which rule it is matters only where one breaks it. */
async function ask(
  prover: Prover,
  { check, rules, broken, message }: Statement,
  environment: RequestType,
): Promise<readonly ProofProblem[]> {
  const together = await prover.find(any(...rules.map(broken)), environment);
  if (together.result === 'none') return [];
  const problems = rules.map(async (rule): Promise<readonly ProofProblem[]> => {
    const answer = await prover.find(broken(rule), environment);
    if (answer.result === 'none') return [];
    const where = { environment: environmentName(environment, prover) };
    if (answer.result === 'unknown') {
      const words = `Could not be proven either way: ${answer.reason}.`;
      return [{ ...problem('unknown', check, rule, words), ...where }];
    }
    const found = problem('refuted', check, rule, message(rule));
    return [{ ...found, ...where, example: answer.request }];
  });
  return (await Promise.all(problems)).flat();
}

/** @param answers by environment; a request that was found is what is wanted here */
function vacuity(
  { check, rules, message }: Statement,
  answers: readonly (readonly ProofProblem[])[],
): readonly ProofProblem[] {
  const found = answers.flat();
  if (found.some(({ result }) => result === 'refuted')) return [];
  if (found.length > 0) return found;
  return rules.map((rule) => problem('refuted', check, rule, message(rule)));
}

/**
 * A kind of request that neither the base schema nor the old one has must be within reach of each old
 * red line, or denied. Where nothing binds yet, one red line of each clause must reach it.
 */
async function newEnvironments(
  prover: Prover,
  pack: Pack,
  old: Pack | undefined,
): Promise<readonly ProofProblem[]> {
  const known = requestTypes(readSchema(old?.schema ?? BASE_SCHEMA)).map(requestTypeKey);
  const added = prover.environments.filter((type) => !known.includes(requestTypeKey(type)));
  const binding = old
    ? old.redLines
        .filter(({ policy }) => validationError(policy, prover.schema) === undefined)
        .map((rule) => [rule])
    : [...Map.groupBy(pack.redLines, ({ clause }) => clause).values()];
  const problems: ProofProblem[] = [];
  for (const environment of added) {
    const permitted = await prover.find(permits(policySet(pack.rules)), environment);
    if (permitted.result === 'none') continue;
    for (const rules of binding) {
      const [rule] = rules;
      const reached = await prover.find(anyMatches(rules), environment);
      if (!rule || reached.result === 'found') continue;
      const name = environmentName(environment, prover);
      const words = `The schema adds \`${name.action}\` of \`${name.resource}\`, which the terms permit and the red line \`${rule.policy.id}\` cannot reach.`;
      const result = reached.result === 'none' ? 'refuted' : 'unknown';
      const example = permitted.result === 'found' ? { example: permitted.request } : {};
      const found = problem(result, 'covers what is new', rule, words);
      problems.push({ ...found, environment: name, ...example });
    }
  }
  return problems;
}

function problem(
  result: ProofProblem['result'],
  check: Check,
  { policy, clause }: PackRule,
  message: string,
): ProofProblem {
  return { result, check, rule: policy.id, clause, message };
}
