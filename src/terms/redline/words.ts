/**
 * Text as words: what a reader would say differs, and nothing else. Quotes, dashes, spaces and
 * compatibility forms that look alike are one. A date is one word, whatever it says, since dates are
 * compared apart from the wording; an address is one word too.
 */

/** Characters of a text with the place in the file that each comes from. */
export interface Stream {
  readonly text: string;
  /** By UTF-16 unit of `text`: where it begins and ends in the file. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  /** Which units are struck out. */
  readonly struck: readonly boolean[];
}

export interface Word {
  /** As it is written. */
  readonly text: string;
  /** By which it is compared. */
  readonly key: string;
  readonly kind: 'word' | 'mark' | 'date' | 'address';
  /** UTF-16 offsets in the file. */
  readonly start: number;
  readonly end: number;
  /** Whether white space stands before it. */
  readonly isSpaced: boolean;
}

export function wordsOf({ text, starts, ends, struck }: Stream): readonly Word[] {
  const words: Word[] = [];
  let before = 0;
  for (const match of text.matchAll(TOKEN)) {
    const at = match.index;
    const kind = kindOf(match.groups ?? {});
    const isStruck = struck[at] === true;
    const written = isStruck ? `~~${match[0]}~~` : match[0];
    const key = kind === 'date' ? '<date>' : keyOf(written);
    if (key === '') continue;
    words.push({
      text: written,
      key,
      kind,
      start: starts[at] ?? 0,
      end: ends[at + match[0].length - 1] ?? 0,
      isSpaced: /\s/.test(text.slice(before, at)),
    });
    before = at + match[0].length;
  }
  return words;
}

/** Words in a line, spaced as they were. */
export function lineOf(words: readonly Word[]): string {
  return words
    .map(({ text, isSpaced }, i) => (isSpaced && i > 0 ? ` ${text}` : text))
    .join('')
    .replace(/~~(\s?)~~/g, '$1');
}

/** The same for what looks the same. */
export function keyOf(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .replace(/[‘’‚‛′`´ʼ]/g, "'")
    .replace(/[“”„‟″«»]|''/g, '"')
    .replace(/[‐-―−-]+/g, '-');
}

const MONTH =
  '(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)';
const DAY = '[0-3]?\\d(?:st|nd|rd|th)?';
const YEAR = '(?:19|20)\\d\\d';
const DATE = [
  `${MONTH}\\.?\\s+${DAY},?\\s+${YEAR}`,
  `${DAY}\\s+(?:of\\s+)?${MONTH}\\.?,?\\s+${YEAR}`,
  `${MONTH}\\.?\\s+${YEAR}`,
  `${YEAR}-[01]\\d-[0-3]\\d`,
  `[0-3]?\\d[/.][0-3]?\\d[/.]${YEAR}`,
].join('|');
const ADDRESS = '(?:https?://|mailto:|www\\.)[^\\s<>"]*[^\\s<>".,;:!?)\\]’”]';
const LETTERS = '[\\p{L}\\p{N}\\p{M}\\p{Cf}]+';
const WORD = `${LETTERS}(?:(?:['’ʼ‐‑-]|(?<=\\d)[.,](?=\\d)|(?<=\\b\\p{L})\\.(?=\\p{L}\\b))${LETTERS})*`;
const TOKEN = new RegExp(
  `(?<![\\p{L}\\p{N}])(?<date>${DATE})(?![\\p{L}\\p{N}])|(?<address>${ADDRESS})|(?<word>${WORD})|[‐-―−-]+|\\.{3}|\\S`,
  'giu',
);

function kindOf({ date, address, word }: Readonly<Record<string, string | undefined>>) {
  if (date !== undefined) return 'date';
  if (address !== undefined) return 'address';
  return word === undefined ? 'mark' : 'word';
}
