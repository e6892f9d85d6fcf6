/**
 * Cedar text as far as it must be read here: where each policy begins and ends, and which integers
 * the engine's JSON would round. All else is the official parser's; this runs on text that the
 * parser has accepted.
 */

export interface PolicySource {
  /** From its first annotation or keyword to its semicolon. */
  readonly text: string;
  /** Offset of the first character in the whole text, in UTF-16 units. */
  readonly start: number;
}

/** The policies and templates of an accepted text, in its order. */
export function splitPolicies(text: string): readonly PolicySource[] {
  const policies: PolicySource[] = [];
  let start = -1;
  for (const token of tokens(text)) {
    if (start < 0) start = token.start;
    if (text[token.start] === ';') {
      policies.push({ text: text.slice(start, token.end), start });
      start = -1;
    }
  }
  return policies;
}

export interface ExactSource {
  /** The text with each long integer `n` replaced by an entity `MARK::"n"`. */
  readonly text: string;
  /** The entity type of the replacements, which occurs nowhere else in the text. */
  readonly mark: string;
}

/** Keeps integers beyond 2⁵³ from being rounded on their way through the engine's JSON. */
export function markLongIntegers(text: string): ExactSource {
  let mark = 'LongInteger';
  while (text.includes(mark)) mark += '_';
  let out = '';
  let copied = 0;
  for (const { start, end } of tokens(text)) {
    if (end - start < LONG_DIGITS_MIN || !/^[0-9]+$/.test(text.slice(start, end))) continue;
    out += `${text.slice(copied, start)}${mark}::"${text.slice(start, end)}"`;
    copied = end;
  }
  return { text: out + text.slice(copied), mark };
}

/** A template with its slots `?principal` and `?resource` filled. @param values Cedar text by slot */
export function fillSlots(template: string, values: ReadonlyMap<string, string>): string {
  let out = '';
  let copied = 0;
  for (const { start, end } of tokens(template)) {
    if (template[start] !== '?') continue;
    const slot = /^(?:principal|resource)\b/.exec(template.slice(end))?.[0];
    if (slot === undefined) continue;
    out += template.slice(copied, start) + (values.get(`?${slot}`) ?? `?${slot}`);
    copied = end + slot.length;
  }
  return out + template.slice(copied);
}

/** 2⁵³ has sixteen digits. */
const LONG_DIGITS_MIN = 16;

interface Token {
  readonly start: number;
  readonly end: number;
}

const TOKEN = /\s+|\/\/[^\n\r]*|"(?:[^"\\]|\\[^])*"|[A-Za-z0-9_]+|[^]/gu;

/** All but white space and comments. */
function* tokens(text: string): Generator<Token> {
  for (const match of text.matchAll(TOKEN)) {
    if (/^(?:\s|\/\/)/.test(match[0])) continue;
    yield { start: match.index, end: match.index + match[0].length };
  }
}
