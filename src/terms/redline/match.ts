/**
 * Which block of the new text is which of the old: first those that say the same, then those that
 * say nearly the same, wherever they stand.
 */
import { diffArrays } from 'diff';
import type { Block } from './document.ts';
import { inOrder } from './order.ts';

export interface Pair {
  /** Positions among the blocks of each text. */
  readonly old: number;
  readonly new: number;
}

export function matchBlocks(old: readonly Block[], now: readonly Block[]): readonly Pair[] {
  const matching = new Matching(old, now);
  matching.same();
  matching.alike();
  matching.titles();
  return matching.pairs();
}

/** How alike two blocks must be, from 0 to 1, where what stands around them is the same too. */
const ALIKE_HERE_MIN = 0.4;
const ALIKE_ELSEWHERE_MIN = 0.6;
/** Short sentences are alike by chance. */
const MOVED_WORDS_MIN = 4;

const WITHIN_WORDS_MIN = 6;
const WITHIN_SHARE_MIN = 0.85;

class Matching {
  readonly #old: readonly Block[];
  readonly #new: readonly Block[];
  readonly #newOf = new Map<number, number>();
  readonly #oldOf = new Map<number, number>();

  constructor(old: readonly Block[], now: readonly Block[]) {
    this.#old = old;
    this.#new = now;
  }

