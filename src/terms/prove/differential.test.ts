/**
 * The prover against the evaluators, on random policies: a request that it finds must replay, and
 * where it finds none, random requests must find none either.
 *
 * Runs for a few seconds; `FUZZ_MS=600000 node --test src/terms/prove/differential.test.ts` for
 * longer.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { CEDAR_SCHEMA, cedarNode } from '../cedar.arbitrary.ts';
import { readPolicy, validatePolicies } from '../engine.ts';
import { allows, errs, matches, no, type SourcedPolicy } from './claim.ts';
import { Prover } from './prover.ts';
import { implies } from './queries.ts';
import { holdsCompiled, requestOfCall } from './replay.ts';
import { requestFor } from './request.arbitrary.ts';
import { startSolver } from './solver.ts';

const FUZZ_MS = Number(process.env['FUZZ_MS'] ?? 6_000);

const solver = startSolver({ processes: 1, timeLimitMs: 2_000 });
after(() => solver.close());

const REQUESTS = 1_000;
const POOL = {
  ids: ['a', 'b', 'g', 'h'],
  texts: ['', 'a', 'b', 'ab', 'a*b', 'aab', 'ä', 'constructor'],
  longs: [0, 1, -1, 2, 7, 3_037_000_500, Number.MAX_SAFE_INTEGER],
};

const condition = fc.nat(3).chain((depth) => cedarNode('boolean', depth));
const sets = fc.array(fc.tuple(fc.constantFrom('permit', 'permit', 'forbid'), condition), {
  minLength: 4,
  maxLength: 40,
});

/** Those of the random policies that are valid; most are not. */
function validOf(texts: readonly string[]): readonly SourcedPolicy[] {
  const byId = Object.fromEntries(texts.map((text, i) => [`p${i}`, text]));
  const invalid = new Set(validatePolicies(CEDAR_SCHEMA, byId).errors.map((e) => e.policyId));
  return Object.entries(byId)
    .filter(([id]) => !invalid.has(id))
    .map(([id, text]) => ({ policy: readPolicy(text, { id }), text }));
}

test('what is found replays, and what is proven withstands random requests', async () => {
  const prover = new Prover(CEDAR_SCHEMA, solver);
  const seen = { none: 0, found: 0, unknown: 0 };
  const requests = new Map(
    prover.environments.map((environment) => [
      environment,
      fc
        .sample(requestFor(prover.schema, environment, POOL), REQUESTS)
        .map(requestOfCall)
        .filter((request) => request !== undefined),
    ]),
  );
  await fc.assert(
    fc.asyncProperty(sets, async (drawn) => {
      const texts = drawn.map(
        ([effect, body]) =>
          `${effect}(principal, action == Action::"read", resource) when { ${body} };`,
      );
      const policies = validOf(texts);
      const half = policies.length >> 1;
      const [a, b] = [policies.slice(0, half), policies.slice(half)];
      const claims = [
        ...policies.flatMap((policy) => [matches(policy), no(matches(policy)), errs(policy)]),
        allows(policies),
        implies(a, b),
      ];
      for (const environment of prover.environments) {
        for (const claim of claims) {
          const answer = await prover.find(claim, environment);
          seen[answer.result]++;
          const attacked = requests.get(environment)?.find((one) => holdsCompiled(claim, one));
          if (answer.result !== 'none') continue;
          assert.equal(attacked, undefined, policies.map(({ text }) => text).join('\n'));
        }
      }
    }),
    {
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: FUZZ_MS,
      markInterruptAsFailure: false,
    },
  );
  const all = seen.none + seen.found + seen.unknown;
  assert.ok(seen.none > 5 && seen.found > 5, JSON.stringify(seen));
  assert.ok(seen.unknown <= 5 + all / 20, JSON.stringify(seen));
});
