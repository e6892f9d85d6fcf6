/** Runs the tests of a pack: whether each example gets its decision, and which rules none reaches. */
import { type Decision, decide } from './decide.ts';
import type { Pack } from './pack.ts';
import type { Expected, PackTest } from './pack-tests.ts';
import { compileTerms } from './terms.ts';

export interface TestReport {
  readonly results: readonly TestResult[];
  /** Ids of the rules in force that determined a decision of some test, and that never did. */
  readonly covered: readonly string[];
  readonly uncovered: readonly string[];
}

interface TestResult {
  readonly test: PackTest;
  readonly decision: Decision;
  /** What differs, in one line; absent for a pass. */
  readonly failure?: string | undefined;
}

export function testPack(pack: Pack): TestReport {
  const terms = compileTerms(pack);
  const results = pack.tests.map((test): TestResult => {
    const { decision } = decide(test.facts, terms);
    return { test, decision, failure: failureOf(test.expect, decision) };
  });
  const determined = new Set(results.flatMap(({ decision }) => decision.rules.map(({ id }) => id)));
  const ids = [...terms.rules.keys()];
  return {
    results,
    covered: ids.filter((id) => determined.has(id)),
    uncovered: ids.filter((id) => !determined.has(id)),
  };
}

function failureOf(expected: Expected, { effect, code, rules }: Decision): string | undefined {
  const ids = rules.map(({ id }) => id);
  const differences = [
    effect === expected.effect
      ? ''
      : `expected ${expected.effect}, got ${effect} by [${ids.join(', ')}]`,
    !expected.rules || sameIds(expected.rules, ids)
      ? ''
      : `expected the rules [${expected.rules.join(', ')}], got [${ids.join(', ')}]`,
    expected.code === undefined || expected.code === code
      ? ''
      : `expected the code ${expected.code}, got ${code ?? 'none'}`,
  ].filter((difference) => difference !== '');
  return differences.length === 0 ? undefined : differences.join('; ');
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return [...a].sort().join('\n') === [...b].sort().join('\n');
}
