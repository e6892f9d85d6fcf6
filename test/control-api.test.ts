/** The control API over HTTP: who gets in, from which pages, how often, and what it says of itself. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Operation } from '#admin/operation.ts';
import { OPERATIONS } from '#admin/operations.ts';
import { STREAMS } from '#admin/streams.ts';
import { BUILT_IN_ROLES } from '#people/person.ts';
import {
  type Answer,
  type Browser,
  type Console,
  type Name,
  openConsole,
} from './harness/console.ts';

const NAMES = Object.keys(OPERATIONS) as Name[];

/** Whoever knows none of these by heart should think twice before adding one. */
const FOR_EVERYBODY: readonly Name[] = [
  'getSignInWays',
  'beginSignIn',
  'signIn',
  'signOut',
  'beginOidc',
  'finishOidc',
  'beginRegistration',
  'finishRegistration',
];

function accessOf(name: Name): Operation['access'] {
  return OPERATIONS[name].access;
}

/** An input with the path's members, and nothing that could do anything. */
function inputFor(name: Name): Record<string, string> {
  const members = [...OPERATIONS[name].path.matchAll(/:(\w+)/g)].map(([, member = '']) => member);
  return Object.fromEntries(members.map((member) => [member, 'x']));
}

async function tokenOf(here: Console, role: (typeof BUILT_IN_ROLES)[number]): Promise<string> {
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const made = await here.operate('createToken', { name: role, roles: [role], expiresAt });
  return made.token;
}

test('every operation says who may ask, and only signing in is for everybody', () => {
  for (const name of NAMES) {
    const access = accessOf(name);
    const isRoles =
      Array.isArray(access) &&
      access.length > 0 &&
      access.every((role) => BUILT_IN_ROLES.includes(role));
    assert.ok(access === 'everybody' || access === 'person' || isRoles, name);
    assert.equal(access === 'everybody', FOR_EVERYBODY.includes(name), name);
  }
  for (const [name, { access }] of Object.entries(STREAMS)) {
    assert.ok(access === 'person' || (Array.isArray(access) && access.length > 0), name);
  }
});

test('who has no role for an operation is refused, whoever asks and however', async (t) => {
  const here = await openConsole(t);
  // As the operator, while there is no administrator who would have to sign.
  const people = new Map<string, Browser>();
  for (const role of ['approver', 'overseer', 'auditor', 'administrator']) {
    people.set(role, await here.person(role, role));
  }
  const guarded = NAMES.filter((name) => accessOf(name) !== 'everybody');
  for (const name of guarded) {
    const access = accessOf(name);
    const nobody = await here.browser().send(name, inputFor(name));
    assert.deepEqual([name, nobody.status, nobody.code], [name, 401, 'session_required']);
    for (const [role, browser] of people) {
      const may = access === 'person' || (access as readonly string[]).includes(role);
      const { code } = await browser.send(name, inputFor(name));
      assert.equal(code === 'role_required', !may, `${name} by ${role}: ${code}`);
      assert.notEqual(code, 'session_required', `${name} by ${role}`);
    }
    for (const role of BUILT_IN_ROLES) {
      const authorization = `Bearer ${await tokenOf(here, role)}`;
      const { code } = await here.browser().send(name, inputFor(name), { authorization });
      const may = Array.isArray(access) && access.includes(role);
      if (!may) assert.equal(code, 'role_required', `${name} by a token of ${role}`);
      else assert.notEqual(code, 'session_required', `${name} by a token of ${role}`);
    }
  }
  assert.deepEqual(here.logs, []);
});

