/**
 * Verification of a ledger from its files alone, with nothing trusted but the verifier key. Works
 * on a copy, and on a folder that is being written.
 *
 *   checkpoint's signature → every entry: canonical form, time, pairing → every tile, full and
 *   partial, of every level → the root that was signed → the journal past it → the lock store
 */
import { join } from 'node:path';
import { asProvisoError } from '#base/errors.ts';
import type { Checkpoint } from './checkpoint.ts';
import { nodeDisk } from './disk.ts';
import { decodeEntry } from './entry.ts';
import { readJournal } from './journal.ts';
import { parseHead } from './lock.ts';
import { type NoteVerifier, parseVerifierKey } from '#base/note.ts';
import { Pairing } from './pairing.ts';
import { readBundle, readCheckpoint, readIfThere, readTile } from './read.ts';
import {
  decodeBundle,
  encodeTile,
  partialsPath,
  TILE_WIDTH,
  type Tile,
  type TileKind,
  TreeEdge,
  tilePath,
} from './tiles.ts';
import { EMPTY_ROOT, HASH_BYTES, type Hash, hashToBase64, leafHash } from './tree.ts';

export interface LedgerFault {
  /** In words, for a person. */
  readonly problem: string;
  /** Below the ledger's folder. */
  readonly file: string;
  /** The first entry that it concerns, where it does. */
  readonly entry?: number | undefined;
}

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
  /** The first hundred. */
  readonly faults: readonly LedgerFault[];
}

/** @param done entries verified so far, of `total` */
export type Progress = (done: number, total: number) => void;

const FAULTS_MAX = 100;
/** How often a ledger that is being written may overtake its verification. */
const ROUNDS_MAX = 20;

/**
 * @param verifierKey `name+id+key`, from somewhere that can be trusted: not from the folder itself
 * @throws `note_invalid` for a malformed verifier key
 */
export async function verifyLedger(
  dir: string,
  verifierKey: string,
  onProgress: Progress = () => undefined,
): Promise<LedgerReport> {
  const verification = new Verification(dir, parseVerifierKey(verifierKey), onProgress);
  await verification.run();
  return verification.report();
}

class Verification {
  readonly #dir: string;
  readonly #log: NoteVerifier;
  readonly #onProgress: Progress;
  readonly #edge = new TreeEdge();
  readonly #pairing = new Pairing();
  readonly #faults: LedgerFault[] = [];
  /** Root at each size where a batch ended, as far as known. */
  readonly #roots = new Map<number, Hash>([[0, EMPTY_ROOT]]);
  /** Tiles that are full and not compared with their file yet. */
  readonly #full: Tile[] = [];
  #size = 0;
  #root = EMPTY_ROOT;

  constructor(dir: string, log: NoteVerifier, onProgress: Progress) {
    this.#dir = dir;
    this.#log = log;
    this.#onProgress = onProgress;
  }

