/** `like`: patterns of literal text and `*`, matched in time linear in the text for each piece. */

/** `'*'` is any text, a string stands for itself; made by `likePattern`. */
export interface LikePattern {
  /** Literal pieces between the wildcards, so one more than there are wildcards. */
  readonly pieces: readonly string[];
}

export const WILDCARD = Symbol('*');

export function likePattern(elements: readonly (string | typeof WILDCARD)[]): LikePattern {
  const pieces = [''];
  for (const element of elements) {
    if (element === WILDCARD) pieces.push('');
    else pieces[pieces.length - 1] += element;
  }
  return { pieces };
}

export function isLike(text: string, { pieces }: LikePattern): boolean {
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return text === first;
  const last = pieces.at(-1) ?? '';
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  // Between the fixed ends, the leftmost place of each piece leaves most room for the next.
  let from = first.length;
  const end = text.length - last.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i] ?? '';
    const at = text.indexOf(piece, from);
    if (at < 0 || at + piece.length > end) return false;
    from = at + piece.length;
  }
  return true;
}