test('a token is good until it ends or is revoked, and neither changes people nor makes tokens', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  const token = await tokenOf(here, 'administrator');
  const authorization = `Bearer ${token}`;
  const by = (name: Name, input: object) =>
    here.browser().send(name, input as never, { authorization });
  assert.equal((await by('listPeople', {})).status, 200);
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const more = { name: 'more', roles: ['auditor'], expiresAt };
  assert.equal((await by('createToken', more)).code, 'role_required');
  assert.equal((await by('withdrawChange', { change: 'chg_000000000000' })).code, 'role_required');
  const invite = { kind: 'invite', name: 'Cleo', teams: [], roles: [] };
  assert.equal((await by('draftChange', invite)).code, 'role_required');
  for (const wrong of [`${token.slice(0, -1)}0`, token.slice(0, 20), 'prt_', '']) {
    const { code } = await here
      .browser()
      .send('listPeople', {}, { authorization: `Bearer ${wrong}` });
    assert.equal(code, 'session_required', wrong);
  }
  // A token that does not open is not made up for by a session.
  const both = await a.send('listPeople', {}, { authorization: 'Bearer prt_000000000000' });
  assert.equal(both.code, 'session_required');
  const [row] = await a.ask('listTokens', {});
  await a.ask('revokeToken', { id: row?.id ?? '' });
  assert.equal((await by('listPeople', {})).code, 'session_required');
  for (const end of [Date.now() - 1, Date.now() + 400 * 86_400_000]) {
    const input = { ...more, expiresAt: new Date(end).toISOString() };
    assert.equal((await a.send('createToken', input)).code, 'invalid_request');
  }
});

test('a request that a page of another site began is refused', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  const refused = async (headers: Record<string, string | undefined>, code = 'cross_site') => {
    const answer = await a.send('revokeKey', { id: 'none' }, headers);
    assert.deepEqual([answer.status >= 400, answer.code], [true, code], JSON.stringify(headers));
  };
  await refused({}, 'caller_unknown');
  await refused({ origin: 'https://example.net' });
  await refused({ origin: 'null' });
  await refused({ origin: undefined });
  await refused({ origin: here.serving.address });
  await refused({ origin: `${here.origin}.example.net` });
  await refused({ origin: `${here.origin}, ${here.origin}` });
  await refused({ 'sec-fetch-site': 'cross-site' });
  await refused({ 'sec-fetch-site': 'same-site' });
  await refused({ 'sec-fetch-site': 'none' });
  // Nor is anything read for it, nor anybody signed in or out.
  const read = await a.send('listPeople', {}, { 'sec-fetch-site': 'cross-site' });
  assert.equal(read.code, 'cross_site');
  const named = await a.send('listPeople', {}, { origin: 'https://example.net' });
  assert.equal(named.code, 'cross_site');
  for (const name of ['beginSignIn', 'signOut'] as const) {
    const { code } = await a.send(name, {}, { origin: 'https://example.net' });
    assert.equal(code, 'cross_site');
  }
  assert.equal((await a.ask('getSession', {})).name, 'Ada');
  // What a form of any site can send is no request here.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const headers = { 'content-type': type };
    const { status, code } = await a.fetch('POST', '/api/v1/keys', headers, { body: '{}' });
    assert.deepEqual([status, code], [415, 'unsupported_media_type'], type);
  }
  // No other origin is let in by CORS.
  const preflight = await a.fetch('OPTIONS', '/api/v1/keys', { origin: 'https://example.net' });
  assert.equal(preflight.headers.get('access-control-allow-origin'), null);
});

test('a session begins anew at each sign-in, and no one’s is taken from outside', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  const [name = '', first = ''] = [...a.cookies][0] ?? [];
  // Fixation: a secret that somebody planted is never taken up.
  const b = here.browser();
  b.cookies.set(name, 'planted-by-another');
  assert.equal((await b.send('getSession', {})).code, 'session_required');
  await a.signIn();
  const second = a.cookies.get(name) ?? '';
  assert.notEqual(second, first);
  assert.notEqual(second, '');
  const old = here.browser();
  old.cookies.set(name, first);
  assert.equal((await old.send('getSession', {})).code, 'session_required');
  await a.ask('signOut', {});
  assert.equal(a.cookies.size, 0);
  const after = here.browser();
  after.cookies.set(name, second);
  assert.equal((await after.send('getSession', {})).code, 'session_required');
});

