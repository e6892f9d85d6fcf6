/** Where persons are: coordinates in degrees (WGS 84), and addresses in the Internet. */
import { BlockList, isIP } from 'node:net';
import type { Cues } from './cues.ts';
import type { Sink } from './identifier.ts';

const DECIMAL_PAIR =
  /(?<![\d.])([-+]?\d{1,3}\.\d{3,})°?\s?([NS])?[^\d\n+-]{1,16}([-+]?\d{1,3}\.\d{3,})°?\s?([EWO])?/g;
const SEXAGESIMAL_PAIR =
  /\d{1,2}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d+)?["″]?|′′)?\s?[NS][,;\s]{1,3}\d{1,3}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d+)?["″]?)?\s?[EWO]/g;

/** Pairs in degrees. Decimal ones need a word before them, a degree sign or a direction. */
export function findCoordinates(text: string, cues: Cues, sink: Sink): void {
  if (text.includes('°')) {
    for (const match of text.matchAll(SEXAGESIMAL_PAIR)) {
      sink('coordinates', match[0].replace(/\s/g, ''), match.index, match.index + match[0].length);
    }
  }
  if (!/\d\.\d{3}/.test(text)) return;
  if (!cues.has('place') && !/\d°|\.\d{3,}\s?[NS]\b/.test(text)) return;
  for (const match of text.matchAll(DECIMAL_PAIR)) {
    const [all, first = '', north, second = '', east] = match;
    const isMarked = all.includes('°') || north !== undefined || east !== undefined;
    if (!isMarked && !cues.isBefore('place', match.index)) continue;
    const [one, other] = [Number(first), Number(second)];
    // Latitude comes first in speech, longitude in GeoJSON (RFC 7946).
    if (Math.min(Math.abs(one), Math.abs(other)) > 90) continue;
    if (Math.max(Math.abs(one), Math.abs(other)) > 180) continue;
    // Four decimals are about eleven metres.
    const value = `${one.toFixed(4)}${north ?? ''},${other.toFixed(4)}${east ?? ''}`;
    sink('coordinates', value, match.index, match.index + all.length);
  }
}

export function findIpv6(text: string, sink: Sink): void {
  if (!text.includes('::') && !/(?:[\da-f]{1,4}:){4}/i.test(text)) return;
  for (const match of text.matchAll(/(?<![\w:.])[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?![\w:])/gi)) {
    const value = publicAddressOf(match[0]);
    if (value !== undefined) sink('ip_address', value, match.index, match.index + match[0].length);
  }
}

/** Addresses that belong to nobody in particular: IANA's special-purpose registries. */
const NOBODY = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3],
] as const) {
  NOBODY.addSubnet(net, prefix, 'ipv4');
}
for (const [net, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  NOBODY.addSubnet(net, prefix, 'ipv6');
}

/** The address in lower case; undefined where it is none, or nobody's. */
export function publicAddressOf(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0 || NOBODY.check(text, family === 4 ? 'ipv4' : 'ipv6')) return undefined;
  return text.toLowerCase();
}