  async run(): Promise<void> {
    // Read first: all that it knows of must be found by what is read after it.
    const lock = await readIfThere(join(this.#dir, 'lock/head'));
    let gap: LedgerFault | undefined;
    for (let round = 1; round <= ROUNDS_MAX; round++) {
      const checkpoint = await this.#readCheckpoint();
      if (!checkpoint) return;
      if (gap && checkpoint.size <= this.#size) break;
      if (!(await this.#verifyPublished(checkpoint))) return;
      // A gap may only mean that the writer published, and removed, what was to be read here.
      gap = await this.#verifyJournal().catch((error: unknown) => {
        return { file: 'journal', problem: asProvisoError(error).publicMessage };
      });
      if (!gap) break;
    }
    if (gap) this.#addFault(gap);
    else if (lock) this.#verifyLock(lock);
  }

  report(): LedgerReport {
    return {
      isSound: this.#faults.length === 0,
      origin: this.#log.name,
      size: this.#size,
      root: hashToBase64(this.#root),
      unpublished: this.#edge.size - this.#size,
      decisions: this.#pairing.decisions,
      outcomes: this.#pairing.outcomes,
      openDecisions: [...this.#pairing.open],
      faults: this.#faults,
    };
  }

  async #readCheckpoint(): Promise<Checkpoint | undefined> {
    try {
      return await readCheckpoint(this.#dir, this.#log);
    } catch (error) {
      this.#fault('checkpoint', asProvisoError(error).publicMessage);
      return undefined;
    }
  }

  /** @returns false where too much is missing to go on */
  async #verifyPublished({ size, root }: Checkpoint): Promise<boolean> {
    while (this.#edge.size < size) {
      const leaves = await this.#verifyBundle(size, Math.floor(this.#edge.size / TILE_WIDTH));
      if (!leaves) return false;
      for (let i = this.#edge.size % TILE_WIDTH; i < leaves.length; i++) {
        this.#append(leaves[i] as Hash);
      }
      for (const tile of this.#full.splice(0)) await this.#verifyTile(tile);
      this.#onProgress(this.#edge.size, size);
    }
    for (const tile of this.#edge.partials()) await this.#verifyTile(tile);
    this.#size = size;
    this.#root = this.#edge.root();
    this.#roots.set(size, this.#root);
    if (this.#root !== root) {
      this.#fault('checkpoint', `The ${size} entries do not have the root that is signed.`);
    }
    return true;
  }

  /** @returns leaf hashes; those of the tile where the bundle cannot be read, to find what else is */
  async #verifyBundle(size: number, n: number): Promise<Hash[] | undefined> {
    const first = n * TILE_WIDTH;
    const file = tilePath('entries', n, Math.min(TILE_WIDTH, size - first));
    try {
      const bundle = await readBundle(this.#dir, size, n);
      for (let i = this.#edge.size % TILE_WIDTH; i < bundle.length; i++) {
        this.#verifyEntry(bundle[i] as Buffer, first + i, file);
      }
      await this.#verifyPartialBundles(n, bundle);
      return bundle.map(leafHash);
    } catch (error) {
      this.#fault(file, asProvisoError(error).publicMessage, first);
      return await readTile(this.#dir, size, 0, n).catch(() => undefined);
    }
  }

  #verifyEntry(bytes: Buffer, index: number, file: string): void {
    try {
      const problem = this.#pairing.add(decodeEntry(bytes, index));
      if (problem !== undefined) this.#fault(file, problem, index);
    } catch (error) {
      this.#fault(file, asProvisoError(error).publicMessage, index);
    }
  }

  /** The file that the checkpoint's size asks for, and every smaller partial form still there. */
  async #verifyTile(tile: Tile): Promise<void> {
    const { level, n, width } = tile;
    const expected = encodeTile(tile);
    const file = tilePath(level, n, width);
    const isPartial = width < TILE_WIDTH;
    let found = await readIfThere(join(this.#dir, file));
    if (!found && isPartial) {
      const full = await readIfThere(join(this.#dir, tilePath(level, n)));
      found = full?.subarray(0, expected.length);
    }
    if (found) this.#compareTile(file, found, expected, tile);
    else this.#fault(file, `\`${file}\` is missing.`, n * TILE_WIDTH ** (level + 1));
    for (const [partialWidth, bytes] of await this.#partialFiles(level, n, width)) {
      const part = expected.subarray(0, partialWidth * HASH_BYTES);
      this.#compareTile(tilePath(level, n, partialWidth), bytes, part, tile);
    }
  }

  #compareTile(file: string, found: Buffer, expected: Buffer, { level, n }: Tile): void {
    if (found.equals(expected)) return;
    let byte = 0;
    while (byte < expected.length && found[byte] === expected[byte]) byte++;
    const hash = Math.floor(byte / HASH_BYTES);
    const entry = (n * TILE_WIDTH + hash) * TILE_WIDTH ** level;
    this.#fault(
      file,
      `\`${file}\` has other hashes than its entries, from number ${hash} on.`,
      entry,
    );
  }

  async #verifyPartialBundles(n: number, bundle: readonly Buffer[]): Promise<void> {
    for (const [width, bytes] of await this.#partialFiles('entries', n, bundle.length)) {
      const file = tilePath('entries', n, width);
      const entries = decodeBundle(bytes, width, file);
      const wrong = entries.findIndex((entry, i) => !entry.equals(bundle[i] as Buffer));
      if (wrong < 0) continue;
      const entry = n * TILE_WIDTH + wrong;
      this.#fault(file, `\`${file}\` has another entry ${entry}.`, entry);
    }
  }

  /** Partial forms of a tile with fewer than `width`. */
  async #partialFiles(kind: TileKind, n: number, width: number): Promise<[number, Buffer][]> {
    const files: [number, Buffer][] = [];
    const folder = join(this.#dir, partialsPath(kind, n));
    for (const name of await nodeDisk.list(folder)) {
      const partialWidth = /^[1-9][0-9]{0,2}$/.test(name) ? Number(name) : width;
      if (partialWidth >= width) continue;
      const bytes = await readIfThere(join(folder, name));
      if (bytes) files.push([partialWidth, bytes]);
    }
    return files;
  }

  /** @returns a gap between the checkpoint and the journal's first record past it */
  async #verifyJournal(): Promise<LedgerFault | undefined> {
    for await (const { record, path } of readJournal(nodeDisk, this.#dir)) {
      const { firstIndex, count } = record;
      const { size } = this.#edge;
      if (firstIndex + count <= size) continue;
      if (firstIndex !== size) {
        const problem = `The log ends at ${size}, and \`${path}\` goes on at ${firstIndex}.`;
        return { file: path, problem, entry: size };
      }
      decodeBundle(record.entries, count, path).forEach((entry, i) => {
        this.#verifyEntry(entry, firstIndex + i, path);
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
    return undefined;
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
    this.#edge.append(leaf, (tile) => this.#full.push(tile));
  }

  #fault(file: string, problem: string, entry?: number): void {
    this.#addFault({ problem, file, entry });
  }

  #addFault(fault: LedgerFault): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(fault);
  }
}
