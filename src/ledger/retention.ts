/**
 * How long entries and their values must stay, where they are and readable. The rule that the
 * configuration gives is put on record before it counts, and so is each change of it; what is younger
 * neither goes to an archive nor is erased. docs/spec/ledger.md, "Retention"
 */
import { join } from 'node:path';
import { ProvisoError } from '#base/errors.ts';
import type { JsonValue } from '#base/json.ts';
import { type Span, spanBefore, spanWords } from '#base/span.ts';
import { nodeDisk } from './disk.ts';
import type { Entry, NewEntry } from './entry.ts';
import { splitBlobs, VALUES_WIDTH, valuesFileOf, valuesPath } from './values.ts';

const NO_RULE = 'none';

/** The entry to write where the rule is another than the last on record. */
export function retentionEntry(
  atLeast: Span | undefined,
  onRecord: readonly Entry[],
): NewEntry | undefined {
  const words = atLeast === undefined ? NO_RULE : spanWords(atLeast);
  const last: JsonValue = onRecord.at(-1)?.public['atLeast'] ?? NO_RULE;
  return last === words ? undefined : { kind: 'retention', public: { atLeast: words } };
}

/**
 * @param newestAt of what is to go, milliseconds since 1970
 * @param what such as `Entries 0 to 4095`
 * @throws ProvisoError `retention_in_force`
 */
export function requireRetained(
  atLeast: Span | undefined,
  newestAt: number,
  now: number,
  what: string,
): void {
  if (atLeast === undefined || newestAt < spanBefore(now, atLeast)) return;
  throw new ProvisoError(
    'retention_in_force',
    `${what} must stay for ${spanWords(atLeast)}, and the newest is of ${new Date(newestAt).toISOString()}.`,
  );
}

/** The newest batch with values that a key encrypts, by its first entry; of those that are published. */
export async function newestSealed(
  dir: string,
  slot: Buffer,
  size: number,
): Promise<number | undefined> {
  for (let n = valuesFileOf(size); n >= 0; n--) {
    const bytes = (await nodeDisk.read(join(dir, valuesPath(n)))) ?? Buffer.alloc(0);
    const newest = splitBlobs(bytes).findLast((blob) => slot.equals(blob.bytes.subarray(12, 28)));
    if (newest) return newest.firstIndex;
  }
  return undefined;
}

/** What an archive takes: whole files of values, from where the one before ended. */
export interface ArchivedRange {
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

/** The entry to write before entries are taken away; none where one before it says so already. */
export function archiveEntry(
  range: ArchivedRange,
  onRecord: readonly Entry[],
): NewEntry | undefined {
  const recorded = Math.max(0, ...onRecord.map((entry) => Number(entry.public['to'])));
  if (range.to <= recorded) return undefined;
  return { kind: 'archive', public: { from: range.from, to: range.to } };
}

/** @throws ProvisoError `invalid_request` where the range is none that an archive can take */
export function requireRange({ from, to }: ArchivedRange, openDecisions: readonly number[]): void {
  const isWhole = from % VALUES_WIDTH === 0 && to % VALUES_WIDTH === 0 && from < to;
  if (!isWhole) {
    const words = `An archive takes entries from and to multiples of ${VALUES_WIDTH}, not ${from} to ${to}.`;
    throw new ProvisoError('invalid_request', words);
  }
  const open = openDecisions.find((entry) => entry < to);
  if (open === undefined) return;
  throw new ProvisoError(
    'invalid_request',
    `The decision of entry ${open} has no outcome yet, so it stays, and what is after it.`,
  );
}
