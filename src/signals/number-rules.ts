/**
 * How accounts, cards, telephones, passports and plates are written, and how each is checked.
 * Sources: ISO 13616 (IBAN, by `ibantools`), ISO/IEC 7812 (cards), ITU-T E.164 and national plans
 * (by `libphonenumber-js`).
 */
import { countrySpecs, isValidIBAN } from 'ibantools';
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { Rule } from './identifier.ts';
import { publicAddressOf } from './places.ts';

export const ACCOUNTS: readonly Rule[] = [
  {
    kind: 'iban',
    shape: /(?<![A-Z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}/g,
    valueOf: ibanOf,
    digitsMin: 10,
    needs: 'capital',
  },
  {
    kind: 'payment_card',
    shape: /(?<![\dA-Za-z])\d{4}([ -])\d{4}\1\d{4}\1\d{4}\1\d{1,3}(?![\dA-Za-z])/g,
    valueOf: cardOf,
    digitsMin: 17,
  },
  {
    kind: 'payment_card',
    shape:
      /(?<![\dA-Za-z])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{4,5})(?![\dA-Za-z])/g,
    valueOf: cardOf,
    digitsMin: 13,
  },
];

export const IPV4: Rule = {
  kind: 'ip_address',
  shape: /(?<![\dA-Za-z.])\d{1,3}(?:\.\d{1,3}){3}(?![\dA-Za-z]|\.\d)/g,
  valueOf: publicAddressOf,
  digitsMin: 4,
  needs: 'dots',
};

export const TELEPHONES: readonly Rule[] = [
  {
    kind: 'telephone',
    shape: /(?:\+|(?<!\d)00)(?:[ ().-]{0,2}\d){7,15}(?!\d)/g,
    valueOf: (text) => telephoneOf(text.replace(/^00/, '+'), undefined),
    digitsMin: 7,
  },
  {
    kind: 'telephone',
    shape: /(?<![\dA-Za-z])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\dA-Za-z])/g,
    valueOf: (text) => telephoneOf(text, 'US'),
    digitsMin: 10,
  },
  {
    kind: 'telephone',
    shape: /(?<![\dA-Za-z])\(?\d(?:[ ()./-]{0,2}\d){6,13}(?![\dA-Za-z])/g,
    valueOf: nationalOf,
    digitsMin: 7,
    cue: 'telephone',
  },
];

/** Britain since 2001; France, Italy and their like. */
export const PLATE: Rule = {
  kind: 'number_plate',
  shape:
    /(?<![A-Za-z0-9-])(?:[A-Z]{2}\d{2} [A-HJ-PR-Z]{3}|[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2})(?![A-Za-z0-9-])/g,
  valueOf: compact,
  digitsMin: 2,
  needs: 'capital',
};

/** Any letters and digits in capitals, up to three groups. */
export const PLATE_BY_CUE: Rule = {
  kind: 'number_plate',
  shape: /(?<![A-Za-z0-9-])[A-Z0-9]{1,7}(?:[ -]?[A-Z0-9]{1,4}){0,2}(?![A-Za-z0-9-])/g,
  valueOf: (text) => (/\d/.test(text) && /[A-Z]/.test(text) ? compact(text) : undefined),
  digitsMin: 2,
  needs: 'capital',
  cue: 'plate',
};

export const PASSPORT: Rule = {
  kind: 'passport',
  shape: /(?<![A-Za-z0-9])(?:[A-Z]{0,3}\d{6,9}|[A-Z]\d{2}[A-Z]{2}\d{4})(?![A-Za-z0-9])/g,
  valueOf: compact,
  digitsMin: 6,
  cue: 'passport',
};

/** The number may have other words behind it: its country says how long it is. */
function ibanOf(text: string): string | undefined {
  const given = compact(text);
  const length = countrySpecs[given.slice(0, 2)]?.chars ?? 0;
  const iban = given.slice(0, length);
  return length > 0 && isValidIBAN(iban) ? iban : undefined;
}

/** An issuer's first digit, and the sum of Luhn. */
function cardOf(text: string): string | undefined {
  const digits = compact(text);
  if (digits.length > 19 || !/^[2-6]/.test(digits) || /^(\d)\1+$/.test(digits)) return undefined;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const weighted = i % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0 ? digits : undefined;
}

/** The regions whose national way of writing numbers is known without a country code. */
const REGIONS = ['US', 'GB', 'DE', 'FR', 'ES', 'IT', 'NL', 'IN', 'BR', 'AU'] as const;
const DATE = /^(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4})(?!\d)/;

function nationalOf(text: string): string | undefined {
  if (DATE.test(text)) return undefined;
  for (const region of REGIONS) {
    const number = telephoneOf(text, region);
    if (number !== undefined) return number;
  }
  return undefined;
}

function telephoneOf(text: string, region: CountryCode | undefined): string | undefined {
  const number = parsePhoneNumberFromString(text, region);
  return number?.isValid() ? number.number : undefined;
}

function compact(text: string): string {
  return text.replace(/[ -]/g, '');
}