test('the cookie is for this host, encrypted, and out of the reach of scripts and other sites', async (t) => {
  const secure = await openConsole(t, { console: { origin: 'https://proviso.example.org' } });
  const a = await secure.person('Ada', 'administrator');
  const answer = await signedIn(a);
  const [line = ''] = answer.headers.getSetCookie();
  assert.match(line, /^__Host-proviso=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  assert.match(answer.headers.get('strict-transport-security') ?? '', /max-age=\d{7,}/);
  const local = await openConsole(t);
  const b = await local.person('Ben', 'administrator');
  const [plain = ''] = (await signedIn(b)).headers.getSetCookie();
  assert.match(plain, /^proviso=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
});

async function signedIn(browser: Browser): Promise<Answer> {
  const { id, options } = await browser.ask('beginSignIn', {});
  const assertion = browser.authenticator.sign(options.challenge);
  return browser.send('signIn', { id, assertion });
}

test('an answer to a challenge is good once, and only for what was asked', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  const { id, options } = await a.ask('beginSignIn', {});
  const assertion = a.authenticator.sign(options.challenge);
  await a.ask('signIn', { id, assertion });
  assert.equal((await a.send('signIn', { id, assertion })).code, 'challenge_invalid');
  const other = await a.ask('beginSignIn', {});
  const replayed = await a.send('signIn', { id: other.id, assertion });
  assert.equal(replayed.code, 'assertion_invalid');
  // One wrong answer, and the challenge is gone.
  const late = a.authenticator.sign(other.options.challenge);
  assert.equal(
    (await a.send('signIn', { id: other.id, assertion: late })).code,
    'challenge_invalid',
  );
  // What was signed for a change signs nobody in.
  const wanted = { kind: 'invite', name: 'Cleo', teams: [], roles: [] } as const;
  const draft = await a.ask('draftChange', { ...wanted, teams: [], roles: [] });
  const third = await a.ask('beginSignIn', {});
  const signed = a.authenticator.sign(draft.options?.challenge ?? '');
  const mixed = await a.send('signIn', { id: third.id, assertion: signed });
  assert.equal(mixed.code, 'assertion_invalid');
});

test('a flood of sign-ins is held up, for its address alone', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  let limited: Answer | undefined;
  for (let i = 0; i < 100 && !limited; i++) {
    const answer = await here.browser().send('beginSignIn', {});
    if (answer.status === 429) limited = answer;
  }
  assert.equal(limited?.code, 'attempts_exceeded');
  assert.ok(Number(limited.headers.get('retry-after')) > 0);
  // What came in before is not held up.
  assert.equal((await a.ask('getSession', {})).name, 'Ada');
});

test('behind a proxy, each address that the proxy names is counted for itself', async (t) => {
  const here = await openConsole(t, { listen: { port: 0, tlsInFront: true } });
  const from = (address: string) =>
    here.browser().send('beginSignIn', {}, { 'x-forwarded-for': address });
  let count = 0;
  // What the caller wrote stands before what the proxy adds, and changes nothing.
  while (count < 100 && (await from(`192.0.2.${count}, 198.51.100.7`)).status === 200) count++;
  assert.ok(count > 0 && count < 100);
  assert.equal((await from('198.51.100.8')).status, 200);
  assert.equal((await from('2001:db8:1:2::1')).status, 200);
});

test('INVARIANT (2): what is asked strictly or not at all', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'administrator');
  const post = (body: string) => a.fetch('POST', '/api/v1/tokens', {}, { body });
  assert.equal((await post('{"name":"a","name":"b"}')).code, 'duplicate_key');
  assert.equal((await post('{"name":')).code, 'invalid_json');
  assert.equal((await post('[]')).code, 'invalid_request');
  assert.equal((await post('{"admin":true}')).code, 'invalid_request');
  assert.equal((await post(`{"name":"${'x'.repeat(300_000)}"}`)).code, 'body_too_large');
  assert.equal((await a.fetch('GET', '/api/v1/people?all=1')).code, 'invalid_request');
  assert.equal((await a.fetch('GET', '/api/v1/nothing')).code, 'not_found');
  assert.equal((await a.fetch('GET', '/console/../api/v1/people')).status, 200);
  assert.deepEqual(here.logs, []);
});

