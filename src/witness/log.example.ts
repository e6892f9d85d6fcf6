/** A small log in memory for tests: any head of it, any proof, and forks that its key signs too. */
import { makeSignerKey, type NoteSigner, parseSignerKey } from '#base/note.ts';
import { signCheckpoint } from '#ledger/checkpoint.ts';
import { consistencyRanges } from '#ledger/proof.ts';
import type { ReadTile } from '#ledger/prove.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import { type Hash, leafHash, rootOf } from '#ledger/tree.ts';
import { encodeAddCheckpoint } from './add-checkpoint.ts';

export class ExampleLog {
  readonly signer: NoteSigner;
  readonly entries: readonly Buffer[];
  readonly #leaves: readonly Hash[];

  constructor(signer: NoteSigner, entries: readonly Buffer[]) {
    this.signer = signer;
    this.entries = entries;
    this.#leaves = entries.map(leafHash);
  }

  static make(origin: string, size: number): ExampleLog {
    const signer = parseSignerKey(makeSignerKey(origin));
    return new ExampleLog(
      signer,
      Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`)),
    );
  }

  get key(): string {
    return this.signer.verifier.text;
  }

  /** The same up to `from`, then others, signed by the same key. */
  fork(from: number): ExampleLog {
    const entries = this.entries.map((entry, i) => (i < from ? entry : Buffer.from(`other ${i}`)));
    return new ExampleLog(this.signer, entries);
  }

  root(size: number): Hash {
    return rootOf(this.#leaves.slice(0, size));
  }

  checkpoint(size: number): string {
    return signCheckpoint(size, this.root(size), this.signer);
  }

  proof(size1: number, size2: number): Hash[] {
    if (size1 === 0 || size1 === size2) return [];
    return consistencyRanges(size1, size2).map(({ start, end }) =>
      rootOf(this.#leaves.slice(start, end)),
    );
  }

  /** The tiles of the log of one size. */
  tiles(size: number): ReadTile {
    return (level, n) => {
      const width = TILE_WIDTH ** level;
      const hashes: Hash[] = [];
      for (let i = n * TILE_WIDTH; i < (n + 1) * TILE_WIDTH && (i + 1) * width <= size; i++) {
        hashes.push(rootOf(this.#leaves.slice(i * width, (i + 1) * width)));
      }
      return Promise.resolve(hashes);
    };
  }

  /** The body of a request for `add-checkpoint`. */
  request(old: number, size: number): Buffer {
    const note = Buffer.from(this.checkpoint(size));
    return encodeAddCheckpoint({ old, proof: this.proof(old, size), note });
  }
}
