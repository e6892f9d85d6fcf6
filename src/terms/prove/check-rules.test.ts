/** Rules that apply to nothing or cannot be evaluated, and when a solver is asked. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { smallPack } from '../pack.example.ts';
import { parsePack } from '../pack.ts';
import { checkRuleFaults } from './check-rules.ts';
import { Prover } from './prover.ts';
import { type Solver, startSolver } from './solver.ts';

const solver = startSolver({ processes: 1, timeLimitMs: 10_000 });
after(() => solver.close());

async function faults(rule: string, by: Solver = solver): Promise<readonly (readonly unknown[])[]> {
  const tests = `- { name: a, call: { persons: 1 }, expect: deny }
- { name: b, toolCall: { tool: fire }, expect: hold }
- { name: c, call: { streamed: true }, expect: deny }
- { name: d, call: {}, expect: permit }
`;
  const pack = parsePack(smallPack({ 'tests/all.yaml': tests, 'rules/more.cedar': rule }), 'p');
  const found = await checkRuleFaults(new Prover(pack.schema, by), pack, () => undefined);
  return found.map(({ rule, fault, example }) => [
    rule.policy.id,
    fault,
    example?.context['persons'],
  ]);
}

function rule(condition: string, effect = 'forbid'): string {
  return `@id("more") @clause("open") ${effect}(principal, action, resource) when { ${condition} };`;
}

test('a rule that applies to nothing, and one that cannot be evaluated, are found', async () => {
  assert.deepEqual(await faults(rule('context.persons > 3 && context.persons < 3')), [
    ['more', 'applies to nothing', undefined],
  ]);
  assert.deepEqual(await faults(rule('context.persons * 4000000000000000000 > 9')), [
    ['more', 'can err', 3],
  ]);
  assert.deepEqual(await faults(rule('context.persons > 3')), []);
});

test('no solver is asked where the tests and the rules themselves show it', async () => {
  const asked: string[] = [];
  const silent: Solver = {
    ask: (script) => {
      asked.push(script);
      return Promise.resolve({ verdict: 'unknown', reason: 'not asked' });
    },
    close: () => Promise.resolve(),
  };
  assert.deepEqual(await faults('', silent), []);
  assert.deepEqual(asked, []);
  assert.deepEqual(await faults(rule('context.persons > 3'), silent), [
    ['more', 'unknown', undefined],
  ]);
});
