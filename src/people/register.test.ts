import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createBearer } from '#base/bearer.ts';
import { canonicalJson, type JsonObject } from '#base/json.ts';
import { documentOf, type PersonChange, readDocument } from './change.ts';
import { type PersonEntry, type PrivateFacts, type PublicFacts, personEntry } from './entries.ts';
import { createCode, createInvitation, openInvitation } from './invitation.ts';
import { localKeyOf } from './local-key.ts';
import { counterOf, PeopleRegister } from './register.ts';
import { maySign, OPERATOR, obstacle, signaturesNeeded } from './rules.ts';
import { createToken, TokenRegister, tokenCreated, tokenRevoked } from './tokens.ts';

const NOW = 1_000_000;
const IDS = ['a', 'b', 'c', 'd'].map((digit) => `per_${digit.repeat(12)}`);
const [A = '', B = '', , D = ''] = IDS;
const made = {
  change: 'chg_000000000000',
  challenge: 'AAAA',
  signatures: [{ by: OPERATOR }],
} as const;

/** As the ledger hands it back. */
function entry(facts: PublicFacts, hidden?: PrivateFacts): PersonEntry {
  return structuredClone(personEntry(facts, hidden));
}

function invited(id: string, ...roles: string[]): PersonEntry {
  const { kept } = createInvitation(NOW, undefined);
  const facts = { ...made, action: 'invited', id, roles, invitation: kept } as const;
  return entry({ ...facts, signatures: [...made.signatures] }, { name: `Person ${id}`, teams: [] });
}

function registered(id: string, counter = 0): PersonEntry {
  const credential = {
    kind: 'passkey',
    id: `key-${id}`,
    publicKey: 'AAAA',
    counter,
    isSynced: false,
    transports: [],
  } as const;
  return entry({ action: 'registered', id, invitation: '000000000000', credential });
}

function people(...entries: readonly PersonEntry[]): PeopleRegister {
  return new PeopleRegister().fold(entries);
}

/** Two administrators, an overseer, and one without a role. */
function staff(): PeopleRegister {
  const roles = [['administrator'], ['administrator'], ['overseer'], []];
  return people(...IDS.flatMap((id, i) => [invited(id, ...(roles[i] ?? [])), registered(id)]));
}

const change = {
  invite: (...roles: string[]): PersonChange => ({
    kind: 'invite',
    person: 'per_eeeeeeeeeeee',
    name: 'E',
    teams: [],
    roles,
  }),
  roles: (person: string, ...roles: string[]): PersonChange => ({
    kind: 'roles',
    person,
    teams: [],
    roles,
  }),
  remove: (person: string): PersonChange => ({ kind: 'remove', person }),
  recover: (person: string): PersonChange => ({ kind: 'recover', person }),
  localKey: (person: string): PersonChange => ({
    kind: 'add-key',
    person,
    credential: localKeyOf('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'),
  }),
};

test('how many signatures each change takes, and whose', () => {
  const register = staff();
  const table: readonly (readonly [PersonChange, number, readonly string[]])[] = [
    [change.invite('auditor'), 1, [A, B]],
    [change.invite('administrator'), 2, [A, B]],
    [change.roles(D, 'auditor'), 1, [A, B]],
    [change.roles(D, 'administrator'), 2, [A, B]],
    [change.roles(B), 2, [A, B]],
    [change.remove(D), 1, [A, B]],
    [change.remove(B), 2, [A, B]],
    [change.recover(D), 2, [A, B]],
    [change.recover(B), 2, [A]],
    [change.localKey(D), 2, [A, B, D]],
    [{ kind: 'end-key', person: D, credential: `key-${D}` }, 1, [A, B, D]],
  ];
  for (const [wanted, needed, signers] of table) {
    const what = JSON.stringify(wanted);
    const able = [...IDS, OPERATOR].filter((by) => maySign(wanted, register, by, []));
    // With one administrator who can sign, the operator is one of two.
    const withOperator = wanted.kind === 'recover' && wanted.person === B;
    assert.deepEqual(able, [...signers, ...(withOperator ? [OPERATOR] : [])], what);
    assert.equal(signaturesNeeded(wanted, register, []), needed, what);
  }
  assert.equal(signaturesNeeded(change.roles(A, 'administrator', 'approver'), register, [A]), 2);
  assert.equal(signaturesNeeded(change.roles(A, 'administrator', 'approver'), register, [B]), 1);
});

