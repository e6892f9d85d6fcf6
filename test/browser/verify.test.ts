/** The verification page, built as it is handed out, opened from the disk in a real browser. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { parseSignerKey } from '#base/note.ts';
import { disclose } from '#disclosure/disclose.ts';
import { exampleLedger } from '#disclosure/ledger.example.ts';
import { sdJwtOf } from '#disclosure/sd-jwt.ts';
import { launchBrowser } from '../harness/browser.ts';

const CONFIG = fileURLToPath(new URL('../../src/console/verify/vite.config.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'proviso-page-'));
const files = { good: '', complete: '', tampered: '', token: '', garbage: '' };
let key = '';
let otherKey = '';
let browser: Browser;

before(async () => {
  await build({ configFile: CONFIG, logLevel: 'error', build: { outDir: folder } });
  const source = await exampleLedger(join(folder, 'ledger'), 30);
  const other = await exampleLedger(join(folder, 'other'), 1);
  key = source.log.text;
  otherKey = other.log.text;
  const question = { where: ['effect=deny'], fields: ['caller'], isComplete: false };
  const good = await disclose(source, question);
  const all = { where: ['provider=c'], fields: ['targets'], isComplete: true };
  const signer = parseSignerKey(
    readFileSync(join(folder, 'ledger/keys/ledger.key'), 'utf8').trim(),
  );
  const texts = {
    good: good.text,
    complete: (await disclose(source, all)).text,
    tampered: good.text.replace('\\"deny\\"', '\\"hold\\"'),
    token: sdJwtOf(good, signer, Date.parse('2026-01-01T00:00:00Z')),
    garbage: '{"type":"<img src=x onerror=alert(1)>"}\n',
  };
  assert.notEqual(texts.tampered, texts.good);
  for (const name of ['good', 'complete', 'tampered', 'token', 'garbage'] as const) {
    files[name] = join(folder, `${name}.json`);
    writeFileSync(files[name], texts[name]);
  }
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** The page, and everything that it asked for but itself. */
async function opened(t: TestContext): Promise<[Page, string[]]> {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  const requests: string[] = [];
  const own = pathToFileURL(join(folder, 'verify.html')).href;
  page.on('request', (request) => {
    if (request.url() !== own && !request.url().startsWith('data:')) requests.push(request.url());
  });
  page.on('pageerror', (error) => requests.push(`error: ${error.message}`));
  page.on('console', (message) => requests.push(`console: ${message.text()}`));
  page.on('dialog', (dialog) => requests.push(`dialog: ${dialog.message()}`));
  await page.goto(own);
  return [page, requests];
}

async function verdictOn(page: Page, file: string, keys: string): Promise<string> {
  await page.reload();
  await page.locator('#keys').fill(keys);
  await page.locator('#file').setInputFiles(file);
  await page.locator('#verdict .result').waitFor();
  return page.locator('#verdict').innerText();
}

test('a good file is shown, with what it shows and what not, and nothing is asked of a network', async (t) => {
  const [page, requests] = await opened(t);
  const good = await verdictOn(page, files.good, `\n${key}\n`);
  assert.match(good, /^Verdict\s+Shown\. All that the file says is shown\./);
  assert.match(good, /That no other entry matches: the disclosure is not complete\./);
  await page.locator('#verdict details').first().click();
  assert.match(await page.locator('#verdict pre').nth(1).innerText(), /"id": "ann"/);
  assert.match(await verdictOn(page, files.complete, key), /none matches provider=c/);
  assert.match(await verdictOn(page, files.token, key), /as an SD-JWT/);
  assert.deepEqual(requests, []);
});

test('a tampered file, a wrong key, no key and garbage are not shown', async (t) => {
  const [page, requests] = await opened(t);
  assert.match(await verdictOn(page, files.tampered, key), /Not shown\..*another root/);
  assert.match(await verdictOn(page, files.good, otherKey), /Not shown\..*not among those/);
  assert.match(await verdictOn(page, files.good, ''), /Not shown\..*not among those/);
  assert.match(await verdictOn(page, files.good, 'no key'), /Not shown\..*verifier key/);
  assert.match(await verdictOn(page, files.garbage, key), /Not shown\./);
  assert.deepEqual(requests, []);
});

test('a key that is named later is taken into account', async (t) => {
  const [page] = await opened(t);
  assert.match(await verdictOn(page, files.good, ''), /Not shown/);
  await page.locator('#keys').fill(key);
  await page.locator('#keys').blur();
  await page.locator('#verdict .shown').waitFor();
});

test('a file that is dropped on the page is verified', async (t) => {
  const [page] = await opened(t);
  await page.locator('#keys').fill(key);
  // As text, since what it names is the page's and not this process's.
  const dropped = await page.evaluateHandle(`(() => {
    const transfer = new DataTransfer();
    const content = ${JSON.stringify(readFileSync(files.good, 'utf8'))};
    transfer.items.add(new File([content], 'dropped.json'));
    return transfer;
  })()`);
  await page.locator('#drop').dispatchEvent('drop', { dataTransfer: dropped });
  await page.locator('#verdict .shown').waitFor();
  assert.match(await page.locator('#verdict').innerText(), /dropped\.json: a disclosure/);
});

test('a page into which another script was put runs none', async (t) => {
  const changed = join(folder, 'changed.html');
  const html = readFileSync(join(folder, 'verify.html'), 'utf8');
  writeFileSync(
    changed,
    html.replace('</body>', '<script>document.title = "changed"</script></body>'),
  );
  const page = await browser.newPage();
  t.after(() => page.close());
  await page.goto(pathToFileURL(changed).href);
  assert.equal(await page.title(), 'Verify a disclosure');
});
