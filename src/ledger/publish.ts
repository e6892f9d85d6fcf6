/**
 * Publication: from the journal to the files that anyone reads.
 *
 *   vault keys, values → entry bundles → tiles → (their folders) → checkpoint → projection
 *
 * A crash before the checkpoint leaves files, torn ones too, that no checkpoint covers and nobody
 * reads; the journal still has all of it, and the same bytes are written again at the next start. A crash after it leaves a
 * projection that is behind, which catches up. What is signed has passed the lock store before:
 * so no two heads of one size are ever signed (INVARIANT 8).
 */
import { dirname, join } from 'node:path';
import type { Publication } from './backlog.ts';
import { signCheckpoint } from './checkpoint.ts';
import { type Disk, replaceFile } from './disk.ts';
import type { LogSigners } from './keys.ts';
import {
  encodeTile,
  hashesAtLevel,
  levelsOf,
  partialsPath,
  TILE_WIDTH,
  tilePath,
} from './tiles.ts';
import { valuesPath } from './values.ts';
import { keyFileOf } from './vault.ts';

const FILES_AT_ONCE = 2;

export class Publisher {
  readonly #disk: Disk;
  readonly #dir: string;
  readonly #signers: LogSigners;
  readonly #folders = new Set<string>();
  #checkpoint = '';

  constructor(disk: Disk, dir: string, signers: LogSigners) {
    this.#disk = disk;
    this.#dir = dir;
    this.#signers = signers;
  }

  /** The newest signed head that is published; empty before the first. */
  get checkpoint(): string {
    return this.#checkpoint;
  }

  async publish(publication: Publication): Promise<void> {
    const changed = new Set<string>();
    const jobs: (() => Promise<void>)[] = [];
    for (const record of publication.keys) {
      const { path, file } = keyFileOf(record);
      jobs.push(() => this.#put(path, file, changed, 0o600));
    }
    for (const { n, position, pieces } of publication.values) {
      jobs.push(() => this.#append(valuesPath(n), Buffer.concat(pieces), position, changed));
    }
    for (const { n, width, pieces } of publication.bundles) {
      const path = tilePath('entries', n, width);
      jobs.push(() => this.#put(path, Buffer.concat(pieces), changed));
    }
    for (const tile of publication.tiles) {
      const path = tilePath(tile.level, tile.n, tile.width);
      jobs.push(() => this.#put(path, encodeTile(tile), changed));
    }
    await inTurns(jobs);
    await inTurns([...changed].map((folder) => () => this.#disk.syncFolder(folder)));

    const checkpoint = signCheckpoint(publication.size, publication.root, ...this.#signers);
    await replaceFile(this.#disk, join(this.#dir, 'checkpoint'), Buffer.from(checkpoint));
    this.#checkpoint = checkpoint;
    await inTurns(this.#outdated(publication).map((path) => () => this.#disk.remove(path)));
  }

  /**
   * Removes the partial tiles that a publication left which did not come to its checkpoint: they may
   * be torn, and if the log has grown since, nothing would write them again.
   * @param size of the log, to which that publication went at most
   */
  async discardUncovered(publishedSize: number, size: number): Promise<void> {
    for (const kind of ['entries', ...Array(levelsOf(size)).keys()] as const) {
      const level = kind === 'entries' ? 0 : kind;
      const covered = hashesAtLevel(publishedSize, level);
      const last = Math.floor(hashesAtLevel(size, level) / TILE_WIDTH);
      for (let n = Math.floor(covered / TILE_WIDTH); n <= last; n++) {
        const folder = join(this.#dir, partialsPath(kind, n));
        for (const width of await this.#disk.list(folder)) {
          const isCovered = n * TILE_WIDTH + Number(width) <= covered;
          if (!isCovered) await this.#disk.remove(join(folder, width));
        }
      }
    }
  }

  /** Partial forms of tiles that are full now; a reader of an old checkpoint takes the full one. */
  #outdated(publication: Publication): string[] {
    const folders: string[] = [];
    for (const { n, width } of publication.bundles) {
      if (width === TILE_WIDTH) folders.push(partialsPath('entries', n));
    }
    for (const { level, n, width } of publication.tiles) {
      if (width === TILE_WIDTH) folders.push(partialsPath(level, n));
    }
    return folders
      .filter((folder) => this.#folders.has(folder))
      .map((folder) => {
        this.#folders.delete(folder);
        return join(this.#dir, folder);
      });
  }

  async #put(path: string, bytes: Buffer, changed: Set<string>, mode = 0o644): Promise<void> {
    await this.#folderOf(path, changed);
    await this.#disk.writeFile(join(this.#dir, path), bytes, mode);
  }

  async #append(
    path: string,
    bytes: Buffer,
    position: number,
    changed: Set<string>,
  ): Promise<void> {
    await this.#folderOf(path, changed);
    const file = await this.#disk.openFile(join(this.#dir, path));
    try {
      await file.write(bytes, position);
    } finally {
      await file.close();
    }
  }

  async #folderOf(path: string, changed: Set<string>): Promise<void> {
    const folder = dirname(path);
    changed.add(join(this.#dir, folder));
    if (this.#folders.has(folder)) return;
    await this.#disk.makeFolder(join(this.#dir, folder));
    // Its own name, and those of the folders above that may be new too, must last as well.
    for (let above = dirname(folder); above !== '.'; above = dirname(above)) {
      changed.add(join(this.#dir, above));
    }
    this.#folders.add(folder);
  }
}

/** Runs jobs, a few at a time. Waits for those that run before it throws the first error. */
async function inTurns(jobs: readonly (() => Promise<void>)[]): Promise<void> {
  for (let i = 0; i < jobs.length; i += FILES_AT_ONCE) {
    const turn = jobs.slice(i, i + FILES_AT_ONCE).map((job) => job());
    for (const result of await Promise.allSettled(turn)) {
      if (result.status === 'rejected') throw result.reason;
    }
  }
}
