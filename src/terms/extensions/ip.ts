/**
 * `ip("10.0.0.0/8")`, `ip("fd00::/8")`: as strict as Rust's parser, on which Cedar stands. Addresses
 * that mix both notations are not accepted.
 */
import { EvaluationError, type Ip } from '../value.ts';

export function parseIp(text: string): Ip {
  const slash = text.indexOf('/');
  const addressText = slash < 0 ? text : text.slice(0, slash);
  const version = addressText.includes(':') ? 6 : 4;
  const address = version === 4 ? parseV4(addressText) : parseV6(addressText);
  const prefix = slash < 0 ? BITS[version] : parsePrefix(text.slice(slash + 1), BITS[version]);
  if (address === undefined || prefix === undefined) {
    throw new EvaluationError(`not an IP address or range: ${JSON.stringify(text)}`);
  }
  return { kind: 'ip', version, address, prefix };
}

export function formatIp({ version, address, prefix }: Ip): string {
  const [groupBits, radix, separator] = version === 4 ? [8, 10, '.'] : [16, 16, ':'];
  const groups: string[] = [];
  for (let shift = BITS[version] - groupBits; shift >= 0; shift -= groupBits) {
    groups.push(BigInt.asUintN(groupBits, address >> BigInt(shift)).toString(radix));
  }
  return `${groups.join(separator)}/${prefix}`;
}

export function isLoopback(ip: Ip): boolean {
  if (ip.version === 4) return ip.prefix >= 8 && ip.address >> 24n === 127n;
  return ip.prefix === 128 && ip.address === 1n;
}

export function isMulticast(ip: Ip): boolean {
  if (ip.version === 4) return ip.prefix >= 4 && ip.address >> 28n === 0xen;
  return ip.prefix >= 8 && ip.address >> 120n === 0xffn;
}

/** Whether each address of `ip` is in `range`. */
export function isInRange(ip: Ip, range: Ip): boolean {
  return (
    ip.version === range.version &&
    first(ip) >= first(range) &&
    first(ip) + size(ip) <= first(range) + size(range)
  );
}

const BITS = { 4: 32, 6: 128 } as const;

function size(ip: Ip): bigint {
  return 1n << BigInt(BITS[ip.version] - ip.prefix);
}

function first(ip: Ip): bigint {
  return ip.address - (ip.address % size(ip));
}

function parsePrefix(text: string, bits: number): number | undefined {
  if (!/^(0|[1-9][0-9]{0,2})$/.test(text)) return undefined;
  return Number(text) <= bits ? Number(text) : undefined;
}

function parseV4(text: string): bigint | undefined {
  const octets = text.split('.');
  if (octets.length !== 4) return undefined;
  let address = 0n;
  for (const octet of octets) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(octet) || Number(octet) > 255) return undefined;
    address = address * 256n + BigInt(octet);
  }
  return address;
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return undefined;
  let address = 0n;
  for (const group of [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])]) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    address = address * 65_536n + BigInt(`0x${group}`);
  }
  return address;
}
