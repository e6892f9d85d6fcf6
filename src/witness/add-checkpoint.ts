/**
 * What a log sends to a witness, C2SP tlog-witness (https://c2sp.org/tlog-witness):
 *
 *   old <size of the checkpoint that the witness cosigned last>
 *   <hash, base64>      the consistency proof from there, at most 63 lines
 *
 *   <checkpoint>
 */
import { ProvisoError } from '#base/errors.ts';
import { type Hash, hashFromBase64, hashToBase64 } from '#ledger/tree.ts';

/** 63 hashes, and a checkpoint with 16 signatures of 2,420 bytes. */
export const ADD_CHECKPOINT_BYTES_MAX = 65_536;
const HASHES_MAX = 63;

export interface AddCheckpoint {
  readonly old: number;
  readonly proof: readonly Hash[];
  /** The signed note. */
  readonly note: Uint8Array;
}

export function encodeAddCheckpoint({ old, proof, note }: AddCheckpoint): Buffer {
  const hashes = proof.map((hash) => `${hashToBase64(hash)}\n`).join('');
  return Buffer.concat([Buffer.from(`old ${old}\n${hashes}\n`), note]);
}

/** @throws `invalid_request` */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const split = bytes.indexOf('\n\n');
  if (split < 0) throw invalid('it has no empty line');
  const [first = '', ...lines] = bytes.toString('latin1', 0, split).split('\n');
  const [, digits] = /^old (0|[1-9][0-9]{0,15})$/.exec(first) ?? [];
  const old = digits === undefined ? Number.NaN : Number(digits);
  if (!Number.isSafeInteger(old)) throw invalid('its first line is not `old <size>`');
  if (lines.length > HASHES_MAX) throw invalid(`its proof has over ${HASHES_MAX} hashes`);
  const proof = lines.map((line) => {
    const hash = hashFromBase64(line);
    if (hash === undefined) throw invalid('a line of its proof is no hash');
    return hash;
  });
  return { old, proof, note: bytes.subarray(split + 2) };
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('invalid_request', `The request is not valid: ${problem}.`);
}
