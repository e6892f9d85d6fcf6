/**
 * A party's signature on a pack: a C2SP signed note whose text says what was signed and what that
 * means. docs/spec/terms.md, "Signatures".
 *
 *   proviso-terms-signature/v1
 *   party <id>
 *   terms <id> <version>
 *   sha256 <hash of the pack>
 *   at <instant>
 *   meaning agrees that these terms come into force
 *   releases <hash of the version in force> <id>,<id>      only where something is released
 */

import { ProvisoError } from '#base/errors.ts';
import {
  decodeNoteUnverified,
  type NoteSigner,
  type NoteVerifier,
  openNote,
  signNote,
} from '#base/note.ts';

export interface Statement {
  readonly party: string;
  readonly terms: { readonly id: string; readonly version: string; readonly hash: string };
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Red lines and assurances, by id, that the party lets the new terms change. */
  readonly releases?: { readonly from: string; readonly rules: readonly string[] } | undefined;
}

export function signStatement(statement: Statement, signer: NoteSigner): string {
  return signNote(statementText(statement), signer);
}

/** A signature as it was found; who made it is checked by `isSignedBy`. */
export interface Signature {
  readonly note: string;
  /** What was signed, to the byte. */
  readonly text: string;
  readonly statement: Statement;
  readonly keys: readonly { readonly name: string; readonly keyId: number }[];
}

/** @throws ProvisoError `note_invalid` */
export function decodeSignatureUnverified(note: string): Signature {
  const { text, signatures } = decodeNoteUnverified(Buffer.from(note));
  return { note, text, statement: parseStatement(text), keys: signatures };
}

/**
 * Whether one of these keys made it. Signatures by other keys on the same note are passed over.
 * @throws ProvisoError `note_invalid` where a signature by one of these keys does not verify
 */
export function isSignedBy({ note, keys }: Signature, verifiers: readonly NoteVerifier[]): boolean {
  const isKnown = keys.some(({ name, keyId }) =>
    verifiers.some((verifier) => verifier.name === name && verifier.keyId === keyId),
  );
  return isKnown && openNote(Buffer.from(note), verifiers).signedBy.length > 0;
}

function statementText({ party, terms, at, releases }: Statement): string {
  const lines = [
    FORMAT,
    `party ${party}`,
    `terms ${terms.id} ${terms.version}`,
    `sha256 ${terms.hash}`,
    `at ${new Date(at).toISOString()}`,
    `meaning ${MEANING}`,
    ...(releases ? [`releases ${releases.from} ${[...releases.rules].sort().join(',')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const FORMAT = 'proviso-terms-signature/v1';
const MEANING = 'agrees that these terms come into force';

const ID = '[a-z0-9][a-z0-9._-]*';
const HASH = '[0-9a-f]{64}';
const TEXT = new RegExp(
  `^${FORMAT}\nparty (${ID})\nterms (${ID}) (\\d+\\.\\d+\\.\\d+)\nsha256 (${HASH})\nat (\\S+)\n` +
    `meaning ${MEANING}\n(?:releases (${HASH}) (${ID}(?:,${ID})*)\n)?$`,
);

function parseStatement(text: string): Statement {
  const [, party = '', id = '', version = '', hash = '', at = '', from, rules] =
    TEXT.exec(text) ?? [];
  const statement: Statement = {
    party,
    terms: { id, version, hash },
    at: Date.parse(at),
    ...(from !== undefined && rules !== undefined
      ? { releases: { from, rules: rules.split(',') } }
      : {}),
  };
  // In its one form: what is read is what was signed, to the byte.
  if (Number.isNaN(statement.at) || statementText(statement) !== text) {
    throw new ProvisoError('note_invalid', 'The note is not a signature on terms.');
  }
  return statement;
}
