/**
 * Requests that carry a person's session must come from a page of this gateway. Browsers say which
 * page asked (`Origin`, `Sec-Fetch-Site`), and pages of other sites can forge neither.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ProvisoError } from '#base/errors.ts';

/**
 * @param origin of this gateway's pages
 * @throws ProvisoError `cross_site`
 */
export function requireOwnPage(
  { method, headers }: { readonly method: string; readonly headers: IncomingHttpHeaders },
  origin: string,
): void {
  const isRead = method === 'GET' || method === 'HEAD';
  const site = headers['sec-fetch-site'];
  // `none`: typed into the address bar.
  const isOwnSite = site === undefined || site === 'same-origin' || (isRead && site === 'none');
  const given = headers.origin;
  const isOwnOrigin = given === origin || (isRead && given === undefined);
  if (isOwnSite && isOwnOrigin) return;
  throw new ProvisoError(
    'cross_site',
    `This is for pages of ${origin} alone. A machine gives a token instead: \`proviso token create\`.`,
  );
}
