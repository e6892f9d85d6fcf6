/**
 * Verification of a range of full bundles with their tiles of level 0: what can be done apart from
 * the rest of the log, and so on another core. `verify.ts` joins the ranges.
 */
import type { LogPlace } from './archive.ts';
import type { Entry } from './entry.ts';
import { type PairedRange, Pairing, type Unread } from './pairing.ts';
import { readTile } from './read.ts';
import { perfectRoot, TILE_WIDTH, tilePath } from './tiles.ts';
import type { Hash } from './tree.ts';
import {
  type LedgerFault,
  type OnFault,
  otherEntry,
  verifyBundle,
  verifyTile,
} from './verify-files.ts';

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
  /** Its entries in an archive that is not at hand. */
  readonly elsewhere: readonly Unread[];
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

/**
 * The hashes of a full bundle with which to go on. Where its tile has others, either may be wrong;
 * what the tile above says of them tells which, so that one fault is not taken for many.
 */
async function settled(
  place: LogPlace,
  size: number,
  n: number,
  hashes: readonly Hash[],
  onFault: OnFault,
): Promise<readonly Hash[]> {
  const faults: LedgerFault[] = [];
  await verifyTile(place, { level: 0, n, width: TILE_WIDTH, hashes }, (fault) =>
    faults.push(fault),
  );
  if (faults.length > 0) {
    const stored = await readTile(place, size, 0, n).catch(() => undefined);
    const above = await readTile(place, size, 1, Math.floor(n / TILE_WIDTH)).catch(() => []);
    const wrong = stored?.findIndex((hash, i) => hash !== hashes[i]) ?? -1;
    if (stored && wrong >= 0 && above[n % TILE_WIDTH] === perfectRoot(stored)) {
      onFault(otherEntry(n * TILE_WIDTH + wrong, tilePath('entries', n)));
      await verifyTile(place, { level: 0, n, width: TILE_WIDTH, hashes: stored }, onFault);
      return stored;
    }
  }
  faults.forEach(onFault);
  return hashes;
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
  const elsewhere: Unread[] = [];
  const skip = (unread: Unread, isElsewhere: boolean): void => {
    pairing.skip(unread);
    if (isElsewhere) elsewhere.push(unread);
  };
  for (let n = from; n < to; n++) {
    const hashes = await verifyBundle(place, size, n, take, onFault, skip);
    if (!hashes) break;
    roots.push(perfectRoot(await settled(place, size, n, hashes, onFault)));
  }
  return { from, to, roots, paired: pairing.range(), elsewhere, faults };
}
