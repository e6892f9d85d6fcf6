/** People, and changes of them as documents to be signed. docs/spec/people.md */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import {
  type ChangeResult,
  draftChange as draft,
  signChange as sign,
  withdrawChange as withdraw,
} from '#gateway/people.ts';
import { assertion } from '#people/assertion.ts';
import type { PersonChange } from '#people/change.ts';
import { type ChangeDocument, challengeOf, personChange } from '#people/change.ts';
import type { RelyingParty } from '#people/credential.ts';
import { localKeyOf } from '#people/local-key.ts';
import { newPersonId, type Person } from '#people/person.ts';
import { passkeyRegistration, verifyRegistration } from '#people/registration.ts';
import { maySign, OPERATOR, signaturesNeeded } from '#people/rules.ts';
import { type Actor, nameOf } from '../actor.ts';
import { type Context, operation, shapes } from '../operation.ts';
import { creationOptions, requestOptions, toMake, toSign } from '../passkey-options.ts';

const credentialRow = z.strictObject({
  kind: z.enum(['passkey', 'local-key']),
  id: z.string(),
  isSynced: z.boolean().optional().describe('Of a passkey: whether it may leave its device.'),
  publicKey: z.string().describe('base64url; COSE for a passkey, 32 bytes for a local key.'),
});

const personRow = z.strictObject({
  id: z.string(),
  name: z.string().describe('Empty once it was erased.'),
  email: z.string().optional(),
  teams: z.array(z.string()),
  roles: z.array(z.string()),
  state: z.enum(['invited', 'active', 'removed', 'erased']),
  credentials: z.array(credentialRow),
  hasIdentity: z.boolean().describe('Whether the person signs in at the OpenID provider.'),
  invitedUntil: shapes.instant.optional().describe('While an invitation is open.'),
});
export type PersonRow = z.infer<typeof personRow>;

export const listPeople = operation({
  method: 'GET',
  path: '/v1/people',
  summary: 'Everyone who is or was registered, with roles and keys.',
  access: ['administrator', 'overseer', 'auditor'],
  input: shapes.nothing,
  result: z.array(personRow),
  run: async ({ state }) => state.people.list().map(rowOf),
});

const changeRow = z.strictObject({
  change: z.string().describe('`chg_…`'),
  document: z.string().describe('Canonical JSON: what is signed is its SHA-256.'),
  kind: z.enum(['invite', 'roles', 'remove', 'recover', 'add-key', 'end-key']),
  person: z.string().describe('The id of the person whom it is about.'),
  name: z.string().describe('The person’s name.'),
  expiresAt: shapes.instant,
  signedBy: z.array(z.string()).describe('People’s ids, or `operator`.'),
  signaturesNeeded: z.int(),
  maySign: z.boolean().describe('Whether a signature by whoever asks would count.'),
  options: requestOptions.optional().describe('For a person who may sign it with a passkey.'),
});
export type ChangeRow = z.infer<typeof changeRow>;

export const listChanges = operation({
  method: 'GET',
  path: '/v1/people/changes',
  summary: 'Changes of people that need another signature.',
  access: 'person',
  input: shapes.nothing,
  result: z.array(changeRow),
  run: async (context) =>
    context.state.people.changes(context.state.clock.now()).map((open) =>
      changeRowOf(
        context,
        open,
        open.signatures.map(({ by }) => by),
      ),
    ),
});

const names = z.array(shapes.name).max(64);
const wanted = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('invite'),
    name: z.string().trim().min(1).max(200),
    email: z.email().max(200).optional(),
    teams: names,
    roles: names.describe('`administrator`, `overseer`, `auditor`, or one that the terms name.'),
  }),
  z.strictObject({ kind: z.literal('roles'), person: z.string(), teams: names, roles: names }),
  z.strictObject({ kind: z.literal('remove'), person: z.string() }),
  z.strictObject({ kind: z.literal('recover'), person: z.string() }),
  z.strictObject({
    kind: z.literal('add-passkey'),
    id: z.string().describe('Of the challenge for which it was made.'),
    passkey: passkeyRegistration,
  }),
  z.strictObject({
    kind: z.literal('add-local-key'),
    person: z.string(),
    publicKey: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, { error: 'must be 32 bytes in base64url' })
      .describe('Ed25519.'),
  }),
  z.strictObject({ kind: z.literal('end-key'), person: z.string(), credential: z.string() }),
]);

export const draftChange = operation({
  method: 'POST',
  path: '/v1/people/changes/draft',
  summary:
    'Writes a change as a document to be signed. Nothing is kept of it: give it back with the signature.',
  access: 'person',
  input: wanted,
  result: changeRow,
  async run(context, asked) {
    const change = await changeOf(context, asked);
    const document = draft(context.state, change);
    return changeRowOf(context, document, []);
  },
});

const changeResult = z.strictObject({
  change: z.string(),
  person: z.string(),
  isMade: z.boolean().describe('False while it waits for another signature.'),
  signatures: z.int(),
  signaturesNeeded: z.int(),
  invitation: z.string().optional().describe('A link for the invited, shown this once.'),
  code: z
    .string()
    .optional()
    .describe('What the invited will need beside the link, shown this once to whoever began.'),
});

