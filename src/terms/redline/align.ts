/**
 * Word by word: which words of the new text are words of the old, and which of those only moved.
 */
import { diffArrays } from 'diff';
import type { Block } from './document.ts';
import { matchBlocks, type Pair } from './match.ts';
import { inOrder, type Shared } from './order.ts';

/** What became of a word. */
export type Fate =
  /** It is in both texts, in its place. */
  | 'kept'
  /** In the one text only. */
  | 'changed'
  /** In both, in another order than most. */
  | 'moved';

export interface AlignedBlock {
  readonly block: Block;
  /** The block of the other text that says nearly the same. */
  readonly partner: number | undefined;
  /** For each word the block and word of the other text that it is. */
  readonly twins: readonly (Place | undefined)[];
  readonly fates: readonly Fate[];
  /** The words whose twins are not found by going through the block and its partner side by side. */
  readonly displaced: ReadonlySet<number>;
}

export interface Place {
  readonly block: number;
  readonly word: number;
}

export interface Alignment {
  readonly old: readonly AlignedBlock[];
  readonly new: readonly AlignedBlock[];
}

/** Fewer words in a row are alike by chance. */
const RUN_WORDS_MIN = 8;
/** A pair that keeps less of its longer block, and of its shorter, is no pair. */
const KEPT_SHARE_MIN = 0.2;
const KEPT_OF_SHORTER_MIN = 0.7;

export function align(old: readonly Block[], now: readonly Block[]): Alignment {
  const twins = new Twins(old, now);
  const pairs = matchBlocks(old, now).filter((pair) => twins.join(pair));
  twins.runs();
  return twins.alignment(pairs);
}

interface Run extends Shared {
  readonly places: readonly (readonly [old: Place, now: Place])[];
  readonly isDisplaced: boolean;
}

class Twins {
  readonly #old: readonly Block[];
  readonly #new: readonly Block[];
  readonly #oldTwins: (Place | undefined)[][];
  readonly #newTwins: (Place | undefined)[][];
  readonly #runs: Run[] = [];
  readonly #oldStarts: readonly number[];
  readonly #newStarts: readonly number[];

  constructor(old: readonly Block[], now: readonly Block[]) {
    this.#old = old;
    this.#new = now;
    this.#oldTwins = old.map(({ words }) => words.map(() => undefined));
    this.#newTwins = now.map(({ words }) => words.map(() => undefined));
    this.#oldStarts = startsOf(old);
    this.#newStarts = startsOf(now);
  }

