import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type Approver,
  type ApproverKey,
  type Approvers,
  type Given,
  missing,
  objection,
  type Requirement,
} from './approvals.ts';

const REQUIREMENT: Requirement = {
  approval: 'force',
  meaning: 'Looked at.',
  count: 2,
  roles: ['officer', 'adviser'],
  distinct: 'people',
  requesterExcluded: true,
  sameTeamExcluded: false,
  withinMs: 1,
  validForMs: 1,
  localKeys: false,
};
const REQUESTER = { id: 'planner', owner: 'Desk Lead', teams: ['planning'] };

const passkey = (id: string): ApproverKey => ({ kind: 'passkey', id, publicKey: `public-${id}` });

function person(id: string, change: Partial<Approver> = {}): Approver {
  return {
    id,
    name: `Name of ${id}`,
    teams: [`team-${id}`],
    roles: ['officer'],
    state: 'active',
    credentials: [passkey(id)],
    ...change,
  };
}

function among(people: readonly Approver[], drills: readonly boolean[] = []): Approvers {
  return { find: (id) => people.find((each) => each.id === id), drills: () => drills };
}

const signed = (id: string, key = passkey(id)): Given => ({ person: id, key });

test('as many as are asked for, each counted once', () => {
  const people = among([person('a'), person('b'), person('c')]);
  const left = (...given: Given[]) => missing(REQUIREMENT, REQUESTER, given, people);
  assert.deepEqual([left(), left(signed('a')), left(signed('a'), signed('b'))], [2, 1, 0]);
  assert.equal(left(signed('a'), signed('a')), 1);
  assert.equal(left(signed('a'), signed('b'), signed('c')), 0);
  assert.equal(left(signed('nobody'), signed('b')), 1);
});

test('one person with two keys, and one key under two names, are one', () => {
  const second = passkey('a-second');
  const twoKeys = person('a', { credentials: [passkey('a'), second] });
  const given = [signed('a'), signed('a', second)];
  assert.equal(missing(REQUIREMENT, REQUESTER, given, among([twoKeys])), 1);
  const shared = passkey('shared');
  const people = ['a', 'b'].map((id) => person(id, { credentials: [shared] }));
  const both = [signed('a', shared), signed('b', shared)];
  assert.equal(missing(REQUIREMENT, REQUESTER, both, among(people)), 1);
});

test('who does not count, and why', () => {
  const why = (approver: Approver, change: Partial<Requirement> = {}, key = passkey('a')) =>
    objection({ ...REQUIREMENT, ...change }, REQUESTER, approver, key, among([approver]));
  assert.equal(why(person('a')), undefined);
  for (const state of ['invited', 'removed', 'erased']) {
    assert.match(why(person('a', { state })) ?? '', /not active/);
  }
  assert.match(why(person('a', { credentials: [] })) ?? '', /not registered/);
  const replaced = { ...passkey('a'), publicKey: 'another' };
  assert.match(why(person('a', { credentials: [replaced] })) ?? '', /not registered/);
  assert.match(why(person('a', { roles: ['clerk'] })) ?? '', /one of the roles officer, adviser/);
  const local: ApproverKey = { kind: 'local-key', id: 'a', publicKey: 'public-a' };
  const withLocal = person('a', { credentials: [local] });
  assert.match(why(withLocal, {}, local) ?? '', /passkey/);
  assert.equal(why(withLocal, { localKeys: true }, local), undefined);
  assert.match(
    why(person('a', { teams: ['Planning '] }), { sameTeamExcluded: true }) ?? '',
    /team/,
  );
  assert.match(why(person('a', { teams: [] }), { distinct: 'teams' }) ?? '', /in no team/);
});

test('whoever asks does not count, by id, name or address, however it is written', () => {
  const asks = [
    person('planner'),
    person('a', { name: ' desk lead' }),
    person('a', { name: 'ＤＥＳＫ Lead' }),
    person('a', { email: 'DESK LEAD' }),
  ];
  for (const approver of asks) {
    const [key = passkey('a')] = approver.credentials;
    const told = objection(REQUIREMENT, REQUESTER, approver, key, among([approver]));
    assert.match(told ?? '', /asks for it/, approver.name);
    const open = { ...REQUIREMENT, requesterExcluded: false };
    assert.equal(objection(open, REQUESTER, approver, key, among([approver])), undefined);
  }
});

test('who fails drills does not count, nor who has not answered enough of them', () => {
  const drills = { caughtAtLeast: 0.8, of: 5 };
  const why = (answered: readonly boolean[]) =>
    objection(
      { ...REQUIREMENT, drills },
      REQUESTER,
      person('a'),
      passkey('a'),
      among([], answered),
    );
  assert.match(why([true, true, true, true]) ?? '', /fewer than 5/);
  assert.equal(why([true, true, true, true, false]), undefined);
  assert.match(why([true, true, true, false, false]) ?? '', /caught 3 of the last 5/);
  // Only the last count: neither old merits nor old faults do.
  assert.equal(why([false, false, true, true, true, true, true]), undefined);
  assert.match(why([true, true, true, false, false, false, true]) ?? '', /caught 2 of/);
});

test('persons of whom no two share a team: the most of them, in whatever order they sign', () => {
  const team = fc.constantFrom('red', 'green', 'blue', 'white');
  const teams = fc.array(fc.uniqueArray(team, { maxLength: 3 }), { maxLength: 6 });
  fc.assert(
    fc.property(teams, fc.integer({ min: 1, max: 4 }), (all, count) => {
      const people = all.map((own, i) => person(`p${i}`, { teams: own }));
      const requirement = { ...REQUIREMENT, distinct: 'teams' as const, count };
      const given = people.map(({ id }) => signed(id));
      const left = missing(requirement, REQUESTER, given, among(people));
      assert.equal(left, Math.max(0, count - mostDisjoint(all)));
      assert.equal(missing(requirement, REQUESTER, given.toReversed(), among(people)), left);
    }),
  );
});

/** By trying every set of persons. */
function mostDisjoint(all: readonly (readonly string[])[]): number {
  let most = 0;
  for (let set = 0; set < 1 << all.length; set++) {
    const chosen = all.filter((_, i) => set & (1 << i));
    const names = chosen.flat();
    const isDisjoint = new Set(names).size === names.length;
    if (isDisjoint && chosen.every((own) => own.length > 0)) most = Math.max(most, chosen.length);
  }
  return most;
}
