/**
 * Every page of the console, light and dark, on a desk and on a phone: nothing is asked of another
 * host, nothing breaks the page's own policy, and what a keyboard or a screen reader needs is there.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
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
  const context = await browser.newContext(look);
  t.after(() => context.close());
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(console.origin)) wrong.push(request.url());
  });
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => {
    const isExpected = /401|403/.test(message.text());
    if (message.type() === 'error' && !isExpected) wrong.push(message.text());
  });
  t.after(() => assert.deepEqual(wrong, []));
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
  await page.getByRole('button', { name: 'Make a passkey' }).click();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  return page;
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
