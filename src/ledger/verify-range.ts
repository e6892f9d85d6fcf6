/**
 * Verification of a range of full bundles with their tiles of level 0: what can be done apart from
 * the rest of the log, and so on another core. `verify.ts` joins the ranges.
 */
import type { LogPlace } from './archive.ts';
import type { Entry } from './entry.ts';
import { type PairedRange, Pairing } from './pairing.ts';
import { perfectRoot, TILE_WIDTH } from './tiles.ts';
import type { Hash } from './tree.ts';
import { type LedgerFault, verifyBundle, verifyTile } from './verify-files.ts';

/** Bundles of a range: 16,384 entries, some 60 ms of work, and four files of values. */
const RANGE_BUNDLES = 64;

export interface RangeTask {
  readonly place: LogPlace;
  /** Of the log. */
  readonly size: number;
  /** The first bundle, and the one after the last; all of them full. */
  readonly from: number;
  readonly to: number;
}

export interface VerifiedRange {
  readonly from: number;
  readonly to: number;
  /** The root of each bundle's 256 entries; fewer than there are bundles where one is lost. */
  readonly roots: readonly Hash[];
  readonly paired: PairedRange;
  readonly faults: readonly LedgerFault[];
}

/** Whether it is the same range in every longer log. */
export function isFullRange({ from, to }: VerifiedRange): boolean {
  return to - from === RANGE_BUNDLES;
}

/** The ranges of a log of `size`; what its last bundle has, where that is not full, is in none. */
export function rangesOf(place: LogPlace, size: number): RangeTask[] {
  const tasks: RangeTask[] = [];
  const end = Math.floor(size / TILE_WIDTH);
  for (let from = 0; from < end; from += RANGE_BUNDLES) {
    tasks.push({ place, size, from, to: Math.min(end, from + RANGE_BUNDLES) });
  }
  return tasks;
}

/** The task of one thread; see `base/cores.ts`. */
export function run(task: RangeTask): Promise<VerifiedRange> {
  return verifyRange(task, () => undefined);
}

/** @param onEntry is given each entry that can be read */
export async function verifyRange(
  { place, size, from, to }: RangeTask,
  onEntry: (entry: Entry) => void,
): Promise<VerifiedRange> {
  const pairing = new Pairing(from * TILE_WIDTH);
  const faults: LedgerFault[] = [];
  const roots: Hash[] = [];
  const onFault = (fault: LedgerFault): unknown => faults.push(fault);
  const take = (entry: Entry): string | undefined => {
    onEntry(entry);
    return pairing.add(entry);
  };
  const skip = (first: number): void => pairing.skip({ from: first, to: first + TILE_WIDTH });
  for (let n = from; n < to; n++) {
    const hashes = await verifyBundle(place, size, n, 0, take, onFault, skip);
    if (!hashes) break;
    await verifyTile(place, { level: 0, n, width: TILE_WIDTH, hashes }, onFault);
    roots.push(perfectRoot(hashes));
  }
  return { from, to, roots, paired: pairing.range(), faults };
}
