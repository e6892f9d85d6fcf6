/**
 * Text with the digits, dashes, dots and spaces of all scripts as ASCII, for the search of numbers
 * and addresses; letters keep their case. Offsets map back through `origin`.
 */
import { digitOf } from './fold.ts';

export interface PlainText {
  readonly text: string;
  /** By offset into `text`: the offset in the text as it stood. Absent where they are the same. */
  readonly origin: Uint32Array | undefined;
}

export function plainText(text: string): PlainText {
  if (!/[^\0-\x7f]/.test(text)) return { text, origin: undefined };
  let plain = '';
  const origin = new Uint32Array(text.length * EXPANSION_MAX + 1);
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i) ?? 0;
    const form = codePoint < 0x80 ? text.charAt(i) : plainCodePoint(codePoint);
    origin.fill(i, plain.length, plain.length + form.length);
    plain += form;
    i += codePoint > 0xffff ? 2 : 1;
  }
  origin[plain.length] = text.length;
  return { text: plain, origin };
}

/** UTF-16 units for one; the rare code points with longer forms stay as they are. */
const EXPANSION_MAX = 3;
const REMEMBERED_MAX = 50_000;
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/u;
const forms = new Map<number, string>();

function plainCodePoint(codePoint: number): string {
  const known = forms.get(codePoint);
  if (known !== undefined) return known;
  const form = formOf(codePoint);
  if (forms.size < REMEMBERED_MAX) forms.set(codePoint, form);
  return form;
}

function formOf(codePoint: number): string {
  const char = String.fromCodePoint(codePoint);
  if (/\p{Nd}/u.test(char)) return digitOf(codePoint);
  if (INVISIBLE.test(char)) return '';
  if (/[\p{Pd}\u2212]/u.test(char)) return '-';
  if (/\p{Zs}/u.test(char)) return ' ';
  if (/[\u3002\uff61]/.test(char)) return '.';
  const form = char.normalize('NFKC');
  return form.length > EXPANSION_MAX ? char : form;
}
