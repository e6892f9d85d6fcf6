/** Sign-in at an OpenID provider that really runs, on loopback. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Provider } from 'oidc-provider';
import { type Browser, type Console, type Input, openConsole } from './harness/console.ts';

const CLIENT_SECRET = 'a-secret-of-the-tests-which-is-long-enough';

interface SignOn {
  /** Who signs in at the provider next. */
  subject: string;
}

/** A provider that asks nobody anything: whoever comes is `subject`, and agrees. */
function providerFor(issuer: string, origin: string, subject: () => string): Provider {
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'proviso',
        client_secret: CLIENT_SECRET,
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: [`${origin}/console/signed-on`],
      },
    ],
    cookies: { keys: ['a key of the tests'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    pkce: { required: () => true },
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client?.clientId ?? '',
        accountId: oidc.session?.accountId ?? '',
      });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
  });
  provider.use(async (context, next) => {
    if (!context.path.startsWith('/interaction/')) return next();
    const login = { accountId: subject() };
    context.respond = false;
    await provider.interactionFinished(context.req, context.res, { login });
    return undefined;
  });
  return provider;
}

async function openBoth(t: TestContext): Promise<{ here: Console; signOn: SignOn }> {
  const signOn = { subject: 'nobody' };
  let provider: Provider | undefined;
  const server = createServer((request, response) => {
    void provider?.callback()(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const folder = mkdtempSync(join(tmpdir(), 'proviso-sign-on-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, CLIENT_SECRET);
  const oidc = { name: 'Harbour sign-on', issuer, clientId: 'proviso', clientSecret: { file } };
  const here = await openConsole(t, { console: { oidc } });
  provider = providerFor(issuer, here.origin, () => signOn.subject);
  return { here, signOn };
}

/** Goes where a browser is sent, with the provider's cookies, until it is back at the console. */
async function visit(location: string, origin: string): Promise<string> {
  const jar = new Map<string, string>();
  for (let url = location, hops = 0; hops < 10; hops++) {
    if (url.startsWith(origin)) return url.slice(url.indexOf('?'));
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    const next = response.headers.get('location');
    if (next === null) throw new Error(`${url}: ${response.status} ${await response.text()}`);
    url = new URL(next, url).href;
  }
  throw new Error('sent around in a circle');
}

async function signOnAs(
  browser: Browser,
  invited?: { readonly invitation: string },
): Promise<{ flow: string; query: string }> {
  const { location, flow } = await browser.ask('beginOidc', invited ? { invited } : {});
  return { flow, query: await visit(location, browser.origin) };
}

test('an invited person registers by signing on, and comes back by it', async (t) => {
  const { here, signOn } = await openBoth(t);
  const a = await here.person('Ada', 'administrator');
  const made = await a.change({ kind: 'invite', name: 'Cleo', teams: [], roles: ['auditor'] });
  const invitation = made.invitation?.slice(made.invitation.indexOf('#') + 1) ?? '';
  const c = here.browser();
  assert.equal((await c.ask('getSignInWays', {})).oidc?.name, 'Harbour sign-on');
  signOn.subject = 'cleo-at-the-provider';
  const session = await c.ask('finishOidc', await signOnAs(c, { invitation }));
  assert.deepEqual([session.name, session.via, session.hasPasskey], ['Cleo', 'oidc', false]);
  const again = here.browser();
  await again.ask('finishOidc', await signOnAs(again));
  assert.deepEqual((await again.ask('getSession', {})).roles, ['auditor']);
  // Who the provider says it is stands in no entry in clear.
  const { ledger } = here.serving.gateway;
  await ledger.flush();
  const history = await Array.fromAsync(ledger.history(['person']));
  const open = JSON.stringify(history.map((entry) => entry.public));
  assert.ok(!open.includes('cleo-at-the-provider'));
  // The invitation is used.
  const late = await here.browser().send('beginOidc', { invited: { invitation } });
  assert.equal(late.code, 'invitation_invalid');
});

test('somebody whom nobody invited gets no further than the provider', async (t) => {
  const { here, signOn } = await openBoth(t);
  await here.person('Ada', 'administrator');
  signOn.subject = 'stranger';
  const b = here.browser();
  const { code } = await b.send('finishOidc', await signOnAs(b));
  assert.equal(code, 'person_unknown');
  assert.equal((await b.send('getSession', {})).code, 'session_required');
});

test('an answer is good once, for the flow and the browser that asked', async (t) => {
  const { here, signOn } = await openBoth(t);
  await here.person('Ada', 'administrator');
  signOn.subject = 'stranger';
  const b = here.browser();
  const first = await signOnAs(b);
  await b.send('finishOidc', first);
  assert.equal((await b.send('finishOidc', first)).code, 'challenge_invalid');
  // Another's answer, handed to a victim's browser.
  const attacker = await signOnAs(here.browser());
  const victim = await signOnAs(b);
  const mixed = await b.send('finishOidc', { flow: victim.flow, query: attacker.query });
  assert.equal(mixed.code, 'assertion_invalid');
  const forged = await signOnAs(b);
  const query = forged.query.replace(/code=[^&]+/, 'code=forged');
  assert.equal(
    (await b.send('finishOidc', { flow: forged.flow, query })).code,
    'assertion_invalid',
  );
  const other = await signOnAs(b);
  const mixedUp = other.query.replace(/iss=[^&]+/, 'iss=http%3A%2F%2F127.0.0.1%3A1');
  const wrongIssuer = await b.send('finishOidc', { flow: other.flow, query: mixedUp });
  assert.equal(wrongIssuer.code, 'assertion_invalid');
});

test('whoever signs on without a passkey signs nothing', async (t) => {
  const { here, signOn } = await openBoth(t);
  const a = await here.person('Ada', 'administrator');
  const wanted = (name: string): Input<'draftChange'> => ({
    kind: 'invite',
    name,
    teams: [],
    roles: ['administrator'],
  });
  const { document } = await a.ask('draftChange', wanted('Ben'));
  const { code } = await a.sign(document);
  const { invitation = '' } = await here.operate('signChange', { document });
  const b = here.browser();
  signOn.subject = 'ben';
  const secret = invitation.slice(invitation.indexOf('#') + 1);
  const begun = await b.ask('beginOidc', { invited: { invitation: secret, code: code ?? '' } });
  const query = await visit(begun.location, b.origin);
  await b.ask('finishOidc', { flow: begun.flow, query });
  const draft = await b.ask('draftChange', { kind: 'invite', name: 'Cleo', teams: [], roles: [] });
  assert.equal(
    (await b.send('signChange', { document: draft.document })).code,
    'assertion_invalid',
  );
  await assert.rejects(b.sign(draft.document), { code: 'assertion_invalid' });
  // So that nothing waits for a signature that cannot come, the operator is still one of two.
  const next = await a.ask('draftChange', wanted('Dov'));
  await a.sign(next.document);
  assert.equal((await here.operate('signChange', { document: next.document })).isMade, true);
});

test('a provider that is away stops nobody with a passkey', async (t) => {
  const here = await openConsole(t, {
    console: { oidc: { issuer: 'http://127.0.0.1:1', clientId: 'proviso' } },
  });
  const a = await here.person('Ada', 'administrator');
  assert.equal((await a.send('beginOidc', {})).code, 'upstream_unavailable');
  await a.signIn();
});