test('the operator acts alone until there is an administrator with a key, and not after', () => {
  const register = people(invited(A, 'administrator'));
  for (const wanted of [change.invite('administrator'), change.recover(A), change.localKey(A)]) {
    assert.ok(maySign(wanted, register, OPERATOR, []));
    assert.equal(signaturesNeeded(wanted, register, []), 1);
  }
  register.fold([registered(A)]);
  assert.ok(!maySign(change.invite('auditor'), register, OPERATOR, []));
  assert.ok(maySign(change.invite('administrator'), register, OPERATOR, []));
  assert.equal(signaturesNeeded(change.invite('administrator'), register, []), 2);
  // Also when the only one is to be recovered: it stays two.
  register.fold([
    entry({ ...recoveredFacts(A), signatures: [...made.signatures] }, {}),
    invited(B, 'overseer'),
    registered(B),
  ]);
  assert.ok(register.hasHadAdministrator);
  assert.equal(signaturesNeeded(change.recover(A), register, [OPERATOR]), 2);
  const able = [A, B, OPERATOR].filter((by) => maySign(change.recover(A), register, by, []));
  assert.deepEqual(able, [B, OPERATOR]);
  assert.ok(!maySign(change.invite('auditor'), register, B, []));
});

function recoveredFacts(id: string) {
  const { kept } = createInvitation(NOW, undefined);
  return { ...made, action: 'recovered', id, invitation: kept } as const;
}

test('the last administrator with a key stays', () => {
  const register = people(invited(A, 'administrator'), registered(A), invited(B, 'administrator'));
  assert.match(obstacle(change.remove(A), register) ?? '', /last administrator/);
  assert.match(obstacle(change.roles(A, 'auditor'), register) ?? '', /last administrator/);
  assert.equal(obstacle(change.roles(A, 'administrator', 'auditor'), register), undefined);
  assert.equal(obstacle(change.remove(B), register), undefined);
  register.fold([registered(B)]);
  assert.equal(obstacle(change.remove(A), register), undefined);
});

test('INVARIANT (13): entries folded at once or one by one make the same people', () => {
  const step = fc.constantFrom(
    ...IDS.flatMap((id) => [
      invited(id, 'auditor'),
      registered(id, 3),
      entry({ ...made, action: 'removed', id, signatures: [...made.signatures] }),
      entry(
        { ...made, action: 'roles', id, roles: ['x'], signatures: [...made.signatures] },
        { teams: ['t'] },
      ),
      entry({ ...recoveredFacts(id), signatures: [...made.signatures] }, {}),
      entry({
        ...made,
        action: 'key_ended',
        id,
        credential: `key-${id}`,
        signatures: [...made.signatures],
      }),
    ]),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (history) => {
      const whole = people(...history);
      const parts = new PeopleRegister();
      for (const one of history) parts.fold([one]);
      assert.deepEqual(parts.list(), whole.list());
      for (const person of whole.list()) {
        const isGone = person.state === 'removed';
        assert.ok(!isGone || person.invitation === undefined);
        for (const { id } of person.credentials) {
          assert.equal(whole.findByCredential(id)?.id, person.id);
        }
      }
    }),
  );
});

test('a person whose name was erased is nobody any more', () => {
  const { private: _erased, ...open } = invited(A, 'administrator');
  const register = people(open, registered(A));
  assert.deepEqual([register.find(A)?.state, register.find(A)?.name], ['erased', '']);
  assert.ok(!maySign(change.remove(D), register, A, []));
  assert.ok(!register.hasHadAdministrator);
});

test('entries that cannot be read stop the start', () => {
  const good = invited(A, 'auditor');
  for (const facts of [
    { ...good.public, action: 'promoted' },
    { ...good.public, more: true },
    { ...good.public, id: 'per_x' },
    { ...good.public, signatures: [] },
    { ...good.public, signatures: [{ by: 'somebody' }] },
  ]) {
    assert.throws(() => people({ ...good, public: facts }), {
      code: 'ledger_corrupt',
    });
  }
  assert.throws(() => people({ ...good, private: { name: 1 } }), { code: 'ledger_corrupt' });
});

