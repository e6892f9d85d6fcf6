/**
 * Language that gives discretion back: words by which a rule can be set aside, bent or changed by
 * one side alone. Hints to a reader and nothing more: whether such words do harm depends on all that
 * stands around them, and what they mean in law is for lawyers to say.
 */
import type { AlignedBlock, Alignment } from './align.ts';
import type { Document } from './document.ts';
import { HINT_KINDS, type HintKind } from './hint-kinds.ts';
import { type Span, spanIn } from './place.ts';
import { keyOf, lineOf, type Word } from './words.ts';

export interface Hint {
  readonly kind: HintKind;
  readonly why: string;
  /** As the text has it. */
  readonly words: string;
  /** Whether the words are in the new text only, in both, or in the old only. */
  readonly standing: 'new' | 'stood' | 'gone';
  /** In the new text, or where the words are gone, in the old. */
  readonly at: Span;
}

export function findHints(alignment: Alignment, old: Document, now: Document): readonly Hint[] {
  const found = alignment.new.flatMap((aligned) =>
    hintsIn(aligned, now, (isWhole) => (isWhole ? 'stood' : 'new')),
  );
  const gone = alignment.old.flatMap((aligned) =>
    hintsIn(aligned, old, (isWhole) => (isWhole ? undefined : 'gone')),
  );
  return [...found, ...gone];
}

/** @param standing of words all of which, or not all of which, are in the other text too */
function hintsIn(
  { block, fates }: AlignedBlock,
  document: Document,
  standing: (isWhole: boolean) => Hint['standing'] | undefined,
): readonly Hint[] {
  const { line, wordAt } = lineWithWords(block.words);
  const found: { readonly hint: Hint; readonly from: number; readonly to: number }[] = [];
  for (const [kind, { why, patterns }] of Object.entries(HINT_KINDS)) {
    for (const match of patterns.flatMap((pattern) => [...line.matchAll(pattern)])) {
      const from = wordAt(match.index);
      const to = wordAt(match.index + match[0].length - 1) + 1;
      // What another hint covers already is said once.
      if (found.some((other) => other.from < to && from < other.to)) continue;
      const words = block.words.slice(from, to);
      const stands = standing(fates.slice(from, to).every((fate) => fate !== 'changed'));
      if (!stands) continue;
      const at = spanIn(document, words[0]?.start ?? 0, words.at(-1)?.end ?? 0);
      const hint = { kind: kind as HintKind, why, words: lineOf(words), standing: stands, at };
      found.push({ hint, from, to });
    }
  }
  return found.toSorted((a, b) => a.from - b.from).map(({ hint }) => hint);
}

interface WordLine {
  /** Lower-case and with one space, so that patterns are plain. */
  readonly line: string;
  /** The word at an offset of the line. */
  readonly wordAt: (offset: number) => number;
}

function lineWithWords(words: readonly Word[]): WordLine {
  let line = '';
  const starts: number[] = [];
  for (const { text, isSpaced } of words) {
    if (isSpaced && line !== '') line += ' ';
    starts.push(line.length);
    line += keyOf(text).replace(/\s+/g, ' ');
  }
  return { line, wordAt: (offset) => starts.findLastIndex((start) => start <= offset) };
}
