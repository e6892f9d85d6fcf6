/** People over the control API, as browsers reach it: who may do what, and what nobody can do alone. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { createLocalKey, openLocalKey } from '#people/local-key.ts';
import {
  type Browser,
  type Console,
  challengeOf,
  type Input,
  openConsole,
} from './harness/console.ts';

type Wanted = Input<'draftChange'>;

const NOBODY = { teams: [], roles: [] };

/** The first administrator, and a second whom the operator confirmed. */
async function administrators(t: TestContext): Promise<{ here: Console; a: Browser; b: Browser }> {
  const here = await openConsole(t);
  const a = await here.person('Ada Example', 'administrator');
  const b = await further(here, a, 'Ben Example', 'administrator');
  return { here, a, b };
}

/** Another person, invited by one administrator, and by the operator where it takes two. */
async function further(
  here: Console,
  by: Browser,
  name: string,
  ...roles: string[]
): Promise<Browser> {
  const { document } = await by.ask('draftChange', { kind: 'invite', name, teams: [], roles });
  let made = await by.sign(document);
  const { code } = made;
  if (!made.isMade) made = await here.operate('signChange', { document });
  const browser = here.browser();
  await browser.register(made.invitation ?? '', code);
  return browser;
}

async function refused(work: Promise<unknown>, code: string, words = /./): Promise<void> {
  await assert.rejects(work, (thrown: Error & { code?: string }) => {
    assert.equal(thrown.code, code, String(thrown));
    assert.match(thrown.message, words);
    return true;
  });
}

test('the first administrator comes by a link, a second by two people', async (t) => {
  const { here, a, b } = await administrators(t);
  const people = await a.ask('listPeople', {});
  assert.deepEqual(
    people.map(({ name, roles, state }) => [name, roles, state]),
    [
      ['Ada Example', ['administrator'], 'active'],
      ['Ben Example', ['administrator'], 'active'],
    ],
  );
  assert.equal((await b.ask('getSession', {})).name, 'Ben Example');
  assert.deepEqual(here.logs, []);
});

test('INVARIANT (13): people are what the ledger says, and their names are not in clear', async (t) => {
  const { here, a } = await administrators(t);
  await a.change({ kind: 'invite', name: 'Cleo Example', email: 'cleo@example.org', ...NOBODY });
  const { ledger, people } = here.serving.gateway;
  await ledger.flush();
  const { PeopleRegister } = await import('#people/register.ts');
  const history = await Array.fromAsync(ledger.history(['person']));
  const again = new PeopleRegister().fold(history);
  const plain = (list: readonly object[]) => JSON.parse(JSON.stringify(list)) as unknown;
  assert.deepEqual(plain(again.list()), plain(people.list()));
  const open = JSON.stringify(history.map((entry) => [entry.public, entry.digests]));
  for (const hidden of ['Example', 'cleo']) assert.ok(!open.includes(hidden), hidden);
});

test('an administrator alone makes none', async (t) => {
  const { here, a } = await administrators(t);
  const wanted: Wanted = { kind: 'invite', name: 'Cleo', teams: [], roles: ['administrator'] };
  const { document } = await a.ask('draftChange', wanted);
  const first = await a.sign(document);
  assert.deepEqual([first.isMade, first.invitation], [false, undefined]);
  // Again by the same person, by the operator while there are two, and by a token of either.
  await refused(a.sign(document), 'second_person_required');
  const byOperator = await here.operate('signChange', { document });
  assert.deepEqual([byOperator.isMade, byOperator.signatures], [false, 1]);
  const c = await further(here, a, 'Dov', 'overseer');
  await refused(c.sign(document), 'role_required');
  const gives: Wanted = { kind: 'roles', person: c.person, teams: [], roles: ['administrator'] };
  assert.equal((await a.change(gives)).isMade, false);
  assert.deepEqual((await c.ask('getSession', {})).roles, ['overseer']);
});

test('who completes an invitation by two cannot use it: the code is with the other', async (t) => {
  const { here, a, b } = await administrators(t);
  const wanted: Wanted = { kind: 'invite', name: 'Cleo', teams: [], roles: ['administrator'] };
  const { document } = await a.ask('draftChange', wanted);
  const { code } = await a.sign(document);
  const { invitation, isMade, code: again } = await b.sign(document);
  assert.ok(isMade && invitation && code && again === undefined);
  const c = here.browser();
  await refused(c.register(invitation), 'invitation_invalid', /code/);
  await refused(c.register(invitation, code.replace(/.$/, '#')), 'invitation_invalid', /code/);
  await c.register(invitation, code.toLowerCase().replaceAll('-', ' '));
  assert.deepEqual((await c.ask('getSession', {})).roles, ['administrator']);
});

