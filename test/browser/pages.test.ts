/**
 * Every page of the console, light and dark, on a desk and on a phone: nothing is asked of another
 * host, nothing breaks the page's own policy, and what a keyboard or a screen reader needs is there.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { termsWithLocalKeys } from '../harness/approvers.ts';
import { launchBrowser } from '../harness/browser.ts';
import { type Console, openConsole } from '../harness/console.ts';

const PICTURES = fileURLToPath(new URL('../../coverage/pictures', import.meta.url));
mkdirSync(PICTURES, { recursive: true });

const PAGES = [
  'Inbox',
  'Oversight',
  'Now',
  'Terms',
  'Ledger',
  'People',
  'Purposes',
  'Tools',
  'Keys',
];
const ROLES = ['administrator', 'overseer', 'auditor'];

let browser: Browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser.close());

/** A file that the page made for the person. */
function isOwnFile(url: string): boolean {
  return url.startsWith('blob:');
}

interface Look {
  readonly colorScheme: 'light' | 'dark';
  readonly viewport: { readonly width: number; readonly height: number };
}

/** The first administrator, by the one-time link, with a passkey. */
async function enter(t: TestContext, console: Console, look: Look): Promise<Page> {
  const draft = { kind: 'invite', name: 'Ada Brook', teams: [], roles: ROLES } as const;
  const { document } = await console.operate('draftChange', {
    ...draft,
    teams: [],
    roles: [...ROLES],
  });
  const { invitation = '' } = await console.operate('signChange', { document });
  const context = await browser.newContext({ ...look, reducedMotion: 'reduce' });
  t.after(() => context.close());
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(console.origin) && !isOwnFile(request.url()))
      wrong.push(request.url());
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    const isExpected = /401|403/.test(message.text());
    if (message.type() === 'error' && !isExpected) wrong.push(message.text());
  });
  t.after(() => assert.deepEqual(wrong, []));
  await plugIn(page, 'internal');
  await page.goto(invitation);
  await page.getByRole('button', { name: 'Open the invitation' }).click();
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  return page;
}

