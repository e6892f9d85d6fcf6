/**
 * Verification of a ledger from its files alone, with nothing trusted but the verifier key. Works
 * on a copy, and on a folder that is being written.
 *
 *   checkpoint's signature → every entry: canonical form, time, pairing → every tile, full and
 *   partial, of every level → the root that was signed → the journal past it → the lock store
 *
 * Entries and the lowest tiles are verified in ranges, on all cores; what is above them, here.
 */
import { join } from 'node:path';
import { onAllCores } from '#base/cores.ts';
import { asProvisoError } from '#base/errors.ts';
import { type NoteVerifier, parseVerifierKey } from '#base/note.ts';
import { dirOf, type LogPlace } from './archive.ts';
import type { Checkpoint } from './checkpoint.ts';
import { nodeDisk } from './disk.ts';
import type { Entry } from './entry.ts';
import { type FoundRecord, readJournal } from './journal.ts';
import { parseHead } from './lock.ts';
import { joined, Pairing, type Unread } from './pairing.ts';
import { readCheckpoint, readIfThere, readTile } from './read.ts';
import { decodeBundle, levelsOf, TILE_WIDTH, type Tile, TreeEdge, tilePath } from './tiles.ts';
import { EMPTY_ROOT, type Hash, hashToBase64, leafHash } from './tree.ts';
import {
  type LedgerFault,
  otherEntry,
  verifyBundle,
  verifyEntry,
  verifyTile,
} from './verify-files.ts';
import { type RangeTask, rangesOf, type VerifiedRange } from './verify-range.ts';

export interface LedgerReport {
  readonly isSound: boolean;
  readonly origin: string;
  /** Entries that the checkpoint covers. */
  readonly size: number;
  /** Base64. */
  readonly root: string;
  /** Acknowledged entries past the checkpoint, from the journal. */
  readonly unpublished: number;
  readonly decisions: number;
  readonly outcomes: number;
  /** Decisions without outcome: calls under way, or a ledger that was not closed. */
  readonly openDecisions: readonly number[];
  /** Entries in archives that are not at hand: their hashes were verified, and not what they say. */
  readonly elsewhere: readonly Unread[];
  /** Those, and entries that are damaged or lost. */
  readonly unread: readonly Unread[];
  /** The first hundred. */
  readonly faults: readonly LedgerFault[];
}

/** @param done entries verified so far, of `total` */
export type Progress = (done: number, total: number) => void;

export interface VerifyOptions {
  readonly onProgress?: Progress;
  /** The full bundles, range after range; verified on all cores unless given. */
  readonly ranges?: (size: number) => AsyncIterable<VerifiedRange>;
  /** Each entry that is in no range: of the bundle that is not full, and of the journal. */
  readonly onTail?: (entry: Entry) => void;
}

const FAULTS_MAX = 100;
const RANGE_MODULE = new URL('./verify-range.ts', import.meta.url);

/**
 * @param verifierKey `name+id+key`, from somewhere that can be trusted: not from the folder itself
 * @throws `note_invalid` for a malformed verifier key
 */
export async function verifyLedger(
  place: LogPlace,
  verifierKey: string,
  options: VerifyOptions = {},
): Promise<LedgerReport> {
  const verification = new Verification(place, parseVerifierKey(verifierKey), options);
  await verification.run();
  return verification.report();
}

class Verification {
  readonly #place: LogPlace;
  readonly #dir: string;
  readonly #log: NoteVerifier;
  readonly #options: VerifyOptions;
  #edge = new TreeEdge();
  readonly #pairing = new Pairing();
  readonly #faults: LedgerFault[] = [];
  /** Root at each size where a batch ended, as far as known. */
  readonly #roots = new Map<number, Hash>([[0, EMPTY_ROOT]]);
  readonly #elsewhere: Unread[] = [];
  #size = 0;
  #root = EMPTY_ROOT;

  constructor(place: LogPlace, log: NoteVerifier, options: VerifyOptions) {
    this.#place = place;
    this.#dir = dirOf(place);
    this.#log = log;
    this.#options = options;
  }

