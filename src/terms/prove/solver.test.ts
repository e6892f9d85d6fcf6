import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startSolver } from './solver.ts';

const solver = startSolver({ processes: 1, timeLimitMs: 300 });
after(() => solver.close());

test('answers sat with values, and unsat', async () => {
  const sat = await solver.ask('(declare-const a Bool)(assert a)(check-sat)(get-value (a))');
  assert.equal(sat.verdict === 'sat' && sat.values.trim(), '((a true))');
  const unsat = await solver.ask('(declare-const a Bool)(assert (and a (not a)))(check-sat)');
  assert.deepEqual(unsat, { verdict: 'unsat' });
});

test('a script that is not understood is unknown, whatever is printed after the error', async () => {
  const answer = await solver.ask('(assert (nothing))(assert false)(check-sat)');
  assert.equal(answer.verdict, 'unknown');
});

test('what takes too long is unknown, and the next question is answered', async () => {
  const factors = `(declare-const a (_ BitVec 64))(declare-const b (_ BitVec 64))
    (assert (= ((_ zero_extend 64) #xfedcba9876543211) (bvmul ((_ zero_extend 64) a) ((_ zero_extend 64) b))))
    (assert (bvugt a #x0000000000000001))(assert (bvugt b #x0000000000000001))(check-sat)`;
  assert.equal((await solver.ask(factors)).verdict, 'unknown');
  assert.deepEqual((await solver.ask('(assert true)(check-sat)')).verdict, 'sat');
});

test('questions of one script share nothing', async () => {
  await solver.ask('(declare-const shared Bool)(assert (not shared))(check-sat)');
  const again = await solver.ask('(declare-const shared Bool)(assert shared)(check-sat)');
  assert.equal(again.verdict, 'sat');
});

test('a closed solver answers unknown and starts nothing', async () => {
  const closed = startSolver({ processes: 1, timeLimitMs: 300 });
  await closed.close();
  assert.equal((await closed.ask('(check-sat)')).verdict, 'unknown');
});

test('a long script is read as it was written', async (t) => {
  const patient = startSolver({ processes: 1, timeLimitMs: 30_000 });
  t.after(() => patient.close());
  const lines = Array.from(
    { length: 20_000 },
    (_, i) => `(declare-const a${i} Bool)(assert a${i})`,
  );
  const script = [...lines, '(check-sat)', '(assert (not a19999))', '(check-sat)'].join('\n');
  const answer = await patient.ask(script);
  assert.equal(answer.verdict === 'sat' && answer.values.trim(), 'unsat');
});
