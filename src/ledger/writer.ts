/**
 * The writer: group commit and publication.
 *
 *   append → batch → journal record, one synced write → lock store advanced → acknowledged
 *                          └→ every second: publication, then old segments go
 *
 * While one batch is on its way to the disk the next one gathers, so a lone caller waits for
 * nothing but the disk. The first error of any kind ends this writer: nothing more is acknowledged,
 * and what was not is refused. INVARIANTS (3) and (8): acknowledged means durable.
 */
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import type { LedgerLimits } from '#base/limits.ts';
import { Batch } from './batch.ts';
import type { Disk, DiskFile } from './disk.ts';
import { encodeEntry, type NewEntry } from './entry.ts';
import { type KeySpan, removeSegment, segmentPath, withKeysOf } from './journal.ts';
import type { LoadedLog } from './recover.ts';

interface Segment {
  readonly path: string;
  readonly file: DiskFile;
  keys: KeySpan | undefined;
  bytes: number;
  isEnded: boolean;
}

export interface WriterOptions {
  readonly disk: Disk;
  readonly dir: string;
  readonly clock: Clock;
  readonly limits: LedgerLimits;
  /** Called once, with what ended the writer. */
  readonly onFailure: (error: ProvisoError) => void;
}

export class LogWriter {
  readonly #log: LoadedLog;
  readonly #options: WriterOptions;
  /** Decisions without outcome; those that are not durable yet too. */
  readonly #open: Set<number>;
  #batch: Batch;
  #segment: Segment | undefined;
  /** Segments that are written to no more, with the size of the log at their end. */
  #oldSegments: { path: string; end: number; keys: KeySpan | undefined }[] = [];
  #commit: Promise<void> | undefined;
  #publication: Promise<void> | undefined;
  #publishTimer: NodeJS.Timeout | undefined;
  #failure: ProvisoError | undefined;
  #stopped: Promise<void> | undefined;
  #lastAt: number;

  constructor(log: LoadedLog, options: WriterOptions) {
    this.#log = log;
    this.#options = options;
    this.#open = new Set(log.openDecisions);
    this.#batch = new Batch(log.edge.size, 0);
    this.#lastAt = log.lastAt;
  }

  /** Entries that are durable. */
  get size(): number {
    return this.#log.backlog.size;
  }

  get failure(): ProvisoError | undefined {
    return this.#failure;
  }

