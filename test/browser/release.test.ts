/** `proviso/release` in a browser: the same file, the same vectors, nothing but the platform. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../harness/browser.ts';

const MODULE = readFileSync(fileURLToPath(import.meta.resolve('proviso/release')), 'utf8');
const VECTORS = readFileSync(
  new URL('../../docs/spec/vectors/oversight.json', import.meta.url),
  'utf8',
);

let browser: Browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser.close());

test('a release is taken once, and everything else is refused with its code', async (t) => {
  const server = createServer((request, response) => {
    const isModule = request.url === '/release.js';
    const type = isModule ? 'text/javascript' : 'text/html';
    response.writeHead(200, { 'content-type': type }).end(isModule ? MODULE : '<!doctype html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const page = await browser.newPage();
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  const codes = await page.evaluate<readonly string[]>(`(async () => {
    const { verifyRelease } = await import('/release.js');
    const { release, invalidReleases } = ${VECTORS};
    const keys = [{ kty: 'OKP', crv: 'Ed25519', x: release.key.x }];
    const used = new Set();
    const seen = { add: (id) => !used.has(id) && used.add(id) !== undefined };
    const given = { keys, seen, ...release.expected };
    const codeOf = (token, expected) =>
      verifyRelease(token, { ...given, ...expected }).then(() => 'taken', ({ code }) => code);
    const codes = [await codeOf(release.token), await codeOf(release.token)];
    for (const { token, expected } of invalidReleases) codes.push(await codeOf(token, expected));
    return codes;
  })()`);
  const { invalidReleases } = JSON.parse(VECTORS) as {
    readonly invalidReleases: readonly { readonly code: string }[];
  };
  assert.deepEqual(codes, ['taken', 'used', ...invalidReleases.map(({ code }) => code)]);
});
