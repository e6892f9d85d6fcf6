/**
 * People in a real browser, each with a passkey of their own, decide on a tool call that a vendor's
 * own client waits for.
 */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { stringify } from 'yaml';
import { CONSOLE_DIR } from '#admin/pages.ts';
import type { JsonObject } from '#base/json.ts';
import type { Protocol } from '#wire/exchange.ts';
import { newApprover, nextHold, termsWithLocalKeys } from '../harness/approvers.ts';
import { launchBrowser } from '../harness/browser.ts';
import { connect } from '../harness/clients/connect.ts';
import type { Heard } from '../harness/clients/question.ts';
import { type Console, openConsole } from '../harness/console.ts';
import { modelOf, providersAt } from '../harness/gateway.ts';
import { speak } from '../harness/said/speak.ts';
import { says, startUpstream, type Upstream } from '../harness/upstream.ts';

/** Pictures of each page, for people to look at. */
const PICTURES = fileURLToPath(new URL('../../coverage/pictures', import.meta.url));
mkdirSync(PICTURES, { recursive: true });

let browser: Browser;
let upstream: Upstream;
before(async () => {
  assert.ok(
    existsSync(join(CONSOLE_DIR, 'index.html')),
    'build the console: npm run build:console',
  );
  browser = await launchBrowser();
  upstream = await startUpstream();
});
after(async () => {
  await browser.close();
  await upstream.close();
});

/** As no canonical writer would write it, with a letter that passes for another. */
const FIRE = {
  id: 'call_fire',
  name: 'fire_weapon',
  arguments: '{ "to": "the оld pier", "at": 4.0 }',
};
const SIGNED = { at: 4, to: 'the оld pier' };
const TOOLS = [
  {
    name: 'fire_weapon',
    description: 'A tool of the harbour.',
    parameters: { type: 'object' as const, properties: {} },
  },
];

interface Harbour {
  readonly console: Console;
  /** Asks the model, which wants the weapon fired; streamed. */
  readonly ask: (protocol: Protocol, call?: typeof FIRE) => Promise<Heard>;
  readonly person: (name: string, roles: readonly string[], team: string) => Promise<Page>;
}

async function harbour(t: TestContext, settings: JsonObject = {}): Promise<Harbour> {
  const opened = await openConsole(t, {
    providers: providersAt(upstream),
    oversight: { waitMsMax: 60_000, streamWaitMsMax: 60_000, keepAliveMs: 500 },
    ...settings,
  });
  const { key } = await opened.operate('createKey', {
    caller: 'planner',
    owner: 'the harbour desk',
    organisation: 'Example Harbour Authority',
    teams: ['planning'],
    clearance: 0,
    purposes: [],
  });
  return {
    console: opened,
    ask(protocol, call = FIRE) {
      const said = { text: 'First this.', calls: [call], finish: 'tool_calls' as const };
      upstream.answer(says(speak(protocol, said)));
      const turns = [{ user: 'Do what is needed.' }];
      const client = connect(protocol, { address: opened.serving.address, key });
      return client.ask({ model: modelOf(protocol), turns, tools: TOOLS }, true);
    },
    person: (name, roles, team) => invited(t, opened, { name, roles, team }),
  };
}

/** Someone opens the link of an invitation, makes a passkey, and is in. */
async function invited(
  t: TestContext,
  console: Console,
  { name, roles, team }: { name: string; roles: readonly string[]; team: string },
): Promise<Page> {
  const { document } = await console.operate('draftChange', {
    kind: 'invite',
    name,
    teams: [team],
    roles: [...roles],
  });
  const { invitation = '' } = await console.operate('signChange', { document });
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy/.test(message.text())) errors.push(message.text());
  });
  t.after(() => assert.deepEqual(errors, []));
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await page.goto(invitation);
  await page.getByRole('button', { name: 'Open the invitation' }).click();
  await page.getByText(`Welcome, ${name}`).waitFor();
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  return page;
}

