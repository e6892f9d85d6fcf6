/**
 * A comparison against thousands of random requests: two packs that are compared decide none of them
 * otherwise but by a rule that the comparison names. So a difference that it left out would be found.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { type Authorize, compilePolicies } from '../authorize.ts';
import { loadPack, type Pack } from '../pack.ts';
import { type Expr, partsOf } from '../policy.ts';
import type { Effect } from '../prove/pack-policies.ts';
import { Prover } from '../prove/prover.ts';
import { requestOfCall } from '../prove/replay.ts';
import { type Pool, requestFor } from '../prove/request.arbitrary.ts';
import { startSolver } from '../prove/solver.ts';
import { policyExpressions } from '../typing/policy.ts';
import type { Request } from '../value.ts';
import { comparePacks } from './compare-packs.ts';

const solver = startSolver({ processes: 2, timeLimitMs: 10_000 });
after(() => solver.close());

const EXAMPLES = join(import.meta.dirname, '../../../examples/terms');
const REQUESTS = 1_000;

for (const [first, second] of [
  ['restricted-use', 'any-lawful-use'],
  ['restricted-use', 'negotiated'],
]) {
  test(`${first} and ${second} differ in nothing that is not told`, async () => {
    const packs = [first, second].map((name) => loadPack(join(EXAMPLES, name ?? '')));
    const [a, b] = packs;
    assert.ok(a && b);
    const { verdict, differences } = await comparePacks(a, b, solver, () => undefined);
    assert.equal(verdict, 'differ');
    const isTold = (freer: string, rules: readonly string[]): boolean =>
      differences.some((one) => one.freer === freer && rules.some((id) => one.rules.includes(id)));
    const [ofA, ofB] = [decider(a), decider(b)];
    const prover = new Prover(a.schema, solver);
    const pool = poolOf(packs);
    let found = 0;
    for (const environment of prover.environments) {
      const requests = requestFor(prover.schema, environment, pool);
      fc.assert(
        fc.property(requests, (call) => {
          const request = requestOfCall(call);
          assert.ok(request);
          const [one, other] = [ofA(request), ofB(request)];
          if (one.effect === other.effect) return true;
          found++;
          const isFirst = FREEDOM.indexOf(one.effect) > FREEDOM.indexOf(other.effect);
          const [free, strict] = isFirst ? [one, other] : [other, one];
          // Where nothing in the stricter one applies, it is the freer one's rule that is told.
          const rules = strict.rules.length > 0 ? strict.rules : free.rules;
          return isTold(isFirst ? 'first' : 'second', rules);
        }),
        { numRuns: REQUESTS },
      );
    }
    assert.ok(found > REQUESTS / 2, `only ${found} requests were decided otherwise`);
  });
}

const FREEDOM: readonly Effect[] = ['deny', 'hold', 'permit'];

interface Decided {
  readonly effect: Effect;
  readonly rules: readonly string[];
}

/** As decide.ts decides, of any request. */
function decider({ rules, redLines }: Pack): (request: Request) => Decided {
  const authorize: Authorize = compilePolicies([...rules, ...redLines].map(({ policy }) => policy));
  return (request) => {
    const { decision, reasons, errors } = authorize(request);
    assert.deepEqual(errors, []);
    const ids = reasons.map(({ id }) => id);
    if (decision === 'allow') return { effect: 'permit', rules: ids };
    const isHeld =
      reasons.length > 0 && reasons.every(({ annotations }) => annotations.has('hold'));
    return { effect: isHeld ? 'hold' : 'deny', rules: ids };
  };
}

/** All that the rules name, and numbers on both sides of those that they compare with. */
function poolOf(packs: readonly Pack[]): Pool {
  const [ids, texts, longs] = [new Set(['other']), new Set(['', 'other']), new Set([0])];
  const visit = (expr: Expr): void => {
    if (expr.op === 'string') texts.add(expr.value);
    if (expr.op === 'entity' && expr.entity.type !== 'Action') ids.add(expr.entity.id);
    if (expr.op === 'long') longs.add(Number(expr.value)).add(Number(expr.value) + 1);
    for (const part of partsOf(expr)) visit(part);
  };
  for (const { rules, redLines } of packs) {
    for (const { policy } of [...rules, ...redLines]) {
      for (const expr of policyExpressions(policy)) visit(expr);
    }
  }
  return { ids: [...ids], texts: [...texts], longs: [...longs] };
}
