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
import { type NoteVerifier, parseVerifierKey } from './note.ts';
import { readBundle, readCheckpoint, readIfThere, readTile } from './read.ts';
import {
  decodeBundle,
  encodeTile,
  partialsPath,
  TILE_WIDTH,
  type Tile,
  TreeEdge,
  tilePath,
} from './tiles.ts';
import { EMPTY_ROOT, type Hash, hashToBase64, leafHash } from './tree.ts';

export interface LedgerFault {
  /** In words, for a person. */
  readonly problem: string;
  readonly entry?: number | undefined;
  /** Below the ledger's folder. */
  readonly file?: string | undefined;
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

const FAULTS_MAX = 100;
/** How often a ledger that is being written may overtake its verification. */
const ROUNDS_MAX = 20;

/**
 * @param verifierKey `name+id+key`, from somewhere that can be trusted: not from the folder itself
 * @param onProgress entries verified, of how many
 * @throws `note_invalid` for a malformed verifier key
 */
export async function verifyLedger(
  dir: string,
  verifierKey: string,
  onProgress?: (done: number, total: number) => void,
): Promise<LedgerReport> {
  const verification = new Verification(dir, parseVerifierKey(verifierKey), onProgress);
  await verification.run();
  return verification.report();
}

class Verification {
  readonly #dir: string;
  readonly #log: NoteVerifier;
  readonly #onProgress: ((done: number, total: number) => void) | undefined;
  readonly #edge = new TreeEdge();
  readonly #open = new Set<number>();
  readonly #faults: LedgerFault[] = [];
  /** Root at each size where a batch ended, as far as known. */
  readonly #roots = new Map<number, Hash>([[0, EMPTY_ROOT]]);
  /** Tiles that are full and not compared with their file yet. */
  readonly #full: Tile[] = [];
  #size = 0;
  #root = EMPTY_ROOT;
  #decisions = 0;
  #outcomes = 0;
  #lastAt = 0;

