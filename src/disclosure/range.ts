/** The entries that a question is about: by number, or by the time at which they were recorded. */
import { ProvisoError } from '#base/errors.ts';
import type { LogPlace } from '#ledger/archive.ts';
import { readEntries } from '#ledger/read.ts';
import type { DisclosedRange } from './verify/file.ts';

/** An entry's number, or an instant in milliseconds since 1970. */
export type Bound = { readonly entry: number } | { readonly at: number };

/** @throws ProvisoError `usage_invalid` for a range that the ledger does not have */
export async function rangeOf(
  place: LogPlace,
  size: number,
  { from, to }: { readonly from?: Bound | undefined; readonly to?: Bound | undefined },
): Promise<DisclosedRange> {
  const first = from === undefined ? 0 : await indexOf(place, size, from);
  const end = to === undefined ? size : await indexOf(place, size, to);
  if (end > size) {
    throw new ProvisoError(
      'usage_invalid',
      `The ledger has ${size} entries, and none at ${end - 1}.`,
    );
  }
  if (first > end) throw new ProvisoError('usage_invalid', 'The range ends before it begins.');
  return {
    from: first,
    to: end,
    after: from !== undefined && 'at' in from ? from.at : undefined,
    before: to !== undefined && 'at' in to ? to.at : undefined,
  };
}

/** The first entry that is not older: times never run back in a ledger. */
async function indexOf(place: LogPlace, size: number, bound: Bound): Promise<number> {
  if ('entry' in bound) return bound.entry;
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await timeOf(place, size, middle)) < bound.at) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function timeOf(place: LogPlace, size: number, index: number): Promise<number> {
  for await (const { at } of readEntries(place, size, index, index + 1)) return at;
  throw new ProvisoError('ledger_corrupt', `There is no entry ${index}.`);
}
