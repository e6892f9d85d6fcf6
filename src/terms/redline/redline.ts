/**
 * Two versions of a text, word by word and clause by clause. What only looks different is no
 * difference: line breaks, white space, emphasis, bullets, kinds of quotes and dashes. Dates, link
 * targets and the numbers of headings are told apart from the words.
 *
 * A comparison of wording, for readers. It says nothing of what the words mean, least of all in law.
 */
import { type AlignedBlock, type Alignment, align } from './align.ts';
import { type Clause, type Document, readDocument } from './document.ts';
import { findHints, type Hint } from './hints.ts';
import { counterparts, type Passage, passagesOf } from './passages.ts';
import { type Span, spanIn } from './place.ts';
import { keyOf, lineOf } from './words.ts';

export interface Redline {
  readonly old: Document;
  readonly new: Document;
  readonly alignment: Alignment;
  readonly counts: Counts;
  /** Those that differ, in the order of the new text. */
  readonly clauses: readonly ClauseChange[];
  readonly links: readonly Change[];
  readonly dates: readonly Change[];
  /** Of headings and paragraphs that are numbered by hand. */
  readonly numbers: readonly Change[];
  readonly hints: readonly Hint[];
}

/** Words without punctuation. */
export interface Counts {
  readonly oldWords: number;
  readonly newWords: number;
  readonly gone: number;
  readonly new: number;
  readonly moved: number;
}

export interface ClauseChange {
  readonly result: 'changed' | 'moved' | 'new' | 'gone';
  readonly title: string;
  /** Its title in the old text, where that was another. */
  readonly was?: string | undefined;
  readonly passages: readonly Passage[];
}

/** Something beside the words that is not as it was. */
export interface Change {
  /** The words that it is about. */
  readonly words: string;
  readonly old?: string | undefined;
  readonly new?: string | undefined;
  readonly at: Span;
  /** The block of the old text in which it was, and of the new in which it is. */
  readonly oldBlock?: number | undefined;
  readonly newBlock?: number | undefined;
}

export interface Source {
  /** As spans name it. */
  readonly file: string;
  readonly text: string;
}

export function redline(oldSource: Source, newSource: Source): Redline {
  const old = readDocument(oldSource.file, oldSource.text);
  const now = readDocument(newSource.file, newSource.text);
  const alignment = align(old.blocks, now.blocks);
  return {
    old,
    new: now,
    alignment,
    counts: countsOf(alignment),
    clauses: clausesOf(alignment),
    links: linkChanges(alignment, old, now),
    dates: dateChanges(alignment, now),
    numbers: numberChanges(alignment, now),
    hints: findHints(alignment, old, now),
  };
}

/** Whether a reader would find nothing but the same. */
export function isSame({ clauses, links, dates, numbers }: Redline): boolean {
  return [clauses, links, dates, numbers].every(({ length }) => length === 0);
}

function countsOf(alignment: Alignment): Counts {
  const count = (blocks: readonly AlignedBlock[], fate?: string): number =>
    blocks.reduce(
      (sum, { block, fates }) =>
        sum +
        block.words.filter(({ kind }, i) => kind !== 'mark' && (!fate || fates[i] === fate)).length,
      0,
    );
  return {
    oldWords: count(alignment.old),
    newWords: count(alignment.new),
    gone: count(alignment.old, 'changed'),
    new: count(alignment.new, 'changed'),
    moved: count(alignment.new, 'moved'),
  };
}

function clausesOf(alignment: Alignment): readonly ClauseChange[] {
  const toNew = counterparts(alignment.old, alignment.new);
  const toOld = counterparts(alignment.new, alignment.old);
  const groups = new Map<Clause, Passage[]>();
  for (const passage of passagesOf(alignment)) {
    const from = passage.old?.block.clause;
    const clause = passage.new?.block.clause ?? (from && (toNew.get(from) ?? from));
    if (!clause) continue;
    const group = groups.get(clause);
    if (group) group.push(passage);
    else groups.set(clause, [passage]);
  }
  return [...groups].map(([clause, passages]): ClauseChange => {
    const result = clauseResult(passages, toOld.has(clause));
    return { result, title: clause.title, was: titleBefore(clause, alignment), passages };
  });
}

/** Of a clause whose title was another; one whose parts went to several others is none of them. */
function titleBefore(clause: Clause, { old, new: blocks }: Alignment): string | undefined {
  const title = blocks.find(({ block }) => block.clause === clause);
  const before = title?.partner === undefined ? undefined : old[title.partner]?.block;
  const isTitle = old.find(({ block }) => block.clause === before?.clause)?.block === before;
  const was = isTitle ? before?.clause.title : undefined;
  return was !== undefined && keyOf(was) !== keyOf(clause.title) ? was : undefined;
}

function clauseResult(passages: readonly Passage[], stood: boolean): ClauseChange['result'] {
  if (passages.every(({ result }) => result === 'moved')) return 'moved';
  if (!stood && passages.every(({ result }) => result === 'new')) return 'new';
  if (!stood && passages.every(({ result }) => result === 'gone')) return 'gone';
  return 'changed';
}

function linkChanges(alignment: Alignment, old: Document, now: Document): readonly Change[] {
  const changes: Change[] = [];
  const met = new Set<object>();
  for (const [newBlock, { block, twins }] of alignment.new.entries()) {
    for (const link of block.links) {
      const twin = twins.slice(link.from, link.to).find((place) => place !== undefined);
      const before =
        twin &&
        alignment.old[twin.block]?.block.links.find(
          ({ from, to }) => from <= twin.word && twin.word < to,
        );
      if (before) met.add(before);
      if (before?.target === link.target) continue;
      const words = block.words.slice(link.from, link.to);
      const at = spanIn(now, words[0]?.start ?? 0, words.at(-1)?.end ?? 0);
      changes.push({
        words: lineOf(words),
        old: before?.target,
        new: link.target,
        at,
        oldBlock: twin?.block,
        newBlock,
      });
    }
  }
  for (const [oldBlock, { block }] of alignment.old.entries()) {
    for (const link of block.links.filter((one) => !met.has(one))) {
      const words = block.words.slice(link.from, link.to);
      const at = spanIn(old, words[0]?.start ?? 0, words.at(-1)?.end ?? 0);
      changes.push({ words: lineOf(words), old: link.target, at, oldBlock });
    }
  }
  return changes;
}

function dateChanges(alignment: Alignment, now: Document): readonly Change[] {
  return alignment.new.flatMap(({ block, twins }, newBlock) =>
    block.words.flatMap((word, i): readonly Change[] => {
      const twin = twins[i];
      const before = twin && alignment.old[twin.block]?.block.words[twin.word];
      if (word.kind !== 'date' || !before || plain(before.text) === plain(word.text)) return [];
      const words = lineOf(block.words.slice(Math.max(0, i - 3), i));
      const at = spanIn(now, word.start, word.end);
      const [was, is] = [plain(before.text), plain(word.text)];
      return [{ words, old: was, new: is, at, oldBlock: twin.block, newBlock }];
    }),
  );
}

function plain(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function numberChanges(alignment: Alignment, now: Document): readonly Change[] {
  return alignment.new.flatMap(({ block, partner }, newBlock): readonly Change[] => {
    const before = partner === undefined ? undefined : alignment.old[partner]?.block.number;
    if (before === undefined || before === block.number) return [];
    const words = lineOf(block.words.slice(0, 10));
    const at = spanIn(now, block.start, block.end);
    return [{ words, old: before, new: block.number, at, oldBlock: partner, newBlock }];
  });
}
