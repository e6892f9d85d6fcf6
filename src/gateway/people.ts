/**
 * Changes of people and tokens. INVARIANT (13): every change is an entry first, and in force when
 * that entry is on disk. docs/spec/people.md
 */
import { ProvisoError } from '#base/errors.ts';
import { type Assertion, verifyAssertion } from '#people/assertion.ts';
import {
  CHANGE_MS,
  type ChangeDocument,
  challengeOf,
  documentOf,
  type PersonChange,
  parseDocument,
} from '#people/change.ts';
import type { Passkey, RelyingParty } from '#people/credential.ts';
import {
  type PrivateFacts,
  type PublicFacts,
  personEntry,
  type Signature,
} from '#people/entries.ts';
import { createCode, createInvitation, openInvitation } from '#people/invitation.ts';
import { type Identity, isActive, type Person, vaultKeyOf } from '#people/person.ts';
import type { OpenChange } from '#people/register.ts';
import { maySign, OPERATOR, obstacle, signaturesNeeded } from '#people/rules.ts';
import { createToken, type Token, tokenCreated, tokenRevoked } from '#people/tokens.ts';
import type { State } from './state.ts';

export type PeopleState = Pick<State, 'ledger' | 'people' | 'tokens' | 'turns' | 'clock'>;

/** Who wants a change: a person, by a signature over its document, or the operator. */
export type Signing =
  | { readonly by: typeof OPERATOR }
  | { readonly assertion: Assertion; readonly relyingParty: RelyingParty };

export interface ChangeResult {
  readonly change: string;
  readonly person: string;
  readonly isMade: boolean;
  readonly signatures: number;
  readonly signaturesNeeded: number;
  /** The invitation that the change made, shown this once. */
  readonly invitation?: string | undefined;
  /** What the invited will need beside the invitation, shown this once to whoever began. */
  readonly code?: string | undefined;
}

/** A change as a document to be signed; nothing is kept yet. */
export function draftChange(
  { ledger, clock, people }: PeopleState,
  change: PersonChange,
): ChangeDocument {
  const why = obstacle(change, people);
  if (why !== undefined) throw impossible(why);
  return documentOf(change, ledger.origin, clock.now());
}

/**
 * Adds a signature; with the last that is needed, the change is made. The operator's proposal is
 * kept also where the operator has no say.
 * @throws ProvisoError `assertion_invalid`, `challenge_invalid`, `role_required`,
 *   `second_person_required`, or `invalid_request` where the change cannot be made
 */
export function signChange(
  state: PeopleState,
  text: string,
  signing: Signing,
): Promise<ChangeResult> {
  return state.turns.take(async () => {
    const { people, clock } = state;
    const open = openChange(state, text);
    const why = obstacle(open.change, people);
    if (why !== undefined) throw impossible(why);
    const signed = await signatureOf(state, open, signing);
    const given = [...open.signatures, ...(signed ? [signed] : [])];
    const signers = given.map(({ by }) => by);
    const signatures = given.filter(({ by }) => maySign(open.change, people, by, signers));
    const needed = signaturesNeeded(open.change, people, signers);
    const isMade = signatures.length >= needed;
    const result = {
      change: open.id,
      person: open.change.person,
      isMade,
      signatures: signatures.length,
      signaturesNeeded: needed,
    };
    const about = {
      change: open.id,
      challenge: challengeOf(open).toString('base64url'),
      signatures,
    };
    if (isMade) {
      const made = effectOf(open, clock.now());
      await write(state, { ...made.facts, ...about }, { ...made.hidden, document: open.text });
      return { ...result, invitation: made.invitation };
    }
    const isFirst = open.codeHash === undefined && needed === 2;
    const begun = isFirst && invites(open.change) ? createCode() : undefined;
    const proposal = {
      ...about,
      action: 'proposed',
      id: open.change.person,
      kind: open.change.kind,
      expiresAt: open.expiresAt,
      codeHash: begun?.codeHash ?? open.codeHash,
    } as const;
    await write(state, proposal, { document: open.text });
    return { ...result, code: begun?.code };
  });
}

/** @throws ProvisoError `not_found` */
export function withdrawChange(state: PeopleState, id: string, by: string): Promise<void> {
  return state.turns.take(async () => {
    const open = state.people.change(id, state.clock.now());
    if (!open) throw new ProvisoError('not_found', `There is no open change \`${id}\`.`);
    await write(state, { action: 'withdrawn', id: open.change.person, change: id, by });
  });
}

/**
 * Uses an invitation, once: the person has a passkey or an identity and is active.
 * @throws ProvisoError `invitation_invalid`, or `invalid_request` for a key that is known already
 */
export function register(
  state: PeopleState,
  given: { readonly invitation: string; readonly code?: string | undefined },
  means: { readonly credential: Passkey } | { readonly identity: Identity },
): Promise<Person> {
  return state.turns.take(async () => {
    const { people, clock } = state;
    const { id, invitation } = openInvitation(people, given.invitation, given.code, clock.now());
    const facts = { action: 'registered', id, invitation: invitation.id } as const;
    if ('credential' in means) {
      const { credential } = means;
      if (people.findByCredential(credential.id)) throw impossible('the key is registered already');
      await write(state, { ...facts, credential });
    } else {
      const { identity } = means;
      if (people.findByIdentity(identity.issuer, identity.subject)) {
        throw impossible('the identity belongs to another person');
      }
      await write(state, facts, { identity });
    }
    return people.find(id) as Person;
  });
}

