import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { HOLDS_KEPT_MAX } from '#base/limits.ts';
import { makeAction } from './action.ts';
import type { Requirement } from './approvals.ts';
import {
  type ActionHold,
  answered,
  drillOpened,
  holdEnded,
  holdOpened,
  type OversightEntry,
  released,
} from './hold.ts';
import { type FoldedEntry, HoldRegister } from './register.ts';

const ASKS: readonly Requirement[] = [
  {
    approval: 'force',
    meaning: 'Looked at.',
    count: 1,
    roles: ['officer'],
    distinct: 'people',
    requesterExcluded: true,
    sameTeamExcluded: false,
    withinMs: 1_000,
    validForMs: 100,
    localKeys: false,
  },
];
const action = makeAction({
  kind: 'tool_call',
  arguments: { at: 1 },
  asks: ['force'],
  caller: { id: 'c', owner: 'o', organisation: 'g', teams: [] },
  expiresAt: 1_000,
  ledger: 'l',
  model: null,
  purpose: null,
  terms: '0'.repeat(64),
  tool: { name: 't', classes: [], definition: null },
});
const opening = { id: 'hld_1', decision: 3, requirements: ASKS };
const KEY = { kind: 'passkey', id: 'k', publicKey: 'p' } as const;

function approval(person: string, challenge: string, verdict: 'approve' | 'reject' = 'approve') {
  return answered({
    hold: 'hld_1',
    verdict,
    person,
    strength: 'passkey',
    decidedAt: 20,
    signed: { key: KEY, challenge, statement: {} as never, assertion: {} },
  });
}

/** As entries are read back from the ledger. */
function logged(...entries: readonly OversightEntry[]): FoldedEntry[] {
  return entries.map((entry, index) => ({
    ...(JSON.parse(JSON.stringify(entry)) as { kind: string; public: JsonObject }),
    index,
    at: index * 10,
  }));
}

function holdOf(entries: readonly FoldedEntry[]): ActionHold {
  const hold = new HoldRegister().fold(entries).find('hld_1');
  assert.ok(hold && !hold.isDrill);
  return hold;
}

const opened = holdOpened(opening, action, { keyId: 'x' });
const release = (id: string) =>
  released(
    holdOf(logged(opened, approval('per_a', 'one'))),
    { id, issuedAt: 30, expiresAt: 120, terms: '0'.repeat(64) },
    9,
    'kid',
  );

test('INVARIANT (13): a hold is what its entries say, read back from the ledger', () => {
  const entries = logged(opened, approval('per_a', 'one'), release('rel_1'));
  const hold = holdOf(entries);
  assert.deepEqual(
    { ...hold, action: undefined, shown: undefined },
    {
      id: 'hld_1',
      entry: 0,
      decision: 3,
      openedAt: 0,
      expiresAt: 1_000,
      requirements: ASKS,
      isDrill: false,
      origin: { keyId: 'x' },
      action: undefined,
      shown: undefined,
      answers: [
        {
          entry: 1,
          person: 'per_a',
          verdict: 'approve',
          strength: 'passkey',
          challenge: 'one',
          decidedAt: 20,
          key: KEY,
        },
      ],
      end: {
        end: 'released',
        entry: 2,
        at: 20,
        release: {
          id: 'rel_1',
          hold: 'hld_1',
          entry: 2,
          decision: 9,
          approvals: [1],
          issuedAt: 30,
          expiresAt: 120,
          terms: '0'.repeat(64),
        },
      },
    },
  );
  assert.deepEqual(hold.action, action);
});

test('INVARIANT (6): of several ends the first in the log counts', () => {
  const hold = { id: 'hld_1', isDrill: false } as ActionHold;
  const ends = [release('rel_1'), release('rel_2'), holdEnded(hold, 'rejected')];
  const first = (...order: readonly number[]) => {
    const { end } = holdOf(logged(opened, ...order.map((i) => ends[i] as OversightEntry)));
    return end?.release?.id ?? end?.end;
  };
  assert.equal(first(0, 1, 2), 'rel_1');
  assert.equal(first(1, 0), 'rel_2');
  assert.equal(first(2, 0), 'rejected');
});

test('INVARIANT (6): a challenge is answered once, and nothing is answered after the end', () => {
  const twice = logged(opened, approval('per_a', 'one'), approval('per_b', 'one'));
  assert.deepEqual(
    holdOf(twice).answers.map(({ person }) => person),
    ['per_a'],
  );
  const late = logged(opened, release('rel_1'), approval('per_b', 'two'));
  assert.deepEqual(holdOf(late).answers, []);
});

test('what was erased is neither shown nor counted', () => {
  const [first, second] = logged(opened, approval('per_a', 'one'));
  assert.ok(first && second);
  const { private: _gone, ...erased } = first;
  assert.equal(new HoldRegister().fold([erased]).find('hld_1'), undefined);
  const { private: _signature, ...unsigned } = second;
  assert.deepEqual(holdOf([first, unsigned]).answers, []);
});

test('a drill is like any other in the log’s clear text, and nothing releases it', () => {
  const drill = drillOpened(opening, action, 'made up');
  assert.deepEqual(drill.public, opened.public);
  const [entry, ...rest] = logged(drill, approval('per_a', 'one', 'reject'));
  assert.ok(entry);
  const register = new HoldRegister().fold([entry, ...rest]);
  const hold = register.find('hld_1');
  assert.ok(hold?.isDrill);
  assert.equal(hold.action, undefined);
  assert.deepEqual(register.drills('per_a'), [true]);
  assert.throws(() => register.fold(logged(release('rel_1'))), { code: 'ledger_corrupt' });
  assert.deepEqual(holdEnded(hold, 'rejected').public['drill'], true);
});

test('an entry that was tampered with stops the start', () => {
  const [entry] = logged(opened);
  assert.ok(entry?.private);
  const other = { ...action, arguments: { at: 2 } } as object as JsonObject;
  const wrong: readonly FoldedEntry[] = [
    { ...entry, private: { ...entry.private, action: other } },
    { ...entry, public: { ...entry.public, more: 1 } },
    { ...entry, private: { ...entry.private, asks: [] } },
    { ...entry, private: { ...entry.private, origin: null } },
  ];
  for (const changed of wrong) {
    assert.throws(() => new HoldRegister().fold([changed]), { code: 'ledger_corrupt' });
  }
});

test('holds that ended long ago are forgotten, and no more are kept than there is room for', () => {
  const many = Array.from({ length: HOLDS_KEPT_MAX + 5 }, (_, i) => {
    const hold = { id: `hld_many_${i}`, isDrill: false } as ActionHold;
    return [holdOpened({ ...opening, id: hold.id }, action, {}), holdEnded(hold, 'expired')];
  }).flat();
  const register = new HoldRegister().fold(logged(opened, ...many));
  register.forget(0);
  assert.equal(register.list().length, HOLDS_KEPT_MAX + 1);
  register.forget(Number.MAX_SAFE_INTEGER);
  assert.deepEqual(
    register.list().map(({ id }) => id),
    ['hld_1'],
  );
});
