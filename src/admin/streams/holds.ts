/** Holds as they come, are answered and end: what an inbox shows. */
import { z } from 'zod';
import { holdRow, maySee, rowOf, runningOf } from '../operations/holds.ts';
import { stream } from '../stream.ts';

export const watchHolds = stream({
  path: '/v1/holds/live',
  summary: 'The open holds that whoever asks may see, at once and at each change.',
  access: 'person',
  input: z.strictObject({}),
  event: z.strictObject({ holds: z.array(holdRow) }),
  async *open(context, _input, signal) {
    const { holds } = runningOf(context.state);
    const end = aborted(signal);
    while (!signal.aborted && !holds.isStopping) {
      const change = holds.changed();
      const open = holds.list().filter((hold) => holds.state(hold) === 'open');
      const seen = open.filter((hold) => maySee(hold, context.actor));
      yield { holds: seen.map((hold) => rowOf(context, hold)) };
      await Promise.race([change, end]);
    }
  },
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
