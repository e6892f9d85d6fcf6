/** Where people reach the console, and how they may sign in to it beside by passkey. */
import { checkUrl } from './address.ts';
import type { ConsoleConfig } from './config.ts';
import type { Around, Report } from './problem.ts';
import type { ConsoleInput } from './schema.ts';
import { fetchSecret } from './secret.ts';

export function resolveConsole({ origin, oidc }: ConsoleInput, around: Around): ConsoleConfig {
  if (origin !== undefined) checkOrigin(origin, around.report);
  if (oidc === undefined) return { origin, oidc: undefined };
  checkUrl(oidc.issuer, ['console', 'oidc', 'issuer'], around.report);
  return {
    origin,
    oidc: {
      ...oidc,
      clientSecret:
        oidc.clientSecret &&
        fetchSecret(oidc.clientSecret, ['console', 'oidc', 'clientSecret'], around),
    },
  };
}

/**
 * Browsers keep passkeys for https, and for `localhost` alone without: an IP address is no domain to
 * which a passkey can be bound.
 */
function checkOrigin(text: string, report: Report): void {
  const url = URL.parse(text);
  const isSafe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && url.hostname === 'localhost');
  if (!isSafe || url.origin !== text || /^[\d.]+$|^\[/.test(url.hostname)) {
    report(
      ['console', 'origin'],
      'must be `https://` and a host name, with nothing after it, or `http://localhost:PORT`',
    );
  }
}