  async run(): Promise<void> {
    // In this order what moves on meanwhile is found further on: what the lock store knows is in the
    // journal or published, and what has left the journal is below the checkpoint.
    const lock = await readIfThere(join(this.#dir, 'lock/head'));
    const journal = await this.#attempt('journal', () =>
      Array.fromAsync(readJournal(nodeDisk, this.#dir)),
    );
    const checkpoint = await this.#attempt('checkpoint', () =>
      readCheckpoint(this.#dir, this.#log),
    );
    if (!checkpoint || !(await this.#verifyPublished(checkpoint))) return;
    const isWhole = await this.#attempt('journal', () => journal && this.#verifyJournal(journal));
    if (isWhole && lock) this.#verifyLock(lock);
  }

  report(): LedgerReport {
    // What closed a decision before these may be among them: nothing that is moved is open.
    const unreadEnd = Math.max(0, ...this.#pairing.unread.map(({ to }) => to));
    return {
      isSound: this.#faults.length === 0,
      origin: this.#log.name,
      size: this.#size,
      root: hashToBase64(this.#root),
      unpublished: this.#edge.size - this.#size,
      decisions: this.#pairing.decisions,
      outcomes: this.#pairing.outcomes,
      openDecisions: [...this.#pairing.open].filter((entry) => entry >= unreadEnd),
      elsewhere: joined(this.#elsewhere),
      unread: joined(this.#pairing.unread),
      faults: this.#faults,
    };
  }

  /** @returns `undefined` where it fails, which is a fault of that file */
  async #attempt<T>(file: string, work: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.#fault(file, asProvisoError(error).publicMessage);
      return undefined;
    }
  }

  /** @returns false where too much is missing to go on */
  async #verifyPublished({ size, root }: Checkpoint): Promise<boolean> {
    if (!(await this.#verifyRanges(size))) return false;
    if (this.#edge.size < size) {
      const n = Math.floor(size / TILE_WIDTH);
      const leaves = await verifyBundle(
        this.#place,
        size,
        n,
        this.#take,
        this.#addFault,
        this.#skip,
      );
      if (!leaves) return false;
      for (const leaf of leaves) this.#append(leaf);
      this.#options.onProgress?.(size, size);
    }
    if (this.#edge.root() !== root) await this.#settleEnd(size, root);
    for (const tile of this.#edge.partials()) await this.#verifyTile(tile);
    this.#size = size;
    this.#root = this.#edge.root();
    this.#roots.set(size, this.#root);
    if (this.#root !== root) {
      this.#fault('checkpoint', `The ${size} entries do not have the root that is signed.`);
    }
    return true;
  }

  /**
   * Where the entries do not have the root that is signed, and the tile of the bundle that is not
   * full leads to it, the bundle is wrong and not all else.
   */
  async #settleEnd(size: number, root: Hash): Promise<void> {
    const n = Math.floor(size / TILE_WIDTH);
    const partials = this.#edge.partials();
    const hashes = partials.find(({ level }) => level === 0)?.hashes;
    const stored = hashes && (await readTile(this.#place, size, 0, n).catch(() => undefined));
    if (!stored) return;
    const open = Array.from({ length: levelsOf(size) }, (_, level) => {
      return level === 0 ? stored : (partials.find((tile) => tile.level === level)?.hashes ?? []);
    });
    const edge = new TreeEdge(size, open);
    const wrong = stored.findIndex((hash, i) => hash !== hashes[i]);
    if (edge.root() !== root || wrong < 0) return;
    const file = tilePath('entries', n, size % TILE_WIDTH);
    this.#addFault(otherEntry(n * TILE_WIDTH + wrong, file));
    this.#edge = edge;
  }

  /** The full bundles, and every tile above them. @returns false where one is lost */
  async #verifyRanges(size: number): Promise<boolean> {
    const {
      ranges = (to) =>
        onAllCores<RangeTask, VerifiedRange>(RANGE_MODULE, rangesOf(this.#place, to)),
    } = this.#options;
    // The tree over the bundles' roots: its tiles of level 0 are the log's tiles of level 1.
    const above = new TreeEdge();
    const full: Tile[] = [];
    for await (const range of ranges(size)) {
      range.faults.forEach(this.#addFault);
      this.#elsewhere.push(...range.elsewhere);
      for (const { entry, problem } of this.#pairing.join(range.paired)) {
        this.#fault(tilePath('entries', Math.floor(entry / TILE_WIDTH)), problem, entry);
      }
      for (const root of range.roots) above.append(root, (tile) => full.push(raised(tile)));
      for (const tile of full.splice(0)) await this.#verifyTile(tile);
      if (range.roots.length < range.to - range.from) return false;
      this.#options.onProgress?.(range.to * TILE_WIDTH, size);
    }
    const open = above.partials().map(({ level, hashes }) => [level + 1, hashes] as const);
    const openByLevel = Array.from({ length: levelsOf(size) }, (_, level) => {
      return open.find(([openLevel]) => openLevel === level)?.[1] ?? [];
    });
    this.#edge = new TreeEdge(above.size * TILE_WIDTH, openByLevel);
    return true;
  }

  #verifyTile(tile: Tile): Promise<void> {
    return verifyTile(this.#place, tile, this.#addFault);
  }

  /** @returns false where records are missing */
  #verifyJournal(journal: readonly FoundRecord[]): boolean {
    for (const { record, path } of journal) {
      const { firstIndex, count } = record;
      const { size } = this.#edge;
      if (firstIndex + count <= size) continue;
      if (firstIndex !== size) {
        const problem = `The log ends at ${size}, and \`${path}\` goes on at ${firstIndex}.`;
        this.#fault(path, problem, size);
        return false;
      }
      decodeBundle(record.entries, count, path).forEach((entry, i) => {
        verifyEntry(entry, firstIndex + i, path, this.#take, this.#addFault, this.#skip);
        this.#append(leafHash(entry));
      });
      this.#roots.set(this.#edge.size, this.#edge.root());
      if (this.#edge.root() !== record.root) {
        this.#fault(
          path,
          `\`${path}\` has other entries at ${firstIndex} than it says.`,
          firstIndex,
        );
      }
    }
    return true;
  }

  /** INVARIANT (8): all that the lock store says was acknowledged is there. */
  #verifyLock(bytes: Buffer): void {
    const file = 'lock/head';
    const head = parseHead(bytes);
    const { size } = this.#edge;
    const root = head && this.#roots.get(head.size);
    if (!head) this.#fault(file, `\`${file}\` cannot be read.`);
    else if (head.size > size) {
      this.#fault(file, `${head.size} entries were acknowledged, and ${size} are there.`, size);
    } else if (root !== undefined && root !== head.root) {
      this.#fault(file, `\`${file}\` knows another log of ${head.size} entries.`);
    }
  }

  #append(leaf: Hash): void {
    this.#edge.append(leaf, () => {});
  }

  readonly #take = (entry: Entry): string | undefined => {
    this.#options.onTail?.(entry);
    return this.#pairing.add(entry);
  };

  readonly #skip = (unread: Unread): void => this.#pairing.skip(unread);

  #fault(file: string, problem: string, entry?: number): void {
    this.#addFault({ problem, file, entry });
  }

  readonly #addFault = (fault: LedgerFault): void => {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(fault);
  };
}

function raised({ level, ...tile }: Tile): Tile {
  return { ...tile, level: level + 1 };
}
