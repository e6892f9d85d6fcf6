/** The sections of a text: each heading with what stands under it, as bytes. */
import { readDocument } from './document.ts';
import { lineOf } from './words.ts';

export interface TextSection {
  readonly title: string;
  /** By which it is the same heading: its words, without number and emphasis. */
  readonly key: string;
  /**
   * Ways in which it can be cut out, always in this order: to the next heading that is not below it,
   * or to the next of any level; with the blank lines at its end, with one line break, or with none.
   */
  readonly spans: readonly SectionSpan[];
}

/** Bytes of UTF-8. */
interface SectionSpan {
  readonly start: number;
  readonly end: number;
}

export function sectionsOf(text: string): readonly TextSection[] {
  const titles = readDocument('', text).blocks.filter(({ kind }) => kind === 'title');
  return titles.map(({ start, level, words }, i): TextSection => {
    const after = titles.slice(i + 1);
    const ends = [after.find((other) => other.level <= level), after[0]].map(
      (next) => next?.start ?? text.length,
    );
    const cuts = ends.flatMap((end) => {
      const bare = start + text.slice(start, end).trimEnd().length;
      return [end, Math.min(bare + 1, end), bare];
    });
    const bytes = (at: number): number => Buffer.byteLength(text.slice(0, at));
    return {
      title: lineOf(words),
      key: words.map(({ key }) => key.toLowerCase()).join(' '),
      spans: cuts.map((end) => ({ start: bytes(start), end: bytes(end) })),
    };
  });
}