/** From the inbox to the action. */
async function openAction(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Inbox' }).click();
  await page
    .getByRole('link', { name: /fire_weapon/ })
    .first()
    .click();
  await page.getByRole('heading', { name: 'What would be done' }).waitFor();
}

async function approve(page: Page): Promise<void> {
  await openAction(page);
  await page.getByRole('button', { name: 'Approve with a passkey' }).click();
  await page.getByText('You signed.').waitFor();
}

/** What the page itself could send. @returns the code of the refusal */
async function post(page: Page, path: string, body: string): Promise<string | undefined> {
  const sending = `fetch(${JSON.stringify(path)}, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: ${JSON.stringify(body)},
  }).then((response) => response.json())`;
  const { error } = await page.evaluate<{ readonly error?: { readonly code: string } }>(sending);
  return error?.code;
}

const picture = (page: Page, name: string) =>
  page.screenshot({ path: join(PICTURES, `${name}.png`) });

for (const protocol of ['openai-chat', 'anthropic'] as const) {
  test(`${protocol}: two people of different roles sign, and the client gets exactly that`, async (t) => {
    const { console, ask, person } = await harbour(t);
    const { gateway } = console.serving;
    const officer = await person('Ada Brook', ['duty-officer'], 'watch');
    const adviser = await person('Ben Field', ['legal-adviser'], 'law');
    const stranger = await person('Cleo Moor', ['auditor'], 'books');

    const opening = nextHold(gateway);
    const asking = ask(protocol);
    const { id } = await opening;

    await openAction(officer);
    await picture(officer, `action-${protocol}`);
    const shown = await officer.getByRole('table', { name: 'The action' }).innerText();
    assert.match(shown, /arguments\.to\s+written by the model\s+the о⟨U\+043E⟩ld pier/);
    await officer.getByRole('button', { name: 'Approve with a passkey' }).click();
    await officer.getByText('You signed.').waitFor();
    assert.equal(gateway.holds.state(gateway.holds.find(id) as never), 'open');

    // The same person twice, and one without the role: neither has a button.
    await officer.getByText('Not for you to sign').waitFor();
    await openAction(stranger);
    await stranger.getByText('Not for you to sign').waitFor();

    await approve(adviser);
    const heard = await asking;
    assert.deepEqual(
      heard.calls.map(({ name, arguments: given }) => [name, given]),
      [['fire_weapon', SIGNED]],
    );
    await officer.getByText('released').first().waitFor();
    await picture(officer, `released-${protocol}`);
  });
}

test('one rejects with a reason, and the model’s answer says so', async (t) => {
  const { console, ask, person } = await harbour(t);
  const officer = await person('Ada Brook', ['duty-officer'], 'watch');
  const opening = nextHold(console.serving.gateway);
  const asking = ask('openai-chat');
  await opening;
  await openAction(officer);
  const reject = officer.getByRole('button', { name: 'Reject' });
  assert.equal(await reject.isDisabled(), true);
  await officer.getByLabel('Reason').fill('Nobody asked the harbour master.');
  await reject.click();
  await officer.getByText('You rejected it.').waitFor();
  const heard = await asking;
  assert.deepEqual(heard.calls, []);
  assert.match(heard.text, /Nobody asked the harbour master/);
});

test('an answer that is played again, or for another action, is refused', async (t) => {
  const { console, ask, person } = await harbour(t);
  const { gateway } = console.serving;
  const officer = await person('Ada Brook', ['duty-officer'], 'watch');
  const opening = nextHold(gateway);
  const asking = ask('openai-chat');
  const { id } = await opening;
  const sent = officer.waitForRequest((request) => request.url().endsWith(`/holds/${id}/sign`));
  await approve(officer);
  const body = (await sent).postData() ?? '';
  assert.equal(await post(officer, `/api/v1/holds/${id}/sign`, body), 'challenge_invalid');

  const second = nextHold(gateway);
  const askingMore = ask('openai-chat');
  const { id: other } = await second;
  assert.equal(await post(officer, `/api/v1/holds/${other}/sign`, body), 'challenge_invalid');
  for (const hold of [id, other]) {
    await console.operate('rejectHold', {
      hold,
      person: gateway.people.list()[0]?.id,
      reason: 'The test is over.',
    });
  }
  await Promise.all([asking, askingMore]);
});