  constructor(
    dir: string,
    log: NoteVerifier,
    onProgress: ((done: number, total: number) => void) | undefined,
  ) {
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
      if (gap && checkpoint.size <= this.#edge.size) break;
      if (!(await this.#verifyTo(checkpoint))) return;
      // A gap may only mean that the writer published, and removed, what was to be read here.
      gap = await this.#verifyJournal();
      if (!gap) break;
    }
    if (gap) this.#fault(gap);
    else if (lock) this.#verifyLock(lock);
  }

  report(): LedgerReport {
    return {
      isSound: this.#faults.length === 0,
      origin: this.#log.name,
      size: this.#size,
      root: hashToBase64(this.#root),
      unpublished: this.#edge.size - this.#size,
      decisions: this.#decisions,
      outcomes: this.#outcomes,
      openDecisions: [...this.#open],
      faults: this.#faults,
    };
  }

  async #readCheckpoint(): Promise<Checkpoint | undefined> {
    try {
      return await readCheckpoint(this.#dir, this.#log);
    } catch (error) {
      this.#fault({ problem: asProvisoError(error).publicMessage, file: 'checkpoint' });
      return undefined;
    }
  }

  /** @returns false where too much is missing to go on */
  async #verifyTo({ size, root }: Checkpoint): Promise<boolean> {
    while (this.#edge.size < size) {
      const n = Math.floor(this.#edge.size / TILE_WIDTH);
      const leaves = await this.#verifyBundle(size, n);
      if (!leaves) return false;
      for (let i = this.#edge.size % TILE_WIDTH; i < leaves.length; i++) {
        this.#edge.append(leaves[i] as Hash, (tile) => this.#full.push(tile));
      }
      for (const tile of this.#full.splice(0)) await this.#verifyTile(tile);
      this.#onProgress?.(this.#edge.size, size);
    }
    for (const tile of this.#edge.partials()) await this.#verifyTile(tile);
    this.#size = size;
    this.#root = this.#edge.root();
    this.#roots.set(size, this.#root);
    if (this.#root !== root) {
      this.#fault({
        problem: `The ${size} entries do not have the root that is signed.`,
        file: 'checkpoint',
      });
    }
    return true;
  }

  /** @returns leaf hashes; of the tile where the bundle cannot be read, to find what else is wrong */
  async #verifyBundle(size: number, n: number): Promise<Hash[] | undefined> {
    try {
      const bundle = await readBundle(this.#dir, size, n);
      for (let i = this.#edge.size % TILE_WIDTH; i < bundle.length; i++) {
        this.#verifyEntry(
          bundle[i] as Buffer,
          n * TILE_WIDTH + i,
          tilePath('entries', n, bundle.length),
        );
      }
      await this.#verifyPartialBundles(n, bundle);
      return bundle.map(leafHash);
    } catch (error) {
      const entry = n * TILE_WIDTH;
      this.#fault({
        problem: asProvisoError(error).publicMessage,
        entry,
        file: tilePath('entries', n),
      });
      return await readTile(this.#dir, size, 0, n).catch(() => undefined);
    }
  }

  /** Canonical form, time, and INVARIANT (4): each decision has one outcome. */
  #verifyEntry(bytes: Buffer, index: number, file: string): void {
    try {
      const { kind, at, closes } = decodeEntry(bytes, index);
      if (at < this.#lastAt)
        this.#fault({
          problem: `Entry ${index} is older than the one before it.`,
          entry: index,
          file,
        });
      this.#lastAt = at;
      if (kind === 'decision') {
        this.#decisions++;
        this.#open.add(index);
      } else if (kind === 'outcome') {
        this.#outcomes++;
        if (closes === undefined || !this.#open.delete(closes)) {
          this.#fault({
            problem: `Entry ${index} is an outcome of ${closes ?? 'nothing'}, which is no open decision.`,
            entry: index,
            file,
          });
        }
      } else if (closes !== undefined) {
        this.#fault({
          problem: `Entry ${index} is no outcome, and closes ${closes}.`,
          entry: index,
          file,
        });
      }
    } catch (error) {
      this.#fault({ problem: asProvisoError(error).publicMessage, entry: index, file });
    }
  }

  /** The tile in full, or as the checkpoint has it, and every partial form that is still there. */
  async #verifyTile(tile: Tile): Promise<void> {
    const { level, n, width } = tile;
    const expected = encodeTile(tile);
    let found = await readIfThere(join(this.#dir, tilePath(level, n, width)));
    if (!found && width < TILE_WIDTH) {
      found = (await readIfThere(join(this.#dir, tilePath(level, n))))?.subarray(
        0,
        expected.length,
      );
    }
    const file = tilePath(level, n, width);
    if (!found) this.#fault({ problem: `\`${file}\` is missing.`, file });
    else if (!found.equals(expected)) this.#tileFault(found, expected, level, n, file);
    for (const [partial, bytes] of await this.#partialFiles(level, n, width)) {
      const path = tilePath(level, n, partial);
      const part = expected.subarray(0, partial * 32);
      if (!bytes.equals(part)) this.#tileFault(bytes, part, level, n, path);
    }
  }

  #tileFault(found: Buffer, expected: Buffer, level: number, n: number, file: string): void {
    let hash = 0;
    while (hash * 32 < expected.length && !different(found, expected, hash)) hash++;
    const entry = (n * TILE_WIDTH + hash) * TILE_WIDTH ** level;
    this.#fault({
      problem: `\`${file}\` has other hashes than its entries, from number ${hash} on.`,
      entry,
      file,
    });
  }

  async #verifyPartialBundles(n: number, bundle: readonly Buffer[]): Promise<void> {
    for (const [partial, bytes] of await this.#partialFiles('entries', n, bundle.length)) {
      const path = tilePath('entries', n, partial);
      const entries = decodeBundle(bytes, partial, path);
      const wrong = entries.findIndex((entry, i) => !entry.equals(bundle[i] as Buffer));
      if (wrong < 0) continue;
      const entry = n * TILE_WIDTH + wrong;
      this.#fault({ problem: `\`${path}\` has another entry ${entry}.`, entry, file: path });
    }
  }

  /** Partial forms of a tile with fewer than `width`. */
  async #partialFiles(
    kind: Tile['level'] | 'entries',
    n: number,
    width: number,
  ): Promise<[number, Buffer][]> {
    const files: [number, Buffer][] = [];
    const folder = join(this.#dir, partialsPath(kind, n));
    for (const name of await nodeDisk.list(folder)) {
      const partial = /^[1-9][0-9]{0,2}$/.test(name) ? Number(name) : width;
      if (partial >= width) continue;
      const bytes = await readIfThere(join(folder, name));
      if (bytes) files.push([partial, bytes]);
    }
    return files;
  }

  /** @returns a gap between the checkpoint and the journal's first record past it */
  async #verifyJournal(): Promise<LedgerFault | undefined> {
    for await (const { record, path } of readJournal(nodeDisk, this.#dir)) {
      const { firstIndex, count } = record;
      if (firstIndex + count <= this.#edge.size) continue;
      if (firstIndex !== this.#edge.size) {
        const problem = `The log ends at ${this.#edge.size}, and \`${path}\` goes on at ${firstIndex}.`;
        return { problem, entry: this.#edge.size, file: path };
      }
      decodeBundle(record.entries, count, path).forEach((entry, i) => {
        this.#verifyEntry(entry, firstIndex + i, path);
        this.#edge.append(leafHash(entry), (tile) => this.#full.push(tile));
      });
      this.#roots.set(this.#edge.size, this.#edge.root());
      if (this.#edge.root() !== record.root) {
        this.#fault({
          problem: `\`${path}\` has other entries at ${firstIndex} than it says.`,
          entry: firstIndex,
          file: path,
        });
      }
    }
    return undefined;
  }

  /** INVARIANT (8): all that the lock store says was acknowledged is there. */
  #verifyLock(bytes: Buffer): void {
    const head = parseHead(bytes);
    const file = 'lock/head';
    if (!head) return this.#fault({ problem: `\`${file}\` cannot be read.`, file });
    if (head.size > this.#edge.size) {
      return this.#fault({
        problem: `${head.size} entries were acknowledged, and ${this.#edge.size} are there.`,
        entry: this.#edge.size,
        file,
      });
    }
    const root = this.#roots.get(head.size);
    if (root !== undefined && root !== head.root) {
      this.#fault({ problem: `\`${file}\` knows another log of ${head.size} entries.`, file });
    }
  }

  #fault(fault: LedgerFault): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(fault);
  }
}

function different(a: Buffer, b: Buffer, hash: number): boolean {
  return (
    Buffer.compare(a.subarray(hash * 32, hash * 32 + 32), b.subarray(hash * 32, hash * 32 + 32)) !==
    0
  );
}