export const signChange = operation({
  method: 'POST',
  path: '/v1/people/changes/sign',
  summary:
    'Adds a signature to a change; the last that is needed makes it. The operator signs nothing and is taken at its word, as far as docs/spec/people.md lets it.',
  access: 'person',
  input: z.strictObject({
    document: z.string().max(100_000),
    assertion: assertion.optional().describe('Over the SHA-256 of the document.'),
  }),
  result: changeResult,
  async run(context, { document, assertion: given }) {
    const { actor, state } = context;
    if (given) {
      const relyingParty = relyingPartyOf(context);
      const person = state.people.findByCredential(given.credential);
      if (actor.kind === 'person' && person?.id !== actor.person.id) {
        throw new ProvisoError('assertion_invalid', 'The key that signed is another person’s.');
      }
      return resultOf(context, await sign(state, document, { assertion: given, relyingParty }));
    }
    if (actor.kind === 'operator') {
      return resultOf(context, await sign(state, document, { by: OPERATOR }));
    }
    throw new ProvisoError('assertion_invalid', 'A person makes a change by signing it.');
  },
});

export const withdrawChange = operation({
  method: 'DELETE',
  path: '/v1/people/changes/:change',
  summary: 'Withdraws a change that needs another signature.',
  access: ['administrator'],
  input: z.strictObject({ change: z.string() }),
  result: z.void(),
  run({ state, actor }, { change }) {
    requirePerson(actor);
    return withdraw(state, change, nameOf(actor));
  },
});

export const beginPasskey = operation({
  method: 'POST',
  path: '/v1/people/passkey/challenge',
  summary: 'What a further passkey of one’s own is to be made for; then draft `add-passkey`.',
  access: 'person',
  input: shapes.nothing,
  result: z.strictObject({ id: z.string(), options: creationOptions }),
  async run({ state, actor, web }) {
    if (actor.kind !== 'person' || !web) {
      throw new ProvisoError('not_found', 'Only a person in a browser has a passkey to add.');
    }
    const { person } = actor;
    const facts = { site: web.origin, person: person.id };
    const { id, challenge, expiresAt } = web.registrations.issue(person.id, facts);
    const timeout = expiresAt - state.clock.now();
    return { id, options: toMake(challenge, timeout, web.relyingParty, person) };
  },
});

/**
 * Where passkeys are checked. Without a server there are none to check, and no origin fits.
 */
export function relyingPartyOf({ web }: Context): RelyingParty {
  return web?.relyingParty ?? { id: '', origins: [] };
}

function requirePerson(actor: Actor): void {
  if (actor.kind !== 'token') return;
  throw new ProvisoError('role_required', 'With a token nobody changes people.');
}

async function changeOf(
  { actor, web }: Context,
  asked: z.output<typeof wanted>,
): Promise<PersonChange> {
  switch (asked.kind) {
    case 'invite':
      return personChange.parse({ ...asked, person: newPersonId() });
    case 'add-local-key': {
      const { person, publicKey } = asked;
      return { kind: 'add-key', person, credential: localKeyOf(publicKey) };
    }
    case 'add-passkey': {
      if (actor.kind !== 'person' || !web) {
        throw new ProvisoError('role_required', 'A passkey is added by the person whose it is.');
      }
      const { about: person, challenge } = web.registrations.take(asked.id);
      if (person !== actor.person.id) {
        throw new ProvisoError('challenge_invalid', 'The passkey was asked for someone else.');
      }
      const made = await verifyRegistration(challenge, asked.passkey, web.relyingParty);
      return { kind: 'add-key', person, credential: made };
    }
    case 'roles':
      return personChange.parse(asked);
    case 'remove':
    case 'recover':
    case 'end-key':
      return asked;
  }
}

function changeRowOf(
  context: Context,
  document: ChangeDocument,
  signedBy: readonly string[],
): ChangeRow {
  const { state, actor } = context;
  const { change, id, text, expiresAt } = document;
  const by = nameOf(actor);
  const may = maySign(change, state.people, by, signedBy) && !signedBy.includes(by);
  const name = change.kind === 'invite' ? change.name : state.people.find(change.person)?.name;
  return {
    change: id,
    document: text,
    kind: change.kind,
    person: change.person,
    name: name ?? '',
    expiresAt: new Date(expiresAt).toISOString(),
    signedBy: [...signedBy],
    signaturesNeeded: signaturesNeeded(change, state.people, [...signedBy, ...(may ? [by] : [])]),
    maySign: may,
    ...(may && actor.kind === 'person'
      ? {
          options: toSign(
            challengeOf(document),
            SIGNING_MS,
            relyingPartyOf(context),
            actor.person.credentials,
          ),
        }
      : {}),
  };
}

/** How long a browser waits for the person. */
const SIGNING_MS = 5 * 60 * 1000;

function resultOf({ web }: Context, result: ChangeResult): z.infer<typeof changeResult> {
  const { invitation, code, ...rest } = result;
  return {
    ...rest,
    ...(invitation === undefined
      ? {}
      : { invitation: `${web?.origin ?? ''}/console/invitation#${invitation}` }),
    ...(code === undefined ? {} : { code }),
  };
}

function rowOf(person: Person): PersonRow {
  const { id, name, email, teams, roles, state, credentials, identities, invitation } = person;
  return {
    id,
    name,
    ...(email === undefined ? {} : { email }),
    teams: [...teams],
    roles: [...roles],
    state,
    credentials: credentials.map((credential) => ({
      kind: credential.kind,
      id: credential.id,
      ...(credential.kind === 'passkey' ? { isSynced: credential.isSynced } : {}),
      publicKey: credential.publicKey,
    })),
    hasIdentity: identities.length > 0,
    ...(invitation === undefined
      ? {}
      : { invitedUntil: new Date(invitation.expiresAt).toISOString() }),
  };
}
