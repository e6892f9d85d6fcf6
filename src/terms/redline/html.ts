/** What is left of HTML in a text: its paragraphs, without tags, comments, scripts and styles. */

export interface HtmlPart {
  /** UTF-16 offsets in the text of the pieces between tags. */
  readonly pieces: readonly (readonly [start: number, end: number])[];
  /** Of a heading; 0 for what is none. */
  readonly level: number;
}

export function* htmlParts(html: string): Generator<HtmlPart> {
  let pieces: (readonly [number, number])[] = [];
  let level = 0;
  let at = 0;
  for (const match of html.matchAll(NO_WORDS)) {
    if (match.index > at) pieces.push([at, match.index]);
    at = match.index + match[0].length;
    const { tag = '', close } = match.groups ?? {};
    if (!BREAKS.test(tag)) continue;
    if (pieces.length > 0) yield { pieces, level };
    pieces = [];
    level = close === '' && /^h[1-6]$/i.test(tag) ? Number(tag[1]) : 0;
  }
  if (at < html.length) pieces.push([at, html.length]);
  if (pieces.length > 0) yield { pieces, level };
}

const NO_WORDS =
  /<!--[^]*?(?:-->|$)|<(script|style)\b[^]*?(?:<\/\1\s*>|$)|<(?<close>\/?)(?<tag>[a-z][a-z0-9-]*)\b[^>]*>|<[!?][^>]*>/gi;

/** Tags before and after which a new line begins. */
const BREAKS =
  /^(?:p|div|li|ul|ol|dl|dt|dd|tr|table|thead|tbody|h[1-6]|br|hr|section|article|header|footer|aside|main|nav|blockquote|pre|details|summary|figure|figcaption|form)$/i;
