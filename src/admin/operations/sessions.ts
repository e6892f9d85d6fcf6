/** Signing in, and using an invitation. docs/spec/people.md, Sessions */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { register, verifySigner } from '#gateway/people.ts';
import { passkeyAssertion } from '#people/assertion.ts';
import { openInvitation } from '#people/invitation.ts';
import { isActive, type Person } from '#people/person.ts';
import { passkeyRegistration, verifyRegistration } from '#people/registration.ts';
import type { Session } from '#people/sessions.ts';
import { type Context, operation, shapes, type Visit } from '../operation.ts';
import { creationOptions, requestOptions, toMake, toSign } from '../passkey-options.ts';
import type { Web } from '../web.ts';

const invited = z.strictObject({
  invitation: z.string().max(200).describe('`pri_…`, from behind the `#` of the link.'),
  code: z
    .string()
    .max(40)
    .optional()
    .describe('Where two administrators gave the invitation: what the first was shown.'),
});

/** Who is signed in, and for how long. */
const session = z.strictObject({
  person: z.string().describe('The id of the person: `per_…`.'),
  name: z.string(),
  teams: z.array(z.string()),
  roles: z.array(z.string()),
  via: z.enum(['passkey', 'oidc']),
  endsAt: shapes.instant.describe('At the latest; 15 minutes without a request end it too.'),
  hasPasskey: z.boolean().describe('Without a passkey a person signs nothing.'),
});

const challengeId = z.string().describe('Give it back with the answer.');

export const beginSignIn = operation({
  method: 'POST',
  path: '/v1/session/challenge',
  summary:
    'What a passkey is to sign to sign in; any passkey that the browser knows for this site.',
  access: 'everybody',
  input: shapes.nothing,
  result: z.strictObject({ id: challengeId, options: requestOptions }),
  async run(context) {
    const { signIns, origin, relyingParty } = required(context).web;
    const { id, challenge, expiresAt } = signIns.issue(undefined, { site: origin });
    const timeout = expiresAt - context.state.clock.now();
    return { id, options: toSign(challenge, timeout, relyingParty) };
  },
});

export const signIn = operation({
  method: 'POST',
  path: '/v1/session',
  summary: 'Signs in with a passkey: begins a session, whose cookie the answer sets.',
  access: 'everybody',
  input: z.strictObject({ id: challengeId, assertion: passkeyAssertion }),
  result: session,
  async run(context, { id, assertion }) {
    const { web, visit } = required(context);
    const { challenge: asked } = web.signIns.take(id);
    const { people } = context.state;
    const person = await verifySigner(people, asked, assertion, web.relyingParty);
    return begin(context, visit, person, 'passkey', assertion.credential);
  },
});

export const getSession = operation({
  method: 'GET',
  path: '/v1/session',
  summary: 'Who is signed in.',
  access: 'person',
  input: shapes.nothing,
  result: session,
  async run(context) {
    const { visit } = required(context);
    const { actor } = context;
    const current = visit.current();
    if (actor.kind !== 'person' || !current) throw notHere();
    return rowOf(actor.person, current);
  },
});

export const signOut = operation({
  method: 'DELETE',
  path: '/v1/session',
  summary: 'Signs out: the session ends, and its cookie goes.',
  access: 'everybody',
  input: shapes.nothing,
  result: z.void(),
  async run(context) {
    required(context).visit.signOut();
  },
});

export const beginOidc = operation({
  method: 'POST',
  path: '/v1/session/oidc',
  summary: 'Begins a sign-in at the OpenID provider, or a registration with an invitation.',
  access: 'everybody',
  input: z.strictObject({ invited: invited.optional() }),
  result: z.strictObject({
    location: z.string().describe('Where the browser goes next.'),
    flow: z.string().describe('For the page `/console/signed-on` to keep until then.'),
  }),
  async run(context, { invited: given }) {
    const { oidc } = required(context).web;
    if (!oidc) throw new ProvisoError('not_found', 'No OpenID provider is configured.');
    const { people, clock } = context.state;
    if (given) openInvitation(people, given.invitation, given.code, clock.now());
    return oidc.begin(given);
  },
});

