/** Entries as they are published: the stream of decisions. */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { entryFilter, entryRow, fits, rowOf } from '../operations/entries.ts';
import { stream } from '../stream.ts';

/** Of each second, as many as a person can follow; the newest. */
const SHOWN_MAX = 50;

export const watchEntries = stream({
  path: '/v1/entries/live',
  summary:
    'Entries as they are published, those that the filter lets through; once a second at most.',
  access: ['administrator', 'overseer', 'auditor'],
  input: entryFilter,
  event: z.strictObject({
    entries: z.array(entryRow).describe(`In order; the newest ${SHOWN_MAX} of that second.`),
    leftOut: z
      .int()
      .describe('Entries of that second that are not shown, whether they fit or not.'),
  }),
  async *open({ web }, filter, signal) {
    if (!web) throw new ProvisoError('not_found', 'No gateway runs with this data folder.');
    for await (const { entries, leftOut } of web.live.watch(signal)) {
      const fitting = entries.filter((entry) => fits(entry, filter));
      const shown = fitting.slice(-SHOWN_MAX);
      if (shown.length > 0) {
        yield { entries: shown.map(rowOf), leftOut: leftOut + fitting.length - shown.length };
      }
    }
  },
});
