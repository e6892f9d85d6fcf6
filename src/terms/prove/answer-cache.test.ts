/** What is kept is the answer to the same question only, and never a word of anyone else. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CachedSolver, cachedSolver } from './answer-cache.ts';
import type { SolverAnswer } from './solver.ts';

const SAT: SolverAnswer = { verdict: 'sat', values: '((a true))' };
const UNSAT: SolverAnswer = { verdict: 'unsat' };

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-answers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A solver that always says the same, and how often it was asked. */
function opened(
  folder: string,
  answer: SolverAnswer,
  { name = 'z3 1', timeLimitMs = 1_000 } = {},
): CachedSolver & { readonly asked: () => number } {
  let asked = 0;
  const ask = (): Promise<SolverAnswer> => {
    asked++;
    return Promise.resolve(answer);
  };
  const solver = { name, ask, close: () => Promise.resolve() };
  return { ...cachedSolver(solver, folder, { timeLimitMs }), asked: () => asked };
}

/** What one that says the opposite is taken to say. */
async function answerFrom(folder: string, script: string, options = {}): Promise<SolverAnswer> {
  return opened(folder, { verdict: 'unknown', reason: 'asked' }, options).ask(script);
}

const ASKED: SolverAnswer = { verdict: 'unknown', reason: 'asked' };

test('sat with its values and unsat are kept, unknown is not', async (t) => {
  const folder = folderOf(t);
  for (const answer of [SAT, UNSAT]) {
    const script = answer.verdict;
    await opened(folder, answer).ask(script);
    assert.deepEqual(await answerFrom(folder, script), answer);
  }
  await opened(folder, ASKED).ask('hard');
  assert.deepEqual(await opened(folder, UNSAT).ask('hard'), UNSAT);
  const again = opened(folder, UNSAT);
  await again.ask('hard');
  await again.ask('new');
  assert.deepEqual([again.counts(), again.asked()], [{ asked: 2, kept: 1 }, 1]);
});

test('another script, solver, version or limit is another question', async (t) => {
  const folder = folderOf(t);
  await opened(folder, UNSAT).ask('(check-sat)');
  assert.deepEqual(await answerFrom(folder, '(check-sat)'), UNSAT);
  assert.deepEqual(await answerFrom(folder, '(check-sat) '), ASKED);
  assert.deepEqual(await answerFrom(folder, '(check-sat)', { name: 'z3 2' }), ASKED);
  assert.deepEqual(await answerFrom(folder, '(check-sat)', { timeLimitMs: 2_000 }), ASKED);
});

test('a file that is damaged, forged in part, or of another question is no answer', async (t) => {
  const folder = folderOf(t);
  await opened(folder, SAT).ask('asked');
  const [name = ''] = readdirSync(folder);
  const file = join(folder, name);
  const whole = readFileSync(file, 'utf8');
  const broken = [
    '',
    whole.slice(0, -5),
    whole.replace('true', 'false'),
    JSON.stringify({ ...JSON.parse(whole), answer: { verdict: 'unsat' } }),
    JSON.stringify({ ...JSON.parse(whole), answer: { verdict: 'unknown', reason: '' } }),
    JSON.stringify({ ...JSON.parse(whole), more: 1 }),
  ];
  for (const text of broken) {
    writeFileSync(file, text);
    assert.deepEqual(await answerFrom(folder, 'asked'), ASKED, text);
  }
  writeFileSync(file, whole);
  assert.deepEqual(await answerFrom(folder, 'asked'), SAT);

  // An answer to another question, whole, under the name of this one.
  rmSync(file);
  await opened(folder, UNSAT).ask('other');
  const [other = ''] = readdirSync(folder);
  renameSync(join(folder, other), file);
  assert.deepEqual(await answerFrom(folder, 'asked'), ASKED);
});

test('a folder that others may write to is refused', (t) => {
  const folder = folderOf(t);
  for (const mode of [0o770, 0o702]) {
    chmodSync(folder, mode);
    assert.throws(() => opened(folder, SAT), { code: 'system_failed', at: folder });
  }
  chmodSync(folder, 0o700);
  assert.doesNotThrow(() => opened(folder, SAT));
});

test('the bytes on disk are those of the spec', async (t) => {
  const folder = folderOf(t);
  await opened(folder, UNSAT).ask('(check-sat)');
  assert.deepEqual(readdirSync(folder), [`${QUESTION}.json`]);
  assert.equal(
    readFileSync(join(folder, `${QUESTION}.json`), 'utf8'),
    `{"answer":{"verdict":"unsat"},"question":"${QUESTION}","sha256":"${SEAL}"}`,
  );
});

const QUESTION = '77afa7967e67c715f2b34ba59405ca85e0d5a040e3f5b19e2e9dcd5f09b434ed';
const SEAL = '8855f6f35a75d432ac18e3726417846016a7f9244138e3edc6ae13c121afbb80';
