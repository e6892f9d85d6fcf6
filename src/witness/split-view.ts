/**
 * Evidence that a log forked, in one file that proves it to anyone who trusts the log's key: two
 * heads that it signed, and what shows that the greater does not begin with the smaller.
 *
 *   {"v":1,"kind":"split-view","log":<verifier key>,"heads":[<note>,<note>],
 *    "prefixRoot":<base64>,"proof":[<base64>,…]}
 *
 * The heads stand by size. `proof` is a consistency proof (RFC 6962 §2.1.2) from the smaller size
 * to the second head, and holds for `prefixRoot`: so that is the root which the second log has at
 * the first one's size. It is not the first head's. docs/spec/witness.md has a vector.
 */
import { z } from 'zod';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { parseJson } from '#base/json.ts';
import type { NoteVerifier } from '#base/note.ts';
import { type Checkpoint, openCheckpoint } from '#ledger/checkpoint.ts';
import { parseLogKey } from '#ledger/cosignature.ts';
import { verifyConsistency } from '#ledger/proof.ts';
import { proveConsistencyFrom, type ReadTile, rootAt } from '#ledger/prove.ts';
import { type Hash, hashFromBase64, hashToBase64 } from '#ledger/tree.ts';

export interface SplitView {
  readonly log: NoteVerifier;
  /** Signed notes, the one of the smaller log first. */
  readonly heads: readonly [first: string, second: string];
  /** The root that the second log has at the size of the first. */
  readonly prefixRoot: Hash;
  readonly proof: readonly Hash[];
}

const FILE = z.strictObject({
  v: z.literal(1),
  kind: z.literal('split-view'),
  log: z.string(),
  heads: z.tuple([z.string(), z.string()]),
  prefixRoot: z.string(),
  proof: z.array(z.string()).max(63),
});

/**
 * Compares two heads that a log signed.
 * @param tiles of the greater one
 * @returns `undefined` where the greater begins with the smaller
 * @throws `proof_invalid` where the tiles are not those of the greater head
 */
export async function findSplitView(
  log: NoteVerifier,
  notes: readonly [string, string],
  tiles: ReadTile,
): Promise<SplitView | undefined> {
  const [a, b] = notes.map((note) => ({ note, head: openCheckpoint(Buffer.from(note), log) }));
  if (!a || !b) return undefined;
  const [first, second] = a.head.size <= b.head.size ? [a, b] : [b, a];
  const isOneSize = first.head.size === second.head.size;
  const prefixRoot = isOneSize ? second.head.root : await rootAt(tiles, first.head.size);
  const proof = await proveConsistencyFrom(tiles, first.head.size, second.head.size);
  const view: SplitView = { log, heads: [first.note, second.note], prefixRoot, proof };
  if (!fits(view, first.head, second.head)) {
    throw invalid('the tiles are not those of the head that was signed');
  }
  return prefixRoot === first.head.root ? undefined : view;
}

export function encodeSplitView({ log, heads, prefixRoot, proof }: SplitView): string {
  const document = {
    v: 1,
    kind: 'split-view',
    log: log.text,
    heads: [heads[0], heads[1]],
    prefixRoot: hashToBase64(prefixRoot),
    proof: proof.map(hashToBase64),
  } satisfies z.input<typeof FILE>;
  return `${JSON.stringify(document, null, 2)}\n`;
}

export interface ShownSplitView {
  /** Not the reader's own, unless it was given: who trusts it is shown that its log forked. */
  readonly log: NoteVerifier;
  readonly heads: readonly [Checkpoint, Checkpoint];
}

/**
 * @param trusted the log's verifier key from somewhere else; without it the file's own is believed
 * @throws `proof_invalid` where the file does not show that the log forked
 */
export function verifySplitView(bytes: Uint8Array, trusted: string | undefined): ShownSplitView {
  const file = parse(bytes);
  if (trusted !== undefined && trusted !== file.log) throw invalid('it is about another key');
  const log = parseLogKey(file.log);
  const heads: [Checkpoint, Checkpoint] = [open(file.heads[0], log), open(file.heads[1], log)];
  const view = {
    log,
    heads: file.heads,
    prefixRoot: hashOf(file.prefixRoot),
    proof: file.proof.map(hashOf),
  };
  if (heads[0].size > heads[1].size) throw invalid('its heads do not stand by size');
  if (!fits(view, ...heads)) throw invalid('its proof does not fit the second head');
  if (view.prefixRoot === heads[0].root) throw invalid('its heads do not contradict each other');
  return { log, heads };
}

function fits({ prefixRoot, proof }: SplitView, first: Checkpoint, second: Checkpoint): boolean {
  return verifyConsistency(first.size, second.size, proof, prefixRoot, second.root);
}

function open(note: string, log: NoteVerifier): Checkpoint {
  try {
    return openCheckpoint(Buffer.from(note), log);
  } catch (thrown) {
    throw invalid(`a head of it is none: ${asProvisoError(thrown).publicMessage}`);
  }
}

function parse(bytes: Uint8Array): z.output<typeof FILE> {
  try {
    return FILE.parse(parseJson(bytes));
  } catch (cause) {
    const message = 'The file is no evidence of a split view.';
    throw new ProvisoError('proof_invalid', message, { cause });
  }
}

function hashOf(text: string): Hash {
  const hash = hashFromBase64(text);
  if (hash === undefined) throw invalid('a hash of it is none');
  return hash;
}

function invalid(problem: string): ProvisoError {
  return new ProvisoError('proof_invalid', `The split view is not shown: ${problem}.`);
}
