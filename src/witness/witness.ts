/**
 * A witness of logs, C2SP tlog-witness (https://c2sp.org/tlog-witness): cosigns a head when it is
 * signed by a log that it knows, and goes on from the newest head of that log that it cosigned.
 *
 * INVARIANT (8), from outside: of one log it never cosigns two heads that contradict each other. It
 * remembers a head before anyone gets the cosignature.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import {
  decodeUnverified,
  type Note,
  type NoteVerifier,
  openNote,
  signatureLine,
} from '#base/note.ts';
import { type Checkpoint, parseCheckpoint } from '#ledger/checkpoint.ts';
import { type Cosigner, parseLogKey, signerAt } from '#ledger/cosignature.ts';
import { verifyConsistency } from '#ledger/proof.ts';
import { EMPTY_ROOT, type Hash } from '#ledger/tree.ts';
import { type AddCheckpoint, parseAddCheckpoint } from './add-checkpoint.ts';
import type { CosignedHead, CosignedHeads, Origin, Step } from './heads.ts';

export interface Answer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly body: string;
  readonly contentType: string;
}

export interface WitnessParts {
  /** Verifier keys of the logs; several of one name are keys of one log. */
  readonly logs: readonly string[];
  readonly cosigners: readonly Cosigner[];
  readonly heads: CosignedHeads;
  readonly clock: Clock;
  /** A known log signed two heads of one size: both notes. */
  readonly onSplitView: (log: NoteVerifier, notes: readonly [string, string]) => void;
}

interface KnownLog {
  readonly origin: Origin;
  readonly keys: readonly NoteVerifier[];
}

export class Witness {
  readonly #parts: WitnessParts;
  readonly #logs: ReadonlyMap<string, KnownLog>;

  /** @throws `note_invalid` where a log's key is not one */
  constructor(parts: WitnessParts) {
    this.#parts = parts;
    const byName = Map.groupBy(parts.logs.map(parseLogKey), ({ name }) => name);
    this.#logs = new Map(
      [...byName].map(([name, keys]) => [name, { origin: originOf(name), keys }]),
    );
  }

  /** `add-checkpoint`. @param body from anyone */
  addCheckpoint(body: Uint8Array): Answer {
    try {
      const request = parseAddCheckpoint(body);
      const log = this.#logOf(request.note);
      if (!log) return refused(404, 'The log is not one that this witness knows.');
      const note = signedBy(log, request.note);
      if (!note) return refused(403, 'No key that is trusted for this log signed the checkpoint.');
      const checkpoint = parseCheckpoint(note.text);
      if (request.old > checkpoint.size) {
        return refused(400, 'The old size is past the size of the checkpoint.');
      }
      return this.#parts.heads.advance(log.origin, (latest) =>
        this.#step(latest, request, checkpoint, note),
      );
    } catch (thrown) {
      const { code, publicMessage } = asProvisoError(thrown);
      if (code !== 'invalid_request' && code !== 'note_invalid') throw thrown;
      return refused(400, publicMessage);
    }
  }

  /** The newest checkpoint that it cosigned of a log. @param originHash SHA-256 in hex */
  checkpointOf(originHash: string): string | undefined {
    return this.#parts.heads.find(originHash)?.checkpoint;
  }

  #logOf(note: Uint8Array): KnownLog | undefined {
    return this.#logs.get(parseCheckpoint(decodeUnverified(note)).origin);
  }

  #step(
    latest: CosignedHead | undefined,
    { old, proof }: AddCheckpoint,
    checkpoint: Checkpoint,
    note: Note,
  ): Step<Answer> {
    const known = latest ?? { size: 0, root: EMPTY_ROOT, cosignedAt: 0 };
    if (old !== known.size) {
      return { next: undefined, result: { ...OF_SIZE, body: `${known.size}\n` } };
    }
    if (!continues(known, checkpoint, proof)) {
      if (latest && checkpoint.size === known.size && checkpoint.root !== known.root) {
        const signed = noteWith(note, []);
        const [by] = note.signatures;
        if (by) this.#parts.onSplitView(by.verifier, [latest.checkpoint, signed]);
      }
      const words = 'The checkpoint is not shown to continue the one that was cosigned last.';
      return { next: undefined, result: refused(422, words) };
    }
    const { clock, cosigners } = this.#parts;
    // A clock that was set back must not make an older head the newer statement.
    const seconds = Math.max(Math.floor(clock.now() / 1_000), known.cosignedAt);
    const at: Clock = { now: () => seconds * 1_000 };
    const lines = cosigners.map((cosigner) => signatureLine(note.text, signerAt(cosigner, at)));
    const { size, root } = checkpoint;
    return {
      next: { size, root, cosignedAt: seconds, checkpoint: noteWith(note, lines) },
      result: { status: 200, body: lines.join(''), contentType: TEXT },
    };
  }
}

/** How tlog-witness names a log in the path of its newest checkpoint. */
export function originOf(name: string): Origin {
  return { name, hash: createHash('sha256').update(name).digest('hex') };
}

const TEXT = 'text/plain; charset=utf-8';
const OF_SIZE = { status: 409, contentType: 'text/x.tlog.size' } as const;

function refused(status: 400 | 403 | 404 | 422, words: string): Answer {
  return { status, body: `${words}\n`, contentType: TEXT };
}

/** `undefined` where no trusted key signed it, or one did and it does not verify. */
function signedBy({ keys }: KnownLog, note: Uint8Array): Note | undefined {
  try {
    return openNote(note, keys);
  } catch (thrown) {
    if (thrown instanceof ProvisoError && thrown.code === 'note_invalid') return undefined;
    throw thrown;
  }
}

function continues(
  known: { readonly size: number; readonly root: Hash },
  { size, root }: Checkpoint,
  proof: readonly Hash[],
): boolean {
  if (size === 0 && root !== EMPTY_ROOT) return false;
  // Every log continues the empty one.
  if (known.size === 0) return proof.length === 0;
  return verifyConsistency(known.size, size, proof, known.root, root);
}

/** The note with the log's signatures that were verified, and these. */
function noteWith({ text, signatures }: Note, lines: readonly string[]): string {
  return `${text}\n${signatures.map(({ line }) => `${line}\n`).join('')}${lines.join('')}`;
}
