/**
 * Thousands of phrases found in one pass over a text (Aho and Corasick, "Efficient string matching",
 * CACM 18, 1975), as a complete table of transitions over folded characters.
 *
 *   classes[code unit] → class            next[state + class] → state
 *
 * Every phrase stands between separators, which gives word boundaries; a state reached by one stays
 * where it is on the next, so that runs of them count once. Invisible characters leave every state
 * as it is. States that complete a phrase have the highest numbers: one comparison finds them.
 */
import { foldCodePoint, foldText, SEPARATOR } from './fold.ts';

/** Classes of the alphabet; the phrases' own characters follow. */
const OTHER = 0;
const BETWEEN = 1;
const INVISIBLE = 2;
const CHARACTERS = 3;
/** Not in `classes`: the code unit folds to none or several, or was not met yet. */
const LOOK_UP = 0xffff;

/** Code points beyond this many are folded each time they are met. */
const REMEMBERED_MAX = 100_000;

export class PhraseSet {
  /** As they were given, by the number that `scan` reports. */
  readonly phrases: readonly string[];
  readonly #letters: readonly number[];
  readonly #classOf = new Map<string, number>([[SEPARATOR, BETWEEN]]);
  readonly #classes = new Uint16Array(0x10000).fill(LOOK_UP);
  readonly #folded = new Map<number, readonly number[]>();
  readonly #next: Int32Array;
  readonly #start: number;
  readonly #firstComplete: number;
  /** By state − firstComplete, in units of the table's width: the phrases it completes. */
  readonly #completes: readonly (readonly number[])[];
  readonly #width: number;

  /**
   * @param phrases words with spaces between them; a `*` at the end takes any ending of the last
   * @throws Error for a phrase without a letter or digit
   */
  constructor(phrases: readonly string[]) {
    this.phrases = phrases;
    const trie = new Trie();
    const letters: number[] = [];
    for (const [number, phrase] of phrases.entries()) {
      const isPrefix = phrase.endsWith('*');
      const variants = new Set(
        [phrase, phrase.toUpperCase(), phrase.toLowerCase(), capitalised(phrase)].map(foldText),
      );
      for (const folded of variants) {
        if (folded === '') throw new Error(`The phrase \`${phrase}\` has no letter or digit.`);
        letters[number] = folded.replaceAll(SEPARATOR, '').length;
        trie.add(this.#symbols(` ${folded}${isPrefix ? '' : ' '}`), number);
      }
    }
    this.#letters = letters;
    this.#width = CHARACTERS + this.#classOf.size - 1;
    const table = trie.compile(this.#width);
    this.#next = table.next;
    this.#start = table.next[BETWEEN] ?? 0;
    this.#firstComplete = table.firstComplete;
    this.#completes = table.completes;
    for (let code = 0; code < 0x80; code++) this.#classify(code);
  }

  /**
   * Adds to `hits`, for each phrase found, its number and the offset at which it was complete.
   * Linear in the text and the hits.
   */
  scan(text: string, hits: number[]): void {
    const classes = this.#classes;
    const next = this.#next;
    const firstComplete = this.#firstComplete;
    let state = this.#start;
    for (let i = 0; i < text.length; i++) {
      const symbol = classes[text.charCodeAt(i)] as number;
      if (symbol === LOOK_UP) {
        const codePoint = text.codePointAt(i) as number;
        const width = codePoint > 0xffff ? 2 : 1;
        let end = i;
        for (const one of this.#classify(codePoint)) {
          const before = state;
          state = next[state + one] as number;
          if (one !== BETWEEN) end = i + width;
          if (state >= firstComplete && state !== before) this.#report(state, end, hits);
        }
        i += width - 1;
        continue;
      }
      const before = state;
      state = next[state + symbol] as number;
      if (state >= firstComplete && state !== before) {
        this.#report(state, symbol === BETWEEN ? i : i + 1, hits);
      }
    }
    const before = state;
    state = next[state + BETWEEN] as number;
    if (state >= firstComplete && state !== before) this.#report(state, text.length, hits);
  }

  /** Where the phrase stands in the text that was complete at `end`: [start, end exclusive]. */
  spanOf(phrase: number, text: string, end: number): readonly [number, number] {
    let missing = this.#letters[phrase] ?? 0;
    let last = 0;
    let i = end;
    while (missing > 0 && i > 0) {
      const low = text.charCodeAt(i - 1);
      const isPair = (low & 0xfc00) === 0xdc00 && (text.codePointAt(i - 2) ?? 0) > 0xffff;
      const width = isPair ? 2 : 1;
      const found = foldCodePoint(text.codePointAt(i - width) ?? 0).replaceAll(
        SEPARATOR,
        '',
      ).length;
      if (found > 0 && last === 0) last = i;
      missing -= found;
      i -= width;
    }
    return [i, last];
  }

  #report(state: number, end: number, hits: number[]): void {
    const completed = this.#completes[(state - this.#firstComplete) / this.#width] ?? [];
    for (const phrase of completed) hits.push(phrase, end);
  }

  /** The classes of a code point's folded form, remembered. */
  #classify(codePoint: number): readonly number[] {
    const known = this.#folded.get(codePoint);
    if (known) return known;
    const classes: number[] = [];
    for (const char of foldCodePoint(codePoint)) classes.push(this.#classOf.get(char) ?? OTHER);
    const [only = INVISIBLE] = classes;
    if (codePoint <= 0xffff && classes.length < 2) this.#classes[codePoint] = only;
    else if (this.#folded.size < REMEMBERED_MAX) this.#folded.set(codePoint, classes);
    return classes;
  }

  /** Gives classes to the characters of a phrase. */
  #symbols(folded: string): number[] {
    const symbols: number[] = [];
    for (const char of folded) {
      let symbol = this.#classOf.get(char);
      if (symbol === undefined) {
        symbol = CHARACTERS + this.#classOf.size - 1;
        this.#classOf.set(char, symbol);
      }
      symbols.push(symbol);
    }
    return symbols;
  }
}

interface Table {
  /** States are multiples of the table's width. */
  readonly next: Int32Array;
  readonly firstComplete: number;
  readonly completes: readonly (readonly number[])[];
}

class Trie {
  readonly #children: Map<number, number>[] = [new Map()];
  readonly #phrases: number[][] = [[]];

