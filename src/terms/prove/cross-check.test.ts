/**
 * Two solvers agree, or nobody knows. Where cvc5 is installed, it is put the scripts of random
 * policies and must never say the opposite of Z3; elsewhere that test says that it did not run.
 *
 * Runs for a few seconds; `FUZZ_MS=600000 node --test src/terms/prove/cross-check.test.ts` for longer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CEDAR_SCHEMA, cedarNode } from '../cedar.arbitrary.ts';
import { validatePolicies } from '../engine.ts';
import { allows, errs, matches, no } from './claim.ts';
import { crossChecked, type NamedSolver } from './cross-check.ts';
import { asForAll, findCvc5, startCvc5 } from './cvc5.ts';
import { readPolicySet } from './policy-set.ts';
import { Prover } from './prover.ts';
import { implies } from './queries.ts';
import { type SolverAnswer, startSolver, Z3 } from './solver.ts';

const FUZZ_MS = Number(process.env['FUZZ_MS'] ?? 5_000);

const SAT: SolverAnswer = { verdict: 'sat', values: '' };
const UNSAT: SolverAnswer = { verdict: 'unsat' };
const UNKNOWN: SolverAnswer = { verdict: 'unknown', reason: 'too long' };

function saying(name: string, answer: SolverAnswer): NamedSolver {
  return { name, ask: () => Promise.resolve(answer), close: () => Promise.resolve() };
}

test('a proof needs both, a request that was found needs no denial, and a quarrel is named', async () => {
  const cases: readonly (readonly [SolverAnswer, SolverAnswer, SolverAnswer | RegExp])[] = [
    [UNSAT, UNSAT, UNSAT],
    [SAT, SAT, SAT],
    [SAT, UNKNOWN, SAT],
    [UNSAT, UNKNOWN, /^b 1 does not confirm the proof: too long$/],
    [UNSAT, SAT, /^the solvers disagree: a 1 says unsat, b 1 says sat$/],
    [SAT, UNSAT, /^the solvers disagree: a 1 says sat, b 1 says unsat$/],
    [UNKNOWN, UNSAT, /^too long$/],
  ];
  for (const [first, second, expected] of cases) {
    const answer = await crossChecked(saying('a 1', first), saying('b 1', second)).ask('');
    if (!(expected instanceof RegExp)) assert.deepEqual(answer, expected);
    else assert.match(answer.verdict === 'unknown' ? answer.reason : answer.verdict, expected);
  }
});

test('what only Z3 knows is said in another way', () => {
  const sort = '(Array E0 Bool)';
  const line = `(define-fun t3 () ${sort} ((_ map or) t1 (select t2 L0)))`;
  assert.equal(
    asForAll(`(declare-sort E0 0)\n${line}\n(check-sat)`),
    `(declare-sort E0 0)
(declare-const t3 ${sort})
(assert (forall ((x E0)) (= (select t3 x) (or (select t1 x) (select (select t2 L0) x)))))
(check-sat)`,
  );
});

const SETS = `
entity Group in [Group];
entity User in [Group] = { roles: Set<String>, groups: Set<Group>, n: Long };
action view appliesTo { principal: User, resource: User };
`;
/** Of each encoding that the solvers read in ways of their own, with what must come of it. */
const QUESTIONS: readonly (readonly [condition: string, always: boolean])[] = [
  [
    'principal.roles.containsAll(resource.roles) || !resource.roles.containsAny(principal.roles) || true',
    true,
  ],
  ['!(principal.roles.containsAny(resource.roles) && principal.roles.isEmpty())', true],
  [
    '!(principal.roles.containsAll(resource.roles) && resource.roles.contains("a")) || principal.roles.contains("a")',
    true,
  ],
  ['!(principal in resource.groups) || !resource.groups.isEmpty() || principal has n', true],
  ['if principal.n < 10 && principal.n > 0 then principal.n * 3 < 30 else true', true],
  ['principal.roles.containsAll(resource.roles)', false],
  ['principal in resource.groups', false],
];

test('cvc5 agrees, where it is installed', async (t) => {
  const cvc5 = await findCvc5();
  if (cvc5 === undefined) {
    t.skip('cvc5 is not on the PATH');
    return;
  }
  const limits = { processes: 1, timeLimitMs: 5_000 };
  const z3: NamedSolver = { name: Z3, ...startSolver(limits) };
  const both = crossChecked(z3, { name: cvc5, ...startCvc5(limits) });
  t.after(() => both.close());
  const seen = { agreed: 0, unconfirmed: 0 };
  const ask = async (prover: Prover, claim: ReturnType<typeof no>): Promise<string> => {
    const [environment] = prover.environments;
    assert.ok(environment);
    const answer = await prover.find(claim, environment);
    const reason = answer.result === 'unknown' ? answer.reason : '';
    assert.doesNotMatch(reason, /disagree/);
    if (reason.includes('does not confirm')) seen.unconfirmed++;
    else if (reason === '') seen.agreed++;
    return answer.result;
  };
  for (const [condition, isAlways] of QUESTIONS) {
    const policy = `permit(principal, action, resource) when { ${condition} };`;
    const set = readPolicySet(policy, 'p.cedar', SETS);
    const result = await ask(new Prover(SETS, both), no(allows(set)));
    assert.equal(result, isAlways ? 'none' : 'found', condition);
  }
  const prover = new Prover(CEDAR_SCHEMA, both);
  await fc.assert(
    fc.asyncProperty(
      fc.array(cedarNode('boolean', 2), { minLength: 2, maxLength: 6 }),
      async (conditions) => {
        const texts = conditions.map(
          (c) => `permit(principal, action == Action::"read", resource) when { ${c} };`,
        );
        const invalid = new Set(
          validatePolicies(CEDAR_SCHEMA, Object.fromEntries(texts.entries())).errors.map(
            ({ policyId }) => policyId,
          ),
        );
        const valid = texts.filter((_, i) => !invalid.has(String(i)));
        const set = readPolicySet(valid.join('\n'), 'p.cedar', CEDAR_SCHEMA);
        for (const policy of set) {
          await ask(prover, matches(policy));
          await ask(prover, errs(policy));
        }
        await ask(prover, implies(set.slice(0, 1), set.slice(1)));
      },
    ),
    {
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: FUZZ_MS,
      markInterruptAsFailure: false,
    },
  );
  assert.ok(seen.agreed > 10 && seen.unconfirmed < seen.agreed / 4, JSON.stringify(seen));
});
