/**
 * One address at which witnesses are asked to cosign, as a log sees it: where it stands, and what
 * its answers mean (https://c2sp.org/tlog-witness). An address may answer with several keys.
 */
import { asProvisoError } from '#base/errors.ts';
import { type NoteSignature, type NoteVerifier, openNote } from '#base/note.ts';
import type { Checkpoint } from '#ledger/checkpoint.ts';
import { cosignedAt } from '#ledger/cosignature.ts';
import type { PolicyWitness } from '#ledger/policy.ts';
import type { Hash } from '#ledger/tree.ts';
import { encodeAddCheckpoint } from './add-checkpoint.ts';
import { below, type Http, type HttpAnswer } from './http.ts';

/** A first try, the size that the witness names, and once more should it have moved meanwhile. */
const TRIES_MAX = 3;
const ANSWER_BYTES_MAX = 65_536;
/** How far a cosignature’s time may be from our clock: past it, it is taken for an old one. */
const SKEW_S_MAX = 300;

/** A head that is published by this log, and what proves that it goes on from an older one. */
export interface AskedHead {
  readonly note: string;
  readonly checkpoint: Checkpoint;
  readonly proofFrom: (old: number) => Promise<readonly Hash[]>;
}

export type SiteAnswer =
  | { readonly cosignatures: readonly NoteSignature[] }
  | {
      /** In words, for the operator. */
      readonly problem: string;
      /** What it says cannot be, if this log is as it was: its own checkpoint should tell. */
      readonly isContradiction: boolean;
    };

export class WitnessSite {
  readonly url: string;
  readonly witnesses: readonly PolicyWitness[];
  readonly #http: Http;
  readonly #verifiers: readonly NoteVerifier[];
  /** Size of the head that it cosigned last, as far as known. */
  #size: number;
  readonly #cosignedAt = new Map<NoteVerifier, number>();

  /** @param size 0 where it is not known: the first answer then says it */
  constructor(url: string, witnesses: readonly PolicyWitness[], size: number, http: Http) {
    this.url = url;
    this.witnesses = witnesses;
    this.#verifiers = witnesses.map(({ verifier }) => verifier);
    this.#size = size;
    this.#http = http;
  }

  /** @param now seconds since 1970 */
  async ask(head: AskedHead, now: number, signal: AbortSignal): Promise<SiteAnswer> {
    const { size } = head.checkpoint;
    const note = Buffer.from(head.note);
    try {
      for (let tries = 0; tries < TRIES_MAX; tries++) {
        const old = this.#size;
        if (old > size) return contradiction(`has cosigned ${old} entries, and there are ${size}`);
        const proof = old === 0 || old === size ? [] : await head.proofFrom(old);
        const answer = await this.#http.ask({
          url: below(this.url, 'add-checkpoint'),
          body: encodeAddCheckpoint({ old, proof, note }),
          answerBytesMax: ANSWER_BYTES_MAX,
          signal,
        });
        if (answer.status !== 409) return this.#read(answer, head, now);
        const theirs = /^(0|[1-9][0-9]{0,15})\n?$/.exec(answer.body.toString('latin1'))?.[1];
        if (theirs === undefined || Number(theirs) === old) return problem('its 409 says no size');
        this.#size = Number(theirs);
      }
      return problem(`it moved on ${TRIES_MAX} times while it was asked`);
    } catch (thrown) {
      return problem(asProvisoError(thrown).publicMessage.replace(/\.$/, ''));
    }
  }

  /** The newest checkpoint that it says it cosigned of a log: a signed note, from anyone. */
  async checkpointOf(originHash: string, signal: AbortSignal): Promise<Buffer | undefined> {
    const url = below(this.url, `${originHash}/checkpoint`);
    const answer = await this.#http
      .ask({ url, answerBytesMax: ANSWER_BYTES_MAX, signal })
      .catch(() => undefined);
    return answer?.status === 200 ? answer.body : undefined;
  }

  #read({ status, body }: HttpAnswer, head: AskedHead, now: number): SiteAnswer {
    switch (status) {
      case 200:
        return this.#cosignatures(body, head, now);
      case 404:
        return problem(
          `it does not know the log \`${head.checkpoint.origin}\`: have it added there`,
        );
      case 403:
        return problem('it trusts none of the keys that signed the checkpoint');
      case 422:
        return contradiction('is not shown that this log continues the one that it cosigned');
      default:
        return problem(`it answers ${status}`);
    }
  }

  #cosignatures(body: Buffer, head: AskedHead, now: number): SiteAnswer {
    const text = head.note.slice(0, head.note.lastIndexOf('\n\n') + 2);
    const { signatures } = openNote(Buffer.concat([Buffer.from(text), body]), this.#verifiers);
    for (const { verifier, signature } of signatures) {
      const at = cosignedAt(signature);
      const isOld = at < (this.#cosignedAt.get(verifier) ?? 0) || at < now - SKEW_S_MAX;
      if (isOld) return problem(`the cosignature by \`${verifier.name}\` is an old one, of ${at}`);
      if (at > now + SKEW_S_MAX) {
        return problem(`the cosignature by \`${verifier.name}\` is of the future, of ${at}`);
      }
      this.#cosignedAt.set(verifier, at);
    }
    this.#size = head.checkpoint.size;
    return { cosignatures: signatures };
  }
}

function problem(words: string): SiteAnswer {
  return { problem: words, isContradiction: false };
}

function contradiction(words: string): SiteAnswer {
  return { problem: `it ${words}`, isContradiction: true };
}