  /** Finds the words that two blocks share; false where they are too few. */
  join({ old: i, new: j }: Pair): boolean {
    const [a, b] = [keysOf(this.#old[i]), keysOf(this.#new[j])];
    const places: (readonly [Place, Place])[] = [];
    let [x, y] = [0, 0];
    for (const { count = 0, added, removed } of diffArrays(a, b)) {
      for (let k = 0; k < count && !added && !removed; k++) {
        places.push([
          { block: i, word: x + k },
          { block: j, word: y + k },
        ]);
      }
      if (!added) x += count;
      if (!removed) y += count;
    }
    const isTitle = this.#old[i]?.kind === 'title' && this.#new[j]?.kind === 'title';
    const isKept =
      places.length >= KEPT_SHARE_MIN * Math.max(a.length, b.length) ||
      places.length >= KEPT_OF_SHORTER_MIN * Math.min(a.length, b.length);
    if (!isKept && !isTitle) return false;
    this.#keep(places, false);
    return true;
  }

  /** Words in a row that left one block for another: a paragraph that was split, joined or moved. */
  runs(): void {
    const starts = new Map<string, Place[]>();
    for (const [block, twins] of this.#oldTwins.entries()) {
      const keys = keysOf(this.#old[block]);
      for (let word = 0; word + RUN_WORDS_MIN <= keys.length; word++) {
        if (twins.slice(word, word + RUN_WORDS_MIN).some((twin) => twin)) continue;
        const gram = keys.slice(word, word + RUN_WORDS_MIN).join(' ');
        starts.set(gram, [...(starts.get(gram) ?? []), { block, word }]);
      }
    }
    if (starts.size === 0) return;
    for (const [block, twins] of this.#newTwins.entries()) {
      const keys = keysOf(this.#new[block]);
      for (let word = 0; word + RUN_WORDS_MIN <= keys.length; word++) {
        if (twins.slice(word, word + RUN_WORDS_MIN).some((twin) => twin)) continue;
        const gram = keys.slice(word, word + RUN_WORDS_MIN).join(' ');
        const runs = (starts.get(gram) ?? []).map((from) => this.#run(from, { block, word }));
        const longest = runs.toSorted((a, b) => b.length - a.length)[0] ?? [];
        if (longest.length >= RUN_WORDS_MIN) this.#keep(longest, true);
      }
    }
  }

  #run(from: Place, to: Place): readonly (readonly [Place, Place])[] {
    const [a, b] = [keysOf(this.#old[from.block]), keysOf(this.#new[to.block])];
    const places: (readonly [Place, Place])[] = [];
    for (let k = 0; from.word + k < a.length; k++) {
      const [x, y] = [from.word + k, to.word + k];
      const isFree = !this.#oldTwins[from.block]?.[x] && !this.#newTwins[to.block]?.[y];
      if (a[x] !== b[y] || !isFree) break;
      places.push([
        { block: from.block, word: x },
        { block: to.block, word: y },
      ]);
    }
    return places;
  }

  #keep(places: Run['places'], isDisplaced: boolean): void {
    const [first] = places;
    if (!first) return;
    for (const [old, now] of places) {
      (this.#oldTwins[old.block] ?? [])[old.word] = now;
      (this.#newTwins[now.block] ?? [])[now.word] = old;
    }
    const [old, now] = first;
    this.#runs.push({
      places,
      isDisplaced,
      old: (this.#oldStarts[old.block] ?? 0) + old.word,
      new: (this.#newStarts[now.block] ?? 0) + now.word,
      weight: places.length,
    });
  }

  alignment(pairs: readonly Pair[]): Alignment {
    const old = this.#old.map((block, i) => new Aligned(block, this.#oldTwins[i] ?? []));
    const now = this.#new.map((block, j) => new Aligned(block, this.#newTwins[j] ?? []));
    for (const pair of pairs) {
      const [a, b] = [old[pair.old], now[pair.new]];
      if (a) a.partner = pair.new;
      if (b) b.partner = pair.old;
    }
    const kept = inOrder(this.#runs);
    for (const run of this.#runs) {
      const fate = kept.has(run) ? 'kept' : 'moved';
      for (const [from, to] of run.places) {
        old[from.block]?.settle(from.word, fate, run.isDisplaced);
        now[to.block]?.settle(to.word, fate, run.isDisplaced);
      }
    }
    return { old, new: now };
  }
}

class Aligned implements AlignedBlock {
  readonly block: Block;
  partner: number | undefined = undefined;
  readonly twins: readonly (Place | undefined)[];
  readonly fates: Fate[];
  readonly displaced = new Set<number>();

  constructor(block: Block, twins: readonly (Place | undefined)[]) {
    this.block = block;
    this.twins = twins;
    this.fates = twins.map(() => 'changed');
  }

  settle(word: number, fate: Fate, isDisplaced: boolean): void {
    this.fates[word] = fate;
    if (isDisplaced) this.displaced.add(word);
  }
}

function keysOf(block: Block | undefined): string[] {
  return block?.words.map(({ key }) => key) ?? [];
}

/** How many words stand before each block. */
function startsOf(blocks: readonly Block[]): readonly number[] {
  let count = 0;
  return blocks.map(({ words }) => {
    const start = count;
    count += words.length;
    return start;
  });
}
