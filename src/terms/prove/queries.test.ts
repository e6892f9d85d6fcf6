/** Each question with an answer of each kind, on policies whose answers are plain to see. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Claim, PolicySet } from './claim.ts';
import { readPolicySet } from './policy-set.ts';
import { Prover } from './prover.ts';
import {
  alwaysAllows,
  alwaysDenies,
  disjoint,
  equivalent,
  implies,
  neverErrors,
  vacuous,
} from './queries.ts';
import { type Solver, startSolver } from './solver.ts';

const SCHEMA = `
entity Group in [Group];
entity User in [Group] = { age: Long, name: String, boss?: User, roles: Set<String> } tags Long;
entity Status enum ["open", "closed"];
entity Doc = { owner: User, status: Status, at: datetime, from: ipaddr, price: decimal };
action view appliesTo { principal: User, resource: Doc, context: { n: Long, t: duration } };
`;

const solver = startSolver({ processes: 1, timeLimitMs: 10_000 });
after(() => solver.close());
const prover = new Prover(SCHEMA, solver);

function set(...conditions: readonly string[]): PolicySet {
  const text = conditions.map((c) =>
    /^(permit|forbid)\(/.test(c) ? `${c};` : `permit(principal, action, resource) when { ${c} };`,
  );
  return readPolicySet(text.join('\n'), 'policies.cedar', SCHEMA);
}

async function isProven(claim: Claim): Promise<boolean> {
  const [environment] = prover.environments;
  assert.ok(environment);
  const answer = await prover.find(claim, environment);
  assert.notEqual(answer.result, 'unknown', JSON.stringify(answer));
  return answer.result === 'none';
}

test('each question has both answers', async () => {
  const [all, none] = [set('permit(principal, action, resource)'), set()];
  const adults = set('principal.age >= 18');
  const elders = set('principal.age >= 60');
  const children = set('principal.age < 18');
  assert.equal(await isProven(alwaysAllows(all)), true);
  assert.equal(await isProven(alwaysAllows(adults)), false);
  assert.equal(await isProven(alwaysDenies(none)), true);
  assert.equal(await isProven(alwaysDenies(elders)), false);
  assert.equal(await isProven(implies(elders, adults)), true);
  assert.equal(await isProven(implies(adults, elders)), false);
  assert.equal(await isProven(equivalent(adults, set('!(principal.age < 18)'))), true);
  assert.equal(await isProven(equivalent(adults, elders)), false);
  assert.equal(await isProven(disjoint(adults, children)), true);
  assert.equal(await isProven(disjoint(adults, elders)), false);
});

/** Conditions that hold of every request, and of some but not of every one. */
const ALWAYS = [
  '!(principal in Group::"a") || !(Group::"a" in Group::"b") || principal in Group::"b"',
  '!(Group::"a" in Group::"b" && Group::"b" in Group::"a")',
  'principal in principal',
  'resource.status == Status::"open" || resource.status == Status::"closed"',
  'principal.roles.containsAll(["a"]) == principal.roles.contains("a")',
  'principal.roles.isEmpty() || !principal.roles.isEmpty()',
  '!(principal has boss && principal.boss == principal && principal.boss.age != principal.age)',
  'if principal.name like "a*b" then principal.name like "*b" else true',
  '!(principal.name like "a*" && principal.name like "b*")',
  'resource.at.toTime() >= duration("0ms") && resource.at.toTime() < duration("1d")',
  '!resource.from.isInRange(ip("10.1.0.0/16")) || resource.from.isInRange(ip("10.0.0.0/8"))',
  '!resource.from.isLoopback() || !resource.from.isMulticast()',
  'resource.from.isIpv4() || resource.from.isIpv6()',
  'resource.price.lessThan(decimal("1.5")) || resource.price.greaterThanOrEqual(decimal("1.5"))',
  'context.t.toDays() <= 106751991167 && context.t.toDays() >= -106751991167',
  '{a: context.n, b: principal} == {b: principal, a: context.n}',
];
const SOMETIMES = [
  'principal in Group::"a" && !(principal in Group::"b")',
  'Group::"a" in Group::"b" && principal in Group::"a"',
  'resource.owner in Group::"a" && principal == resource.owner',
  'principal.roles.containsAny(["a", "b"]) && !principal.roles.containsAll(["a", "b"])',
  'principal.roles == resource.owner.roles && principal != resource.owner && !principal.roles.isEmpty()',
  'principal has boss && principal.boss has boss && principal.boss.boss != principal',
  'principal.hasTag("x") && principal.getTag("x") > 3',
  'principal.name like "*a\\\\*ä*" && !(principal.name like "a*")',
  'resource.at > datetime("2026-01-01") && resource.at.toDate() == datetime("2026-02-03")',
  'resource.from.isInRange(ip("10.0.0.0/8")) && !resource.from.isInRange(ip("10.1.0.0/16"))',
  'resource.from.isIpv6() && resource.from.isMulticast()',
  'resource.price.lessThan(decimal("-922337203685477.5807"))',
  'context.n == 9223372036854775807 || context.n == -9223372036854775808',
  'context.t.toDays() == -3 && context.t.toHours() == -95',
];