/** No serious or critical finding of axe, which runs beside the page's own scripts and its policy. */
async function requireAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${where}: ${id}: ${nodes.map(({ html }) => html).join('\n    ')}`);
  assert.deepEqual(serious, []);
}

/** An authenticator that agrees to everything. */
async function plugIn(page: Page, transport: 'internal' | 'usb'): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

const LOOKS: Readonly<Record<string, Look>> = {
  desk: { colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  'desk-dark': { colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 780 } },
};

for (const [name, look] of Object.entries(LOOKS)) {
  test(`every page, ${name}`, async (t) => {
    const console = await openConsole(t);
    const page = await enter(t, console, look);
    for (const title of PAGES) {
      if (name === 'phone') await page.getByRole('button', { name: 'Navigation' }).click();
      await page.getByRole('link', { name: title, exact: true }).click();
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
      await page.getByLabel('Loading').waitFor({ state: 'detached' });
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(PICTURES, `${title.toLowerCase()}-${name}.png`) });
      // Wider than the screen, a page could not be read on a phone.
      const isWider = '(() => document.documentElement.scrollWidth > window.innerWidth + 1)()';
      assert.equal(await page.evaluate(isWider), false, title);
      await requireAccessible(page, title);
    }
  });
}

test('an entry’s proof is checked in the browser, and one that was changed does not hold', async (t) => {
  const console = await openConsole(t);
  const page = await enter(t, console, LOOKS['desk'] as Look);
  await page.goto(`${console.origin}/console/ledger/0`);
  await page.getByText('Its proof holds, checked in this browser').waitFor();
  await page.route('**/api/v1/entries/1', async (route) => {
    const response = await route.fetch();
    const found = (await response.json()) as { text: string };
    await route.fulfill({
      response,
      json: { ...found, text: found.text.replace('"v":1', '"v":2') },
    });
  });
  await page.goto(`${console.origin}/console/ledger/1`);
  await page.getByText('Its proof does not hold').waitFor();
});

test('a decision is shown as it comes, with why it is so, what was known and its proof', async (t) => {
  const console = await openConsole(t);
  const page = await enter(t, console, LOOKS['desk'] as Look);
  await page.getByRole('link', { name: 'Now' }).click();
  await page.getByText('live', { exact: true }).waitFor();
  await call(console, 'harbour-desk');
  const row = page.getByRole('row', { name: /permit generate/ });
  await row.getByText('sandbox: made-up answers, no model').waitFor();
  await page.screenshot({ path: join(PICTURES, 'now.png'), fullPage: true });
  await requireAccessible(page, 'now, with a decision');
  await row.getByRole('link').click();
  await page.getByRole('heading', { name: 'Why' }).waitFor();
  await page.getByText('open-use', { exact: true }).waitFor();
  await page.getByRole('row', { name: 'caller.id harbour-desk', exact: true }).waitFor();
  assert.equal(await page.getByText('Hello.').count(), 0);
  await page.getByRole('button', { name: 'Show the content' }).click();
  await page.getByText('Hello.').waitFor();
  await page.getByText('Its proof holds, checked in this browser').waitFor();
  await page.screenshot({ path: join(PICTURES, 'decision.png'), fullPage: true });
  await requireAccessible(page, 'a decision');
});

test('what the next version changes is shown with examples, and then it comes into force', async (t) => {
  const terms = termsWithLocalKeys((yaml) => yaml.replace('version: 1.0.0', 'version: 1.0.1'));
  t.after(() => rmSync(terms, { recursive: true }));
  const rule = '@id("no-force-today") @clause("human-decides-on-force")\n';
  const forbid = `${rule}forbid(principal, action, resource in ToolClass::"force");\n`;
  appendFileSync(join(terms, 'rules/force.cedar'), forbid);
  rmSync(join(terms, 'tests/force.yaml'));
  const before = termsWithLocalKeys();
  t.after(() => rmSync(before, { recursive: true }));
  const console = await openConsole(t, { terms: before });
  const page = await enter(t, console, LOOKS['desk'] as Look);
  await page.getByRole('link', { name: 'Terms' }).click();
  await page.getByRole('tab', { name: 'The next version' }).click();
  const choosing = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose a folder' }).click();
  await (await choosing).setFiles(terms);
  await page.getByText('What the terms in force allow, and it would not').waitFor();
  await page.getByText('by no-force-today').first().waitFor();
  await page.screenshot({ path: join(PICTURES, 'comparison.png'), fullPage: true });
  await requireAccessible(page, 'a comparison');
  await page.getByRole('button', { name: 'Bring it into force' }).click();
  await page.getByText('1.0.1 is in force').waitFor();
  assert.equal((await console.operate('getPack', {})).version, '1.0.1');
});

test('a disclosure is made of what is found, and verified here and at /verify', async (t) => {
  const console = await openConsole(t);
  const page = await enter(t, console, LOOKS['desk'] as Look);
  await call(console, 'harbour-desk');
  await call(console, 'somebody-else');
  await page.getByRole('link', { name: 'Ledger' }).click();
  await page.getByLabel('Caller').fill('harbour-desk');
  await page
    .getByRole('cell', { name: /by harbour-desk/ })
    .first()
    .waitFor();
  assert.equal(await page.getByText('somebody-else').count(), 0);
  await requireAccessible(page, 'entries that were found');

  await page.getByRole('tab', { name: 'Make a disclosure' }).click();
  await page.getByRole('combobox', { name: 'Fields' }).fill('caller');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Make the disclosure' }).click();
  const file = join(mkdtempSync(join(tmpdir(), 'proviso-made-')), 'disclosure.json');
  t.after(() => rmSync(dirname(file), { recursive: true }));
  await (await saving).saveAs(file);
  await page.getByText('A disclosure of').waitFor();
  await page.screenshot({ path: join(PICTURES, 'disclosure.png'), fullPage: true });
  await requireAccessible(page, 'a disclosure');

  await page.getByRole('tab', { name: 'Checkpoint' }).click();
  await page.getByText('Its signatures hold, checked in this browser').waitFor();
  await page.screenshot({ path: join(PICTURES, 'checkpoint.png'), fullPage: true });
  await requireAccessible(page, 'the checkpoint');

  await page.getByRole('tab', { name: 'Verify a file' }).click();
  await choose(page, 'The file', file);
  await page.getByText('Shown: all that the file says').waitFor();
  await page.screenshot({ path: join(PICTURES, 'verify-file.png'), fullPage: true });
  await requireAccessible(page, 'a file that is verified');
  await page.getByLabel('Verifier keys').fill('');
  await page.getByText('Not shown').first().waitFor();

  const { verifierKeys } = await console.operate('getCheckpoint', {});
  await page.goto(`${console.origin}/verify`);
  await page.locator('#keys').fill(verifierKeys[0] ?? '');
  await page.locator('#file').setInputFiles(file);
  await page.locator('#verdict .shown').waitFor();
  await requireAccessible(page, '/verify');
});

/** As a person does it: the button opens the browser's own dialog. */
async function choose(page: Page, label: string, file: string): Promise<void> {
  const choosing = page.waitForEvent('filechooser');
  await page.getByLabel(label, { exact: true }).click();
  await (await choosing).setFiles(file);
}

/** One call of the sandbox by a new caller. */
async function call(console: Console, caller: string): Promise<void> {
  const { key } = await console.operate('createKey', {
    caller,
    owner: 'the records desk',
    organisation: 'Example Records',
    teams: [],
    clearance: 0,
    purposes: [],
  });
  const response = await fetch(`${console.serving.address}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sandbox', messages: [{ role: 'user', content: 'Hello.' }] }),
  });
  assert.equal(response.status, 200, await response.text());
}

