/**
 * A log somewhere else, read over HTTP at the paths of C2SP tlog-tiles
 * (https://c2sp.org/tlog-tiles). Nothing of what it returns is to be believed before it was checked.
 */
import { ProvisoError } from '#base/errors.ts';
import { ENTRY_BYTES_MAX } from '#base/limits.ts';
import type { ReadTile } from '#ledger/prove.ts';
import {
  decodeBundle,
  decodeHashes,
  hashesAtLevel,
  TILE_WIDTH,
  type TileKind,
  tilePath,
} from '#ledger/tiles.ts';
import { HASH_BYTES, type Hash } from '#ledger/tree.ts';
import { below, type Http } from './http.ts';

const WAIT_MS_MAX = 30_000;
const CHECKPOINT_BYTES_MAX = 1_000_000;
const BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + ENTRY_BYTES_MAX);

/** A file that the log serves is not what its size asks for. */
export class WrongFile extends Error {
  readonly file: string;

  constructor(file: string, problem: string) {
    super(problem);
    this.file = file;
  }
}

export class RemoteLog {
  readonly #url: string;
  readonly #http: Http;

  /** @param url the log's address, below which `checkpoint` and `tile/` are */
  constructor(url: string, http: Http) {
    this.#url = url;
    this.#http = http;
  }

  /** @throws `log_unreachable` */
  async checkpoint(): Promise<Buffer> {
    const found = await this.#get('checkpoint', CHECKPOINT_BYTES_MAX);
    if (found) return found;
    throw new ProvisoError(
      'log_unreachable',
      `There is no log at \`${this.#url}\`: no checkpoint.`,
    );
  }

  /** What a log of `size` has of a bundle. @throws `log_unreachable`, `WrongFile` */
  async bundle(size: number, n: number): Promise<Buffer[]> {
    const width = Math.min(TILE_WIDTH, size - n * TILE_WIDTH);
    return this.#tile('entries', n, width, BUNDLE_BYTES_MAX, decodeBundle);
  }

  /** The hash tiles of the log of `size`. */
  tiles(size: number): ReadTile {
    return (level, n) => {
      const width = Math.min(TILE_WIDTH, hashesAtLevel(size, level) - n * TILE_WIDTH);
      return this.#tile<Hash>(level, n, width, TILE_WIDTH * HASH_BYTES, decodeHashes);
    };
  }

  async #tile<T>(
    kind: TileKind,
    n: number,
    width: number,
    bytesMax: number,
    decode: (bytes: Buffer, width: number, path: string) => T[],
  ): Promise<T[]> {
    // A partial form may go once the full one is there.
    for (const found of width === TILE_WIDTH ? [TILE_WIDTH] : [width, TILE_WIDTH]) {
      const path = tilePath(kind, n, found);
      const bytes = await this.#get(path, bytesMax);
      if (!bytes) continue;
      try {
        return decode(bytes, found, path).slice(0, width);
      } catch (error) {
        if (error instanceof ProvisoError) throw new WrongFile(path, error.publicMessage);
        throw error;
      }
    }
    throw new WrongFile(tilePath(kind, n, width), 'it is not served');
  }

  /** `undefined` where there is no such file. */
  async #get(path: string, answerBytesMax: number): Promise<Buffer | undefined> {
    const url = below(this.#url, path);
    const signal = AbortSignal.timeout(WAIT_MS_MAX);
    const { status, body } = await this.#http.ask({ url, answerBytesMax, signal });
    if (status === 200) return body;
    if (status === 404 || status === 410) return undefined;
    throw new ProvisoError('log_unreachable', `\`${url}\` cannot be read: status ${status}.`);
  }
}