test('what is changed on its way to the page is not signed', async (t) => {
  const { console, ask, person } = await harbour(t);
  const { gateway } = console.serving;
  const officer = await person('Ada Brook', ['duty-officer'], 'watch');
  const opening = nextHold(gateway);
  const asking = ask('openai-chat');
  const { id } = await opening;
  // The hash stays that of what was not changed: the page computes its own.
  await officer.route(`**/api/v1/holds/${id}`, async (route) => {
    const response = await route.fetch();
    const found = (await response.json()) as { display: { lines: unknown } };
    const lines = JSON.stringify(found.display.lines).replaceAll('ld pier', 'ld crane');
    const display = { ...found.display, lines: JSON.parse(lines) as unknown };
    await route.fulfill({ response, json: { ...found, display } });
  });
  await openAction(officer);
  await officer.getByText('ld crane').waitFor();
  await officer.getByRole('button', { name: 'Approve with a passkey' }).click();
  await officer.getByText('What is to be signed is not what is shown here.').waitFor();
  // What the gateway says is to be signed is shown instead.
  await officer.getByText('ld pier').waitFor();
  assert.equal(gateway.holds.find(id)?.answers.length, 0);
  await officer.unrouteAll({ behavior: 'wait' });
  await console.operate('rejectHold', {
    hold: id,
    person: gateway.people.list()[0]?.id,
    reason: 'The test is over.',
  });
  await asking;
});

test('units, places, and what is different from the last action like it', async (t) => {
  const terms = termsWithLocalKeys();
  t.after(() => rmSync(terms, { recursive: true }));
  const { console, ask, person } = await harbour(t, { terms });
  const { gateway } = console.serving;
  const officer = await person('Ada Brook', ['duty-officer'], 'watch');
  const call = (given: object) => ({ ...FIRE, arguments: JSON.stringify(given) });
  const before = { rangeKm: 3, at: { lat: 54.02, lon: 10.4 }, reason: 'a mine' };
  const now = { rangeKm: 4, at: { lat: 54.02, lon: 10.9 }, warned: false };
  const first = nextHold(gateway);
  const asking = ask('openai-chat', call(before));
  const { id } = await first;
  await openAction(officer);
  await officer.getByText('there is nothing to compare with').waitFor();
  for (const team of ['watch', 'law']) {
    await (await newApprover(gateway, { teams: [team] })).approve(id);
  }
  await asking;
  const second = nextHold(gateway);
  const askingMore = ask('openai-chat', call(now));
  const { id: other } = await second;
  await openAction(officer);
  const shown = await officer.getByRole('table', { name: 'The action' }).innerText();
  assert.match(shown, /arguments\.rangeKm\s+changed\s+written by the model\s+4 km\s+before: 3/i);
  assert.match(shown, /arguments\.warned\s+new\s/i);
  assert.match(shown, /arguments\.reason\s+not now\s+before: a mine/i);
  const plot = officer.getByRole('img', { name: /arguments\.at: 54\.02, 10\.9/ });
  await plot.scrollIntoViewIfNeeded();
  await officer.screenshot({ path: join(PICTURES, 'action-places.png'), fullPage: true });
  await console.operate('rejectHold', {
    hold: other,
    person: gateway.people.list()[0]?.id,
    reason: 'The test is over.',
  });
  await askingMore;
});