test('what holds of every request is proven, what does not has an example', async () => {
  for (const condition of ALWAYS) {
    assert.equal(await isProven(alwaysAllows(set(condition))), true, condition);
  }
  for (const condition of SOMETIMES) {
    assert.equal(await isProven(alwaysAllows(set(condition))), false, condition);
    assert.equal(await isProven(alwaysDenies(set(condition))), false, condition);
  }
});

test('errors are found where arithmetic overflows, and nowhere else', async () => {
  const canErr = ['context.n + 1 > 0', '-context.n < 3', 'context.n * 3 == 9', 'context.n - 2 < 0'];
  const cannot = [
    'context.n < 9223372036854775807 && context.n + 1 > 0',
    'context.n > 0 && -context.n < 3',
    'false && context.n * 3 == 9',
    'context.n > 0 || context.n + 1 > 0',
    'if context.n > 0 then true else context.n + 1 > 0',
    'principal has boss && principal.boss.age > 3',
  ];
  for (const [conditions, expected] of [
    [canErr, false],
    [cannot, true],
  ] as const) {
    for (const [i, condition] of conditions.entries()) {
      const [policy] = set(condition);
      assert.ok(policy);
      assert.equal(await isProven(neverErrors(policy)), expected, `${i}: ${condition}`);
    }
  }
});

test('a policy that can never apply is vacuous', async () => {
  const [never, some] = set('context.n > 3 && context.n < 3', 'context.n > 3');
  assert.ok(never && some);
  assert.equal(await isProven(vacuous(never)), true);
  assert.equal(await isProven(vacuous(some)), false);
});

test('a policy that errs is skipped, as Cedar skips it', async () => {
  const overflow = set(
    'permit(principal, action, resource)',
    'forbid(principal, action, resource) when { context.n + 1 > 0 }',
  );
  const [environment] = prover.environments;
  assert.ok(environment);
  const example = await prover.find(
    {
      op: 'all',
      of: [alwaysDenies(overflow), { op: 'errs', policy: overflow[1] ?? assert.fail() }],
    },
    environment,
  );
  assert.equal(example.result, 'found');
});

test('what a counterexample does not need is left out of it', async () => {
  const [environment] = prover.environments;
  assert.ok(environment);
  const answer = await prover.find(
    alwaysDenies(set('context.n > 40 && principal in Group::"a"')),
    environment,
  );
  assert.equal(answer.result, 'found');
  if (answer.result !== 'found') return;
  assert.equal(answer.request.context['n'], 41);
  const groups = answer.request.entities.filter(({ uid }) => JSON.stringify(uid).includes('Group'));
  assert.deepEqual(
    groups.map(({ uid }) => uid),
    [{ type: 'Group', id: 'a' }],
  );
});

test('a model that does not replay is unknown, and so is one that cannot be read', async () => {
  const question = alwaysDenies(set('principal.age >= 60'));
  const lying: Solver = {
    // A model of a question in which nothing is asserted.
    ask: (script) => solver.ask(script.replaceAll(/^\(assert .*$/gm, '')),
    close: () => Promise.resolve(),
  };
  const garbled: Solver = {
    ask: () => Promise.resolve({ verdict: 'sat', values: '((principal' }),
    close: () => Promise.resolve(),
  };
  for (const [answers, reason] of [
    [lying, /does not replay/],
    [garbled, /ModelError/],
  ] as const) {
    const other = new Prover(SCHEMA, answers);
    const [environment] = other.environments;
    assert.ok(environment);
    const answer = await other.find(question, environment);
    assert.equal(answer.result, 'unknown');
    assert.match(answer.result === 'unknown' ? answer.reason : '', reason);
  }
});

test('the same question is put to the solver once', async () => {
  let asked = 0;
  const counting: Solver = {
    ask: (script) => {
      asked++;
      return solver.ask(script);
    },
    close: () => Promise.resolve(),
  };
  const other = new Prover(SCHEMA, counting);
  const [environment] = other.environments;
  assert.ok(environment);
  for (let i = 0; i < 3; i++) {
    const answer = await other.find(
      vacuous(set('context.n > 3 && context.n < 3')[0] ?? assert.fail()),
      environment,
    );
    assert.equal(answer.result, 'none');
  }
  assert.equal(asked, 1);
});
