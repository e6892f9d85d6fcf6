/**
 * Identifiers with digits in them. The text is cut into runs: words with digits, and short words in
 * capitals among them, that stand close together. Each rule looks at the runs that are long enough
 * for it, the most telling rules first, and what one rule has taken no other counts again.
 */
import { BlockList, isIP } from 'node:net';
import { countrySpecs, isValidIBAN } from 'ibantools';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { type CueKind, Cues } from './cues.ts';
import { checkTime } from './detector.ts';
import { DISTINCTIVE, type NationalId, NEEDS_CUE } from './national-ids.ts';
import type { PersonKind, Sink } from './persons.ts';

export function findNumbers(text: string, sink: Sink, untilMs: number): void {
  const cues = new Cues(text);
  let floor = 0;
  for (let at = nextDigit(text, 0); at >= 0; at = nextDigit(text, floor)) {
    const run = runAround(text, at, floor);
    // What a cut run may have split is looked at again, whole, in the next.
    floor = run.end - run.start < RUN_MAX ? run.end : run.end - IDENTIFIER_MAX;
    if (!mayIdentify(run)) continue;
    new RunReader(text, run, cues, sink).read();
    checkTime(untilMs);
  }
  findCoordinates(text, cues, sink);
  if (text.includes('::') || /(?:[\da-f]{1,4}:){4}/i.test(text)) findIpv6(text, sink);
}

interface Run {
  readonly start: number;
  readonly end: number;
  readonly digits: number;
  readonly hasCapital: boolean;
  readonly hasDot: boolean;
}

/** Whether any rule could match: years, prices and version numbers are passed over. */
function mayIdentify({ digits, hasCapital, hasDot }: Run): boolean {
  return digits >= 6 || (digits >= 2 && hasCapital) || (digits >= 4 && hasDot);
}

/** Runs end here, so that the time can be looked at. */
const RUN_MAX = 4_096;
/** No identifier is longer as it is written. */
const IDENTIFIER_MAX = 64;
/** The regions whose national way of writing numbers is known without a country code. */
const REGIONS: readonly CountryCode[] = [
  'US',
  'GB',
  'DE',
  'FR',
  'ES',
  'IT',
  'NL',
  'IN',
  'BR',
  'AU',
];

class RunReader {
  readonly #run: Run;
  /** The run, and one character before and after it, so that the shapes see their boundaries. */
  readonly #segment: string;
  readonly #offset: number;
  readonly #cues: Cues;
  readonly #sink: Sink;
  readonly #taken: (readonly [number, number])[] = [];

  constructor(text: string, run: Run, cues: Cues, sink: Sink) {
    this.#run = run;
    this.#offset = Math.max(run.start - 1, 0);
    this.#segment = text.slice(this.#offset, run.end + 1);
    this.#cues = cues;
    this.#sink = sink;
  }

  read(): void {
    const { digits, hasCapital, hasDot } = this.#run;
    if (digits >= 10 && hasCapital) this.#each(IBAN, 'iban', ibanOf);
    if (digits >= 12) {
      this.#each(LONG_CARD, 'payment_card', cardOf);
      this.#each(CARD, 'payment_card', cardOf);
    }
    if (digits >= 4 && hasDot) this.#each(IPV4, 'ip_address', publicAddressOf);
    if (digits >= 6) {
      for (const id of DISTINCTIVE) this.#each(id.shape, 'national_id', (text) => idOf(id, text));
    }
    if (digits >= 7) this.#each(INTERNATIONAL, 'telephone', internationalOf);
    if (hasCapital) this.#each(PLATE, 'number_plate', bare);
    if (digits >= 6) this.#each(PASSPORT, 'passport', bare, 'passport');
    if (digits >= 8 && this.#hasCue('identity')) {
      for (const id of NEEDS_CUE) {
        this.#each(id.shape, 'national_id', (text) => idOf(id, text), 'identity');
      }
    }
    if (digits >= 7) {
      this.#each(NORTH_AMERICAN, 'telephone', (text) => telephoneOf(text, 'US'));
      this.#each(NATIONAL, 'telephone', nationalOf, 'telephone');
    }
    if (hasCapital) this.#each(ANY_PLATE, 'number_plate', bare, 'plate');
  }

