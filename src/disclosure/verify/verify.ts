/**
 * Verifies what the ledger hands out: disclosures, as files and as SD-JWTs, tlog-proofs and
 * checkpoints. Offline, with nothing but the keys that the verifier trusts. Only what every browser
 * has is used here and below, so that the page and the command are one verifier.
 * docs/spec/disclosure.md, "Verification".
 */
import { ProvisoError } from '#base/errors.ts';
import { base64, textOf } from './bytes.ts';
import {
  openEntries,
  requireComplete,
  requireMatches,
  requireRoot,
  withMatches,
} from './contents.ts';
import { parseDisclosureFile } from './file.ts';
import { type Head, openHead } from './head.ts';
import type { VerifierKey } from './key.ts';
import type { SignedCheckpoint } from './note.ts';
import { isSdJwt, openSdJwt } from './sd-jwt.ts';
import { isTlogProof, openTlogProof } from './tlog-proof.ts';
import type { Problem, Verdict, VerdictCheckpoint } from './verdict.ts';
import { parseWhere } from './where.ts';
import { disclosureSentences, headSentences, type Sentences } from './words.ts';

/** What a verifier brings. */
export interface Brought {
  /** Verifier keys of ledgers and witnesses, from whoever the verifier trusts to know them. */
  readonly keys: readonly VerifierKey[];
  /** For a tlog-proof: the entry that it is about. */
  readonly entry?: Uint8Array | undefined;
}

type Kind = Verdict['file'];

/** Never throws for what stands in the file: that is the verdict. */
export async function verifyFile(bytes: Uint8Array, brought: Brought): Promise<Verdict> {
  const text = textOf(bytes);
  const kind = text === undefined ? 'unknown' : kindOf(text);
  try {
    if (text === undefined) throw new ProvisoError('proof_invalid', 'The file is not text.');
    return await VERIFY[kind](text, brought);
  } catch (thrown) {
    return refused(kind, problemOf(thrown));
  }
}

function kindOf(text: string): Kind {
  if (text.startsWith('{')) return 'disclosure';
  if (isTlogProof(text)) return 'tlog-proof';
  if (isSdJwt(text)) return 'sd-jwt';
  return text.includes('\n\n— ') ? 'checkpoint' : 'unknown';
}

const VERIFY: Readonly<Record<Kind, (text: string, brought: Brought) => Promise<Verdict>>> = {
  disclosure: verifyDisclosure,
  'sd-jwt': verifySdJwt,
  'tlog-proof': verifyTlogProof,
  checkpoint: verifyCheckpoint,
  unknown() {
    throw new ProvisoError(
      'proof_invalid',
      'The file is no disclosure, no SD-JWT of one, no tlog-proof and no checkpoint.',
    );
  },
};

async function verifyDisclosure(text: string, { keys }: Brought): Promise<Verdict> {
  const file = parseDisclosureFile(text);
  const head = await openHead(file.checkpoint, keys, file.keys);
  await requireRoot(head, file.entries, file.proof);
  const opened = await openEntries(file.entries, file.fields);
  if (file.range) requireComplete(file.range, opened, file.fields, head.size);
  const entries = withMatches(opened, file.where.flatMap(parseWhere), file.range);
  if (!file.range) requireMatches(entries);
  const { fields, range, where } = file;
  return verdict('disclosure', head, entries, (shown) =>
    disclosureSentences({ ...shown, entries, fields, range, where }),
  );
}

async function verifySdJwt(text: string, { keys }: Brought): Promise<Verdict> {
  const token = await openSdJwt(text, keys);
  const head = await openHead(token.checkpoint, keys, [token.key.text]);
  if (token.key.text !== head.signedBy?.text) {
    throw new ProvisoError('proof_invalid', 'Another key signed the SD-JWT than its checkpoint.');
  }
  await requireRoot(head, token.entries, token.proof);
  const fields = token.names;
  const entries = withMatches(await openEntries(token.entries, fields), [], undefined);
  return verdict('sd-jwt', head, entries, (shown) =>
    disclosureSentences({ ...shown, entries, fields, range: undefined, where: [] }),
  );
}

async function verifyTlogProof(text: string, { keys, entry }: Brought): Promise<Verdict> {
  const proof = openTlogProof(text);
  const head = await openHead(proof.checkpoint, keys, []);
  if (entry === undefined) {
    throw new ProvisoError(
      'proof_invalid',
      `The proof is about entry ${proof.index} of \`${head.origin}\`; give that entry’s bytes too.`,
    );
  }
  const entryText = await proof.requireEntry(head, entry);
  const disclosed = { index: proof.index, entry: entryText, disclosures: [], erased: [] };
  const entries = withMatches(await openEntries([disclosed], []), [], undefined);
  return verdict('tlog-proof', head, entries, (shown) =>
    disclosureSentences({ ...shown, entries, fields: [], range: undefined, where: [] }),
  );
}

async function verifyCheckpoint(text: string, { keys }: Brought): Promise<Verdict> {
  return verdict('checkpoint', await openHead(text, keys, []), [], headSentences);
}

type HeadShown = Parameters<typeof headSentences>[0];

function verdict(
  file: Kind,
  head: Head,
  entries: Verdict['entries'],
  sentencesOf: (shown: HeadShown) => Sentences,
): Verdict {
  const checkpoint = checkpointOf(head);
  if (head.untrusted) return { ...refused(file, head.untrusted), checkpoint };
  const { unknownSigners, signedBy } = head as Head & { readonly signedBy: VerifierKey };
  const sentences = sentencesOf({ checkpoint, signedBy, unknownSigners });
  return { file, isShown: true, problem: undefined, checkpoint, entries, ...sentences };
}

function checkpointOf({ origin, size, root, cosignatures }: SignedCheckpoint): VerdictCheckpoint {
  return { origin, size, root: base64(root), cosignatures };
}

function refused(file: Kind, problem: Problem): Verdict {
  return {
    file,
    isShown: false,
    problem,
    checkpoint: undefined,
    entries: [],
    shown: [],
    notShown: [],
  };
}

function problemOf(thrown: unknown): Problem {
  if (thrown instanceof ProvisoError) {
    return { code: thrown.code, message: thrown.publicMessage };
  }
  // JSON nested without end, a date beyond time: a file of which nothing is shown. All else is ours.
  if (thrown instanceof RangeError) {
    return { code: 'proof_invalid', message: 'The file cannot be read.' };
  }
  throw thrown;
}
