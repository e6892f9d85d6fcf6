import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alarmsOf, habitsOf, type Review, Reviews } from './reviews.ts';

const RULES = {
  answersMin: 4,
  visibleMsMin: 5_000,
  approvedShareMax: 0.9,
  answersPerHourMax: 5,
  drillsCaughtMin: 0.8,
};

const review = (change: Partial<Review> = {}): Review => ({
  person: 'per_a',
  kind: 'force',
  verdict: 'approve',
  at: Date.parse('2026-01-01T10:00:00Z'),
  visibleMs: 20_000,
  isDrill: false,
  ...change,
});

const LATER = Date.parse('2026-01-02T00:00:00Z');
const rulesBroken = (reviews: readonly Review[], now = LATER) =>
  alarmsOf('per_a', habitsOf(reviews, now), RULES).map(({ rule }) => rule);

test('careful answers break no rule, and what is told of them is so', () => {
  const reviews = [
    review(),
    review({ verdict: 'reject' }),
    review({ visibleMs: 40_000 }),
    review(),
  ];
  assert.deepEqual(rulesBroken(reviews), []);
  const { hours, ...habits } = habitsOf(reviews, LATER);
  assert.deepEqual(habits, {
    answers: 4,
    approvedShare: 0.75,
    visibleMs: 20_000,
    lastHour: 0,
    drills: { answered: 0, caught: 0 },
  });
  assert.equal(hours[10], 4);
});

test('too fast, too uniform, too many, and drills that were not caught', () => {
  const often = (count: number, change: Partial<Review>) =>
    Array.from({ length: count }, (_, i) =>
      review({ verdict: i % 2 ? 'approve' : 'reject', ...change }),
    );
  assert.deepEqual(rulesBroken(often(4, { visibleMs: 900 })), ['too_fast']);
  assert.deepEqual(rulesBroken(often(3, { visibleMs: 900 })), []);
  assert.deepEqual(rulesBroken(often(4, { verdict: 'approve' })), ['too_uniform']);
  assert.deepEqual(rulesBroken(often(6, { at: LATER - 60_000 })), ['too_many']);
  assert.deepEqual(rulesBroken([review({ isDrill: true })]), ['drills_missed']);
  assert.deepEqual(rulesBroken([review({ isDrill: true, verdict: 'reject' })]), []);
});

test('nobody who measured nothing is called fast', () => {
  const reviews = Array.from({ length: 4 }, () => {
    const { visibleMs: _, ...rest } = review({ verdict: 'reject' });
    return rest;
  });
  assert.deepEqual(rulesBroken(reviews), []);
});

test('answers are folded with what they were about', () => {
  const tool = { classes: ['force'], name: 'fire_weapon' };
  const opened = { kind: 'hold', index: 0, at: 1, public: { id: 'hld_1' } };
  const answered = {
    kind: 'approval',
    index: 1,
    at: 2,
    public: { hold: 'hld_1', verdict: 'reject' },
  };
  const ended = { kind: 'hold_end', index: 2, at: 3, public: { hold: 'hld_1' } };
  const by = { person: 'per_a', visibleMs: 7 };
  const reviews = new Reviews().fold([
    { ...opened, private: { action: { tool }, drill: 'made up' } },
    { ...answered, private: by },
    ended,
    { ...answered, private: by },
  ]);
  assert.deepEqual(reviews.of('per_a'), [
    { person: 'per_a', kind: 'force', verdict: 'reject', at: 2, visibleMs: 7, isDrill: true },
  ]);
  // Erased: nobody knows who it was.
  assert.deepEqual(new Reviews().fold([opened, answered]).people(), []);
});
