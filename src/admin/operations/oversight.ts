/** How people decide: shown to each person of their own answers, and to overseers of everyone's. */
import { z } from 'zod';
import { alarmsOf, type Habits, habitsOf, type Review } from '#oversight/reviews.ts';
import { rolesOf } from '../actor.ts';
import { type Context, operation, shapes } from '../operation.ts';
import { runningOf } from './holds.ts';

const share = z.number().min(0).max(1);

const habits = z.strictObject({
  answers: z.int(),
  approvedShare: share,
  visibleMs: z.number().optional().describe('Median; absent where no page measured.'),
  hours: z.array(z.int()).describe('Answers by the hour of the day, UTC.'),
  lastHour: z.int(),
  drills: z.strictObject({ answered: z.int(), caught: z.int() }),
});

const reviewer = z.strictObject({
  person: z.string(),
  name: z.string(),
  all: habits,
  kinds: z.array(z.strictObject({ kind: z.string(), habits })),
  alarms: z.array(z.strictObject({ rule: z.string(), words: z.string() })),
});
export type ReviewerRow = z.infer<typeof reviewer>;

export const getOversight = operation({
  method: 'GET',
  path: '/v1/oversight',
  summary: 'How whoever asks has answered holds, beside the group; of everyone, for overseers.',
  access: 'person',
  input: shapes.nothing,
  result: z.strictObject({ group: habits, people: z.array(reviewer) }),
  async run(context) {
    const { holds, clock } = runningOf(context.state);
    const { actor } = context;
    const isOverseer = actor.kind === 'operator' || rolesOf(actor).includes('overseer');
    const own = actor.kind === 'person' ? [actor.person.id] : [];
    const people = isOverseer ? holds.reviews.people() : own;
    return {
      group: rowOf(habitsOf(holds.reviews.all(), clock.now())),
      people: people.map((person) => reviewerOf(context, person, holds.reviews.of(person))),
    };
  },
});

function reviewerOf({ state }: Context, person: string, reviews: readonly Review[]): ReviewerRow {
  const now = state.clock.now();
  const all = habitsOf(reviews, now);
  const kinds = Map.groupBy(reviews, ({ kind }) => kind);
  return {
    person,
    name: state.people.find(person)?.name ?? '',
    all: rowOf(all),
    kinds: [...kinds].map(([kind, of]) => ({ kind, habits: rowOf(habitsOf(of, now)) })),
    alarms: alarmsOf(person, all, state.config.oversight.alarms).map(({ rule, words }) => ({
      rule,
      words,
    })),
  };
}

function rowOf({ hours, ...rest }: Habits): z.infer<typeof habits> {
  return { ...rest, hours: [...hours] };
}
