/**
 * Text as a reader sees it, whatever characters it was written with: letter case, compatibility
 * forms (full-width, mathematical, ligatures), accents, invisible characters and lookalikes from
 * other scripts fold away. Each code point folds by itself, so that offsets map back.
 *
 * Facts: Unicode NFKD (UAX #15), confusables (UTS #39, by `unhomoglyph`). Where a script is written
 * without spaces, each character stands as a word of its own.
 */
import confusables from 'unhomoglyph/data.json' with { type: 'json' };

/** What stands between words; runs of it count once. */
export const SEPARATOR = ' ';

const IGNORED = /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Me}]/u;
/** Marks that a reader of Latin, Greek, Cyrillic, Hebrew or Arabic letters can do without. */
const MARK = /[\p{Script=Inherited}[[\p{Script=Hebrew}\p{Script=Arabic}]&&\p{Mn}]]/v;
const WORD = /[\p{L}\p{N}\p{M}]/u;
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Scripts whose letters pass for Latin ones. */
const LOOKALIKE =
  /[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Coptic}\p{Script=Lisu}\p{Script=Canadian_Aboriginal}]/u;
const DIGIT = /\p{Nd}/u;

/**
 * One code point, folded: letters and digits, `SEPARATOR`, both, or nothing where it is invisible.
 */
export function foldCodePoint(codePoint: number): string {
  if (codePoint < 0x80) return foldAscii(codePoint);
  const char = String.fromCodePoint(codePoint);
  if (codePoint === 0x85 || codePoint === 0x2028 || codePoint === 0x2029) return SEPARATOR;
  if (DIGIT.test(char)) return digitOf(codePoint);
  if (IGNORED.test(char) || /\p{Cc}/u.test(char)) return '';
  let folded = '';
  for (const piece of char.normalize('NFKD')) {
    if (MARK.test(piece) || IGNORED.test(piece)) continue;
    folded += WORD.test(piece) ? foldLetter(piece) : SEPARATOR;
  }
  return UNSPACED.test(char) && folded !== '' ? SEPARATOR + folded + SEPARATOR : folded;
}

/** The whole text, folded, with one separator between words and none around. */
export function foldText(text: string): string {
  let folded = '';
  for (const char of text) folded += foldCodePoint(char.codePointAt(0) ?? 0);
  return folded.replace(/ +/g, SEPARATOR).replace(/^ | $/g, '');
}

/** The decimal digit that a character stands for, in ASCII; the character is of category Nd. */
export function digitOf(codePoint: number): string {
  const plain = String.fromCodePoint(codePoint).normalize('NFKD');
  if (plain >= '0' && plain <= '9') return plain;
  // Each script's ten digits begin at …0 or …6 (Unicode, chapter 4.6).
  const low = codePoint & 0xf;
  return String(DIGIT.test(String.fromCodePoint(codePoint - low)) ? low : low - 6);
}

function foldAscii(code: number): string {
  if (code >= 0x61 && code <= 0x7a) return String.fromCharCode(code);
  if (code >= 0x41 && code <= 0x5a) return String.fromCharCode(code + 0x20);
  if (code >= 0x30 && code <= 0x39) return String.fromCharCode(code);
  const isInvisible = code < 0x09 || (code > 0x0d && code < 0x20) || code === 0x7f;
  return isInvisible ? '' : SEPARATOR;
}

function foldLetter(letter: string): string {
  return lookalikes.get(letter) ?? letter.toUpperCase().toLowerCase();
}

/** Letters that look like one Latin letter, to that letter in lower case. */
const lookalikes: ReadonlyMap<string, string> = new Map(
  Object.entries(confusables).flatMap(([from, to]) => {
    const plain = Array.from(to.normalize('NFKD'))
      .filter((char) => !MARK.test(char))
      .join('');
    const isLookalike = from > '\x7f' && LOOKALIKE.test(from) && /^[a-z]$/i.test(plain);
    return isLookalike ? [[from, plain.toLowerCase()]] : [];
  }),
);
