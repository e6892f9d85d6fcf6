/**
 * Entries as they are published, for whoever watches: read once a second from the ledger's files, and
 * only while somebody does. Where more come than a person can read, the newest are shown and the
 * others counted.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LEDGER_LIMITS } from '#base/limits.ts';
import { openCheckpoint } from '#ledger/checkpoint.ts';
import type { Entry } from '#ledger/entry.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { readEntries } from '#ledger/read.ts';

/** Of each second's entries, as many of the newest are looked at. */
const LOOKED_AT_MAX = 1_024;

export interface Published {
  /** In order. */
  readonly entries: readonly Entry[];
  /** Entries between those of before and these that were not read. */
  readonly leftOut: number;
}

export class LiveEntries {
  readonly #ledger: Ledger;
  readonly #listeners = new Set<(published: Published) => void>();
  #isReading = false;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** What is published from now on, until the signal ends it. */
  async *watch(signal: AbortSignal): AsyncGenerator<Published> {
    let waiting: Published[] = [];
    let wake: (() => void) | undefined;
    const listen = (published: Published) => {
      waiting.push(published);
      wake?.();
    };
    const onEnd = () => wake?.();
    this.#listeners.add(listen);
    signal.addEventListener('abort', onEnd);
    if (!this.#isReading) void this.#read();
    try {
      while (!signal.aborted) {
        if (waiting.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        const now = waiting;
        waiting = [];
        yield* now;
      }
    } finally {
      this.#listeners.delete(listen);
      signal.removeEventListener('abort', onEnd);
    }
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    try {
      let next = this.#publishedSize();
      while (this.#listeners.size > 0) {
        await sleep(LEDGER_LIMITS.publishMs, undefined, { ref: false });
        const size = this.#publishedSize();
        if (size === next) continue;
        const from = Math.max(next, size - LOOKED_AT_MAX);
        const published = await this.#published(size, from, next);
        next = size;
        for (const listen of this.#listeners) listen(published);
      }
    } finally {
      this.#isReading = false;
    }
  }

  /** What cannot be read is counted: a disk that fails must not end the watching. */
  async #published(size: number, from: number, next: number): Promise<Published> {
    try {
      const entries = await Array.fromAsync(readEntries(this.#ledger.dir, size, from));
      return { entries, leftOut: from - next };
    } catch {
      return { entries: [], leftOut: size - next };
    }
  }

  #publishedSize(): number {
    const { checkpoint, verifiers } = this.#ledger;
    return openCheckpoint(Buffer.from(checkpoint), verifiers[0]).size;
  }
}
