import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clear, denialWords } from './clear.ts';

const rule = (id: string, clause: string) => ({ id, clause, words: `The words of ${clause}.` });

test('a permit is cleared as it is', () => {
  const recorded = { decision: { effect: 'permit' as const, rules: [] }, entry: 4, more: 1 };
  assert.equal(clear(recorded, 'ops'), recorded);
});

test('a denial tells the code, the rules, the clause’s words once, the entry and whom to ask', () => {
  const rules = [rule('r1', 'no-tracking'), rule('r2', 'no-tracking')];
  const recorded = { decision: { effect: 'deny' as const, rules }, entry: 7 };
  assert.throws(() => clear(recorded, 'ops'), {
    code: 'terms_denied',
    message:
      'The terms do not permit this (rules `r1`, `r2`, clause no-tracking: “The words of ' +
      'no-tracking.”). Ledger entry 7. Ask ops.',
    facts: { entry: 7, rules: ['r1', 'r2'], clauses: ['no-tracking', 'no-tracking'], ask: 'ops' },
  });
});

test('INVARIANT (6): a hold clears nothing', () => {
  const recorded = { decision: { effect: 'hold' as const, rules: [rule('r', 'c')] }, entry: 1 };
  assert.throws(() => clear(recorded, 'ops'), { code: 'approval_required' });
});

test('a denial without a rule gives its reason', () => {
  const words = denialWords({ effect: 'deny', reason: 'a fact is missing', rules: [] }, 2, 'ops');
  assert.match(words, /\(a fact is missing\)\. Ledger entry 2\./);
});
