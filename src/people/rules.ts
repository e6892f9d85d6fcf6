/**
 * Who may make which change of people, and how many of them it takes. docs/spec/people.md, Changes
 *
 * Nobody alone makes an administrator, replaces the keys of a person, or gives themselves a role.
 */
import type { PersonChange } from './change.ts';
import { isActive, isSigningAdministrator } from './person.ts';
import type { PeopleRegister } from './register.ts';

/** Whoever holds the gateway's socket, as `by` in entries. */
export const OPERATOR = 'operator';

/**
 * Signatures that the change needs, each by another.
 * @param signers those who have signed, or are about to
 */
export function signaturesNeeded(
  change: PersonChange,
  people: PeopleRegister,
  signers: readonly string[],
): 1 | 2 {
  if (!people.hasHadAdministrator) return 1;
  switch (change.kind) {
    case 'invite':
      return change.roles.includes('administrator') ? 2 : 1;
    case 'roles': {
      const isNow = people.find(change.person)?.roles.includes('administrator') === true;
      const isThen = change.roles.includes('administrator');
      return isNow !== isThen || signers.includes(change.person) ? 2 : 1;
    }
    case 'remove':
      return people.find(change.person)?.roles.includes('administrator') ? 2 : 1;
    case 'recover':
      return 2;
    case 'add-key':
      return change.credential.kind === 'passkey' ? 1 : 2;
    case 'end-key':
      return 1;
  }
}

/**
 * @param by a person's id, or `operator`
 * @param signers those who have signed
 */
export function maySign(
  change: PersonChange,
  people: PeopleRegister,
  by: string,
  signers: readonly string[],
): boolean {
  const administrators = people
    .list()
    .filter(isSigningAdministrator)
    .filter(({ id }) => change.kind !== 'recover' || id !== change.person);
  if (by === OPERATOR) {
    if (!people.hasHadAdministrator) return true;
    return signaturesNeeded(change, people, signers) === 2 && administrators.length < 2;
  }
  const person = people.find(by);
  if (!isActive(person)) return false;
  const isOwn = by === change.person;
  if (change.kind === 'add-key' && change.credential.kind === 'passkey') return isOwn;
  if (change.kind === 'add-key' || change.kind === 'end-key') {
    if (isOwn) return true;
  }
  if (administrators.some(({ id }) => id === by)) return true;
  return change.kind === 'recover' && administrators.length === 0 && !isOwn
    ? person.roles.includes('overseer')
    : false;
}

/** Why the change cannot be made at all, in words; `undefined` where it can. */
export function obstacle(change: PersonChange, people: PeopleRegister): string | undefined {
  const person = people.find(change.person);
  if (change.kind === 'invite') return person ? 'the person exists already' : undefined;
  if (!person || person.state === 'removed' || person.state === 'erased') {
    return 'there is no such person';
  }
  switch (change.kind) {
    case 'roles':
    case 'remove': {
      const stays = change.kind === 'roles' && change.roles.includes('administrator');
      return stays || !isLastAdministrator(people, person.id)
        ? undefined
        : 'this is the last administrator: make another one first';
    }
    case 'add-key':
      if (people.findByCredential(change.credential.id)) return 'the key is registered already';
      return person.credentials.length >= CREDENTIALS_MAX
        ? `a person has at most ${CREDENTIALS_MAX} keys`
        : undefined;
    case 'end-key':
      if (!person.credentials.some(({ id }) => id === change.credential)) {
        return 'the person has no such key';
      }
      return person.credentials.length < 2
        ? 'this is the person’s last key: add another one first, or have the person recovered'
        : undefined;
    case 'recover':
      return undefined;
  }
}

const CREDENTIALS_MAX = 16;

function isLastAdministrator(people: PeopleRegister, id: string): boolean {
  const administrators = people.list().filter(isSigningAdministrator);
  return administrators.length === 1 && administrators[0]?.id === id;
}
