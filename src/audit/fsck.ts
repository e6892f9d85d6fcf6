/**
 * `proviso ledger fsck`: all of a ledger held to itself, and to what lies beside it.
 *
 *   the log (`ledger/verify.ts`) → private values → terms and keys along the log → the vault's keys
 *   → what is in force, built again → signatures under releases → packs → the databases
 *
 * Reads only. Works on a copy, and on a folder that is being written.
 */
import { onAllCores } from '#base/cores.ts';
import { asProvisoError } from '#base/errors.ts';
import type { NoteVerifier } from '#base/note.ts';
import { dirOf, type LogPlace } from '#ledger/archive.ts';
import type { Entry } from '#ledger/entry.ts';
import { rootAt, tilesIn } from '#ledger/prove.ts';
import { readCheckpoint, readEntries } from '#ledger/read.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import { hashToBase64 } from '#ledger/tree.ts';
import { type LedgerReport, type Progress, verifyLedger } from '#ledger/verify.ts';
import { isFullRange, rangesOf } from '#ledger/verify-range.ts';
import { Chain, ChainGatherer } from './chain.ts';
import { type AuditFault, logFault } from './fault.ts';
import { checkArchives } from './fsck-archives.ts';
import { checkHeads } from './fsck-heads.ts';
import { checkVaultKeys, erasuresOf } from './fsck-keys.ts';
import { checkPacks } from './fsck-packs.ts';
import type { AuditedRange, AuditTask } from './fsck-range.ts';
import { checkSearchIndex } from './fsck-search.ts';
import {
  checkProjection,
  checkSignatures,
  foldState,
  type LogState,
  projectedState,
} from './fsck-state.ts';
import { auditTail } from './fsck-tail.ts';
import type { ErasedBlob } from './fsck-values.ts';
import { Resume } from './resume.ts';
import { StateReader } from './state-entries.ts';

export interface AuditSource {
  readonly place: LogPlace;
  readonly log: NoteVerifier;
  /** Whose `terms/<hash>/` has the packs that were in force. */
  readonly dataDir: string;
  /** Absent where there is no vault to audit. */
  readonly masterKey?: Uint8Array | undefined;
}

export interface AuditOptions {
  readonly onProgress?: Progress;
  /** The file that says how far an audit came. */
  readonly resumePath?: string;
}

export interface AuditReport
  extends Pick<
    LedgerReport,
    | 'origin'
    | 'size'
    | 'root'
    | 'unpublished'
    | 'decisions'
    | 'outcomes'
    | 'openDecisions'
    | 'elsewhere'
  > {
  readonly isSound: boolean;
  /** Entries that an audit before this one had looked at. */
  readonly resumed: number;
  readonly packs: number;
  readonly keys: number;
  readonly purposes: number;
  readonly people: number;
  /** Actions that people signed, and that were released. */
  readonly releases: number;
  /** Keys of the vault; absent where it was not looked at. */
  readonly vaultKeys: number | undefined;
  /** Of them, those that were destroyed. */
  readonly erasures: number;
  readonly faultCount: number;
  /** The first thousand. */
  readonly faults: readonly AuditFault[];
}

const FAULTS_MAX = 1_000;
const MODULE = new URL('./fsck-range.ts', import.meta.url);

/** @throws `note_invalid` for a malformed verifier key */
export async function auditLedger(
  source: AuditSource,
  options: AuditOptions = {},
): Promise<AuditReport> {
  const audit = new Audit(source, options);
  return audit.run();
}

class Audit {
  readonly #source: AuditSource;
  readonly #options: AuditOptions;
  readonly #chain = new Chain();
  readonly #erased: ErasedBlob[] = [];
  readonly #faults: AuditFault[] = [];
  #faultCount = 0;
  #resumed = 0;

  constructor(source: AuditSource, options: AuditOptions) {
    this.#source = source;
    this.#options = options;
  }

