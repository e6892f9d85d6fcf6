/** Everything that can be watched of a gateway over its control API, by name. */
import type { EventStream } from './stream.ts';
import { watchEntries } from './streams/entries.ts';
import { watchHolds } from './streams/holds.ts';

export const STREAMS = { watchEntries, watchHolds } as const satisfies Record<string, EventStream>;