test('a further passkey, a key that ends, a change that is withdrawn, a token', async (t) => {
  const console = await openConsole(t);
  const page = await enter(t, console, LOOKS['desk'] as Look);
  const credentials = async () =>
    (await console.operate('listPeople', {})).flatMap((person) => person.credentials);
  await page.getByRole('link', { name: 'Ada Brook' }).click();
  await plugIn(page, 'usb');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByText('Done', { exact: true }).waitFor();
  assert.equal((await credentials()).length, 2);
  await requireAccessible(page, 'you');

  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('button', { name: 'Invite someone' }).click();
  await page.getByLabel('Name').fill('Ben Field');
  await page.getByRole('combobox', { name: 'Roles' }).fill('administrator');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await requireAccessible(page, 'a form');
  await page.getByRole('button', { name: 'Sign with a passkey' }).click();
  await page.getByText('Signed by 1 of 2').first().waitFor();
  await page.screenshot({ path: join(PICTURES, 'people-changes.png'), fullPage: true });
  await page.getByRole('button', { name: 'Withdraw' }).click();
  await page.getByText('The change is withdrawn.').waitFor();
  assert.deepEqual(await console.operate('listChanges', {}), []);

  await page.getByRole('link', { name: 'Keys' }).click();
  await page.getByLabel('What a new token is for').fill('nightly audit');
  await page.getByRole('combobox', { name: 'Its roles' }).focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('option', { name: 'auditor' }).click();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Make a token' }).click();
  await page.getByText('It is shown this once.').waitFor();
  await page.screenshot({ path: join(PICTURES, 'tokens.png'), fullPage: true });
  await requireAccessible(page, 'a token');
  await page.getByRole('button', { name: 'Revoke the token for nightly audit' }).click();
  await page.getByText('revoked', { exact: true }).waitFor();

  await page.getByRole('link', { name: 'People' }).click();
  await page.getByRole('button', { name: 'Change Ada Brook' }).click();
  await page.getByRole('menuitem', { name: 'End the passkey' }).last().waitFor();
  await requireAccessible(page, 'a menu');
  await page.getByRole('menuitem', { name: 'End the passkey' }).last().click();
  // Whoever loses a key signs in anew.
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal((await credentials()).length, 1);
});

test('signing out leaves nothing of the person, and the keyboard reaches what there is', async (t) => {
  const console = await openConsole(t);
  const page = await enter(t, console, LOOKS['desk'] as Look);
  await page.keyboard.press('Tab');
  const focused =
    'document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.tagName';
  const reached = new Set<unknown>();
  for (let i = 0; i < 16; i++) {
    reached.add(await page.evaluate(focused));
    await page.keyboard.press('Tab');
  }
  assert.ok(reached.has('Sign out'), [...reached].join(', '));
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(await page.getByText('Ada Brook').count(), 0);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
});