  /** Acknowledged decisions for which no outcome was accepted. */
  openDecisions(): number[] {
    return [...this.#open].filter((index) => index < this.size);
  }

  append(entry: NewEntry): Promise<number> {
    return new Promise((resolve, reject) => this.#add(entry, resolve, reject));
  }

  /** Resolves when all that was appended before is published. */
  async flush(): Promise<void> {
    const size = this.#batch.firstIndex + this.#batch.count;
    while (this.#log.backlog.size < size && !this.#failure) await this.#commit;
    while (this.#log.backlog.publishedSize < size || this.#publication) {
      if (this.#failure) throw this.#failure;
      await (this.#publication ?? this.#publish());
    }
    if (this.#failure) throw this.#failure;
  }

  /** The next batch begins a new segment; the old one goes when all of it is published. */
  endSegment(): void {
    if (this.#segment) this.#segment.isEnded = true;
  }

  /** Ends all that is under way and lets go of the files; does not flush. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#end(new ProvisoError('ledger_unavailable', 'The ledger is closed.'));
    await Promise.allSettled([this.#commit, this.#publication]);
    await this.#segment?.file.close();
    await this.#log.heads.close();
    this.#log.projection.close();
  }

  #add(entry: NewEntry, resolve: (index: number) => void, reject: (error: Error) => void): void {
    if (this.#failure) throw this.#failure;
    const isOutcome = entry.kind === 'outcome';
    // INVARIANT (4): one outcome for each decision.
    if (
      isOutcome !== (entry.closes !== undefined) ||
      (isOutcome && !this.#open.has(entry.closes as number))
    ) {
      throw new ProvisoError('internal', `Entry ${entry.closes} has no decision that is open.`);
    }
    if (!isOutcome && this.#batch.length > this.#options.limits.waitingBytesMax) {
      throw new ProvisoError('overloaded', 'Too many entries wait for the ledger’s disk.');
    }
    const at = Math.max(this.#lastAt, this.#options.clock.now());
    const index = this.#batch.add(entry, encodeEntry(entry, at), at, resolve, reject);
    this.#lastAt = at;
    if (entry.closes !== undefined) this.#open.delete(entry.closes);
    else if (entry.kind === 'decision') this.#open.add(index);
    this.#commit ??= this.#commitAll();
  }

  async #commitAll(): Promise<void> {
    while (this.#batch.count > 0 && !this.#failure) {
      // At the end of this turn of the event loop: what other sockets brought comes along.
      await new Promise(setImmediate);
      const batch = this.#batch;
      try {
        await this.#commitBatch(batch);
      } catch (error) {
        this.#fail(error);
      }
      if (this.#failure) batch.reject(this.#failure);
    }
    // In the same step as the loop's last look: an append that comes now starts the next loop.
    this.#commit = undefined;
  }

  async #commitBatch(batch: Batch): Promise<void> {
    const { backlog, edge, vault, heads } = this.#log;
    const before = batch.length;
    this.#batch = new Batch(batch.firstIndex + batch.count, before + before / 2);
    while (backlog.bytes > this.#options.limits.unpublishedBytesMax)
      await (this.#publication ?? this.#publish());
    const sealed = batch.seal(edge, vault);
    const segment = await this.#segmentFor(sealed.firstIndex);
    await segment.file.write(sealed.bytes, segment.bytes);
    // A crash here leaves one whole record past the lock's head; the next start keeps it.
    heads.advance({ size: edge.size, root: sealed.root, at: sealed.at });
    if (this.#failure) return;
    segment.keys = withKeysOf(segment.keys, sealed, segment.bytes);
    segment.bytes += sealed.bytes.length;
    backlog.add(sealed);
    batch.acknowledge();
    this.#publishTimer ??= setTimeout(
      () => void this.#publishOnTime(),
      this.#options.limits.publishMs,
    ).unref();
  }

  async #publishOnTime(): Promise<void> {
    await this.#publication;
    this.#publishTimer = undefined;
    if (!this.#failure) await this.#publish();
  }

  async #segmentFor(firstIndex: number): Promise<Segment> {
    const { disk, dir } = this.#options;
    const current = this.#segment;
    const { journalSegmentBytes } = this.#options.limits;
    if (current && !current.isEnded && current.bytes < journalSegmentBytes) return current;
    const path = segmentPath(firstIndex);
    const file = await disk.openFile(join(dir, path));
    const segment: Segment = { path, file, keys: undefined, bytes: 0, isEnded: false };
    this.#segment = segment;
    if (current) {
      this.#oldSegments.push({ path: current.path, end: firstIndex, keys: current.keys });
      await current.file.close();
    }
    // Room that is already the file's: a synced write then changes no metadata, and need not wait
    // for the file system's own journal, which publication keeps busy.
    await file.write(Buffer.alloc(journalSegmentBytes), 0);
    await disk.syncFolder(join(dir, 'journal'));
    return segment;
  }

  /** Never rejects: an error ends the writer. */
  #publish(): Promise<void> {
    this.#publication ??= this.#publishAll()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#publication = undefined;
      });
    return this.#publication;
  }

  async #publishAll(): Promise<void> {
    const { backlog, publisher, projection, vault, heads } = this.#log;
    const publication = backlog.take();
    await heads.sync();
    await publisher.publish(publication);
    for (const record of publication.keys) vault.keyPublished(record);
    projection.apply(publication.size, publication.effects);
    await this.#removeSegments(publication.size);
  }

  async #removeSegments(publishedSize: number): Promise<void> {
    while (this.#oldSegments[0] && this.#oldSegments[0].end <= publishedSize) {
      const { path, keys } = this.#oldSegments[0];
      await removeSegment(this.#options.disk, this.#options.dir, path, keys);
      this.#oldSegments.shift();
    }
  }

  #fail(cause: unknown): void {
    if (this.#failure) return;
    const { code = 'an error' } = cause as NodeJS.ErrnoException;
    const message = `The ledger cannot be written (${code}); nothing is carried until it can.`;
    const error = new ProvisoError('ledger_unavailable', message, { cause });
    this.#end(error);
    this.#options.onFailure(error);
  }

  #end(error: ProvisoError): void {
    this.#failure ??= error;
    clearTimeout(this.#publishTimer);
    this.#batch.reject(this.#failure);
  }
}