  /** @param cue where only a word before the number tells what it is */
  #each(
    shape: RegExp,
    kind: PersonKind,
    valueOf: (text: string) => string | undefined,
    cue?: CueKind,
  ): void {
    if (cue !== undefined && !this.#hasCue(cue)) return;
    shape.lastIndex = 0;
    for (let match = shape.exec(this.#segment); match; match = shape.exec(this.#segment)) {
      const start = this.#offset + match.index;
      const isCandidate =
        (cue === undefined || this.#cues.isBefore(cue, start)) &&
        !this.#taken.some(([from, to]) => start < to && from < start + match[0].length);
      if (isCandidate && this.#take(kind, match[0], start, valueOf)) continue;
      // What is none from here may be one from the next word on.
      shape.lastIndex = match.index + 1;
    }
  }

  /** A telephone number may have other numbers behind it: shorter ones are tried too. */
  #take(
    kind: PersonKind,
    whole: string,
    start: number,
    valueOf: (text: string) => string | undefined,
  ): boolean {
    for (let text = whole; text !== ''; ) {
      const value = valueOf(text);
      if (value !== undefined) {
        this.#taken.push([start, start + text.length]);
        this.#sink(kind, value, start, start + text.length);
        return true;
      }
      text = kind === 'telephone' ? withoutLastGroup(text) : '';
    }
    return false;
  }

  #hasCue(cue: CueKind): boolean {
    return this.#cues.isWithin(cue, this.#run.start, this.#run.end);
  }
}

const IBAN = /(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}/g;
const LONG_CARD = /(?<![\dA-Za-z])\d{4}([ -])\d{4}\1\d{4}\1\d{4}\1\d{1,3}(?![\dA-Za-z])/g;
const CARD =
  /(?<![\dA-Za-z])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{4,5})(?![\dA-Za-z])/g;
const IPV4 = /(?<![\dA-Za-z.])\d{1,3}(?:\.\d{1,3}){3}(?![\dA-Za-z]|\.\d)/g;
const INTERNATIONAL = /(?:\+|(?<!\d)00)(?:[ ().-]{0,2}\d){7,15}(?!\d)/g;
const NORTH_AMERICAN =
  /(?<![\dA-Za-z])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\dA-Za-z])/g;
const NATIONAL = /(?<![\dA-Za-z])\(?\d(?:[ ()./-]{0,2}\d){6,13}(?![\dA-Za-z])/g;
const DATE = /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4})(?!\d)/;
const PASSPORT = /(?<![A-Za-z0-9])(?:[A-Z]{0,3}\d{6,9}|[A-Z]\d{2}[A-Z]{2}\d{4})(?![A-Za-z0-9])/g;
/** Britain since 2001; France, Italy and Spain's like. */
const PLATE =
  /(?<![A-Za-z0-9-])(?:[A-Z]{2}\d{2} [A-HJ-PR-Z]{3}|[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2})(?![A-Za-z0-9-])/g;
const ANY_PLATE =
  /(?<![A-Za-z0-9-])(?=[A-Z0-9 -]*\d)(?=[A-Z0-9 -]*[A-Z])[A-Z0-9]{1,4}(?:[ -]?[A-Z0-9]{1,4}){1,2}(?![A-Za-z0-9-])/g;

function ibanOf(text: string): string | undefined {
  const compact = text.replace(/[ -]/g, '');
  const length = countrySpecs[compact.slice(0, 2)]?.chars ?? 0;
  const iban = compact.slice(0, length);
  return length > 0 && isValidIBAN(iban) ? iban : undefined;
}

/** ISO/IEC 7812: an issuer's first digit, and the sum of Luhn. */
function cardOf(text: string): string | undefined {
  const digits = text.replace(/[ -]/g, '');
  if (digits.length > 19 || !/^[2-6]/.test(digits) || /^(\d)\1+$/.test(digits)) return undefined;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const weighted = i % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0 ? digits : undefined;
}

function idOf({ country, validator }: NationalId, text: string): string | undefined {
  return validator.validate(text).isValid ? `${country}:${validator.compact(text)}` : undefined;
}

function internationalOf(text: string): string | undefined {
  return telephoneOf(text.replace(/^00/, '+'), undefined);
}

/** Empty where too few digits for a telephone number are left. */
function withoutLastGroup(text: string): string {
  const shorter = text.replace(/[^\d]*\d*$/, '');
  return shorter.replace(/\D/g, '').length < 7 ? '' : shorter;
}

/** As numbers are written within a country. */
function nationalOf(text: string): string | undefined {
  if (DATE.test(text)) return undefined;
  for (const region of REGIONS) {
    const number = telephoneOf(text, region);
    if (number !== undefined) return number;
  }
  return undefined;
}

