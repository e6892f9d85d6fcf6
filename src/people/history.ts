/**
 * The history of people checked again: that each change was signed by who could sign it then, with
 * the key that was registered then, and by as many as it took. docs/spec/people.md
 */
import { hash } from 'node:crypto';
import { asProvisoError } from '#base/errors.ts';
import { type Assertion, verifyAssertion } from './assertion.ts';
import { type PersonChange, readDocument } from './change.ts';
import type { Credential, RelyingParty } from './credential.ts';
import { type PersonEntry, type PublicFacts, readPersonEntry, type Signature } from './entries.ts';
import { PeopleRegister } from './register.ts';
import { maySign, signaturesNeeded } from './rules.ts';

export interface HistoryEntry extends Omit<PersonEntry, 'kind'> {
  readonly index: number;
  readonly kind: string;
}

export interface HistoryProblem {
  readonly entry: number;
  readonly problem: string;
}

/** @param entries of all kinds, in the ledger's order; private values may be missing */
export async function* checkPeople(
  entries: Iterable<HistoryEntry>,
): AsyncGenerator<HistoryProblem> {
  const people = new PeopleRegister();
  for (const entry of entries) {
    if (entry.kind !== 'person') continue;
    for (const problem of await problemsOf(entry, people)) yield { entry: entry.index, problem };
    try {
      people.fold([remembered(entry)]);
    } catch (error) {
      yield { entry: entry.index, problem: asProvisoError(error).publicMessage };
    }
  }
}

/** Who was erased since had keys and roles all the same. */
const NAMELESS = { name: '(erased)', teams: [] };

/** The entry as it is folded to know who could sign then. */
export function remembered<E extends Omit<HistoryEntry, 'index'>>(entry: E): E {
  const { kind, public: facts, private: hidden } = entry;
  const isNameless = kind === 'person' && facts['action'] === 'invited' && hidden === undefined;
  return isNameless ? { ...entry, private: NAMELESS } : entry;
}

/**
 * A signature that was taken before. What a page may be called, and whether the authenticator's
 * counter went on, was checked at the time.
 * @throws ProvisoError `assertion_invalid`
 */
export async function verifyKept(
  key: Credential,
  challenge: Uint8Array,
  assertion: Assertion,
): Promise<void> {
  const uncounted = key.kind === 'passkey' ? { ...key, counter: 0 } : key;
  await verifyAssertion(uncounted, challenge, assertion, partyOf(assertion));
}

async function problemsOf(entry: HistoryEntry, people: PeopleRegister): Promise<string[]> {
  let read: ReturnType<typeof readPersonEntry>;
  try {
    read = readPersonEntry(entry);
  } catch {
    // Named where it is folded.
    return [];
  }
  const { facts, hidden } = read;
  if (!('signatures' in facts)) return [];
  const problems: string[] = [];
  const challenge = Buffer.from(facts.challenge, 'base64url');
  for (const signature of facts.signatures) {
    const problem = await signatureProblem(signature, challenge, people);
    if (problem !== undefined) problems.push(problem);
  }
  if (hidden?.document === undefined) return problems;
  if (hash('sha256', hidden.document, 'base64url') !== facts.challenge) {
    return [...problems, 'The document of the change is not the one that was signed.'];
  }
  const { id, change } = readDocument(hidden.document);
  if (id !== facts.change || change.person !== facts.id || !says(change, facts)) {
    problems.push('The document of the change is about something else.');
  }
  const isOpen = facts.action === 'proposed';
  return [...problems, ...rulesBroken(change, facts.signatures, isOpen, people)];
}

/** Whether what was made is what the document says. */
function says(change: PersonChange, facts: PublicFacts): boolean {
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  switch (facts.action) {
    case 'proposed':
      return facts.kind === change.kind;
    case 'invited':
      return change.kind === 'invite' && isSame(facts.roles, change.roles);
    case 'roles':
      return change.kind === 'roles' && isSame(facts.roles, change.roles);
    case 'removed':
      return change.kind === 'remove';
    case 'recovered':
      return change.kind === 'recover';
    case 'key_added':
      return (
        change.kind === 'add-key' &&
        facts.credential.kind === change.credential.kind &&
        isSame(facts.credential.publicKey, change.credential.publicKey)
      );
    case 'key_ended':
      return change.kind === 'end-key' && facts.credential === change.credential;
    case 'withdrawn':
    case 'registered':
      return true;
  }
}

async function signatureProblem(
  signature: Signature,
  challenge: Uint8Array,
  people: PeopleRegister,
): Promise<string | undefined> {
  if (!('assertion' in signature)) return undefined;
  const { by, assertion } = signature;
  const key = people.find(by)?.credentials.find(({ id }) => id === assertion.credential);
  if (!key) return `\`${by}\` signed with a key that was not theirs then.`;
  try {
    await verifyKept(key, challenge, assertion);
    return undefined;
  } catch (error) {
    return `The signature of \`${by}\` does not verify: ${asProvisoError(error).publicMessage}`;
  }
}

/** Where the assertion says that it was made: its page, and the domain of that or one above it. */
function partyOf(assertion: Assertion): RelyingParty {
  if (assertion.kind !== 'passkey') return { id: '', origins: [] };
  const text = Buffer.from(assertion.clientDataJSON, 'base64url').toString();
  const { origin } = JSON.parse(text) as { readonly origin?: unknown };
  const url = typeof origin === 'string' ? URL.parse(origin) : null;
  const idHash = Buffer.from(assertion.authenticatorData, 'base64url').subarray(0, 32);
  const labels = (url?.hostname ?? '').split('.');
  const domains = labels.map((_, i) => labels.slice(i).join('.'));
  const id = domains.find((domain) => hash('sha256', domain, 'buffer').equals(idHash));
  return { id: id ?? '', origins: [url?.origin ?? ''] };
}

function rulesBroken(
  change: PersonChange,
  signatures: readonly Signature[],
  isOpen: boolean,
  people: PeopleRegister,
): string[] {
  const signers = signatures.map(({ by }) => by);
  const broken = signers
    .filter((by) => !maySign(change, people, by, signers))
    .map((by) => `\`${by}\` signed a change that was not theirs to sign.`);
  if (new Set(signers).size < signers.length) broken.push('One person signed twice.');
  const needed = signaturesNeeded(change, people, signers);
  if (!isOpen && signers.length < needed) {
    broken.push(`The change was made with ${signers.length} of ${needed} signatures.`);
  }
  return broken;
}
