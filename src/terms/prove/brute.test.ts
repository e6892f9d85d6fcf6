/**
 * The prover against every request there is: under a schema whose types have a handful of values,
 * random policies are put to all of its requests. Both verdicts must be right, so that an encoding
 * that is too strict is found as surely as one that is too loose.
 *
 * Runs for a few seconds; `FUZZ_MS=600000 node --test src/terms/prove/brute.test.ts` for longer.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#base/json.ts';
import { validatePolicies } from '../engine.ts';
import { askReference, type ReferenceCall } from '../reference.ts';
import { allows, type Claim, matches, no, type SourcedPolicy } from './claim.ts';
import { readPolicySet } from './policy-set.ts';
import { Prover } from './prover.ts';
import { implies } from './queries.ts';
import { holdsCompiled, type ListedRequest, requestOfCall } from './replay.ts';
import { startSolver } from './solver.ts';

const FUZZ_MS = Number(process.env['FUZZ_MS'] ?? 4_000);

const solver = startSolver({ processes: 1, timeLimitMs: 10_000 });
after(() => solver.close());

const SCHEMA = `
entity Group enum ["g", "h"];
entity User enum ["a", "b"];
entity Doc in [Group];
action view appliesTo {
  principal: User,
  resource: Doc,
  context: { flag: Bool, other?: Bool, user?: User, flags: Set<Bool>, rec: { on?: Bool } },
};
`;

/** All values of a field; `undefined` where it may be absent. */
const FIELDS: Readonly<Record<string, readonly (JsonValue | undefined)[]>> = {
  flag: [false, true],
  other: [undefined, false, true],
  user: [
    undefined,
    { __entity: { type: 'User', id: 'a' } },
    { __entity: { type: 'User', id: 'b' } },
  ],
  flags: [[], [false], [true], [false, true]],
  rec: [{}, { on: false }, { on: true }],
};

/**
 * Every request with every hierarchy: 2 × 2 × 216 × 16. A document is the one that policies name, or
 * another, of which nothing but that can be told.
 */
function* everyRequest(): Generator<ReferenceCall> {
  let contexts: JsonObject[] = [{}];
  for (const [name, values] of Object.entries(FIELDS)) {
    contexts = contexts.flatMap((context) =>
      values.map((value) => (value === undefined ? context : { ...context, [name]: value })),
    );
  }
  const users = ['a', 'b'].map((id) => ({ type: 'User', id }));
  const docs = ['d', 'another'].map((id) => ({ type: 'Doc', id }));
  const groups = ['g', 'h'].map((id) => ({ type: 'Group', id }));
  for (let hierarchy = 0; hierarchy < 16; hierarchy++) {
    const entities = docs.map((uid, d) => ({
      uid,
      attrs: {},
      parents: groups.filter((_, g) => ((hierarchy >> (2 * d + g)) & 1) === 1),
    }));
    const action = { type: 'Action', id: 'view' };
    const listed = [
      ...entities,
      ...[...groups, action].map((uid) => ({ uid, attrs: {}, parents: [] })),
    ];
    for (const principal of users) {
      for (const resource of docs) {
        for (const context of contexts) {
          yield { principal, action, resource, context, entities: listed };
        }
      }
    }
  }
}

const leaf = fc.constantFrom(
  'context.flag',
  'context has other && context.other',
  'context has user && context.user == principal',
  'context has user && [User::"a", context.user].contains(principal)',
  'principal == User::"a"',
  'resource == Doc::"d"',
  'resource in Group::"g"',
  'resource in [Group::"g", Group::"h"]',
  'Doc::"d" in Group::"h"',
  'context.flags.isEmpty()',
  'context.flags.contains(context.flag)',
  'context.flags.containsAll([true, false])',
  '[context.flag].containsAll(context.flags)',
  'context.flags.containsAny([context.flag == true])',
  'context.flags == [context.flag]',
  'context.rec has on',
  'context.rec has on && context.rec.on == context.flag',
  '{x: context.flag, y: principal} == {y: User::"b", x: true}',
  'resource is Doc in Group::"h"',
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3 },
    leaf,
    tie('condition').map((a) => `!(${a})`),
    fc
      .tuple(tie('condition'), fc.constantFrom('&&', '||', '=='), tie('condition'))
      .map(([a, operator, b]) => `((${a}) ${operator} (${b}))`),
    fc
      .tuple(tie('condition'), tie('condition'), tie('condition'))
      .map(([a, b, c]) => `(if ${a} then ${b} else ${c})`),
  ),
}));
const sets = fc.array(fc.tuple(fc.constantFrom('permit', 'forbid'), condition), {
  minLength: 2,
  maxLength: 4,
});

test('both verdicts are right over every request of a small schema', async () => {
  const requests = [...everyRequest()].map((call) => {
    const request = requestOfCall(call);
    assert.ok(request);
    return request;
  });
  assert.equal(requests.length, 13_824);
  const prover = new Prover(SCHEMA, solver);
  const [environment] = prover.environments;
  assert.ok(environment);
  const seen = { none: 0, found: 0 };
  await fc.assert(
    fc.asyncProperty(sets, async (drawn) => {
      const text = drawn.map(
        ([effect, body]) => `${effect}(principal, action, resource) when { ${body} };`,
      );
      const byId = Object.fromEntries(text.map((policy, i) => [`p${i}`, policy]));
      const invalid = new Set(validatePolicies(SCHEMA, byId).errors.map((e) => e.policyId));
      const valid = Object.entries(byId).flatMap(([id, policy]) =>
        invalid.has(id) ? [] : [policy],
      );
      const policies = readPolicySet(valid.join('\n'), 'random.cedar', SCHEMA);
      const [first, ...more] = policies;
      if (!first) return;
      for (const claim of claimsOf(first, more)) {
        const answer = await prover.find(claim, environment);
        const expected = requests.some((request) => holdsCompiled(claim, request));
        assert.equal(
          answer.result,
          expected ? 'found' : 'none',
          `${JSON.stringify(answer)} ${valid.join('\n')}`,
        );
        seen[expected ? 'found' : 'none']++;
      }
      agreeWithReference(policies, requests);
    }),
    {
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: FUZZ_MS,
      markInterruptAsFailure: false,
    },
  );
  assert.ok(seen.none > 3 && seen.found > 3, JSON.stringify(seen));
});

function claimsOf(first: SourcedPolicy, more: readonly SourcedPolicy[]): readonly Claim[] {
  const all = [first, ...more];
  return [
    matches(first),
    no(matches(first)),
    allows(all),
    no(allows(all)),
    implies([first], more),
    implies(more, all),
  ];
}

/** The evaluators that the prover is held to agree among themselves; a few requests each time. */
function agreeWithReference(
  policies: readonly SourcedPolicy[],
  requests: readonly ListedRequest[],
): void {
  const texts = Object.fromEntries(policies.map(({ policy, text }) => [policy.id, text]));
  for (const request of requests.filter((_, i) => i % 1_999 === policies.length)) {
    const { decision } = askReference(texts, request, [...request.entities.values()], SCHEMA);
    assert.equal(decision, holdsCompiled(allows(policies), request) ? 'allow' : 'deny');
  }
}