test('an invitation is used once', async (t) => {
  const { here, a } = await administrators(t);
  const { invitation = '' } = await a.change({ kind: 'invite', name: 'Cleo', ...NOBODY });
  const [first, second] = [here.browser(), here.browser()];
  // Both have opened it; the first to answer is Cleo.
  const secret = invitation.slice(invitation.indexOf('#') + 1);
  const { id, options } = await second.ask('beginRegistration', { invitation: secret });
  await first.register(invitation);
  const passkey = second.authenticator.register(options.challenge);
  const late = { invitation: secret, id, passkey };
  await refused(second.ask('finishRegistration', late), 'invitation_invalid');
  await refused(second.register(invitation), 'invitation_invalid');
  await refused(second.signIn(), 'assertion_invalid');
});

test('recovery cannot be done alone, and ends the keys that were', async (t) => {
  const { here, a, b } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  const { document } = await a.ask('draftChange', { kind: 'recover', person: c.person });
  const { isMade, code } = await a.sign(document);
  assert.equal(isMade, false);
  await refused(a.sign(document), 'second_person_required');
  await refused(c.sign(document), 'role_required');
  assert.equal((await c.ask('getSession', {})).name, 'Cleo');
  const { invitation = '' } = await b.sign(document);
  await refused(c.ask('getSession', {}), 'session_required');
  await refused(c.signIn(), 'assertion_invalid');
  const fresh = here.browser();
  await fresh.register(invitation, code);
  assert.deepEqual((await fresh.ask('getSession', {})).roles, ['auditor']);
  await refused(c.signIn(), 'assertion_invalid');
});

test('the only administrator is recovered by the operator and an overseer, by neither alone', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  const wanted: Wanted = { kind: 'recover', person: a.person };
  const { document } = await here.operate('draftChange', wanted);
  const begun = await here.operate('signChange', { document });
  assert.equal(begun.isMade, false);
  await refused(here.operate('signChange', { document }), 'second_person_required');
  await refused(a.sign(document), 'role_required');
  const o = await further(here, a, 'Olu', 'overseer');
  const other = await further(here, a, 'Pat', 'auditor');
  await refused(other.sign(document), 'role_required');
  const { isMade, invitation = '' } = await o.sign(document);
  assert.equal(isMade, true);
  const fresh = here.browser();
  await fresh.register(invitation, begun.code);
  assert.deepEqual((await fresh.ask('getSession', {})).roles, ['administrator']);
});

test('once there is an administrator, the operator only proposes', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  const wanted: Wanted = { kind: 'invite', name: 'Cleo', teams: [], roles: ['approver'] };
  const { document } = await here.operate('draftChange', wanted);
  const proposed = await here.operate('signChange', { document });
  assert.deepEqual([proposed.isMade, proposed.signatures], [false, 0]);
  const [open] = await a.ask('listChanges', {});
  assert.deepEqual([open?.document, open?.signedBy, open?.maySign], [document, [], true]);
  assert.equal((await a.sign(document)).isMade, true);
  assert.deepEqual(await a.ask('listChanges', {}), []);
});

test('nobody gives themselves a role alone, and the last administrator stays', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  const own: Wanted = {
    kind: 'roles',
    person: a.person,
    teams: [],
    roles: ['administrator', 'approver'],
  };
  const { document } = await a.ask('draftChange', own);
  assert.equal((await a.sign(document)).isMade, false);
  assert.equal((await here.operate('signChange', { document })).isMade, true);
  await a.signIn();
  assert.deepEqual((await a.ask('getSession', {})).roles, ['administrator', 'approver']);
  const goes: readonly Wanted[] = [
    { kind: 'remove', person: a.person },
    { kind: 'roles', person: a.person, teams: [], roles: ['auditor'] },
  ];
  for (const wanted of goes) {
    await refused(a.ask('draftChange', wanted), 'invalid_request', /last administrator/);
  }
});

