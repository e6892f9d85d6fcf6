import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ProvisoError } from '#base/errors.ts';
import { identify } from './identify.ts';
import { createKey, formatKeyHash, hashKey, KEY_PATTERN } from './key.ts';
import { type Caller, type KeyEntry, KeyRing, keyCreated, keyRevoked } from './ring.ts';

const caller: Omit<Caller, 'keyId'> = {
  id: 'records-batch',
  owner: 'head of records',
  organisation: 'Example Harbour Authority',
  teams: ['records'],
  partner: 'Example Shipping Cooperative',
  clearance: 2,
  purposes: ['minutes'],
  expiresAt: 2_000,
};
const NOW = 1_000;

function ringWith(entries: readonly KeyEntry[]): KeyRing {
  return new KeyRing().fold(structuredClone(entries));
}

function codeOf(credential: string | undefined, ring: KeyRing, nowMs = NOW): string {
  try {
    identify({ credential }, ring, nowMs);
    return 'none';
  } catch (thrown) {
    assert.ok(thrown instanceof ProvisoError);
    assert.ok(!credential || !thrown.publicMessage.includes(credential));
    return thrown.code;
  }
}

describe('a key', () => {
  it('is found by a scanner and never twice the same', () => {
    const [a, b] = [createKey(), createKey()];
    assert.notEqual(a.key, b.key);
    assert.deepEqual(`const k = "${a.key}";`.match(KEY_PATTERN), [a.key]);
    assert.equal(a.hash, hashKey(a.key));
    assert.match(formatKeyHash(a), /^prv_[0-9a-f]{12}:[0-9a-f]{64}$/);
    assert.ok(!formatKeyHash(a).includes(a.key.slice(17)));
  });

  it('tells a mistyped one from an unknown one', () => {
    const { key } = createKey();
    const messageOf = (credential: string) => {
      try {
        identify({ credential }, new KeyRing(), NOW);
      } catch (thrown) {
        return (thrown as Error).message;
      }
      return 'known';
    };
    assert.match(messageOf(key), /is not known here/);
    assert.match(messageOf(key.slice(0, -1)), /checksum/);
    assert.match(messageOf('sk-another-vendor'), /begin `prv_`/);
    assert.match(messageOf(''), /has no key/);
    const digits = '0123456789abcdef'.split('');
    fc.assert(
      fc.property(
        fc.integer({ min: 17, max: key.length - 1 }),
        fc.constantFrom(...digits),
        (i, d) => {
          fc.pre(key[i] !== d);
          assert.match(messageOf(key.slice(0, i) + d + key.slice(i + 1)), /checksum/);
        },
      ),
    );
  });
});

describe('identify', () => {
  const key = createKey();

  it('adds the caller and drops the credential', () => {
    const identified = identify(
      { credential: key.key, other: 1 },
      ringWith([keyCreated(key, caller)]),
      NOW,
    );
    assert.deepEqual(
      { ...identified },
      { credential: undefined, other: 1, caller: { ...caller, keyId: key.id } },
    );
  });

  it('refuses a missing, unknown or nearly right key', () => {
    const ring = ringWith([keyCreated(key, caller)]);
    assert.equal(codeOf(undefined, ring), 'caller_unknown');
    assert.equal(codeOf(createKey().key, ring), 'caller_unknown');
    assert.equal(codeOf(key.key.toUpperCase(), ring), 'caller_unknown');
    const other = createKey().key;
    assert.equal(codeOf(key.key.slice(0, 17) + other.slice(17), ring), 'caller_unknown');
  });

  it('refuses an expired key from its end on', () => {
    const ring = ringWith([keyCreated(key, caller)]);
    assert.equal(codeOf(key.key, ring, 1_999), 'none');
    assert.equal(codeOf(key.key, ring, 2_000), 'caller_expired');
  });

  it('refuses a revoked key, and tells only its holder', () => {
    const ring = ringWith([keyCreated(key, caller), keyRevoked(key.id)]);
    assert.equal(codeOf(key.key, ring), 'caller_revoked');
    const guess = key.key.slice(0, 17) + createKey().key.slice(17);
    assert.equal(codeOf(guess, ring), 'caller_unknown');
  });

  it('refuses a key whose holder was erased', () => {
    const { private: _erased, ...entry } = keyCreated(key, caller);
    assert.equal(codeOf(key.key, ringWith([entry])), 'caller_revoked');
  });

  it('knows callers of the configuration', () => {
    const ring = new KeyRing([{ ...caller, key }]);
    assert.equal(identify({ credential: key.key }, ring, NOW).caller.id, caller.id);
    ring.fold([keyCreated(key, { ...caller, id: 'another' })]);
    assert.equal(identify({ credential: key.key }, ring, NOW).caller.id, caller.id);
    ring.fold([keyRevoked(key.id), keyCreated(key, caller)]);
    assert.equal(codeOf(key.key, ring), 'caller_revoked');
  });
});

describe('the ring', () => {
  it('puts nothing of a holder in public, and no secret anywhere', () => {
    const key = createKey();
    const entry = keyCreated(key, caller);
    const open = JSON.stringify(entry.public);
    for (const word of [caller.id, caller.owner, caller.organisation, 'records', 'Shipping']) {
      assert.ok(!open.includes(word), word);
    }
    assert.ok(!JSON.stringify(entry).includes(key.key.slice(17)));
  });

  it('INVARIANT (13): is what its entries say, however they are cut', () => {
    const keys = Array.from({ length: 6 }, () => createKey());
    const command = fc.record({ key: fc.nat(keys.length - 1), at: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 8 }), fc.nat(14), (revocations, cut) => {
        const entries = [
          ...keys.map((key) => keyCreated(key, caller)),
          ...revocations.map(({ key }) => keyRevoked(keys[key]?.id ?? '')),
        ];
        const whole = ringWith(entries);
        const pieces = ringWith(entries.slice(0, cut)).fold(entries.slice(cut));
        assert.deepEqual(pieces.list(), whole.list());
        const revoked = new Set(revocations.map(({ key }) => keys[key]?.id));
        for (const { keyId, isRevoked } of whole.list())
          assert.equal(isRevoked, revoked.has(keyId));
      }),
    );
  });

  it('refuses entries that it cannot read', () => {
    const key = createKey();
    const entry = keyCreated(key, caller);
    const broken: KeyEntry[] = [
      { ...entry, public: { ...entry.public, action: 'renamed' } },
      { ...entry, public: { ...entry.public, hash: 'short' } },
      { ...entry, public: { ...entry.public, clearance: '2' } },
      { ...entry, private: { ...entry.private, teams: 'records' } },
    ];
    for (const one of broken) {
      assert.throws(() => ringWith([one]), { code: 'ledger_corrupt' });
    }
    const other = { ...entry.public, hash: createKey().hash };
    assert.throws(() => ringWith([entry, { ...entry, public: other }]), { code: 'ledger_corrupt' });
  });
});
