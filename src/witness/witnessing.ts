/**
 * Asks witnesses to cosign what this log publishes, in rounds, and keeps the newest head that
 * enough of them cosigned: that one counts as published (docs/spec/witness.md).
 *
 *   every askMs: the newest published head → all witnesses at once → each cosignature that verifies
 *   → with the quorum: checkpoint.witnessed replaced in one step
 *
 * INVARIANT (8): what is asked for is the ledger's own published head, which has passed the lock
 * store and is durable; nothing else is ever shown to a witness. Appending waits for none of this.
 *
 * A witness can also tell that this log is not what it was: that it was put back from an old copy,
 * or runs twice. It is believed where it shows a head that this log's key signed; then decisions
 * are refused until a person has looked.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '#base/clock.ts';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import type { NoteVerifier } from '#base/note.ts';
import { type Checkpoint, openCheckpoint } from '#ledger/checkpoint.ts';
import { nodeDisk, replaceFile } from '#ledger/disk.ts';
import { openWitnessed, type PolicyWitness, type WitnessPolicy } from '#ledger/policy.ts';
import { proveConsistency } from '#ledger/prove.ts';
import { WITNESSED_FILE } from '#ledger/public-files.ts';
import { readIfThere } from '#ledger/read.ts';
import { findContradiction } from './contradiction.ts';
import { Http } from './http.ts';
import { type AskedHead, WitnessSite } from './site.ts';
import { originOf } from './witness.ts';

export interface WitnessingOptions {
  /** The ledger's folder. */
  readonly dir: string;
  readonly log: NoteVerifier;
  readonly policy: WitnessPolicy;
  /** The newest signed head that the ledger published. */
  readonly newest: () => string;
  readonly askMs: number;
  readonly answerWaitMsMax: number;
  readonly whenAway: 'go-on' | 'stop';
  readonly awayMsMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Decisions are to be refused with this from now on; or no more. */
  readonly onRefusal: (refusal: ProvisoError | undefined) => void;
}

export interface SiteStatus {
  readonly url: string;
  /** Names of its witnesses in the policy. */
  readonly witnesses: readonly string[];
  /** Size of the newest head that it cosigned since the start. */
  readonly cosigned: number;
  /** Why it did not cosign the last time that it was asked. */
  readonly problem: string | undefined;
}

interface Site {
  readonly at: WitnessSite;
  cosigned: number;
  problem: string | undefined;
}

