/**
 * Text with nothing in it that a reader cannot see, or would take for something else: each such
 * character is written out as ⟨U+202E⟩. No two different texts look the same.
 */
import confusables from 'unhomoglyph/data.json' with { type: 'json' };

/** Controls, formats, private and unassigned characters, odd spaces, and our own brackets. */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Variation_Selector}\p{Default_Ignorable_Code_Point}⟨⟩]|(?! )\p{Zs}|^ | $| (?= )|^\p{M}/gu;
const NOT_ASCII = /\P{ASCII}/gu;
const WORD = /[\p{L}\p{N}\p{M}]+/gu;

export function visible(value: string): string {
  return value
    .replace(UNSEEN, codePoint)
    .replace(WORD, (word) => (looksLatin(word) ? word.replace(NOT_ASCII, named) : word));
}

/** Where a member stands: `arguments.target`, `arguments["odd key"]`; never the same for two. */
export function memberLabel(label: string, name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${label}.${name}`;
  return `${label}["${visible(name).replaceAll('"', codePoint('"'))}"]`;
}

/** A word of Latin letters and of others that pass for them, such as `pаy` with a Cyrillic а. */
function looksLatin(word: string): boolean {
  if (word.search(NOT_ASCII) < 0) return false;
  return Array.from(word.normalize('NFD').replace(/\p{M}/gu, '')).every(
    (letter) => letter < '\x7f' || /\p{Script=Latin}/u.test(letter) || LOOKALIKES.has(letter),
  );
}

function named(letter: string): string {
  return LOOKALIKES.has(letter) ? letter + codePoint(letter) : letter;
}

function codePoint(character: string): string {
  return `⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

/** Characters beyond ASCII that look like one of ASCII (Unicode UTS 39). */
const LOOKALIKES: ReadonlySet<string> = new Set(
  Object.entries(confusables)
    .filter(([from, to]) => from > '\x7f' && /^[\x21-\x7e]$/.test(to))
    .map(([from]) => from),
);