test('a change is made once, as it was signed, for this gateway, and in time', async (t) => {
  const { here, a } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  const { document } = await a.ask('draftChange', {
    kind: 'roles',
    person: c.person,
    teams: ['records'],
    roles: ['overseer'],
  });
  await a.sign(document);
  await refused(a.sign(document), 'challenge_invalid');
  const said = JSON.parse(document) as JsonObject;
  const { canonicalJson } = await import('#base/json.ts');
  const forged = async (change: JsonObject, code: string) =>
    refused(a.sign(canonicalJson({ ...said, change: 'chg_000000000001', ...change })), code);
  await forged({ ledger: 'example.org/other' }, 'invalid_request');
  await forged({ expiresAt: Date.now() - 1 }, 'challenge_invalid');
  await forged({ expiresAt: Date.now() + 8 * 86_400_000 }, 'challenge_invalid');
  await forged({ what: 'proviso sign-in v1' }, 'invalid_request');
  await forged({ more: true }, 'invalid_request');
  await forged({ kind: 'promote' }, 'invalid_request');
  // A signature over one document is none over another.
  const other = await a.ask('draftChange', { kind: 'remove', person: c.person });
  const assertion = a.authenticator.sign(challengeOf(document));
  await refused(
    a.ask('signChange', { document: other.document, assertion }),
    'assertion_invalid',
    /another challenge/,
  );
  assert.deepEqual((await a.ask('listPeople', {})).at(-1)?.roles, ['overseer']);
});

test('a document that others signed is not exchanged for another of its name', async (t) => {
  const { here, a, b } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  const { document } = await a.ask('draftChange', { kind: 'recover', person: c.person });
  await a.sign(document);
  const { canonicalJson } = await import('#base/json.ts');
  const said = JSON.parse(document) as JsonObject;
  const exchanged = canonicalJson({ ...said, person: a.person });
  await refused(b.sign(exchanged), 'challenge_invalid', /others signed/);
});

test('a withdrawn change is good for nothing, and a signer who left does not count', async (t) => {
  const { here, a, b } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  const rise = await a.ask('draftChange', {
    kind: 'roles',
    person: c.person,
    teams: [],
    roles: ['administrator'],
  });
  await a.sign(rise.document);
  assert.equal((await b.sign(rise.document)).isMade, true);
  await c.signIn();
  const wanted: Wanted = { kind: 'invite', name: 'Dov', teams: [], roles: ['administrator'] };
  const first = await c.ask('draftChange', wanted);
  await c.sign(first.document);
  await b.ask('withdrawChange', { change: first.change });
  await refused(b.sign(first.document), 'challenge_invalid');
  const second = await c.ask('draftChange', wanted);
  await c.sign(second.document);
  const removal = await a.ask('draftChange', { kind: 'remove', person: c.person });
  await a.sign(removal.document);
  assert.equal((await b.sign(removal.document)).isMade, true);
  const late = await b.sign(second.document);
  assert.deepEqual([late.isMade, late.signatures], [false, 1]);
});

test('a removed person has neither session nor key', async (t) => {
  const { here, a } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  assert.equal((await c.ask('getSession', {})).name, 'Cleo');
  await a.change({ kind: 'remove', person: c.person });
  await refused(c.ask('getSession', {}), 'session_required');
  await refused(c.signIn(), 'assertion_invalid');
  const again: Wanted = { kind: 'roles', person: c.person, teams: [], roles: [] };
  await refused(a.ask('draftChange', again), 'invalid_request', /no such person/);
});

test('other roles end the sessions of before', async (t) => {
  const { here, a } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  await a.change({ kind: 'roles', person: c.person, teams: [], roles: ['overseer'] });
  await refused(c.ask('getSession', {}), 'session_required');
  await c.signIn();
  assert.deepEqual((await c.ask('getSession', {})).roles, ['overseer']);
});

test('a person adds a passkey with the one at hand, and ends one, but never the last', async (t) => {
  const { here, a } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  const second = here.browser();
  const { id, options } = await c.ask('beginPasskey', {});
  assert.deepEqual(
    options.excludeCredentials.map((held) => held.id),
    [c.authenticator.id],
  );
  const passkey = second.authenticator.register(options.challenge);
  const wanted: Wanted = { kind: 'add-passkey', id, passkey };
  const { document } = await c.ask('draftChange', wanted);
  await refused(a.sign(document), 'role_required');
  const bySecond = second.authenticator.sign(challengeOf(document));
  await refused(c.ask('signChange', { document, assertion: bySecond }), 'assertion_invalid');
  await c.sign(document);
  await second.signIn();
  const end: Wanted = { kind: 'end-key', person: c.person, credential: c.authenticator.id };
  await second.change(end);
  await refused(c.ask('getSession', {}), 'session_required');
  await refused(c.signIn(), 'assertion_invalid');
  await second.signIn();
  const last = { ...end, credential: second.authenticator.id };
  await refused(second.ask('draftChange', last), 'invalid_request', /last key/);
});

