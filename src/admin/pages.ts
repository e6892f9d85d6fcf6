/**
 * The pages as Vite built them: the console at `/console`, and at `/verify` the page in one file with
 * which anybody checks a disclosure, the same that `proviso verify --page` hands out. Their policies
 * let them load nothing from elsewhere, run no script but their own, and stand in no other page.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** Where `npm run build:console` puts them. */
export const CONSOLE_DIR = fileURLToPath(new URL('../../dist/console', import.meta.url));
const VERIFY_PAGE = fileURLToPath(new URL('../../dist/verify/verify.html', import.meta.url));

const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
/** Vite writes it where a nonce goes (`html.cspNonce`). */
const NONCE = '__CSP_NONCE__';

export function isConsoleBuilt(dir: string = CONSOLE_DIR): boolean {
  return existsSync(join(dir, 'index.html'));
}

/** @param origin as browsers are to see it */
export function addPages(app: FastifyInstance, origin: string, dir: string): void {
  const isBuilt = isConsoleBuilt(dir);
  if (isBuilt) {
    app.register(fastifyStatic, {
      root: join(dir, 'assets'),
      prefix: '/console/assets/',
      // Their names change with their content.
      immutable: true,
      maxAge: YEAR_MS,
      index: false,
      serveDotFiles: false,
    });
  }
  const page = isBuilt ? readFileSync(join(dir, 'index.html'), 'utf8') : NOT_BUILT;
  // The page's own script finds the rest of the path.
  for (const url of ['/console', '/console/*']) {
    app.get(url, { schema: { hide: true } }, (request, reply) => {
      const { host } = request.headers;
      // Nobody can sign in at an IP address: no passkey is bound to one.
      if (host !== undefined && isLocal(origin) && host !== new URL(origin).host) {
        return reply.redirect(origin + request.url);
      }
      return sendPage(reply, page);
    });
  }
  const verify = existsSync(VERIFY_PAGE) ? readFileSync(VERIFY_PAGE, 'utf8') : undefined;
  app.get('/verify', { schema: { hide: true } }, (_request, reply) =>
    verify === undefined ? sendPage(reply, NOT_BUILT) : sendVerify(reply, verify),
  );
}

/** Its own policy names its script and its styles by their hashes; that of this gateway adds to it. */
function sendVerify(reply: FastifyReply, page: string): FastifyReply {
  const [, own = "default-src 'none'"] = OWN_POLICY.exec(page) ?? [];
  return reply
    .header('content-security-policy', `${own}; frame-ancestors 'none'`)
    .type('text/html; charset=utf-8')
    .send(page);
}

const OWN_POLICY = /<meta http-equiv="Content-Security-Policy" content="([^"]+)">/;

function isLocal(origin: string): boolean {
  return origin.startsWith('http://localhost');
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  const nonce = randomBytes(16).toString('base64');
  return reply
    .header('content-security-policy', policyWith(nonce))
    .header('cache-control', 'no-store')
    .header('permissions-policy', PERMISSIONS)
    .header('cross-origin-opener-policy', 'same-origin')
    .type('text/html; charset=utf-8')
    .send(page.replaceAll(NONCE, nonce));
}

function policyWith(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const PERMISSIONS =
  'publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), geolocation=(), microphone=(), payment=(), usb=()';

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Proviso: the console is not built</title>
<style nonce="${NONCE}">body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>The console is not built</h1>
<p>Build its pages once, in the folder of Proviso, and start again:</p>
<pre>npm run build:console</pre>
<p>Until then the commands do everything: <code>npx proviso --help</code>. The control API is described at
<a href="/api/openapi.json">/api/openapi.json</a>.</p>
`;
