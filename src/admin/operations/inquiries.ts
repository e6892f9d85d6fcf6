/** Questions about use, and their answers. */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import {
  type Inquiry,
  inquiriesOf,
  inquiryAnswered,
  inquiryOpened,
} from '#disclosure/inquiries.ts';
import type { State } from '#gateway/state.ts';
import { operation, shapes } from '../operation.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in lower-case hexadecimal');

const question = z.strictObject({
  asker: shapes.words,
  authority: shapes.words,
  scope: shapes.words,
  question: shapes.words,
});

const answerRow = z.strictObject({
  entry: z.int(),
  at: shapes.instant,
  disclosure: sha256.optional(),
  /** Absent where they were erased. */
  by: z.string().optional(),
  answer: z.string().optional(),
});

const inquiryRow = z.strictObject({
  entry: z.int(),
  at: shapes.instant,
  state: z.enum(['open', 'answered']),
  /** Absent where it was erased. */
  asked: question.optional(),
  answers: z.array(answerRow),
});
export type InquiryRow = z.infer<typeof inquiryRow>;

export const listInquiries = operation({
  method: 'GET',
  path: '/v1/inquiries',
  summary: 'Every question about use that was put on record, with its answers.',
  access: ['administrator', 'overseer', 'auditor'],
  input: shapes.nothing,
  result: z.array(inquiryRow),
  run: async ({ state }) => (await inquiriesIn(state)).map(rowOf),
});

export const openInquiry = operation({
  method: 'POST',
  path: '/v1/inquiries',
  summary: 'Puts a question about use on record.',
  access: ['administrator', 'auditor'],
  input: question,
  /** The inquiry’s number: that of its entry. */
  result: z.strictObject({ entry: z.int() }),
  run: async ({ state }, asked) => ({ entry: await state.ledger.append(inquiryOpened(asked)) }),
});

export const answerInquiry = operation({
  method: 'POST',
  path: '/v1/inquiries/:inquiry/answers',
  summary: 'Puts an answer on record, with the SHA-256 of the disclosure that it gives.',
  access: ['administrator'],
  input: z.strictObject({
    inquiry: z.coerce.number<number | string>().int().min(0),
    by: shapes.words,
    answer: shapes.words,
    disclosure: sha256.optional(),
  }),
  result: z.strictObject({ entry: z.int() }),
  async run({ state }, { inquiry, ...answer }) {
    const known = (await inquiriesIn(state)).some(({ entry }) => entry === inquiry);
    if (!known) throw new ProvisoError('not_found', `There is no inquiry ${inquiry}.`);
    return { entry: await state.ledger.append(inquiryAnswered(inquiry, answer)) };
  },
});

async function inquiriesIn({ ledger }: State): Promise<readonly Inquiry[]> {
  return inquiriesOf(await Array.fromAsync(ledger.history(['inquiry'])));
}

function rowOf({ entry, at, asked, answers }: Inquiry): InquiryRow {
  return {
    entry,
    at: new Date(at).toISOString(),
    state: answers.length === 0 ? 'open' : 'answered',
    ...(asked === undefined ? {} : { asked }),
    answers: answers.map((answer) => ({
      entry: answer.entry,
      at: new Date(answer.at).toISOString(),
      ...(answer.disclosure === undefined ? {} : { disclosure: answer.disclosure }),
      ...answer.said,
    })),
  };
}
