/**
 * Follows a log from outside, and believes nothing of it but its key. What it has checked it keeps,
 * as a copy of the log in its own folder (docs/spec/witness.md): each new head must be the root of
 * that copy and of the new entries, or the log is not what it was.
 *
 *   checkpoint → signature, quorum → every new entry, and every new tile → root → the copy goes on
 */
import { join } from 'node:path';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { type NoteVerifier, openNote } from '#base/note.ts';
import { type Checkpoint, openCheckpoint } from '#ledger/checkpoint.ts';
import { nodeDisk, replaceFile } from '#ledger/disk.ts';
import { openWitnessed, type WitnessPolicy } from '#ledger/policy.ts';
import { tilesIn } from '#ledger/prove.ts';
import { readIfThere } from '#ledger/read.ts';
import { EMPTY_ROOT } from '#ledger/tree.ts';
import { LogCopy } from './log-copy.ts';
import { type RemoteLog, WrongFile } from './remote-log.ts';
import { encodeSplitView, findSplitView } from './split-view.ts';

/** What a log shows is looked at again before it is held against it: caches may be behind. */
const LOOKS = 3;

export interface MonitorOptions {
  /** What it saw, and evidence. */
  readonly dir: string;
  readonly log: NoteVerifier;
  readonly remote: RemoteLog;
  /** Whose cosignatures a head needs, where that is asked for. */
  readonly policy?: WitnessPolicy | undefined;
  /** Heads of this log that others hold: signed notes, from anyone. */
  readonly elsewhere?: () => Promise<readonly Buffer[]>;
  /** Between two looks at something that is wrong. */
  readonly lookAgainMs: number;
  /** @param done entries checked, of `total` */
  readonly onProgress?: (done: number, total: number) => void;
}

export type FindingKind =
  /** The key signed two logs. */
  | 'split_view'
  /** An older head than one that was seen is served. */
  | 'rolled_back'
  /** A tile or an entry is not what the head stands for. */
  | 'not_as_signed'
  /** The key did not sign the head. */
  | 'not_signed'
  /** Too few witnesses cosigned the head. */
  | 'no_quorum';

export interface Finding {
  readonly kind: FindingKind;
  /** In words, for a person. */
  readonly problem: string;
  /** The file that has the signed heads, and the proof where there is one. */
  readonly evidence: string | undefined;
}

export type Look =
  | {
      readonly isConsistent: true;
      readonly checkpoint: Checkpoint;
      /** Entries that were not seen before. */
      readonly added: number;
      readonly witnesses: readonly string[];
    }
  | { readonly isConsistent: false; readonly finding: Finding };

/** A head, as it was signed. */
interface Head {
  readonly note: Buffer;
  readonly checkpoint: Checkpoint;
}

export class Monitor {
  readonly #options: MonitorOptions;
  readonly #copy: LogCopy;
  #seen: Head | undefined;

  private constructor(options: MonitorOptions, seen: Head | undefined) {
    this.#options = options;
    this.#copy = new LogCopy(options.dir, options.remote, options.onProgress ?? (() => undefined));
    this.#seen = seen;
  }

  /** Goes on where it was. @throws `note_invalid` where the folder is about another log */
  static async open(options: MonitorOptions): Promise<Monitor> {
    await nodeDisk.makeFolder(options.dir);
    const note = await readIfThere(join(options.dir, 'checkpoint'));
    const seen = note && { note, checkpoint: openCheckpoint(note, options.log) };
    const monitor = new Monitor(options, seen);
    await monitor.#copy.forget(seen?.checkpoint.size ?? 0, false);
    return monitor;
  }

  /** The newest head that was found to be right. */
  get seen(): Checkpoint | undefined {
    return this.#seen?.checkpoint;
  }

  /**
   * Looks once at what the log shows.
   * @throws `log_unreachable`; `ledger_corrupt` where the monitor's own copy is not as it was kept
   */
  async look(): Promise<Look> {
    for (let look = 1; ; look++) {
      const found = await this.#lookOnce(look === LOOKS);
      if (found.isConsistent || look === LOOKS) return found;
      await new Promise((resolve) => setTimeout(resolve, this.#options.lookAgainMs));
    }
  }

  async #lookOnce(isLast: boolean): Promise<Look> {
    const { log, remote, policy } = this.#options;
    const note = await remote.checkpoint();
    let head: Head;
    let witnesses: readonly string[];
    try {
      if (policy) {
        const witnessed = openWitnessed(note, log, policy);
        ({ witnesses } = witnessed);
        if (!witnessed.isQuorum) {
          const who = witnesses.length === 0 ? 'nobody' : witnesses.join(', ');
          return found('no_quorum', `It is cosigned by ${who}, and needs ${policy.quorum}.`);
        }
        head = { note, checkpoint: witnessed.checkpoint };
      } else {
        head = { note, checkpoint: openCheckpoint(note, log) };
        witnesses = [];
      }
    } catch (thrown) {
      const { code, publicMessage } = asProvisoError(thrown);
      if (code !== 'note_invalid') throw thrown;
      return found('not_signed', publicMessage);
    }
    const finding = await this.#check(head, isLast);
    if (finding) return { isConsistent: false, finding };
    const added = head.checkpoint.size - (this.#seen?.checkpoint.size ?? 0);
    if (added > 0 || !this.#seen) {
      await replaceFile(nodeDisk, join(this.#options.dir, 'checkpoint'), note);
      this.#seen = head;
    }
    const contrary = await this.#checkElsewhere(isLast);
    if (contrary) return { isConsistent: false, finding: contrary };
    return { isConsistent: true, checkpoint: head.checkpoint, added, witnesses };
  }

  async #check(head: Head, isLast: boolean): Promise<Finding | undefined> {
    const { size, root } = head.checkpoint;
    const seen = this.#seen?.checkpoint ?? { size: 0, root: EMPTY_ROOT };
    if (size === seen.size && root === seen.root) return undefined;
    if (size === 0 && root !== EMPTY_ROOT) {
      return this.#wrong(
        head,
        new WrongFile('checkpoint', 'an empty log has another root'),
        isLast,
      );
    }
    if (size <= seen.size) return this.#notForward(head, isLast);
    let wrong: WrongFile | undefined;
    try {
      await this.#copy.extend(seen, head.checkpoint);
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof WrongFile)) throw thrown;
      wrong = thrown;
    }
    await this.#copy.forget(seen.size, true);
    return this.#notContinued(head, wrong, isLast);
  }