test('a counter is remembered from the assertions in entries, and never goes back', () => {
  const register = people(invited(A), registered(A, 3));
  const counter = () => {
    const [key] = register.find(A)?.credentials ?? [];
    return key?.kind === 'passkey' ? key.counter : undefined;
  };
  const authenticatorData = Buffer.alloc(37);
  authenticatorData.writeUInt32BE(9, 33);
  const text = authenticatorData.toString('base64url');
  assert.deepEqual([counterOf(text), counterOf('AAAA')], [9, 0]);
  const assertion = {
    kind: 'passkey',
    credential: `key-${A}`,
    clientDataJSON: 'AAAA',
    authenticatorData: text,
    signature: 'AAAA',
  } as const;
  const signatures = [{ by: A, assertion }];
  register.fold([entry({ ...made, action: 'roles', id: A, roles: [], signatures }, { teams: [] })]);
  assert.equal(counter(), 9);
  register.counted(`key-${A}`, 5);
  assert.equal(counter(), 9);
  const later = Buffer.alloc(37);
  later.writeUInt32BE(12, 33);
  const approved = { ...assertion, authenticatorData: later.toString('base64url') };
  register.fold([
    { kind: 'approval', public: {}, private: { assertion: approved } },
    { kind: 'approval', public: {}, private: { reason: 'no' } },
    { kind: 'approval', public: {} },
  ]);
  assert.equal(counter(), 12);
});

test('an invitation opens for its secret, its code and its time', () => {
  const { code, codeHash } = createCode();
  const { text, kept } = createInvitation(NOW, codeHash);
  const facts = { ...made, action: 'invited', id: A, invitation: kept } as const;
  const signatures = [...made.signatures];
  const register = people(entry({ ...facts, roles: [], signatures }, { name: 'Ada' }));
  assert.equal(openInvitation(register, text, code, NOW).id, A);
  const refused = (secret: string, given: string | undefined, nowMs = NOW) =>
    assert.throws(() => openInvitation(register, secret, given, nowMs), {
      code: 'invitation_invalid',
    });
  refused(text, undefined);
  refused(text, createCode().code);
  refused(text, code, kept.expiresAt);
  refused(createBearer('pri_').text, code);
  refused(text.slice(0, -1), code);
  assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
  register.fold([registered(A)]);
  refused(text, code);
});

test('a change’s document is read back whole, and nothing else is one', () => {
  const document = documentOf(change.roles(D, 'b', 'a'), 'example.org/log', NOW);
  const read = readDocument(document.text);
  assert.deepEqual([read.id, read.ledger, read.change.person], [document.id, 'example.org/log', D]);
  const said = JSON.parse(document.text) as JsonObject;
  for (const wrong of [
    '',
    '{}',
    ` ${document.text}`,
    JSON.stringify({ ...said, what: 'proviso approval v1' }),
    canonicalJson({ ...said, what: 'proviso approval v1' }),
    canonicalJson({ ...said, kind: 'promote' }),
    canonicalJson({ ...said, more: 1 }),
    document.text.replace('"kind"', '"kind":"remove","kind"'),
  ]) {
    assert.throws(() => readDocument(wrong), { code: 'invalid_request' }, wrong);
  }
});

test('a token opens what it is for until it ends', () => {
  const { text, id, hash } = createToken();
  const token = { id, hash, name: 'audit', roles: ['auditor'], expiresAt: NOW, by: OPERATOR };
  const register = new TokenRegister().fold([tokenCreated({ ...token, isRevoked: false })]);
  assert.equal(register.identify(text, NOW - 1)?.name, 'audit');
  assert.equal(register.identify(text, NOW), undefined);
  assert.equal(register.identify(createToken().text, 0), undefined);
  assert.equal(register.identify(text.slice(0, 17) + createToken().text.slice(17), 0), undefined);
  register.fold([tokenRevoked(id, OPERATOR)]);
  assert.equal(register.identify(text, 0), undefined);
  const broken = { kind: 'token', public: { action: 'renamed', id } } as const;
  assert.throws(() => register.fold([broken]), { code: 'ledger_corrupt' });
});
