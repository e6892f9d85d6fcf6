/** Entries by who called, what for, by which provider and when; each held to the log first. */
import { z } from 'zod';
import { type FoundEntry, type SearchResult, search } from '#audit/search.ts';
import { Turns } from '#gateway/turns.ts';
import { auditedLog } from '../audited-log.ts';
import { operation, shapes } from '../operation.ts';
import { entryRow } from './entries.ts';

const index = z.coerce.number<string | number>().int().min(0);

const found = entryRow.extend({
  caller: z.string().optional().describe('Who called; absent where it is not said, or was erased.'),
  outcome: entryRow.pick({ index: true, public: true }).optional().describe('Of a decision.'),
});
export type FoundRow = z.infer<typeof found>;

const span = z.strictObject({ from: z.int(), to: z.int() });

/** The index is brought up to date by each search, and by one at a time. */
const turns = new Turns();

export const searchEntries = operation({
  method: 'GET',
  path: '/v1/entries/search',
  summary:
    'Entries by caller, provider, time and more, the newest first, each as the log has it. The first search of a long log takes as long as reading it does.',
  access: ['auditor'],
  input: z.strictObject({
    caller: shapes.word.optional().describe('Who called, or whom a key was made for.'),
    purpose: shapes.word.optional(),
    provider: shapes.word.optional().describe('That the decision covers, or that was asked.'),
    effect: shapes.word.optional().describe('`permit`, `deny`, `hold`, `answered`, `lost`, …'),
    rule: shapes.word.optional(),
    kind: shapes.word.optional(),
    from: shapes.instant.optional(),
    to: shapes.instant.optional().describe('Not included.'),
    before: index.optional().describe('Only entries before this one; `next` of the last answer.'),
    limit: z.coerce.number<string | number>().int().min(1).max(200).default(50),
  }),
  result: z.strictObject({
    size: z.int().describe('Entries that were searched.'),
    entries: z.array(found),
    elsewhere: z.array(span).describe('Entries in archives that are not at hand.'),
    next: z.int().optional().describe('Where to look on; absent where there is no more.'),
  }),
  async run({ state }, { from, to, limit, ...asked }) {
    return turns.take(async () => {
      const { place, log, masterKey } = await auditedLog(state);
      const given = Object.entries({ ...asked, from: atOf(from), to: atOf(to) });
      const query = Object.fromEntries(given.filter(([, value]) => value !== undefined));
      return answerOf(
        await search({ place, log, masterKey: await masterKey() }, { ...query, limit }),
      );
    });
  },
});

function atOf(instant: string | undefined): number | undefined {
  return instant === undefined ? undefined : Date.parse(instant);
}

function answerOf({ size, entries, hasMore, elsewhere }: SearchResult) {
  const last = entries.at(-1);
  return {
    size,
    entries: entries.flatMap((each) => ('at' in each ? [rowOf(each)] : [])),
    elsewhere: [
      ...elsewhere.map((unread) => ({ from: unread.from, to: unread.to })),
      ...entries.flatMap((each) =>
        'at' in each ? [] : [{ from: each.entry, to: each.entry + 1 }],
      ),
    ],
    ...(hasMore && last ? { next: last.entry } : {}),
  };
}

function rowOf({ entry, at, kind, public: facts, caller, outcome }: FoundEntry): FoundRow {
  return {
    index: entry,
    at: new Date(at).toISOString(),
    kind,
    public: facts,
    ...(caller === undefined ? {} : { caller }),
    ...(outcome && { outcome: { index: outcome.entry, public: outcome.public } }),
  };
}
