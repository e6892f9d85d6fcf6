/** A redline for a person: calm, wrapped, with the unchanged words around a change and no others. */
import { stripVTControlCharacters } from 'node:util';
import { type Edit, merged, type Passage } from '#terms/redline/passages.ts';
import { spanIn } from '#terms/redline/place.ts';
import type { ClauseChange, Redline } from '#terms/redline/redline.ts';
import { lineOf } from '#terms/redline/words.ts';
import type { Output } from './output.ts';

/** Words that are shown on each side of a change. */
const AROUND = 6;
const WIDTH_MAX = 100;
const GUTTER = 8;

export function printClauses(found: Redline, output: Output): void {
  for (const change of found.clauses) {
    output.print();
    output.print(clauseTitle(change, output));
    printPassages(change.passages, found, output);
  }
}

export function printPassages(passages: readonly Passage[], found: Redline, output: Output): void {
  for (const together of movedTogether(passages)) {
    const [passage] = together;
    if (!passage) continue;
    const words =
      passage.result === 'moved'
        ? movedWords(together, found, output)
        : passageWords(passage, found, output);
    printWrapped(gutter(passage, found), words, output);
  }
}

function clauseTitle({ result, title, was }: ClauseChange, output: Output): string {
  const styles = { changed: 'warn', moved: 'warn', new: 'good', gone: 'bad' } as const;
  const name = title === '' ? '(before the first heading)' : title;
  const before = was ? output.style('dim', `  (was: ${was})`) : '';
  return `${output.style(styles[result], result.padEnd(GUTTER))}${output.style('strong', name)}${before}`;
}

/** The line of the new text, or with a minus, of the old. */
function gutter({ old, new: now }: Passage, found: Redline): string {
  const line = now ? lineIn(found.new, now.block.start) : lineIn(found.old, old?.block.start ?? 0);
  return (now ? String(line) : `-${line}`).padStart(GUTTER - 2);
}

function lineIn(document: Redline['new'], offset: number): number {
  return spanIn(document, offset, offset).line;
}

/** Passages that moved side by side are told as one. */
function movedTogether(passages: readonly Passage[]): readonly (readonly Passage[])[] {
  const groups: Passage[][] = [];
  for (const passage of passages) {
    const last = groups.at(-1);
    if (passage.result === 'moved' && last?.[0]?.result === 'moved') last.push(passage);
    else groups.push([passage]);
  }
  return groups;
}

function movedWords(passages: readonly Passage[], found: Redline, output: Output): string {
  const [first] = passages;
  const from = first && cameFrom(first, found);
  const more = passages.length > 1 ? ` and ${passages.length - 1} more` : '';
  const words = first?.new?.block.words ?? first?.old?.block.words ?? [];
  const start = lineOf(words.slice(0, AROUND * 2));
  const rest = words.length > AROUND * 2 ? ' …' : '';
  const where = from === undefined ? 'moved' : `moved here from -${from}`;
  return `${output.style('warn', `${where}:`)} ${start}${rest}${output.style('dim', more)}`;
}

function cameFrom(
  { old, new: now }: Passage,
  { alignment, old: text }: Redline,
): number | undefined {
  const place = now?.twins.find((twin) => twin !== undefined);
  const block = old?.block ?? (place && alignment.old[place.block]?.block);
  return block && lineIn(text, block.start);
}

function passageWords(passage: Passage, found: Redline, output: Output): string {
  const isMoved = passage.edits.some(({ op, isMoved }) => op === 'kept' && isMoved);
  const from = isMoved ? cameFrom(passage, found) : undefined;
  const moved = from === undefined ? '' : `${output.style('warn', `(moved from -${from})`)} `;
  const edits = merged(passage.edits.filter(({ op, isMoved }) => op !== 'left' || isMoved));
  const parts = edits.map((edit, at) => {
    const isSpaced = at > 0 && edit.words[0]?.isSpaced !== false;
    return `${isSpaced ? ' ' : ''}${editWords(edit, at === 0, at === edits.length - 1, output)}`;
  });
  return moved + parts.join('');
}

const MARKS = {
  gone: { style: 'bad', open: '[-', close: '-]' },
  new: { style: 'good', open: '{+', close: '+}' },
  left: { style: 'dim', open: '[~', close: '~]' },
  came: { style: 'warn', open: '{~', close: '~}' },
} as const;

function editWords(
  { op, words, isMoved }: Edit,
  isFirst: boolean,
  isLast: boolean,
  output: Output,
): string {
  if (op === 'kept' || (op === 'came' && !isMoved)) {
    const [before, after] = [isFirst ? 0 : AROUND, isLast ? 0 : AROUND];
    if (words.length <= before + after + 2) return lineOf(words);
    const head = lineOf(words.slice(0, before));
    const tail = after > 0 ? lineOf(words.slice(-after)) : '';
    return [head, output.style('dim', '…'), tail].filter((part) => part !== '').join(' ');
  }
  const { style, open, close } = MARKS[op];
  const text = lineOf(words);
  const isColoured = output.style(style, 'x') !== 'x';
  // Word by word, so that a line can break anywhere.
  if (isColoured)
    return text
      .split(' ')
      .map((word) => output.style(style, word))
      .join(' ');
  return `${open}${text}${close}`;
}

export function printWrapped(head: string, text: string, output: Output): void {
  const width = Math.min(WIDTH_MAX, process.stdout.columns || WIDTH_MAX) - GUTTER;
  let line = '';
  let used = 0;
  let isFirst = true;
  const flush = (): void => {
    output.print(
      `${isFirst ? output.style('dim', head.padEnd(GUTTER)) : ' '.repeat(GUTTER)}${line}`,
    );
    isFirst = false;
    line = '';
    used = 0;
  };
  for (const word of text.split(' ')) {
    const length = stripVTControlCharacters(word).length;
    if (used > 0 && used + 1 + length > width) flush();
    line += used > 0 ? ` ${word}` : word;
    used += used > 0 ? length + 1 : length;
  }
  flush();
}
