/**
 * Entries of kind `person`: how each is written, and read back strictly. docs/spec/people.md
 *
 * INVARIANT (9): names, e-mail addresses, teams and identities are private values.
 */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import { assertion } from './assertion.ts';
import type { Credential } from './credential.ts';
import type { Identity, Invitation } from './person.ts';

/** As written and as read back; `private` is absent once it was erased. */
export interface PersonEntry {
  readonly kind: 'person';
  readonly public: JsonObject;
  readonly private?: JsonObject | undefined;
}

const personId = z.string().regex(/^per_[0-9a-f]{12}$/);
const changeId = z.string().regex(/^chg_[0-9a-f]{12}$/);
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));
const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);
const instant = z.int().min(0);

export const credential = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('passkey'),
    id: base64url,
    publicKey: base64url,
    counter: z.int().min(0),
    isSynced: z.boolean(),
    transports: z.array(z.string()).readonly(),
  }),
  z.strictObject({
    kind: z.literal('local-key'),
    id: base64url,
    publicKey: base64url,
  }),
]) satisfies z.ZodType<Credential>;

const invitation = z.strictObject({
  id: hex(12),
  hash: hex(64),
  expiresAt: instant,
  codeHash: hex(64).optional(),
}) satisfies z.ZodType<Invitation>;

const identity = z.strictObject({
  issuer: z.string(),
  subject: z.string(),
}) satisfies z.ZodType<Identity>;

/** Of a person by its assertion; of the operator by having the gateway's socket. */
export const signature = z.union([
  z.strictObject({ by: z.literal('operator') }),
  z.strictObject({ by: personId, assertion }),
]);
export type Signature = z.infer<typeof signature>;

/** What an entry that a change made says of that change. */
const made = {
  change: changeId,
  challenge: base64url,
  signatures: z.array(signature).min(1),
};

const publicFacts = z.discriminatedUnion('action', [
  z.strictObject({
    ...made,
    action: z.literal('proposed'),
    id: personId,
    kind: z.string(),
    expiresAt: instant,
    signatures: z.array(signature),
    codeHash: hex(64).optional(),
  }),
  z.strictObject({
    action: z.literal('withdrawn'),
    id: personId,
    change: changeId,
    by: z.string(),
  }),
  z.strictObject({
    ...made,
    action: z.literal('invited'),
    id: personId,
    roles: z.array(z.string()),
    invitation,
  }),
  z.strictObject({
    ...made,
    action: z.literal('roles'),
    id: personId,
    roles: z.array(z.string()),
  }),
  z.strictObject({ ...made, action: z.literal('removed'), id: personId }),
  z.strictObject({ ...made, action: z.literal('recovered'), id: personId, invitation }),
  z.strictObject({ ...made, action: z.literal('key_added'), id: personId, credential }),
  z.strictObject({
    ...made,
    action: z.literal('key_ended'),
    id: personId,
    credential: base64url,
  }),
  z.strictObject({
    action: z.literal('registered'),
    id: personId,
    invitation: hex(12),
    credential: credential.optional(),
  }),
]);
export type PublicFacts = z.infer<typeof publicFacts>;

const privateFacts = z.strictObject({
  name: z.string().optional(),
  email: z.string().optional(),
  teams: z.array(z.string()).optional(),
  identity: identity.optional(),
  /** The document of the change, canonical JSON. */
  document: z.string().optional(),
});
export type PrivateFacts = z.infer<typeof privateFacts>;

export function personEntry(facts: PublicFacts, hidden?: PrivateFacts): PersonEntry {
  // Members that are undefined are left out where it is written.
  return {
    kind: 'person',
    public: JSON.parse(JSON.stringify(facts)) as JsonObject,
    ...(hidden === undefined ? {} : { private: JSON.parse(JSON.stringify(hidden)) as JsonObject }),
  };
}

/** @throws ProvisoError `ledger_corrupt` for an entry that this version cannot read */
export function readPersonEntry(entry: Omit<PersonEntry, 'kind'>): {
  readonly facts: PublicFacts;
  readonly hidden: PrivateFacts | undefined;
} {
  const facts = publicFacts.safeParse(entry.public);
  if (!facts.success) throw unreadable(facts.error);
  if (entry.private === undefined) return { facts: facts.data, hidden: undefined };
  const hidden = privateFacts.safeParse(entry.private);
  if (!hidden.success) throw unreadable(hidden.error);
  return { facts: facts.data, hidden: hidden.data };
}

function unreadable(error: z.ZodError): ProvisoError {
  const at = error.issues[0]?.path.join('.') ?? '';
  return new ProvisoError(
    'ledger_corrupt',
    `An entry of kind \`person\` has a \`${at}\` that this version cannot read.`,
    { at, cause: error },
  );
}