  add(symbols: readonly number[], phrase: number): void {
    let node = 0;
    for (const symbol of symbols) {
      let child = this.#children[node]?.get(symbol);
      if (child === undefined) {
        child = this.#children.push(new Map()) - 1;
        this.#phrases.push([]);
        this.#children[node]?.set(symbol, child);
      }
      node = child;
    }
    if (!this.#phrases[node]?.includes(phrase)) this.#phrases[node]?.push(phrase);
  }

  /** Breadth first: a node's fallback is nearer to the root, hence complete before it. */
  compile(width: number): Table {
    const size = this.#children.length;
    const next = new Int32Array(size * width);
    const fallback = new Int32Array(size);
    const order = [0];
    for (const node of order) {
      const back = fallback[node] ?? 0;
      if (node !== 0) this.#phrases[node]?.push(...(this.#phrases[back] ?? []));
      for (let symbol = 0; symbol < width; symbol++) {
        const child = this.#children[node]?.get(symbol);
        const other = node === 0 ? 0 : (next[back * width + symbol] ?? 0);
        next[node * width + symbol] = child ?? other;
        if (child === undefined) continue;
        fallback[child] = other;
        order.push(child);
      }
      next[node * width + INVISIBLE] = node;
    }
    for (const [node, children] of this.#children.entries()) {
      const after = children.get(BETWEEN);
      if (after !== undefined) next[after * width + BETWEEN] = after;
      if (node === 0) next[BETWEEN] = after ?? 0;
    }
    return this.#renumbered(next, order, width);
  }

  #renumbered(next: Int32Array, order: readonly number[], width: number): Table {
    const isComplete = (node: number): boolean => (this.#phrases[node]?.length ?? 0) > 0;
    const sorted = [
      ...order.filter((node) => !isComplete(node)),
      ...order.filter((node) => isComplete(node)),
    ];
    const stateOf = new Int32Array(sorted.length);
    for (const [rank, node] of sorted.entries()) stateOf[node] = rank * width;
    const renumbered = new Int32Array(next.length);
    for (const [rank, node] of sorted.entries()) {
      for (let symbol = 0; symbol < width; symbol++) {
        renumbered[rank * width + symbol] = stateOf[next[node * width + symbol] ?? 0] ?? 0;
      }
    }
    const complete = sorted.filter(isComplete);
    return {
      next: renumbered,
      firstComplete: (sorted.length - complete.length) * width,
      completes: complete.map((node) => [...new Set(this.#phrases[node])]),
    };
  }
}

function capitalised(phrase: string): string {
  return phrase
    .toLowerCase()
    .replace(
      /(^|\P{L})(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    );
}
