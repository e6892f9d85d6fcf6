/**
 * Changes of people, as documents that those who want them sign. docs/spec/people.md
 */
import { hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject, parseJsonText } from '#base/json.ts';
import { credential } from './entries.ts';

const name = z.string().trim().min(1).max(200);
const personId = z
  .string()
  .regex(/^per_[0-9a-f]{12}$/, { error: 'must be a person’s id, `per_…`' });
const word = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, {
  error: 'must be 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter or digit',
});
const words = z
  .array(word)
  .max(64)
  .transform((all) => [...new Set(all)].sort());

/** What is to change; the members are those of the document. */
export const personChange = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('invite'),
    person: personId,
    name,
    email: z.email().max(200).optional(),
    teams: words,
    roles: words,
  }),
  z.strictObject({ kind: z.literal('roles'), person: personId, teams: words, roles: words }),
  z.strictObject({ kind: z.literal('remove'), person: personId }),
  z.strictObject({ kind: z.literal('recover'), person: personId }),
  z.strictObject({ kind: z.literal('add-key'), person: personId, credential }),
  z.strictObject({ kind: z.literal('end-key'), person: personId, credential: z.string() }),
]);
export type PersonChange = z.infer<typeof personChange>;

/** From a change's first signature to its last, at most. */
export const CHANGE_MS = 7 * 24 * 60 * 60 * 1000;
const WHAT = 'proviso person change v1';

const documentShape = z.strictObject({
  what: z.literal(WHAT),
  change: z.string().regex(/^chg_[0-9a-f]{12}$/),
  ledger: z.string(),
  nonce: z.string(),
  expiresAt: z.int(),
});

export interface ChangeDocument {
  /** `chg_` and 12 hex digits. */
  readonly id: string;
  /** Canonical JSON: the bytes whose SHA-256 is signed. */
  readonly text: string;
  readonly change: PersonChange;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** @param ledger the origin of the ledger in which the change is to stand */
export function documentOf(change: PersonChange, ledger: string, nowMs: number): ChangeDocument {
  const id = `chg_${randomBytes(6).toString('hex')}`;
  const expiresAt = nowMs + CHANGE_MS;
  const nonce = randomBytes(16).toString('base64url');
  const written = JSON.parse(JSON.stringify(change)) as JsonObject;
  const text = canonicalJson({ ...written, what: WHAT, change: id, ledger, nonce, expiresAt });
  return { id, text, change, expiresAt };
}

/**
 * @param ledger the origin of the ledger in which the change is to stand
 * @throws ProvisoError `invalid_request` unless the text is the document of a change for it
 */
export function parseDocument(text: string, ledger: string): ChangeDocument {
  const document = readDocument(text);
  if (document.ledger === ledger) return document;
  throw new ProvisoError('invalid_request', 'The document is about people of another gateway.');
}

/** @throws ProvisoError `invalid_request` unless the text is the document of a change */
export function readDocument(text: string): ChangeDocument & { readonly ledger: string } {
  try {
    const { what, change, ledger, nonce, expiresAt, ...rest } = parseJsonText(text) as JsonObject;
    const head = documentShape.parse({ what, change, ledger, nonce, expiresAt });
    if (canonicalJson(parseJsonText(text)) !== text) throw new Error('not canonical');
    return {
      id: head.change,
      text,
      change: personChange.parse(rest),
      expiresAt: head.expiresAt,
      ledger: head.ledger,
    };
  } catch (cause) {
    throw new ProvisoError('invalid_request', 'This is not the document of a change of people.', {
      cause,
    });
  }
}

/** The 32 bytes that are signed. */
export function challengeOf({ text }: ChangeDocument): Buffer {
  return hash('sha256', text, 'buffer');
}
