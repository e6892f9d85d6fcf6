/**
 * What the rules of a pack do whatever the case: one that applies to nothing, and one that cannot be
 * evaluated. Both are mistakes that no reader sees. A solver is asked only where it must be.
 */
import type { Pack } from '../pack.ts';
import type { ReferenceCall } from '../reference.ts';
import { requestOf } from '../request.ts';
import type { PackRule } from '../rules.ts';
import { compileToolClasses } from '../tools.ts';
import type { Claim } from './claim.ts';
import { errsRule, matchesRule } from './pack-policies.ts';
import type { Prover } from './prover.ts';
import { holdsCompiled } from './replay.ts';
import { byInterest } from './sentence.ts';

export interface RuleFault {
  readonly rule: PackRule;
  readonly fault: 'applies to nothing' | 'can err' | 'unknown';
  /** A request for which it errs. */
  readonly example?: ReferenceCall | undefined;
  /** Why it is unknown. */
  readonly reason?: string | undefined;
}

export async function checkRuleFaults(
  prover: Prover,
  pack: Pack,
  report: (done: number, total: number) => void,
): Promise<readonly RuleFault[]> {
  const toolClasses = compileToolClasses(pack.toolClasses);
  const requests = pack.tests.map(({ facts }) => requestOf(facts, toolClasses));
  const rules = [...pack.rules, ...pack.redLines, ...pack.assurances];
  let done = 0;
  const faults = rules.map(async (rule): Promise<readonly RuleFault[]> => {
    const claim = matchesRule(rule);
    // A test that it applies to shows as much as a solver could.
    const isShown = requests.some((request) => holdsCompiled(claim, request));
    const vacuity = isShown ? undefined : await vacuous(rule, claim, prover);
    const error = await erring(rule, prover);
    report(++done, rules.length);
    return [vacuity, error].filter((fault) => fault !== undefined);
  });
  return (await Promise.all(faults)).flat();
}

async function vacuous(
  rule: PackRule,
  claim: Claim,
  prover: Prover,
): Promise<RuleFault | undefined> {
  let reason: string | undefined;
  for (const environment of prover.environments) {
    const answer = await prover.find(claim, environment);
    if (answer.result === 'found') return undefined;
    if (answer.result === 'unknown') ({ reason } = answer);
  }
  return reason === undefined
    ? { rule, fault: 'applies to nothing' }
    : { rule, fault: 'unknown', reason };
}

async function erring(rule: PackRule, prover: Prover): Promise<RuleFault | undefined> {
  let reason: string | undefined;
  for (const environment of byInterest(prover.environments)) {
    const answer = await prover.find(errsRule(rule), environment);
    if (answer.result === 'found') return { rule, fault: 'can err', example: answer.request };
    if (answer.result === 'unknown') ({ reason } = answer);
  }
  return reason === undefined ? undefined : { rule, fault: 'unknown', reason };
}