  async run(): Promise<AuditReport> {
    const { place, log, masterKey, dataDir } = this.#source;
    // Read first: what it says is then in all that is read after it.
    const projected = projectedState(place, this.#addFault);
    const resume = await this.#openResume();
    const tail: Entry[] = [];
    const report = await verifyLedger(place, log.text, {
      ranges: (size) => this.#ranges(size, resume),
      onTail: (entry) => tail.push(entry),
      ...(this.#options.onProgress && { onProgress: this.#options.onProgress }),
    });
    for (const fault of report.faults) this.#addFault(logFault(fault));
    const gatherer = new ChainGatherer();
    const { size } = report;
    this.#erased.push(
      ...(await auditTail({ place, masterKey, size, tail }, gatherer, this.#addFault)),
    );
    this.#chain.join(gatherer.range(), this.#addFault);

    const reader = new StateReader(place, masterKey, size, tail);
    const entries = await reader.entries(this.#chain.state, this.#addFault);
    const readable = (index: number) => reader.entry(index).catch(() => undefined);
    const folded = await foldState(entries, readable, this.#addFault);
    this.#chain.checkUses(folded.endOf, this.#addFault);
    await checkSignatures(entries, this.#addFault);
    checkPacks(dataDir, this.#chain.packs, this.#addFault);
    await checkHeads(place, log, this.#addFault);
    await checkArchives(place, entries, this.#addFault);
    const erasures = erasuresOf(entries);
    const vaultKeys =
      masterKey && (await checkVaultKeys(place, masterKey, erasures, this.#erased, this.#addFault));
    await this.#checkSearch();
    // What closed a decision may be among entries that cannot be read.
    if (projected && report.unread.length === report.elsewhere.length) {
      const known = await this.#stateAt(projected.size, report, tail);
      if (known) checkProjection(projected, known, this.#addFault);
    }
    resume?.remove();
    return {
      ...report,
      isSound: this.#faultCount === 0,
      resumed: this.#resumed,
      packs: this.#chain.packs.size,
      keys: folded.keys,
      purposes: folded.purposes,
      people: folded.people,
      releases: folded.releases,
      vaultKeys,
      erasures: erasures.size,
      faultCount: this.#faultCount,
      faults: this.#faults,
    };
  }

  async #checkSearch(): Promise<void> {
    const { place, log } = this.#source;
    const checkpoint = await readCheckpoint(place, log).catch(() => undefined);
    // Where the log itself is not sound, there is nothing to hold an index to.
    if (!checkpoint || this.#faultCount > 0) return;
    await checkSearchIndex(this.#source, checkpoint, this.#addFault);
  }

  async #openResume(): Promise<Resume | undefined> {
    const { place, log, masterKey } = this.#source;
    const { resumePath } = this.#options;
    const checkpoint = await readCheckpoint(place, log).catch(() => undefined);
    if (resumePath === undefined || !checkpoint) return undefined;
    const { origin, size, root } = checkpoint;
    const dir = dirOf(place);
    const audited = {
      dir,
      hasVault: masterKey !== undefined,
      origin,
      size,
      root: hashToBase64(root),
    };
    return Resume.open(resumePath, audited, async (before, itsRoot) => {
      const now = await rootAt(tilesIn(dir, size), before).catch(() => '');
      return hashToBase64(now) === itsRoot;
    });
  }

  async *#ranges(size: number, resume: Resume | undefined): AsyncGenerator<AuditedRange> {
    const { place, masterKey } = this.#source;
    const tasks = rangesOf(place, size).map((task): AuditTask => ({ ...task, masterKey }));
    const isDone = (range: AuditedRange, i: number): boolean =>
      range.from === tasks[i]?.from && range.to === tasks[i]?.to;
    const done = resume?.ranges.filter(isDone) ?? [];
    for (const range of done) yield this.#taken(range);
    this.#resumed = (done.at(-1)?.to ?? 0) * TILE_WIDTH;
    const left = tasks.slice(done.length);
    for await (const range of onAllCores<AuditTask, AuditedRange>(MODULE, left)) {
      if (isFullRange(range)) resume?.add(range);
      yield this.#taken(range);
    }
  }

  #taken(range: AuditedRange): AuditedRange {
    range.auditFaults.forEach(this.#addFault);
    this.#chain.join(range.chain, this.#addFault);
    this.#erased.push(...range.erased);
    return range;
  }

  /** What the log said at a size that it had; `undefined` where that cannot be read. */
  async #stateAt(
    size: number,
    report: LedgerReport,
    tail: readonly Entry[],
  ): Promise<LogState | undefined> {
    const open = new Set(report.openDecisions.filter((entry) => entry < size));
    const reopen = ({ closes }: Entry): void => {
      if (closes !== undefined && closes < size) open.add(closes);
    };
    try {
      for await (const entry of readEntries(this.#source.place, report.size, size)) reopen(entry);
    } catch (error) {
      if (asProvisoError(error).code === 'internal') throw error;
      return undefined;
    }
    for (const entry of tail) if (entry.index >= Math.max(size, report.size)) reopen(entry);
    const state = this.#chain.state.filter(([entry]) => entry < size);
    return { open: [...open].toSorted((a, b) => a - b), state };
  }

  readonly #addFault = (fault: AuditFault): void => {
    this.#faultCount++;
    if (this.#faults.length < FAULTS_MAX) this.#faults.push(fault);
  };
}
