import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ProvisoError } from '#base/errors.ts';
import { declarePurpose } from './declare.ts';
import {
  type Purpose,
  type PurposeEntry,
  PurposeRegister,
  purposeEnded,
  purposeRegistered,
} from './register.ts';

const minutes: Purpose = {
  id: 'minutes',
  title: 'Summaries of council minutes',
  owner: 'head of records',
  authority: 'Harbour by-law 12',
  dataClasses: ['public'],
  models: undefined,
  tools: ['file_minutes'],
  callers: ['records-batch'],
  teams: ['records'],
  allows: ['person_lookup'],
  endsAt: 2_000,
};
const open: Purpose = { ...minutes, id: 'open', callers: ['*'], teams: [], endsAt: undefined };
const register = new PurposeRegister([minutes, open]);
const NOW = 1_000;

function declare(
  purposeId: string | undefined,
  caller: { id?: string; teams?: string[]; purposes?: string[] } = {},
  nowMs = NOW,
): string | undefined {
  const identified = { purposeId, caller: { id: 'x', teams: [], purposes: [], ...caller } };
  try {
    return declarePurpose(identified, register, nowMs).purpose?.id;
  } catch (thrown) {
    assert.ok(thrown instanceof ProvisoError);
    return thrown.code;
  }
}

describe('declarePurpose', () => {
  it('takes the one that the call names', () => {
    assert.equal(declare('minutes', { id: 'records-batch' }), 'minutes');
    assert.equal(declare('minutes', { teams: ['audit', 'records'] }), 'minutes');
    assert.equal(declare('open'), 'open');
  });

  it('takes the one that the key is bound to, when it is one', () => {
    assert.equal(declare(undefined, { purposes: ['minutes'] }), 'minutes');
    assert.equal(declare(undefined, { purposes: ['minutes', 'open'] }), undefined);
    assert.equal(declare('open', { purposes: ['minutes', 'open'] }), 'open');
  });

  it('leaves a call without any purpose to the terms', () => {
    assert.equal(declare(undefined), undefined);
  });

  it('refuses one that is unknown or not open to the caller', () => {
    assert.equal(declare('nothing'), 'purpose_unknown');
    assert.equal(declare(''), 'purpose_unknown');
    assert.equal(declare('minutes'), 'purpose_unknown');
    assert.equal(declare(undefined, { purposes: ['nothing'] }), 'purpose_unknown');
  });

  it('keeps a bound key to what it is bound to', () => {
    assert.equal(declare('open', { purposes: ['minutes'] }), 'purpose_unknown');
    assert.equal(
      declare('open', { id: 'records-batch', purposes: ['minutes'] }),
      'purpose_unknown',
    );
  });

  it('refuses one that has ended, from its end on', () => {
    assert.equal(declare('minutes', { id: 'records-batch' }, 1_999), 'minutes');
    assert.equal(declare('minutes', { id: 'records-batch' }, 2_000), 'purpose_ended');
  });

  it('keeps what it was given', () => {
    const identified = {
      purposeId: 'open',
      caller: { id: 'x', teams: [], purposes: [] },
      other: 1,
    };
    assert.equal(declarePurpose(identified, register, NOW).other, 1);
  });
});

describe('the register', () => {
  it('says nothing of a purpose in public but its id and end', () => {
    assert.deepEqual(purposeRegistered(minutes).public, {
      action: 'registered',
      id: 'minutes',
      endsAt: 2_000,
    });
  });

  it('reads back what was registered, and forgets what was erased', () => {
    const entry = structuredClone(purposeRegistered(minutes));
    assert.deepEqual(new PurposeRegister().fold([entry]).find('minutes'), minutes);
    const { private: _erased, ...bare } = entry;
    assert.equal(new PurposeRegister().fold([entry, bare]).find('minutes'), undefined);
  });

  it('INVARIANT (13): is what its entries say, however they are cut', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const entry: fc.Arbitrary<PurposeEntry> = fc.oneof(
      fc
        .record({ id, title: fc.string() })
        .map((more) => purposeRegistered({ ...minutes, ...more })),
      fc.tuple(id, fc.nat()).map(([ended, at]) => purposeEnded(ended, at)),
    );
    fc.assert(
      fc.property(fc.array(entry), fc.nat(10), (entries, cut) => {
        const whole = new PurposeRegister().fold(entries);
        const pieces = new PurposeRegister().fold(entries.slice(0, cut)).fold(entries.slice(cut));
        assert.deepEqual(pieces.list(), whole.list());
        for (const name of ['a', 'b', 'c']) {
          const about = entries.filter((one) => one.public['id'] === name);
          const from = about.findLastIndex((one) => one.public['action'] === 'registered');
          const ends = about.slice(from).map((one) => Number(one.public['endsAt']));
          assert.equal(whole.find(name)?.endsAt, from < 0 ? undefined : Math.min(...ends));
        }
      }),
    );
  });

  it('refuses entries that it cannot read', () => {
    const entry = purposeRegistered(minutes);
    for (const broken of [
      { ...entry, public: { ...entry.public, action: 'renamed' } },
      { ...entry, public: { ...entry.public, endsAt: 'soon' } },
      { ...entry, private: { ...entry.private, teams: 'records' } },
      { ...purposeEnded('a', 1), public: { action: 'ended', id: 'a' } },
    ]) {
      assert.throws(() => new PurposeRegister().fold([broken]), { code: 'ledger_corrupt' });
    }
  });
});