test('what nobody signs in time has expired, for the page and for the client', async (t) => {
  const terms = termsWithLocalKeys((yaml) => yaml.replace(/within: \S+/, 'within: 3s'));
  t.after(() => rmSync(terms, { recursive: true }));
  const { ask, person } = await harbour(t, { terms });
  const officer = await person('Ada Brook', ['duty-officer'], 'watch');
  const asking = ask('openai-chat');
  await openAction(officer);
  await officer.getByText('expired').first().waitFor();
  assert.equal(await officer.getByRole('button', { name: 'Approve with a passkey' }).count(), 0);
  assert.match((await asking).text, /not approved in time/);
});

test('terms that change between signature and release are asked anew', async (t) => {
  const terms = termsWithLocalKeys();
  t.after(() => rmSync(terms, { recursive: true }));
  const { console, ask, person } = await harbour(t, { terms });
  const officer = await person('Ada Brook', ['duty-officer'], 'watch');
  const adviser = await person('Ben Field', ['legal-adviser'], 'law');
  const opening = nextHold(console.serving.gateway);
  const asking = ask('openai-chat');
  await opening;
  await approve(officer);
  const rule = '@id("no-force-today") @clause("human-decides-on-force")\n';
  const forbid = `${rule}forbid(principal, action, resource in ToolClass::"force");\n`;
  await activate(console, {
    'rules/force.cedar': (text) => text + forbid,
    // They say that force waits for people, which is what changes.
    'tests/force.yaml': () => undefined,
  });
  await approve(adviser);
  const heard = await asking;
  assert.deepEqual(heard.calls, []);
  assert.match(heard.text, /decided again.*no-force-today/);
  await officer.getByText('denied').first().waitFor();
});

test('a drill looks like any other, and is told after the answer', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'proviso-drills-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'exercises.yaml');
  const why = 'There are people on the ferry.';
  writeFileSync(file, stringify([{ tool: 'fire_weapon', arguments: { to: 'the ferry' }, why }]));
  const drills = { file, rate: 1, delayMsMax: 0 };
  const { console, ask, person } = await harbour(t, {
    oversight: { streamWaitMsMax: 60_000, drills },
  });
  const officer = await person('Ada Brook', ['duty-officer'], 'watch');
  const overseer = await person('Dora Lake', ['overseer'], 'board');
  const asking = ask('openai-chat');
  await officer.getByText('2 signatures are missing').nth(1).waitFor();
  assert.equal(await officer.getByText('drill', { exact: false }).count(), 0);
  await officer
    .getByRole('link', { name: /fire_weapon/ })
    .nth(1)
    .click();
  await officer.getByText('the ferry').waitFor();
  await officer.getByLabel('Reason').fill('There is a ferry.');
  await officer.getByRole('button', { name: 'Reject' }).click();
  await officer.getByText(why).waitFor();
  await overseer.getByRole('link', { name: 'Oversight' }).click();
  await overseer.getByText('1 of 1').first().waitFor();
  await picture(overseer, 'oversight');
  const { gateway } = console.serving;
  for (const { id } of gateway.holds.list().filter(({ end }) => end === undefined)) {
    await console.operate('rejectHold', {
      hold: id,
      person: gateway.people.list()[0]?.id,
      reason: 'The test is over.',
    });
  }
  await asking;
});

/** Brings the example terms into force with some of their files changed. */
async function activate(
  console: Console,
  changes: Readonly<Record<string, (text: string) => string | undefined>>,
): Promise<void> {
  const dir = termsWithLocalKeys((yaml) => yaml.replace('version: 1.0.0', 'version: 1.0.1'));
  const files = readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => {
      const path = relative(dir, join(parentPath, name));
      const before = readFileSync(join(dir, path), 'utf8');
      const text = path in changes ? changes[path]?.(before) : before;
      return text === undefined ? [] : [{ path, text }];
    });
  rmSync(dir, { recursive: true });
  const { attempt } = await console.operate('beginActivation', {
    name: 'terms',
    files,
    signatures: [],
    releases: [],
  });
  while ((await console.operate('getAttempt', { attempt })).state !== 'in force') await sleep(50);
}