/** ITU-T E.164. */
function telephoneOf(text: string, region: CountryCode | undefined): string | undefined {
  const number = parsePhoneNumberFromString(text, region);
  return number?.isValid() ? number.number : undefined;
}

function bare(text: string): string {
  return text.replace(/[ -]/g, '');
}

/** Addresses that belong to nobody in particular. */
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

function publicAddressOf(text: string): string | undefined {
  const family = isIP(text);
  if (family === 0 || NOBODY.check(text, family === 4 ? 'ipv4' : 'ipv6')) return undefined;
  return text.toLowerCase();
}

function findIpv6(text: string, sink: Sink): void {
  for (const match of text.matchAll(/(?<![\w:.])[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?![\w:])/gi)) {
    const value = publicAddressOf(match[0]);
    if (value !== undefined) sink('ip_address', value, match.index, match.index + match[0].length);
  }
}

const DECIMAL_PAIR =
  /(?<![\d.])([-+]?\d{1,2}\.\d{3,})°?\s?([NS])?[^\d\n+-]{1,16}([-+]?\d{1,3}\.\d{3,})°?\s?([EWO])?/g;
const SEXAGESIMAL_PAIR =
  /\d{1,2}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d+)?["″]?|′′)?\s?[NS][,;\s]{1,3}\d{1,3}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d+)?["″]?)?\s?[EWO]/g;

/** Pairs in degrees. Decimal ones need a word before them, a degree sign or a direction. */
function findCoordinates(text: string, cues: Cues, sink: Sink): void {
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
    const [latitude, longitude] = [Number(first), Number(second)];
    if (Math.abs(latitude) > 90 || Math.abs(longitude) > 180) continue;
    // Four decimals are about eleven metres.
    const value = `${latitude.toFixed(4)}${north ?? ''},${longitude.toFixed(4)}${east ?? ''}`;
    sink('coordinates', value, match.index, match.index + all.length);
  }
}

function nextDigit(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x30 && code <= 0x39) return i;
  }
  return -1;
}

/** The run that the digit at `at` is part of; nothing before `floor` belongs to it. */
function runAround(text: string, at: number, floor: number): Run {
  let start = at;
  for (let word = wordBefore(text, start, floor); word < start; ) {
    start = word;
    word = wordBefore(text, start, floor);
  }
  while (start > floor && /[+(]/.test(text[start - 1] ?? '')) start--;
  let end = start;
  let digits = 0;
  let hasCapital = false;
  let hasDot = false;
  while (end - start < RUN_MAX) {
    const next = wordAfter(text, end);
    if (next === end) break;
    for (let i = end; i < next; i++) {
      const code = text.charCodeAt(i);
      if (isDigit(code)) digits++;
      else if (isCapital(code)) hasCapital = true;
      else if (code === 0x2e) hasDot = true;
    }
    end = next;
  }
  return { start, end, digits, hasCapital, hasDot };
}

/** Where the run's word before `start` begins; `start` when the run begins there. */
function wordBefore(text: string, start: number, floor: number): number {
  let end = start;
  while (end > floor && start - end < GAP_MAX && isGap(text.charCodeAt(end - 1))) end--;
  let first = end;
  while (first > floor && isWord(text.charCodeAt(first - 1))) first--;
  return first < end && belongs(text, first, end) ? first : start;
}

/** Where the run's word after `end` ends; `end` when the run ends there. */
function wordAfter(text: string, end: number): number {
  let start = end;
  while (start - end < GAP_MAX && isGap(text.charCodeAt(start))) start++;
  let last = start;
  while (last - start < RUN_MAX && isWord(text.charCodeAt(last))) last++;
  return last > start && belongs(text, start, last) ? last : end;
}

/** `) ` and ` (`, and `) -`. */
const GAP_MAX = 3;
/** Words in capitals up to this length join a run: `GB82 WEST …`, `AB12 CDE`. */
const CAPITALS_MAX = 6;

function belongs(text: string, start: number, end: number): boolean {
  let isShortCapitals = end - start <= CAPITALS_MAX;
  for (let i = start; i < end; i++) {
    const code = text.charCodeAt(i);
    if (isDigit(code)) return true;
    if (!isCapital(code)) isShortCapitals = false;
  }
  return isShortCapitals;
}

function isCapital(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isWord(code: number): boolean {
  return isDigit(code) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

/** Space, `(`, `)`, `+`, `-`, `.`, `/`. */
function isGap(code: number): boolean {
  return code === 0x20 || (code >= 0x28 && code <= 0x2f && code !== 0x2a && code !== 0x2c);
}
