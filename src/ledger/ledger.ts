/**
 * The ledger: the source of truth. Entries go in, each with its number once it is durable; what is
 * in can be read back, and by anyone be verified (`verify.ts`). docs/spec/ledger.md has the bytes.
 *
 *   <dir>/checkpoint, tile/   what is published          <dir>/lock/    who writes, and how far
 *   <dir>/journal/            what is not published yet  <dir>/keys/    the signing key
 *   <dir>/vault/              encrypted private values   <dir>/state.sqlite   a projection
 */
import { join } from 'node:path';
import { type Clock, systemClock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import { LEDGER_LIMITS, type LedgerLimits } from '#base/limits.ts';
import type { NoteVerifier } from '#base/note.ts';
import type { Algorithm } from '#base/note-key.ts';
import type { Span } from '#base/span.ts';
import { findArchived } from './archive.ts';
import { digestOf, parseDisclosure } from './commitments.ts';
import { type Disk, nodeDisk } from './disk.ts';
import { decodeEntry, type Entry, type NewEntry, type StateKind } from './entry.ts';
import { destroyKey, erasureEntry } from './erasure.ts';
import { loadMasterKey, loadSigners } from './keys.ts';
import { takeWriterLock, type WriterLock } from './lock.ts';
import { checkMasterKey } from './master-key.ts';
import { readBundle } from './read.ts';
import { type LedgerFiles, type LoadedLog, loadLog } from './recover.ts';
import {
  type ArchivedRange,
  archiveEntry,
  newestSealed,
  requireRange,
  requireRetained,
  retentionEntry,
} from './retention.ts';
import { corrupt, TILE_WIDTH } from './tiles.ts';
import { findBlobs, textsOf, valuesFileOf, valuesPath } from './values.ts';
import { LogWriter } from './writer.ts';

export interface LedgerOptions {
  readonly dir: string;
  /** The log's name in its checkpoints, such as `example.com/proviso`: no scheme, no spaces. */
  readonly origin: string;
  readonly clock?: Clock;
  readonly disk?: Disk;
  /** 32 bytes; without it `vault/master.key` is used, and made at the first start. */
  readonly masterKey?: Uint8Array;
  /** Where the lock store lies; `<dir>/lock` if not said. */
  readonly lockDir?: string;
  readonly limits?: LedgerLimits;
  /** With what checkpoints are signed beside Ed25519. */
  readonly signatures?: readonly Algorithm[];
  /** A write failed: appends are refused until one succeeds again. */
  readonly onFailure?: (error: ProvisoError) => void;
  /** Writing works again after a failure. */
  readonly onRecovery?: () => void;
}

/** A state-changing entry with its private values; without them where they were erased. */
export interface StateEntry extends Entry {
  readonly private: JsonObject | undefined;
}

/**
 * Opens the log in a folder, or starts one. Decisions that a crash left without an outcome get
 * `outcome: lost`: INVARIANT (4).
 * @throws `ledger_locked`, `ledger_ahead`, `ledger_corrupt`, `clock_ran_back`, `note_invalid`
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { dir, origin, disk = nodeDisk, clock = systemClock, limits = LEDGER_LIMITS } = options;
  const lockDir = options.lockDir ?? join(dir, 'lock');
  const lock = takeWriterLock(lockDir);
  try {
    for (const folder of ['journal', 'keys', 'vault']) await disk.makeFolder(join(dir, folder));
    const signers = await loadSigners(disk, dir, origin, options.signatures ?? [], clock);
    const masterKey = options.masterKey ?? (await loadMasterKey(disk, dir));
    await checkMasterKey(disk, dir, masterKey);
    await disk.syncFolder(dir);
    const files = { disk, dir, lockDir, signers, masterKey, clock, limits };
    const log = await loadLog(files);
    return await Ledger.start(files, log, lock, options);
  } catch (error) {
    lock.release();
    throw error;
  }
}

export class Ledger {
  readonly origin: string;
  /** In the C2SP form `name+id+key`: all that a verifier needs to trust. */
  readonly verifierKey: string;
  /** The verifiers of all its keys, that of `verifierKey` first. */
  readonly verifiers: readonly [NoteVerifier, ...NoteVerifier[]];
  /** Decisions that the start found without outcome, and closed as lost. */
  readonly recovered: readonly number[];
  readonly #files: LedgerFiles;
  readonly #options: LedgerOptions;
  readonly #lock: WriterLock;
  #log: LoadedLog;
  #writer: LogWriter;
  #retryTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #retained: Span | undefined;
  #refusal: ProvisoError | undefined;

  private constructor(
    files: LedgerFiles,
    log: LoadedLog,
    lock: WriterLock,
    options: LedgerOptions,
  ) {
    this.#files = files;
    this.#options = options;
    this.#lock = lock;
    this.#log = log;
    this.#writer = this.#newWriter();
    const [first, ...more] = files.signers;
    this.origin = first.verifier.name;
    this.verifierKey = first.verifier.text;
    this.verifiers = [first.verifier, ...more.map(({ verifier }) => verifier)];
    this.recovered = log.openDecisions;
  }

  /** For `openLedger` only. */
  static async start(
    files: LedgerFiles,
    log: LoadedLog,
    lock: WriterLock,
    options: LedgerOptions,
  ): Promise<Ledger> {
    const ledger = new Ledger(files, log, lock, options);
    try {
      await ledger.#closeAsLost(log.openDecisions);
      return ledger;
    } catch (error) {
      ledger.#isClosed = true;
      await ledger.#writer.stop();
      throw error;
    }
  }

  get dir(): string {
    return this.#files.dir;
  }

  /** Entries that are durable. */
  get size(): number {
    return this.#writer.size;
  }

  /** Why appends are refused now; `undefined` when they are not. */
  get failure(): ProvisoError | undefined {
    return this.#writer.failure;
  }

  /** Decisions that have no outcome yet. */
  openDecisions(): readonly number[] {
    return this.#writer.openDecisions();
  }

  /**
   * The newest signed head that is published. It has passed the lock store, so that whoever vouches
   * for it vouches for what this log stays: INVARIANT (8).
   */
  get checkpoint(): string {
    return this.#log.publisher.checkpoint;
  }

  /** Why decisions are refused although they could be written; `undefined` when they are not. */
  get refusal(): ProvisoError | undefined {
    return this.#refusal;
  }

  /** From now on every new decision gets this error. Outcomes and all else are still accepted. */
  refuseDecisions(refusal: ProvisoError | undefined): void {
    this.#refusal = refusal;
  }

  /**
   * Resolves with the entry's number when it is durable: INVARIANT (3).
   * @throws `ledger_unavailable`, `entry_too_large`, `overloaded`, or what `refuseDecisions` was given
   */
  append(entry: NewEntry): Promise<number> {
    if (this.#refusal && entry.kind === 'decision') return Promise.reject(this.#refusal);
    return this.#writer.append(entry);
  }

  /** The entries of these kinds with their values, in order: what projections are built from. */
  async *history(kinds: readonly StateKind[]): AsyncGenerator<StateEntry> {
    await this.flush();
    for (const index of this.#log.projection.stateEntries(kinds)) {
      const entry = await this.readEntry(index);
      yield { ...entry, private: await this.readPrivate(entry).catch(unlessErased) };
    }
  }

  /** @throws `not_found`, `ledger_corrupt` */
  async readEntry(index: number): Promise<Entry> {
    await this.flush();
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) {
      throw new ProvisoError('not_found', `The ledger has no entry ${index}.`);
    }
    const { dir } = this.#files;
    const bundle = await readBundle(
      dir,
      this.#log.backlog.publishedSize,
      Math.floor(index / TILE_WIDTH),
    );
    return decodeEntry(bundle[index % TILE_WIDTH] as Buffer, index);
  }

  /**
   * The private values behind an entry's commitments, each checked against its commitment.
   * @throws `value_erased`, `vault_unreadable`
   */
  async readPrivate({ index, kind, digests }: Entry): Promise<JsonObject> {
    await this.flush();
    const { dir } = this.#files;
    const values: Record<string, JsonValue> = {};
    const path = valuesPath(valuesFileOf(index));
    const isOfCall = kind === 'decision' || kind === 'outcome';
    // What changes the state stays here, where the rest is moved to an archive.
    const archived = isOfCall ? await findArchived(dir, path, index) : undefined;
    for (const text of await this.#textsOf(archived ?? join(dir, path), index)) {
      const disclosed = parseDisclosure(text);
      if (!disclosed || !digests.includes(digestOf(text))) {
        throw corrupt(path, `has a value that entry ${index} does not commit to`);
      }
      values[disclosed.name] = disclosed.value;
    }
    return values;
  }

  /**
   * Destroys the key of a name, and with it every value that was encrypted for it. What the log
   * committed to stays provable, and can be opened no more.
   * @param said why; it stands in the vault, and must not name what is erased
   * @returns the number of the entry that says so
   * @throws `not_found` where nothing is kept for the name, `retention_in_force`
   */
  async erase(vaultKey: string, said?: NewEntry['private']): Promise<number> {
    // The key has its own file then, and no record of the journal is needed for it.
    await this.flush();
    const { disk, dir } = this.#files;
    const { vault } = this.#log;
    const slot = vault.slotOf(vaultKey);
    const state = vault.keyState(slot);
    if (!state || state.isErased) {
      throw new ProvisoError('not_found', 'The vault has no values under this name.');
    }
    const newest = await newestSealed(this.#files.dir, slot, this.size);
    if (newest !== undefined) await this.#requireRetained(newest, 'Values of this name');
    const key = { slot, generation: state.generation };
    this.#writer.endSegment();
    const index = await this.append(erasureEntry(key, said));
    await this.flush();
    // A crash here leaves the key, which the next start destroys.
    await destroyKey(disk, dir, key);
    this.#log.vault.forget(vaultKey);
    return index;
  }

  /** From now on what is younger neither goes to an archive nor is erased; on record where it is new. */
  async retain(atLeast: Span | undefined): Promise<void> {
    const entry = retentionEntry(atLeast, await Array.fromAsync(this.history(['retention'])));
    if (entry) await this.append(entry);
    this.#retained = atLeast;
  }

  /**
   * Puts on record that entries go to an archive. Only then may their files be taken away.
   * @throws `retention_in_force`, `invalid_request`
   */
  async recordArchive(range: ArchivedRange): Promise<void> {
    await this.requireArchivable(range);
    const entry = archiveEntry(range, await Array.fromAsync(this.history(['archive'])));
    if (entry) await this.append(entry);
  }

  /** @throws `retention_in_force`, `invalid_request` */
  async requireArchivable(range: ArchivedRange): Promise<void> {
    requireRange(range, this.openDecisions());
    await this.#requireRetained(range.to - 1, `Entries ${range.from} to ${range.to - 1}`);
  }

  /** Resolves when all that was acknowledged is published. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  /** Flushes, and lets another writer have the folder. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    try {
      // Where that fails, the journal has what was acknowledged, and the next start publishes it.
      await this.#writer.flush().catch(() => undefined);
      await this.#writer.stop();
    } finally {
      this.#lock.release();
    }
  }

  async #requireRetained(newest: number, what: string): Promise<void> {
    const { at } = await this.readEntry(newest);
    requireRetained(this.#retained, at, this.#files.clock.now(), what);
  }

  async #textsOf(path: string, index: number): Promise<string[]> {
    let unreadable: unknown;
    for (const blob of await findBlobs(path, index)) {
      try {
        const texts = textsOf(this.#log.vault.open(blob), index);
        if (texts) return texts;
      } catch (error) {
        // Of another vault key, perhaps; if not, nothing else will be found.
        unreadable = error;
      }
    }
    if (unreadable !== undefined) throw unreadable;
    return [];
  }

  #newWriter(): LogWriter {
    return new LogWriter(this.#log, {
      disk: this.#files.disk,
      dir: this.#files.dir,
      clock: this.#files.clock,
      limits: this.#files.limits,
      onFailure: (error) => {
        this.#options.onFailure?.(error);
        this.#retryLater();
      },
    });
  }

  async #closeAsLost(decisions: readonly number[]): Promise<void> {
    await Promise.all(
      decisions.map((closes) =>
        this.#writer.append({ kind: 'outcome', closes, public: { outcome: 'lost' } }),
      ),
    );
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => void this.#retry(), this.#files.limits.retryMs).unref();
  }

  /**
   * After a failed write nothing in memory counts: all is read back from the disk, as at a start,
   * and written anew into files that the failure did not touch. Calls that are still under way keep
   * their decisions; what was refused, and is in the log all the same, is closed as lost.
   */
  async #retry(): Promise<void> {
    if (this.#isClosed) return;
    const underWay = new Set(this.#writer.openDecisions());
    try {
      await this.#writer.stop();
      this.#log = await loadLog(this.#files);
    } catch {
      this.#retryLater();
      return;
    }
    this.#writer = this.#newWriter();
    const lost = this.#log.openDecisions.filter((index) => !underWay.has(index));
    // Where this fails, the writer has failed again and calls for the next attempt.
    const isBack = await this.#closeAsLost(lost).then(
      () => true,
      () => false,
    );
    if (isBack) this.#options.onRecovery?.();
  }
}

function unlessErased(error: unknown): undefined {
  if (!(error instanceof ProvisoError) || error.code !== 'value_erased') throw error;
}
