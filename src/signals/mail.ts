/** Mail addresses, as people write them: a subset of RFC 5321 that leaves out quoted local parts. */
import type { Sink } from './identifier.ts';

const LOCAL_MAX = 64;
const DOMAIN_MAX = 253;

export function findMailAddresses(text: string, sink: Sink): void {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < LOCAL_MAX && isLocal(text.charCodeAt(start - 1))) start--;
    while (start < at && text[start] === '.') start++;
    let end = at + 1;
    while (end - at <= DOMAIN_MAX && isDomain(text.charCodeAt(end))) end++;
    while (end > at && /[.-]/.test(text[end - 1] ?? '')) end--;
    const domain = text.slice(at + 1, end).toLowerCase();
    if (start === at || !isHostName(domain)) continue;
    // What follows a `+` sorts one person's mail.
    const local = text.slice(start, at).toLowerCase().replace(/\+.*$/, '');
    sink('email', `${local}@${domain}`, start, end);
  }
}

function isLocal(code: number): boolean {
  return isDomain(code) || code === 0x5f || code === 0x2b || code === 0x25 || code === 0x27;
}

/** Letters of the Latin, Greek and Cyrillic scripts, digits, `.` and `-`. */
function isDomain(code: number): boolean {
  if (code < 0x80) {
    return (
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x30 && code <= 0x39) ||
      code === 0x2e ||
      code === 0x2d
    );
  }
  return code >= 0xc0 && code < 0x530 && code !== 0xd7 && code !== 0xf7;
}

function isHostName(domain: string): boolean {
  const labels = domain.split('.');
  if (labels.length < 2 || labels.some((label) => label === '' || label.length > 63)) return false;
  return !/\d|^.$/.test(labels.at(-1)?.replace(/^xn--.*/, 'xn') ?? '');
}
