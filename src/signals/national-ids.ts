/**
 * Numbers that states give to persons: the shape that they are written in, and the official check
 * (by `stdnum`). A shape that other things share needs a word near it that says what it is.
 */
import { stdnum } from 'stdnum';
import type { CueKind } from './cues.ts';
import type { Rule } from './identifier.ts';

/** Written in a way that is theirs alone, or with a check that few other numbers pass. */
export const DISTINCTIVE_IDS: readonly Rule[] = [
  id('US', 'ssn', /\d{3}-\d{2}-\d{4}/),
  id('GB', 'nino', /[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]/),
  id('ES', 'dni', /\d{8}-?[A-Z]/),
  id('ES', 'nie', /[XYZ]-?\d{7}-?[A-Z]/),
  id('IT', 'codicefiscale', /[A-Z]{6}[\dL-V]{2}[A-EHLMPRST][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]/),
  id('FR', 'nir', /[1-478] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}/),
  id('BR', 'cpf', /\d{3}\.\d{3}\.\d{3}-\d{2}/),
  id('FI', 'hetu', /\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]/),
  id('SE', 'personnummer', /(?:\d{2})?\d{6}[-+]\d{4}/),
  id('NO', 'fodselsnummer', /\d{6} ?\d{5}/),
  id('CN', 'ric', /\d{17}[\dX]/),
  id('KR', 'rrn', /\d{6}-[1-8]\d{6}/),
  id('CH', 'ssn', /756\.\d{4}\.\d{4}\.\d{2}/),
  id('MX', 'curp', /[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z\d]\d/),
  id('BE', 'nn', /\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}/),
  id('RO', 'cnp', /[1-9]\d{12}/),
  id('IN', 'aadhaar', /\d{4} \d{4} \d{4}/),
  id('CZ', 'rc', /\d{6}\/\d{3,4}/),
  id('CL', 'rut', /\d{1,2}\.\d{3}\.\d{3}-[\dK]/),
];

/** Bare digits: counted only where a word before them says so. */
export const IDS_BY_CUE: readonly Rule[] = [
  id('US', 'ssn', /\d{9}/, 'identity'),
  id('NL', 'bsn', /\d{8,9}|\d{4}\.\d{2}\.\d{3}/, 'identity'),
  id('PL', 'pesel', /\d{11}/, 'identity'),
  id('DE', 'idnr', /\d{2} ?\d{3} ?\d{3} ?\d{3}/, 'identity'),
  id('BR', 'cpf', /\d{11}/, 'identity'),
  id('TR', 'tckimlik', /[1-9]\d{10}/, 'identity'),
  id('BE', 'nn', /\d{11}/, 'identity'),
  id('EE', 'ik', /\d{11}/, 'identity'),
  id('LT', 'asmens', /\d{11}/, 'identity'),
  id('HR', 'oib', /\d{11}/, 'identity'),
  id('CA', 'sin', /\d{3}[- ]?\d{3}[- ]?\d{3}/, 'identity'),
  id('AU', 'tfn', /\d{3} ?\d{3} ?\d{3}/, 'identity'),
  id('PT', 'nif', /[12]\d{8}/, 'identity'),
  id('ZA', 'idnr', /\d{13}/, 'identity'),
  id('RS', 'jmbg', /\d{13}/, 'identity'),
  id('TH', 'idnr', /\d-?\d{4}-?\d{5}-?\d{2}-?\d/, 'identity'),
  id('DK', 'cpr', /\d{6}-?\d{4}/, 'identity'),
  id('BG', 'egn', /\d{10}/, 'identity'),
  id('IN', 'aadhaar', /\d{12}/, 'identity'),
  id('IL', 'idnr', /\d{9}/, 'identity'),
  id('RU', 'inn', /\d{12}/, 'identity'),
  id('TW', 'natid', /[A-Z][12]\d{8}/, 'identity'),
];

/** @param name the number's name in `stdnum`, under its country (ISO 3166-1) */
function id(country: string, name: string, shape: RegExp, cue?: CueKind): Rule {
  const validator = stdnum[country]?.[name];
  if (!validator) throw new Error(`stdnum does not know ${country} ${name}.`);
  return {
    kind: 'national_id',
    shape: new RegExp(`(?<![A-Za-z0-9])(?:${shape.source})(?![A-Za-z0-9])`, 'g'),
    valueOf: (text) =>
      validator.validate(text).isValid ? `${country}:${validator.compact(text)}` : undefined,
    digitsMin: 6,
    ...(cue === undefined ? {} : { cue }),
  };
}
