/** What changed in the words of each block, as edits that a reader can follow. */
import type { AlignedBlock, Alignment } from './align.ts';
import type { Clause } from './document.ts';
import type { Word } from './words.ts';

export interface Edit {
  /** `left` and `came`: they stand in another paragraph of the other text. */
  readonly op: 'kept' | 'gone' | 'new' | 'left' | 'came';
  readonly words: readonly Word[];
  /** Whether they stand in another order than the words around them. */
  readonly isMoved: boolean;
}

export interface Passage {
  readonly result: 'changed' | 'moved' | 'new' | 'gone';
  readonly old?: AlignedBlock | undefined;
  readonly new?: AlignedBlock | undefined;
  readonly edits: readonly Edit[];
}

/** Those that differ, in the order of the new text; what is gone stands where it stood. */
export function passagesOf(alignment: Alignment): readonly Passage[] {
  const passages: Passage[] = [];
  const shown = new Set<number>();
  const goneBefore = (end: number): void => {
    for (let i = 0; i < end; i++) {
      const old = alignment.old[i];
      if (!old || old.partner !== undefined || shown.has(i)) continue;
      shown.add(i);
      passages.push(...passage(old, undefined, -1, -1));
    }
  };
  for (const [j, now] of alignment.new.entries()) {
    const i = now.partner;
    const old = i === undefined ? undefined : alignment.old[i];
    const isInPlace = now.fates.includes('kept');
    if (i !== undefined && isInPlace) goneBefore(i);
    passages.push(...passage(old, now, i ?? -1, j));
  }
  goneBefore(alignment.old.length);
  return passages;
}

/** The clause of the other text in which most of a clause's words stand. */
export function counterparts(
  from: readonly AlignedBlock[],
  to: readonly AlignedBlock[],
): ReadonlyMap<Clause, Clause> {
  const counts = new Map<Clause, Map<Clause, number>>();
  for (const { block, twins } of from) {
    const count = counts.get(block.clause) ?? new Map<Clause, number>();
    counts.set(block.clause, count);
    for (const twin of twins) {
      const other = twin && to[twin.block]?.block.clause;
      if (other) count.set(other, (count.get(other) ?? 0) + 1);
    }
  }
  const found = new Map<Clause, Clause>();
  for (const [clause, count] of counts) {
    const [most] = [...count].sort(([, a], [, b]) => b - a);
    if (most) found.set(clause, most[0]);
  }
  return found;
}

function passage(
  old: AlignedBlock | undefined,
  now: AlignedBlock | undefined,
  i: number,
  j: number,
): readonly Passage[] {
  const edits = readable(merged(editsOf(old, now, i, j)));
  const isChanged = edits.some(({ op }) => op === 'gone' || op === 'new');
  const isMoved = edits.some((edit) => edit.isMoved);
  if (!isChanged && !isMoved) return [];
  const isKept = edits.some(({ op }) => op === 'kept');
  const alone = now === undefined ? 'gone' : 'new';
  const result = !isChanged ? 'moved' : isKept || (old && now) ? 'changed' : alone;
  return [{ result, old, new: now, edits }];
}

function* editsOf(
  old: AlignedBlock | undefined,
  now: AlignedBlock | undefined,
  i: number,
  j: number,
): Generator<Edit> {
  let [x, y] = [0, 0];
  const isTwin = (of: AlignedBlock | undefined, at: number, block: number): boolean =>
    of !== undefined && of.twins[at]?.block === block && !of.displaced.has(at);
  const oneOf = (of: AlignedBlock, at: number, alone: Edit['op'], placed: Edit['op']): Edit => {
    const word = of.block.words[at];
    const fate = of.fates[at];
    return {
      op: fate === 'changed' ? alone : placed,
      words: word ? [word] : [],
      isMoved: fate === 'moved',
    };
  };
  const [oldEnd, newEnd] = [old?.block.words.length ?? 0, now?.block.words.length ?? 0];
  while (x < oldEnd || y < newEnd) {
    for (; old && x < oldEnd && !isTwin(old, x, j); x++) yield oneOf(old, x, 'gone', 'left');
    for (; now && y < newEnd && !isTwin(now, y, i); y++) yield oneOf(now, y, 'new', 'came');
    if (now && y < newEnd) yield oneOf(now, y, 'kept', 'kept');
    x++;
    y++;
  }
}

/** Edits of one kind in a row as one. */
export function merged(edits: Iterable<Edit>): readonly Edit[] {
  const runs: Edit[] = [];
  for (const edit of edits) {
    const last = runs.at(-1);
    if (last?.op === edit.op && last.isMoved === edit.isMoved) {
      runs[runs.length - 1] = { ...last, words: [...last.words, ...edit.words] };
    } else runs.push(edit);
  }
  return runs;
}

/** A lone `of` or comma between two changes is no island: the change is read as a whole. */
function readable(edits: readonly Edit[]): readonly Edit[] {
  const spread = edits.flatMap((edit, at): readonly Edit[] => {
    const isBetween = isChange(edits[at - 1]) && isChange(edits[at + 1]);
    if (edit.op !== 'kept' || !isBetween || !edit.words.every(isSmall)) return [edit];
    if (edit.words.length > SMALL_WORDS_MAX) return [edit];
    return [
      { ...edit, op: 'gone', isMoved: false },
      { ...edit, op: 'new', isMoved: false },
    ];
  });
  const sorted: Edit[] = [];
  for (const edit of spread) {
    let at = sorted.length;
    // What is gone from one change stands before what is new in it.
    while (edit.op === 'gone' && sorted[at - 1]?.op === 'new') at--;
    sorted.splice(at, 0, edit);
  }
  return merged(sorted);
}

const SMALL_WORDS_MAX = 2;
const SMALL = new Set(
  'a an the of to in on at by for from with and or nor but as is are be it its that this any'.split(
    ' ',
  ),
);

function isSmall({ kind, key }: Word): boolean {
  return kind === 'mark' || SMALL.has(key.toLowerCase());
}

function isChange(edit: Edit | undefined): boolean {
  return edit?.op === 'gone' || edit?.op === 'new';
}