/** A new token. The token itself is returned once and kept nowhere. */
export function createMachineToken(
  state: PeopleState,
  about: Pick<Token, 'name' | 'roles' | 'expiresAt' | 'by'>,
): Promise<{ readonly id: string; readonly token: string }> {
  return state.turns.take(async () => {
    const { text, id, hash } = createToken();
    const entry = tokenCreated({ ...about, id, hash, isRevoked: false });
    await state.ledger.append({ ...entry, vaultKey: `token:${id}` });
    state.tokens.fold([entry]);
    return { id, token: text };
  });
}

/** @throws ProvisoError `not_found` */
export function revokeMachineToken(state: PeopleState, id: string, by: string): Promise<void> {
  return state.turns.take(async () => {
    if (!state.tokens.find(id)) throw new ProvisoError('not_found', `There is no token \`${id}\`.`);
    const entry = tokenRevoked(id, by);
    await state.ledger.append(entry);
    state.tokens.fold([entry]);
  });
}

/** The change that a document is about, with the signatures it has so far. */
function openChange({ people, ledger, clock }: PeopleState, text: string): OpenChange {
  const document = parseDocument(text, ledger.origin);
  const nowMs = clock.now();
  const isTimely = nowMs < document.expiresAt && document.expiresAt <= nowMs + CHANGE_MS;
  if (!isTimely || people.isClosed(document.id)) {
    throw new ProvisoError('challenge_invalid', 'The change was made, withdrawn, or has lapsed.');
  }
  const open = people.change(document.id, nowMs);
  if (open && open.text !== text) {
    throw new ProvisoError('challenge_invalid', 'The document is not the one that others signed.');
  }
  return open ?? { ...document, signatures: [] };
}

/** Undefined for the operator where the operator may only propose. */
async function signatureOf(
  { people }: PeopleState,
  open: OpenChange,
  signing: Signing,
): Promise<Signature | undefined> {
  const signers = open.signatures.map(({ by }) => by);
  if ('by' in signing) {
    if (!maySign(open.change, people, OPERATOR, signers)) return undefined;
    refuseSecond(open, OPERATOR);
    return { by: OPERATOR };
  }
  const { assertion, relyingParty } = signing;
  const signer = await verifySigner(people, challengeOf(open), assertion, relyingParty);
  if (!maySign(open.change, people, signer.id, signers)) {
    throw new ProvisoError(
      'role_required',
      `The change \`${open.change.kind}\` is not for this person to sign; see docs/spec/people.md.`,
    );
  }
  refuseSecond(open, signer.id);
  return { by: signer.id, assertion };
}

function refuseSecond(open: OpenChange, by: string): void {
  if (!open.signatures.some((signed) => signed.by === by)) return;
  throw new ProvisoError(
    'second_person_required',
    'This person has signed the change already: it needs another one.',
  );
}

/**
 * Who signed: an active person, with a key that is in force.
 * @throws ProvisoError `assertion_invalid`
 */
export async function verifySigner(
  people: State['people'],
  challenge: Uint8Array,
  assertion: Assertion,
  relyingParty: RelyingParty,
): Promise<Person> {
  const person = people.findByCredential(assertion.credential);
  const key = person?.credentials.find(({ id }) => id === assertion.credential);
  if (!isActive(person) || !key) {
    throw new ProvisoError(
      'assertion_invalid',
      'The key that signed is not registered here, or not in force any more.',
    );
  }
  const { counter } = await verifyAssertion(key, challenge, assertion, relyingParty);
  people.counted(key.id, counter);
  return person;
}

interface Effect {
  readonly facts: Effects;
  readonly hidden: PrivateFacts;
  readonly invitation?: string;
}

/** The public facts of a change that is made, but for those about its signatures. */
type Effects = Made extends infer M
  ? M extends unknown
    ? Omit<M, 'change' | 'challenge' | 'signatures'>
    : never
  : never;
type Made = Exclude<
  Extract<PublicFacts, { readonly signatures: unknown }>,
  { readonly action: 'proposed' }
>;

function effectOf({ change, codeHash }: OpenChange, nowMs: number): Effect {
  const { person: id } = change;
  switch (change.kind) {
    case 'invite': {
      const { text, kept } = createInvitation(nowMs, codeHash);
      const { name, email, teams, roles } = change;
      return {
        facts: { action: 'invited', id, roles, invitation: kept },
        hidden: { name, email, teams },
        invitation: text,
      };
    }
    case 'recover': {
      const { text, kept } = createInvitation(nowMs, codeHash);
      return {
        facts: { action: 'recovered', id, invitation: kept },
        hidden: {},
        invitation: text,
      };
    }
    case 'roles':
      return {
        facts: { action: 'roles', id, roles: change.roles },
        hidden: { teams: change.teams },
      };
    case 'remove':
      return { facts: { action: 'removed', id }, hidden: {} };
    case 'add-key':
      return { facts: { action: 'key_added', id, credential: change.credential }, hidden: {} };
    case 'end-key':
      return { facts: { action: 'key_ended', id, credential: change.credential }, hidden: {} };
  }
}

function invites({ kind }: PersonChange): boolean {
  return kind === 'invite' || kind === 'recover';
}

async function write(
  { ledger, people }: PeopleState,
  facts: PublicFacts,
  hidden?: PrivateFacts,
): Promise<void> {
  const entry = personEntry(facts, hidden);
  await ledger.append(hidden ? { ...entry, vaultKey: vaultKeyOf(facts.id) } : entry);
  people.fold([entry]);
}

function impossible(why: string): ProvisoError {
  return new ProvisoError('invalid_request', `The change cannot be made: ${why}.`);
}