test('a local key is registered by two, the person being one; then it signs', async (t) => {
  const { here, a, b } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  const signer = openLocalKey(createLocalKey());
  const wanted = {
    kind: 'add-local-key',
    person: c.person,
    publicKey: signer.key.publicKey,
  } as const;
  const { document } = await a.ask('draftChange', wanted);
  assert.equal((await a.sign(document)).isMade, false);
  assert.equal((await c.sign(document)).isMade, true);
  await refused(b.ask('draftChange', wanted), 'invalid_request', /registered already/);
  const { document: own } = await here.operate('draftChange', {
    kind: 'end-key',
    person: c.person,
    credential: signer.key.id,
  });
  const { hash } = await import('node:crypto');
  const assertion = signer.sign(hash('sha256', own, 'buffer'));
  assert.equal((await here.operate('signChange', { document: own, assertion })).isMade, true);
});

test('a key that counts back has been copied, and signs no more', async (t) => {
  const { a } = await administrators(t);
  const counted = a.authenticator.counter;
  await a.signIn();
  a.authenticator.counter = counted - 1;
  await refused(a.signIn(), 'assertion_invalid', /counter/);
  const draft = await a.ask('draftChange', { kind: 'invite', name: 'Cleo', ...NOBODY });
  a.authenticator.counter = 0;
  await refused(a.sign(draft.document), 'assertion_invalid', /counter/);
});

test('the history of people checks out, and a change of it does not', async (t) => {
  const { here, a, b } = await administrators(t);
  const c = await further(here, a, 'Cleo', 'auditor');
  const recovery = await a.ask('draftChange', { kind: 'recover', person: c.person });
  await a.sign(recovery.document);
  await b.sign(recovery.document);
  await a.change({ kind: 'roles', person: c.person, teams: [], roles: ['overseer'] });
  const { ledger } = here.serving.gateway;
  const history = await Array.fromAsync(ledger.history(['person']));
  const { checkPeople } = await import('#people/history.ts');
  const problemsOf = async (entries: typeof history) =>
    (await Array.fromAsync(checkPeople(entries))).map(({ problem }) => problem);
  assert.deepEqual(await problemsOf(history), []);
  // What was erased since is no fault.
  const erased = history.map((entry) => ({ ...entry, private: undefined }));
  assert.deepEqual(await problemsOf(erased), []);
  const changed = async (
    action: string,
    change: (entry: (typeof history)[number]) => JsonObject,
    words: RegExp,
  ) => {
    const at = history.findLastIndex(({ public: facts }) => facts['action'] === action);
    const forged = history.map((entry, i) =>
      i === at ? { ...entry, public: { ...entry.public, ...change(entry) } } : entry,
    );
    assert.match((await problemsOf(forged)).join('\n'), words);
  };
  await changed('roles', () => ({ id: b.person }), /about something else/);
  await changed('roles', () => ({ roles: ['administrator'] }), /about something else/);
  await changed('roles', () => ({ signatures: [{ by: 'operator' }] }), /not theirs to sign/);
  const [first] = signaturesIn(history.at(-1)?.public);
  await changed('roles', () => ({ signatures: [{ ...first, by: b.person }] }), /not theirs then/);
  await changed('roles', () => ({ challenge: 'A'.repeat(43) }), /does not verify/);
  await changed(
    'recovered',
    ({ public: facts }) => ({ signatures: signaturesIn(facts).slice(1) }),
    /1 of 2 signatures/,
  );
  await changed(
    'recovered',
    ({ public: facts }) => {
      const [one] = signaturesIn(facts);
      return { signatures: [one ?? {}, one ?? {}] };
    },
    /signed twice/,
  );
});

function signaturesIn(facts: JsonObject | undefined): readonly JsonObject[] {
  return (facts?.['signatures'] ?? []) as readonly JsonObject[];
}