  /** What others hold of this log must be in what was seen, as far as that goes. */
  async #checkElsewhere(isLast: boolean): Promise<Finding | undefined> {
    const { log, dir, elsewhere } = this.#options;
    const seen = this.#seen as Head;
    for (const note of (await elsewhere?.()) ?? []) {
      const theirs = signedHead(note, log);
      // A greater one is for the next look; one that the log did not sign says nothing.
      if (!theirs || theirs.checkpoint.size > seen.checkpoint.size) continue;
      const view = await this.#splitView(theirs, seen, tilesIn(dir, seen.checkpoint.size));
      if (view) return this.#split(view, theirs, seen, isLast);
    }
    return undefined;
  }

  /** The head is not past the one that was seen: of another log, or an older one. */
  async #notForward(head: Head, isLast: boolean): Promise<Finding> {
    const { dir } = this.#options;
    const seen = this.#seen as Head;
    const tiles = tilesIn(dir, seen.checkpoint.size);
    const view = await this.#splitView(head, seen, tiles);
    if (view) return this.#split(view, head, seen, isLast);
    const [now, before] = [head.checkpoint.size, seen.checkpoint.size];
    const problem = `It shows ${now} entries, and has shown ${before}.`;
    return {
      kind: 'rolled_back',
      problem,
      evidence: await this.#keep('rolled-back', [head, seen], isLast),
    };
  }

  /** The new head is not the root over what was seen and what is served. */
  async #notContinued(head: Head, wrong: WrongFile, isLast: boolean): Promise<Finding> {
    const seen = this.#seen;
    if (seen) {
      const tiles = this.#options.remote.tiles(head.checkpoint.size);
      const view = await this.#splitView(seen, head, tiles);
      if (view) return this.#split(view, seen, head, isLast);
    }
    return this.#wrong(head, wrong, isLast);
  }

  async #wrong(head: Head, { file, message }: WrongFile, isLast: boolean): Promise<Finding> {
    const heads = this.#seen ? [this.#seen, head] : [head];
    return {
      kind: 'not_as_signed',
      problem: `\`${file}\` is not what was signed: ${message.replace(/\.$/, '')}.`,
      evidence: await this.#keep('not-as-signed', heads, isLast),
    };
  }

  /** `undefined` where none is shown. */
  async #splitView(a: Head, b: Head, tiles: Parameters<typeof findSplitView>[2]) {
    const notes = [a, b].map(({ note }) => this.#bySignature(note)) as [string, string];
    try {
      return await findSplitView(this.#options.log, notes, tiles);
    } catch (thrown) {
      const isWrong = thrown instanceof WrongFile;
      if (isWrong || (thrown instanceof ProvisoError && thrown.code === 'proof_invalid')) {
        return undefined;
      }
      throw thrown;
    }
  }

  async #split(
    view: Parameters<typeof encodeSplitView>[0],
    a: Head,
    b: Head,
    isLast: boolean,
  ): Promise<Finding> {
    const [first, second] = [a, b].map(({ checkpoint: { size } }) => size).sort((x, y) => x - y);
    const problem =
      first === second
        ? `Its key signed two logs of ${first} entries.`
        : `Its key signed a log of ${second} entries that does not begin with the one of ${first} that it signed.`;
    const name = `split-view-${first}-${second}.json`;
    const evidence = isLast ? await this.#write(name, encodeSplitView(view)) : undefined;
    return { kind: 'split_view', problem, evidence };
  }

  /** Heads that prove nothing by themselves, and are worth keeping. */
  async #keep(kind: string, heads: readonly Head[], isLast: boolean): Promise<string | undefined> {
    if (!isLast) return undefined;
    const sizes = heads.map(({ checkpoint }) => checkpoint.size);
    const notes = heads.map(({ note }) => note.toString());
    const document = { v: 1, kind, log: this.#options.log.text, heads: notes };
    const name = `${kind}-${sizes.join('-')}.json`;
    return this.#write(name, `${JSON.stringify(document, null, 2)}\n`);
  }

  async #write(name: string, text: string): Promise<string> {
    const folder = join(this.#options.dir, 'evidence');
    await nodeDisk.makeFolder(folder);
    await replaceFile(nodeDisk, join(folder, name), Buffer.from(text));
    return join(folder, name);
  }

  /** The note with the log's own signature alone: what others signed is no part of the evidence. */
  #bySignature(note: Buffer): string {
    const { text, signatures } = openNote(note, [this.#options.log]);
    return `${text}\n${signatures.map(({ line }) => `${line}\n`).join('')}`;
  }
}

function found(kind: FindingKind, problem: string): Look {
  return { isConsistent: false, finding: { kind, problem, evidence: undefined } };
}

function signedHead(note: Buffer, log: NoteVerifier): Head | undefined {
  try {
    return { note, checkpoint: openCheckpoint(note, log) };
  } catch {
    return undefined;
  }
}