export const finishOidc = operation({
  method: 'POST',
  path: '/v1/session/oidc/:flow',
  summary: 'Signs in with what the OpenID provider gave the browser.',
  access: 'everybody',
  input: z.strictObject({
    flow: z.string(),
    query: z.string().max(8_000).describe('What the provider gave, from `?` on.'),
  }),
  result: session,
  async run(context, { flow, query }) {
    const { web, visit } = required(context);
    if (!web.oidc) throw new ProvisoError('not_found', 'No OpenID provider is configured.');
    const { identity, invited: given } = await web.oidc.finish(flow, query);
    const person = given
      ? await register(context.state, given, { identity })
      : context.state.people.findByIdentity(identity.issuer, identity.subject);
    if (!isActive(person)) {
      throw new ProvisoError(
        'person_unknown',
        'Nobody here is known by that sign-in: open your invitation first, and sign in from there.',
      );
    }
    return begin(context, visit, person, 'oidc');
  },
});

export const getSignInWays = operation({
  method: 'GET',
  path: '/v1/session/ways',
  summary: 'How one can sign in here, for the sign-in page.',
  access: 'everybody',
  input: shapes.nothing,
  result: z.strictObject({
    passkeys: z.strictObject({ rpId: z.string() }),
    oidc: z.strictObject({ name: z.string() }).optional(),
    hasAdministrator: z.boolean().describe('Before the first, only the one-time link lets in.'),
  }),
  async run(context) {
    const { web } = required(context);
    return {
      passkeys: { rpId: web.relyingParty.id },
      ...(web.oidc ? { oidc: { name: web.oidc.name } } : {}),
      hasAdministrator: context.state.people.hasHadAdministrator,
    };
  },
});

export const beginRegistration = operation({
  method: 'POST',
  path: '/v1/registration/challenge',
  summary: 'Opens an invitation: who is invited, and what the new passkey is to be made for.',
  access: 'everybody',
  input: invited,
  result: z.strictObject({
    id: challengeId,
    person: z.string(),
    name: z.string(),
    teams: z.array(z.string()),
    roles: z.array(z.string()),
    options: creationOptions,
  }),
  async run(context, { invitation, code }) {
    const { origin, registrations, relyingParty } = required(context).web;
    const { people, clock } = context.state;
    const person = openInvitation(people, invitation, code, clock.now());
    const { id, challenge, expiresAt } = registrations.issue(person.id, {
      site: origin,
      person: person.id,
    });
    return {
      id,
      person: person.id,
      name: person.name,
      teams: [...person.teams],
      roles: [...person.roles],
      options: toMake(challenge, expiresAt - clock.now(), relyingParty, person),
    };
  },
});

export const finishRegistration = operation({
  method: 'POST',
  path: '/v1/registration',
  summary: 'Uses an invitation, once: registers the passkey, and signs its holder in.',
  access: 'everybody',
  input: invited.extend({ id: challengeId, passkey: passkeyRegistration }),
  result: session,
  async run(context, { id, passkey, invitation, code }) {
    const { web, visit } = required(context);
    const { people, clock } = context.state;
    const { about, challenge: asked } = web.registrations.take(id);
    const { id: person } = openInvitation(people, invitation, code, clock.now());
    if (person !== about) {
      throw new ProvisoError('challenge_invalid', 'The passkey was asked for someone else.');
    }
    const credential = await verifyRegistration(asked, passkey, web.relyingParty);
    const registered = await register(context.state, { invitation, code }, { credential });
    return begin(context, visit, registered, 'passkey', credential.id);
  },
});

/** @throws ProvisoError `not_found` where no browser asks, as over the gateway's own socket */
function required({ web, visit }: Context): { readonly web: Web; readonly visit: Visit } {
  if (!web || !visit) throw notHere();
  return { web, visit };
}

function notHere(): ProvisoError {
  return new ProvisoError('not_found', 'Only a browser signs in, at the gateway’s own address.');
}

async function begin(
  { state }: Context,
  visit: Visit,
  person: Person,
  via: Session['via'],
  credential?: string,
): Promise<z.infer<typeof session>> {
  await state.ledger.append({
    kind: 'sign_in',
    public: { ...(credential === undefined ? {} : { credential }), person: person.id, via },
  });
  return rowOf(person, visit.signIn(person.id, via));
}

function rowOf(
  { id, name, teams, roles, credentials }: Person,
  { via, endsAt }: Session,
): z.infer<typeof session> {
  return {
    person: id,
    name,
    teams: [...teams],
    roles: [...roles],
    via,
    endsAt: new Date(endsAt).toISOString(),
    hasPasskey: credentials.some(({ kind }) => kind === 'passkey'),
  };
}
