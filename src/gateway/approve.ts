/**
 * People's answers to holds: what they are shown and sign, what counts, and what ends a hold.
 * docs/spec/oversight.md#approvals
 */
import { ProvisoError } from '#base/errors.ts';
import { actionHash } from '#oversight/action.ts';
import { type ApproverKey, objection, type Requirement } from '#oversight/approvals.ts';
import { type Display, renderAction } from '#oversight/display.ts';
import { type AnswerRecord, answered, type Hold, signaturesOf } from '#oversight/hold.ts';
import { lastSimilar } from '#oversight/similar.ts';
import type { Statement, Verdict } from '#oversight/statement.ts';
import type { Assertion } from '#people/assertion.ts';
import type { RelyingParty } from '#people/credential.ts';
import { isActive, type Person, vaultKeyOf } from '#people/person.ts';
import type { Holds } from './holds.ts';
import { verifySigner } from './people.ts';
import type { State } from './state.ts';

/** What answering needs of a running gateway. */
export type Answering = Pick<State, 'people' | 'ledger' | 'clock'> & { readonly holds: Holds };

export interface Answer {
  readonly hold: string;
  readonly person: string;
  /** When it was first seen (milliseconds since 1970) and for how long, as the page measured it. */
  readonly openedAt?: number | undefined;
  readonly visibleMs?: number | undefined;
}

export interface Signing extends Answer {
  /** Base64url. */
  readonly challenge: string;
  readonly assertion: Assertion;
  readonly relyingParty: RelyingParty;
  /** Of a rejection. */
  readonly reason?: string | undefined;
}

export interface Rejecting extends Answer {
  readonly reason: string;
  readonly strength: 'session' | 'operator';
}

export interface Asked {
  readonly statement: Statement;
  /** 32 bytes. */
  readonly challenge: Buffer;
  readonly display: Display;
}

/**
 * What a person is to sign, good for one answer.
 * @throws ProvisoError `not_found`, `hold_ended`, `person_unknown`
 */
export function askPerson(
  { holds, people, ledger, clock }: Answering,
  id: string,
  personId: string,
  verdict: Verdict,
): Asked {
  const hold = openHold(holds, id);
  const person = activePerson(people, personId);
  const display = renderAction(hold.shown, lastSimilar(hold, holds.list()));
  const said = {
    action: actionHash(hold.shown),
    display: { hash: display.hash, version: display.version },
    hold: id,
    ledger: ledger.origin,
    person: person.id,
    terms: hold.shown.terms,
    verdict,
  };
  return { ...holds.challenges.ask(said, clock.now(), hold.expiresAt), display };
}

/**
 * Takes one person's signature, of either verdict.
 * @throws ProvisoError `hold_ended`, `challenge_invalid`, `assertion_invalid`, `approval_refused`
 */
export function signHold(gateway: Answering, signing: Signing): Promise<void> {
  const { holds, people, clock } = gateway;
  return holds.turn(async () => {
    const { hold: id, challenge, assertion, relyingParty, reason } = signing;
    const hold = openHold(holds, id);
    const statement = holds.challenges.take(challenge, id, signing.person, clock.now());
    const bytes = Buffer.from(challenge, 'base64url');
    const person = await verifySigner(people, bytes, assertion, relyingParty);
    const held = person.credentials.find((credential) => credential.id === assertion.credential);
    if (person.id !== signing.person || !held) throw refused('the key is another person’s');
    const key = { kind: held.kind, id: held.id, publicKey: held.publicKey };
    const { verdict } = statement;
    if (verdict === 'approve') requireCounts(gateway, hold, person, key);
    else requireRole(hold, person);
    await write(gateway, hold, {
      ...answerOf(signing, clock.now()),
      verdict,
      strength: key.kind,
      ...(verdict === 'reject' && { reason }),
      signed: { key, challenge, statement, assertion },
    });
  });
}

/**
 * Rejects without a signature: saying no needs no more strength than saying yes.
 * @throws ProvisoError `not_found`, `hold_ended`, `person_unknown`, `approval_refused`
 */
export function rejectHold(gateway: Answering, rejecting: Rejecting): Promise<void> {
  const { holds, people, clock } = gateway;
  return holds.turn(async () => {
    const hold = openHold(holds, rejecting.hold);
    requireRole(hold, activePerson(people, rejecting.person));
    const { reason, strength } = rejecting;
    const said = answerOf(rejecting, clock.now());
    await write(gateway, hold, { ...said, verdict: 'reject', strength, reason });
  });
}

/**
 * Why none of a person's keys could sign this hold so that it counts; undefined where one could.
 * The person's own kind of key decides what is told.
 */
export function objectionTo(gateway: Answering, hold: Hold, person: Person): string | undefined {
  if (person.credentials.length === 0) return 'the person has no key to sign with';
  const why = person.credentials.map((key) => keyObjection(gateway, hold, person, key));
  return why.includes(undefined) ? undefined : why[0];
}

/** A hold that still can be answered. */
function openHold(holds: Holds, id: string): Hold {
  const hold = holds.find(id);
  if (!hold) throw new ProvisoError('not_found', `There is no hold \`${id}\`.`);
  const state = holds.state(hold);
  if (state === 'open') return hold;
  throw new ProvisoError('hold_ended', `The hold is ${state}; nothing more can be signed.`);
}

function activePerson(people: Answering['people'], id: string): Person {
  const person = people.find(id);
  if (isActive(person)) return person;
  throw new ProvisoError('person_unknown', `There is no active person \`${id}\`.`);
}

function requireCounts(gateway: Answering, hold: Hold, person: Person, key: ApproverKey): void {
  const why = keyObjection(gateway, hold, person, key);
  if (why !== undefined) throw refused(why);
}

function keyObjection(
  { holds }: Answering,
  hold: Hold,
  person: Person,
  key: ApproverKey,
): string | undefined {
  const isUsed = signaturesOf(hold).some(
    (given) => given.person === person.id || given.key.publicKey === key.publicKey,
  );
  if (isUsed) return 'the person has signed it already';
  const why = hold.requirements.map((requirement: Requirement) =>
    objection(requirement, hold.shown.caller, person, key, holds.approvers),
  );
  // It is worth asking for where it counts for one of them.
  return why.includes(undefined) ? undefined : why[0];
}

function requireRole({ requirements }: Hold, { roles }: Person): void {
  const wanted = new Set(requirements.flatMap((requirement) => requirement.roles));
  if (roles.some((role) => wanted.has(role))) return;
  throw refused(`it takes one of the roles ${[...wanted].join(', ')}`);
}

async function write({ holds }: Answering, hold: Hold, record: AnswerRecord): Promise<void> {
  const answer = holds.write(answered(record), vaultKeyOf(record.person));
  // In one batch with the answer.
  const end = record.verdict === 'reject' ? holds.end(hold, 'rejected') : undefined;
  await Promise.all([answer, end]);
  const now = holds.find(hold.id);
  // A drill that everybody signed went wrong, and goes nowhere.
  if (now?.isDrill && !now.end && holds.isApproved(now)) await holds.end(now, 'denied');
}

function answerOf({ hold, person, openedAt, visibleMs }: Answer, decidedAt: number) {
  return { hold, person, openedAt, visibleMs, decidedAt };
}

function refused(why: string): ProvisoError {
  return new ProvisoError('approval_refused', `This answer does not count: ${why}.`);
}
