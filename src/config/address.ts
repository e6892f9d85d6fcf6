/** Addresses in the configuration: the only ones that Proviso ever connects to. */
import { BlockList, isIP } from 'node:net';
import type { Report } from './problem.ts';

/** An address to call is http or https and holds neither credentials nor a query. */
export function checkUrl(text: string, path: readonly PropertyKey[], report: Report): void {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    report(path, 'must be an address that begins with `https://` or `http://`');
  } else if (url.username !== '' || url.password !== '') {
    report(path, 'must not hold a user name or password; use `apiKey`');
  } else if (url.search !== '' || url.hash !== '') {
    report(path, 'must not hold a query or fragment');
  }
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether only this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6');
}