  pairs(): readonly Pair[] {
    return [...this.#newOf].map(([from, to]) => ({ old: from, new: to }));
  }

  /** What is said once in each text anchors the rest; what is said often is matched between. */
  same(): void {
    const [oldKeys, newKeys] = [this.#old.map(blockKey), this.#new.map(blockKey)];
    const [oldOnce, newOnce] = [onceIn(oldKeys), onceIn(newKeys)];
    const once = [...oldOnce].flatMap(([key, from]) => {
      const to = newOnce.get(key);
      return to === undefined
        ? []
        : [{ old: from, new: to, weight: this.#old[from]?.words.length ?? 0 }];
    });
    for (const { old, new: to } of once) this.#pair(old, to);
    const anchors = [...inOrder(once)].sort((a, b) => a.old - b.old);
    let [from, to] = [0, 0];
    for (const anchor of [...anchors, { old: oldKeys.length, new: newKeys.length }]) {
      this.#sameBetween(oldKeys, newKeys, [from, anchor.old], [to, anchor.new]);
      [from, to] = [anchor.old + 1, anchor.new + 1];
    }
    for (const i of this.#freeOld()) {
      const found = this.#freeNew().find((j) => newKeys[j] === oldKeys[i]);
      const isLong = (this.#old[i]?.words.length ?? 0) >= MOVED_WORDS_MIN;
      if (found !== undefined && isLong) this.#pair(i, found);
    }
  }

  #sameBetween(
    oldKeys: readonly string[],
    newKeys: readonly string[],
    [oldFrom, oldTo]: readonly [number, number],
    [newFrom, newTo]: readonly [number, number],
  ): void {
    let [i, j] = [oldFrom, newFrom];
    const changes = diffArrays(oldKeys.slice(oldFrom, oldTo), newKeys.slice(newFrom, newTo));
    for (const { count = 0, added, removed } of changes) {
      for (let k = 0; k < count && !added && !removed; k++) {
        if (!this.#newOf.has(i + k) && !this.#oldOf.has(j + k)) this.#pair(i + k, j + k);
      }
      if (!added) i += count;
      if (!removed) j += count;
    }
  }

  /** The most alike first. */
  alike(): void {
    const weights = wordWeights([...this.#old, ...this.#new]);
    const free = this.#freeNew();
    const gaps = this.#gaps();
    const candidates = this.#freeOld().flatMap((i) =>
      free.flatMap((j) => {
        const [a, b] = [this.#old[i], this.#new[j]];
        if (!a || !b) return [];
        const isHere = gaps.old[i] === gaps.new[j];
        const likeness = alikeness(a, b, weights);
        const isAlike = likeness >= (isHere ? ALIKE_HERE_MIN : ALIKE_ELSEWHERE_MIN);
        const isLong = Math.min(a.words.length, b.words.length) >= MOVED_WORDS_MIN;
        return isAlike && (isHere || isLong)
          ? [{ i, j, score: likeness + (isHere ? 0.2 : 0) }]
          : [];
      }),
    );
    for (const { i, j } of candidates.sort((a, b) => b.score - a.score)) {
      if (!this.#newOf.has(i) && !this.#oldOf.has(j)) this.#pair(i, j);
    }
  }

  /** A heading whose words changed is known by what stands under it. */
  titles(): void {
    const free = this.#freeNew().filter((j) => this.#new[j]?.kind === 'title');
    for (const i of this.#freeOld().filter((i) => this.#old[i]?.kind === 'title')) {
      const below = this.#below(this.#old, i);
      const match = free.find((j) => {
        const under = new Set(this.#below(this.#new, j));
        const kept = below.filter((k) => under.has(this.#newOf.get(k) ?? -1));
        return kept.length > 0 && kept.length * 2 >= Math.max(below.length, under.size);
      });
      if (match !== undefined && !this.#oldOf.has(match)) this.#pair(i, match);
    }
  }

  #below(blocks: readonly Block[], title: number): readonly number[] {
    const clause = blocks[title]?.clause;
    return [...blocks.keys()].filter((k) => k !== title && blocks[k]?.clause === clause);
  }

  /** The number of the place between two blocks that are matched and in order. */
  #gaps(): { readonly old: readonly number[]; readonly new: readonly number[] } {
    const weighed = this.pairs().map((pair) => ({
      ...pair,
      weight: this.#old[pair.old]?.words.length ?? 0,
    }));
    const anchors = [...inOrder(weighed)];
    const [oldAt, newAt] = [anchors.map(({ old }) => old), anchors.map((pair) => pair.new)];
    const before = (blocks: readonly Block[], at: ReadonlySet<number>): readonly number[] => {
      let gap = 0;
      return blocks.map((_, i) => (at.has(i) ? gap++ : gap));
    };
    return { old: before(this.#old, new Set(oldAt)), new: before(this.#new, new Set(newAt)) };
  }

  #freeOld(): readonly number[] {
    return [...this.#old.keys()].filter((i) => !this.#newOf.has(i));
  }

  #freeNew(): readonly number[] {
    return [...this.#new.keys()].filter((j) => !this.#oldOf.has(j));
  }

  #pair(old: number, now: number): void {
    this.#newOf.set(old, now);
    this.#oldOf.set(now, old);
  }
}

function blockKey({ words }: Block): string {
  return words.map(({ key }) => key).join(' ');
}

/** Those that occur once, and where. */
function onceIn(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return new Map(
    [...keys.entries()].flatMap(([i, key]) => (counts.get(key) === 1 ? [[key, i]] : [])),
  );
}

/** A word that many blocks have says little about which block it is. */
function wordWeights(blocks: readonly Block[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const block of blocks) {
    for (const word of new Set(contentOf(block))) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return new Map([...counts].map(([word, n]) => [word, Math.log(1 + blocks.length / n)]));
}

function contentOf({ words }: Block): readonly string[] {
  return words.flatMap(({ key, kind }) => (kind === 'mark' ? [] : [key.toLowerCase()]));
}

/**
 * Twice the shared weight over all weight: 1 for the same words, 0 for none in common. A sentence
 * that became part of a longer one is like it too.
 */
function alikeness(a: Block, b: Block, weights: ReadonlyMap<string, number>): number {
  const weigh = (words: readonly string[]): number =>
    words.reduce((sum, word) => sum + (weights.get(word) ?? 0), 0);
  const [inA, inB] = [contentOf(a), contentOf(b)];
  const left = new Map<string, number>();
  for (const word of inA) left.set(word, (left.get(word) ?? 0) + 1);
  const shared = inB.filter((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count > 0;
  });
  const [all, least] = [weigh(inA) + weigh(inB), Math.min(weigh(inA), weigh(inB))];
  if (all === 0) return 0;
  const isWithin = shared.length >= WITHIN_WORDS_MIN && weigh(shared) >= WITHIN_SHARE_MIN * least;
  return Math.max((2 * weigh(shared)) / all, isWithin ? ALIKE_ELSEWHERE_MIN : 0);
}