test('it describes itself as OpenAPI, with every operation', async (t) => {
  const here = await openConsole(t);
  const { body } = await here.browser().fetch('GET', '/api/openapi.json');
  const result = await new Validator().validate({ ...body });
  assert.ok(result.valid, JSON.stringify(result.errors));
  const paths = body['paths'] as Record<string, Record<string, { operationId: string }>>;
  const described = Object.values(paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  assert.deepEqual(described.sort(), [...NAMES, ...Object.keys(STREAMS)].sort());
});

test('pages load nothing from elsewhere and stand in no other page', async (t) => {
  const here = await openConsole(t);
  const elsewhere = `${here.serving.address}/console/holds?state=all`;
  const moved = await fetch(elsewhere, { redirect: 'manual' });
  assert.equal(moved.headers.get('location'), `${here.origin}/console/holds?state=all`);
  for (const path of ['/console', '/console/holds', '/verify']) {
    const { status, headers, body } = await here.browser().fetch('GET', path);
    assert.equal(status, 200, path);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.match(policy, /script-src [^;]*'(?:nonce|sha256)-[\w+/=]{22,}'/);
    assert.ok(!JSON.stringify(body).includes('__CSP_NONCE__'));
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cache-control'), 'no-store');
  }
  const again = await here.browser().fetch('GET', '/console');
  const once = await here.browser().fetch('GET', '/console');
  const policies = [again, once].map(({ headers }) => headers.get('content-security-policy'));
  assert.notEqual(policies[0], policies[1]);
  for (const path of ['/console/assets/../../package.json', '/console/assets/%2e%2e/index.html']) {
    const { body } = await here.browser().fetch('GET', path);
    assert.doesNotMatch(JSON.stringify(body), /devDependencies/);
  }
});

test('entries are found, proven, and watched as they come', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'auditor');
  const { entries, size } = await a.ask('listEntries', { kind: 'person' });
  assert.deepEqual(
    entries.map(({ public: facts }) => facts['action']),
    ['registered', 'invited'],
  );
  assert.ok(size >= 5);
  const { verifyTlogProof, parseTlogProof } = await import('#ledger/prove.ts');
  const { parseVerifierKey } = await import('#base/note.ts');
  const index = entries[0]?.index ?? 0;
  const { text, proof, verifierKey } = await a.ask('getEntry', { index });
  assert.equal(verifierKey, here.serving.gateway.ledger.verifierKey);
  const parsed = parseTlogProof(Buffer.from(proof));
  const head = verifyTlogProof(parsed, Buffer.from(text), parseVerifierKey(verifierKey));
  assert.ok(head.size > index);
  assert.equal((await a.send('getEntry', { index: 9_999 })).code, 'not_found');
  const events = await watching(t, a, '/api/v1/entries/live?kind=purpose');
  await here.operate('registerPurpose', {
    id: 'minutes',
    title: 'Minutes',
    owner: 'clerk',
    authority: 'by-law 12',
    dataClasses: [],
    callers: ['*'],
    teams: [],
    allows: [],
  });
  const event = (await events.next()) as { entries: { kind: string; public: object }[] };
  assert.deepEqual(
    event.entries.map(({ kind, public: facts }) => [kind, facts]),
    [['purpose', { action: 'registered', id: 'minutes' }]],
  );
});

/** An open event stream, ended with the test. */
async function watching(t: TestContext, { address, cookies }: Browser, path: string) {
  const ending = new AbortController();
  t.after(() => ending.abort());
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(address + path, { headers: { cookie }, signal: ending.signal });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    async next(): Promise<unknown> {
      for (;;) {
        const [, found] = /^data: (.*)\n\n/m.exec(text) ?? [];
        if (found !== undefined) {
          text = text.slice(text.indexOf(found) + found.length);
          return JSON.parse(found);
        }
        const { value, done } = (await reader?.read()) ?? { done: true };
        if (done) return undefined;
        text += value;
      }
    },
  };
}

test('a stream ends with the gateway, which waits for nobody that watches', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'auditor');
  const events = await watching(t, a, '/api/v1/entries/live');
  const startedAt = performance.now();
  await here.serving.stop();
  assert.equal(await events.next(), undefined);
  assert.ok(performance.now() - startedAt < 5_000);
});

test('the overview counts decisions, and knows the providers', async (t) => {
  const here = await openConsole(t);
  const a = await here.person('Ada', 'overseer');
  const { key } = await here.operate('createKey', {
    caller: 'tester',
    owner: 'desk',
    organisation: 'Example Harbour Authority',
    teams: [],
    clearance: 0,
    purposes: [],
  });
  await fetch(`${here.serving.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sandbox', messages: [{ role: 'user', content: 'Hello.' }] }),
  }).then((response) => response.text());
  const { decisions, providers, latency, ledger } = await a.ask('getOverview', {});
  assert.deepEqual(decisions, [{ action: 'generate', effect: 'permit', count: 1 }]);
  assert.deepEqual([providers[0]?.name, providers[0]?.health], ['sandbox', 'closed']);
  assert.ok((latency?.p50 ?? 0) > 0);
  assert.equal(ledger.problem, undefined);
});