export class Witnessing {
  readonly #options: WitnessingOptions;
  readonly #http = new Http();
  readonly #sites: readonly Site[];
  /** Of the head that is being asked for: lines by witness. */
  #lines = new Map<string, string>();
  #asked: string | undefined;
  #published: Checkpoint | undefined;
  /** The file that has it. */
  #written = '';
  #publishing: Promise<void> = Promise.resolve();
  /** Since when something is published by the log and not witnessed, milliseconds since 1970. */
  #behindSince: number | undefined;
  #isAway = false;
  #contradiction: ProvisoError | undefined;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  private constructor(options: WitnessingOptions, kept: Kept | undefined) {
    this.#options = options;
    this.#published = kept?.checkpoint;
    this.#sites = sitesOf(options.policy).map(([url, witnesses]) => {
      const hasCosigned = witnesses.some(({ name }) => kept?.witnesses.includes(name));
      const size = hasCosigned ? (kept?.checkpoint.size ?? 0) : 0;
      return {
        at: new WitnessSite(url, witnesses, size, this.#http),
        cosigned: 0,
        problem: undefined,
      };
    });
  }

  /** Goes on from the head that was witnessed last; one that the policy does not accept is removed. */
  static async open(options: WitnessingOptions): Promise<Witnessing> {
    const path = join(options.dir, WITNESSED_FILE);
    const kept = await readKept(path, options);
    if (!kept) await nodeDisk.remove(path);
    return new Witnessing(options, kept);
  }

  /** Asks at once, and then again and again. */
  start(): void {
    void this.#ask();
    this.#timer = setInterval(() => void this.#ask(), this.#options.askMs).unref();
  }

  /** The newest head with its quorum; `undefined` before the first. */
  get published(): Checkpoint | undefined {
    return this.#published;
  }

  /** How long something has been waiting for its quorum, milliseconds. */
  get behindMs(): number {
    const { clock } = this.#options;
    return this.#behindSince === undefined ? 0 : clock.now() - this.#behindSince;
  }

  /** No quorum for longer than it may take. */
  get isAway(): boolean {
    return this.#isAway;
  }

  get sites(): readonly SiteStatus[] {
    return this.#sites.map(({ at, cosigned, problem }) => {
      return { url: at.url, witnesses: at.witnesses.map(({ name }) => name), cosigned, problem };
    });
  }

  /** Asks once more for what was published last, and ends. */
  async close(): Promise<void> {
    if (this.#timer) {
      clearInterval(this.#timer);
      await this.#round;
      await this.#ask();
    }
    await this.#http.close();
  }

  /** Never rejects, and never runs twice at once. */
  #ask(): Promise<void> {
    this.#round ??= this.#askAll()
      .catch((err: unknown) => this.#options.logger.error({ err }, 'asking witnesses failed'))
      .finally(() => {
        this.#round = undefined;
        this.#judge();
      });
    return this.#round;
  }

  async #askAll(): Promise<void> {
    const { log, dir, newest, clock } = this.#options;
    const startedAt = clock.now();
    const note = newest();
    const checkpoint = openCheckpoint(Buffer.from(note), log);
    const { size } = checkpoint;
    if (size === 0 || this.#contradiction) return;
    const text = textOf(note);
    if (text !== this.#asked) this.#lines = new Map();
    this.#asked = text;
    if (size > (this.#published?.size ?? 0)) this.#behindSince ??= startedAt;
    const head: AskedHead = {
      note,
      checkpoint,
      proofFrom: (old) => proveConsistency(dir, old, size),
    };
    const silent = this.#sites.filter(
      ({ at }) => !at.witnesses.some(({ name }) => this.#lines.has(name)),
    );
    await Promise.all(silent.map((site) => this.#askSite(site, head, startedAt)));
    // Where no cosignature is asked for, none may have come.
    await this.#publish(head, startedAt);
  }

  async #askSite(site: Site, head: AskedHead, startedAt: number): Promise<void> {
    const { answerWaitMsMax } = this.#options;
    const signal = AbortSignal.timeout(answerWaitMsMax);
    const answer = await site.at.ask(head, Math.floor(startedAt / 1_000), signal);
    if ('problem' in answer) {
      this.#note(site, answer.problem);
      if (answer.isContradiction) await this.#examine(site);
      return;
    }
    for (const { verifier, line } of answer.cosignatures) {
      const witness = site.at.witnesses.find((each) => each.verifier === verifier);
      if (witness) this.#lines.set(witness.name, line);
    }
    site.cosigned = head.checkpoint.size;
    this.#note(site, undefined);
    await this.#publish(head, startedAt);
  }

  /** One at a time, in the order in which cosignatures came. */
  #publish(head: AskedHead, startedAt: number): Promise<void> {
    this.#publishing = this.#publishing.then(() => this.#publishIfQuorum(head, startedAt));
    return this.#publishing;
  }

  async #publishIfQuorum({ note, checkpoint }: AskedHead, startedAt: number): Promise<void> {
    const { policy, dir, newest, logger } = this.#options;
    if (this.#contradiction || !policy.isQuorum(new Set(this.#lines.keys()))) return;
    const lines = [...this.#lines.values()].map((line) => `${line}\n`).join('');
    const file = note + lines;
    if (file === this.#written || checkpoint.size < (this.#published?.size ?? 0)) return;
    try {
      await replaceFile(nodeDisk, join(dir, WITNESSED_FILE), Buffer.from(file));
    } catch (err) {
      logger.error({ err }, 'a witnessed checkpoint cannot be written');
      return;
    }
    this.#written = file;
    this.#published = checkpoint;
    // What came while these were asked waits since then, at the longest.
    this.#behindSince = textOf(newest()) === textOf(note) ? undefined : startedAt;
  }

  /** What a witness says of this log counts where this log's own key signed it. */
  async #examine({ at }: Site): Promise<void> {
    const { log, dir, newest, logger, answerWaitMsMax } = this.#options;
    const signal = AbortSignal.timeout(answerWaitMsMax);
    const theirs = await at.checkpointOf(originOf(log.name).hash, signal);
    if (!theirs) return;
    try {
      const found = await findContradiction(dir, log, newest(), theirs);
      if (!found) return;
      const { problem, evidence } = found;
      this.#contradiction = new ProvisoError(
        'ledger_contradicted',
        `\`${at.url}\` holds a checkpoint that \`${log.name}\` signed, of ${problem}. ` +
          `Nothing is carried; \`${evidence}\` has the evidence.`,
        { at: evidence },
      );
      logger.fatal({ witness: at.url, evidence }, this.#contradiction.publicMessage);
    } catch (err) {
      logger.warn({ err, witness: at.url }, asProvisoError(err).publicMessage);
    }
  }

  /** A line when a witness begins to fail, fails otherwise, or is well again. */
  #note(site: Site, problem: string | undefined): void {
    const { logger } = this.#options;
    if (problem !== site.problem) {
      const witness = site.at.url;
      if (problem === undefined) logger.info({ witness }, 'the witness cosigns again');
      else logger.warn({ witness }, `the witness does not cosign: ${problem}`);
    }
    site.problem = problem;
  }

  #judge(): void {
    const { awayMsMax, whenAway, policy, logger, onRefusal } = this.#options;
    const isAway = this.behindMs > awayMsMax;
    if (isAway !== this.#isAway) {
      const { quorum } = policy;
      if (isAway) logger.error({ quorum, behindMs: this.behindMs }, 'the witnesses are away');
      else logger.info({ quorum }, 'the witnesses are back');
    }
    this.#isAway = isAway;
    onRefusal(this.#contradiction ?? (isAway && whenAway === 'stop' ? away(policy) : undefined));
  }
}

function away({ quorum }: WitnessPolicy): ProvisoError {
  return new ProvisoError(
    'witnesses_away',
    `Too few witnesses cosign this ledger (needed: ${quorum}); nothing is carried until they do.`,
    { facts: { retryAfter: 10 } },
  );
}

/** Witnesses by the address at which they are asked; those of one address answer together. */
function sitesOf({ witnesses }: WitnessPolicy): [url: string, witnesses: PolicyWitness[]][] {
  const sites = Map.groupBy(witnesses, ({ name, url }) => {
    const parsed = URL.parse(url ?? '');
    if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return url ?? '';
    const message = `The witness \`${name}\` has no address to ask it at: add it to its line.`;
    throw new ProvisoError('policy_invalid', message);
  });
  return [...sites];
}

interface Kept {
  readonly checkpoint: Checkpoint;
  readonly witnesses: readonly string[];
}

async function readKept(
  path: string,
  { log, policy }: WitnessingOptions,
): Promise<Kept | undefined> {
  const bytes = await readIfThere(path);
  if (!bytes) return undefined;
  try {
    const witnessed = openWitnessed(bytes, log, policy);
    return witnessed.isQuorum ? witnessed : undefined;
  } catch {
    return undefined;
  }
}

/** What is signed of a note. */
function textOf(note: string): string {
  return note.slice(0, note.lastIndexOf('\n\n') + 1);
}
