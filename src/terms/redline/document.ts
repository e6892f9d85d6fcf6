/**
 * A text in Markdown → its blocks (headings, paragraphs, list items, table rows) in words, and the
 * clauses that they stand in. Marks of emphasis, bullets, numbers of list items, line breaks and
 * comments are no words.
 */
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { BlockText, spanOf } from './block-text.ts';
import { htmlParts } from './html.ts';
import { type Word, wordsOf } from './words.ts';

export interface Block {
  readonly kind: 'title' | 'text' | 'item' | 'row';
  /** How deep a heading is; 0 for what is none. */
  readonly level: number;
  readonly words: readonly Word[];
  /** `3.` of a heading or paragraph that is numbered by hand. */
  readonly number: string;
  readonly links: readonly Link[];
  /** UTF-16 offsets in the file. */
  readonly start: number;
  readonly end: number;
  readonly clause: Clause;
}

export interface Link {
  readonly target: string;
  /** Positions among the block's words. */
  readonly from: number;
  readonly to: number;
}

/** What stands under one heading, or under a list item that has a list of its own. */
export interface Clause {
  readonly title: string;
  /** Its titles from the outermost, its own last. */
  readonly path: readonly string[];
}

/** A text to compare. */
export interface Document {
  /** As errors and spans name it. */
  readonly file: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

type Root = ReturnType<typeof fromMarkdown>;
type Node = Root['children'][number];

export function readDocument(file: string, text: string): Document {
  const root = parsed(text);
  const reader = new Reader(text, definitionsOf(root));
  reader.nodes(root.children, false);
  return { file, text, blocks: reader.blocks };
}

function parsed(text: string): Root {
  // What the extensions find in the finished tree has no place in the file.
  const inPlace = gfmFromMarkdown().map((extension) => ({ ...extension, transforms: [] }));
  return fromMarkdown(text, { extensions: [gfm()], mdastExtensions: inPlace });
}

class Reader {
  readonly blocks: Block[] = [];
  readonly #text: string;
  readonly #definitions: ReadonlyMap<string, string>;
  #path: readonly { readonly level: number; readonly title: string }[] = [];
  #clause: Clause = { title: '', path: [] };

  constructor(text: string, definitions: ReadonlyMap<string, string>) {
    this.#text = text;
    this.#definitions = definitions;
  }

  /** @param isItem whether they stand in a list item */
  nodes(nodes: readonly Node[], isItem: boolean): void {
    for (const [i, node] of nodes.entries()) {
      switch (node.type) {
        case 'heading':
          this.#block(node, 'title', node.depth);
          break;
        case 'paragraph':
          if (isItem) this.#block(node, 'item', 0);
          else if (isTitle(node, nodes[i + 1], this.#text)) this.#block(node, 'title', 7);
          else this.#block(node, 'text', 0);
          break;
        case 'list':
          for (const item of node.children) this.#item(item.children);
          break;
        case 'table':
          for (const row of node.children) this.#block(row, 'row', 0);
          break;
        case 'blockquote':
        case 'footnoteDefinition':
          this.nodes(node.children, isItem);
          break;
        case 'html':
          this.#html(node, isItem);
          break;
        case 'code':
          this.#block(node, isItem ? 'item' : 'text', 0);
          break;
        default:
          break;
      }
    }
  }

  /** An item that has a list of its own is the title of what is in it. */
  #item(children: readonly Node[]): void {
    const clause = this.#clause;
    const [first] = children;
    if (first?.type === 'paragraph' && children.some(({ type }) => type === 'list')) {
      const title = shortened(readWords(this.#textOf(first), false).words);
      this.#clause = { title, path: [...clause.path, title] };
    }
    this.nodes(children, true);
    this.#clause = clause;
  }

  #html(node: Node, isItem: boolean): void {
    const [start, end] = spanOf(node);
    for (const { pieces, level } of htmlParts(this.#text.slice(start, end))) {
      const text = new BlockText(this.#text, this.#definitions);
      for (const [from, to] of pieces) {
        const written = this.#text.slice(start + from, start + to);
        text.written(written.replace(/&[#\w]+;/g, decoded), start + from, start + to);
      }
      const kind = level > 0 ? 'title' : isItem ? 'item' : 'text';
      const span = [pieces[0]?.[0] ?? 0, pieces.at(-1)?.[1] ?? 0].map((at) => start + at);
      this.#push(text, kind, level, [span[0] ?? start, span[1] ?? end]);
    }
  }

  #block(node: Node, kind: Block['kind'], level: number): void {
    this.#push(this.#textOf(node), kind, level, spanOf(node));
  }

  #textOf(node: Node): BlockText {
    const text = new BlockText(this.#text, this.#definitions);
    text.add(node);
    return text;
  }

  #push(
    text: BlockText,
    kind: Block['kind'],
    level: number,
    [start, end]: readonly [number, number],
  ): void {
    const read = readWords(text, kind === 'title');
    if (read.words.length === 0) return;
    if (kind === 'title') {
      const title = shortened(read.words);
      const above = this.#path.filter((other) => other.level < level);
      this.#path = [...above, { level, title }];
      this.#clause = { title, path: this.#path.map((other) => other.title) };
    }
    this.blocks.push({ ...read, kind, level, start, end, clause: this.#clause });
  }
}

/** The character that a reference such as `&rsquo;` stands for. */
function decoded(reference: string): string {
  const [paragraph] = fromMarkdown(reference).children;
  const [text] = paragraph?.type === 'paragraph' ? paragraph.children : [];
  return text?.type === 'text' ? text.value : reference;
}

function readWords(text: BlockText, isTitle: boolean): Pick<Block, 'words' | 'links' | 'number'> {
  const words = wordsOf(text.stream);
  const skipped = numberLength(words, isTitle);
  const number = words.slice(0, skipped);
  return {
    words: words.slice(skipped),
    number: isBullet(number) ? '' : number.map((word) => word.text).join(''),
    links: text.links.flatMap(({ target, start, end }): Link[] => {
      const covered = words.flatMap((word, i) =>
        word.start >= start && word.end <= end ? [i - skipped] : [],
      );
      const [from, to] = [covered.at(0) ?? -1, (covered.at(-1) ?? -2) + 1];
      return to > 0 ? [{ target, from: Math.max(0, from), to }] : [];
    }),
  };
}

const TITLE_WORDS = 10;

function shortened(words: readonly Word[]): string {
  const shown = words.slice(0, TITLE_WORDS + 2);
  const isWhole = shown.length === words.length;
  const line = (isWhole ? words : words.slice(0, TITLE_WORDS))
    .map(({ text, isSpaced }, i) => (isSpaced && i > 0 ? ` ${text}` : text))
    .join('');
  return isWhole ? line : `${line} …`;
}

/**
 * Whether a paragraph is a heading that lost its marks: short, without an end, and before
 * something that it can be the title of.
 */
function isTitle(node: Node, next: Node | undefined, text: string): boolean {
  if (node.type !== 'paragraph' || !next) return false;
  const [start, end] = spanOf(node);
  const [only, ...others] = node.children;
  const written = text.slice(start, end);
  if (written.includes('\n') || others.some(({ type }) => type !== 'text')) return false;
  const isStrong = only?.type === 'strong' && others.length === 0;
  const words = written.split(/\s+/);
  if (words.length > TITLE_LENGTH_MAX || /\d{4}/.test(written)) return false;
  if (isStrong) return /^[*_]{2}[^\p{Ll}]/u.test(written);
  return (
    only?.type === 'text' && words.length > 1 && /^[\p{Lu}\d].*[\p{L}\p{N})’”"']$/u.test(written)
  );
}

const TITLE_LENGTH_MAX = 16;

const BULLET = /^[•·▪◦‣●○■–*-]$/u;

function isBullet([first]: readonly Word[]): boolean {
  return first !== undefined && BULLET.test(first.text);
}

/** How many of the first words number the block: `3.`, `(a)`, `Section 4:`, or a bullet. */
function numberLength(words: readonly Word[], isHeading: boolean): number {
  if (isBullet(words)) return 1;
  const line = words.slice(0, 4).map(({ text }) => text);
  const [first = '', second = '', third = ''] = line;
  const isOrdinal = (text: string): boolean =>
    /^(?:\d{1,3}(?:\.\d+)*|[a-z]|[ivxlc]{1,6})$/i.test(text);
  if (first === '(' && isOrdinal(second) && third === ')') return 3;
  if (/^(?:section|article|clause|part|chapter|annex|schedule|§)$/i.test(first)) {
    if (!isOrdinal(second)) return 0;
    return /^[.:)-]$/.test(third) ? 3 : isHeading ? 2 : 0;
  }
  if (isOrdinal(first) && /^[.)]$/.test(second) && words[1]?.isSpaced === false) {
    return words[2]?.isSpaced === true ? 2 : 0;
  }
  return isHeading && /^\d/.test(first) && isOrdinal(first) && words.length > 1 ? 1 : 0;
}

/** Targets of `[words][name]`, by name. */
function definitionsOf(root: Root): ReadonlyMap<string, string> {
  const definitions = new Map<string, string>();
  const gather = (nodes: readonly Node[]): void => {
    for (const node of nodes) {
      if (node.type === 'definition') definitions.set(node.identifier, node.url);
      else if ('children' in node) gather(node.children);
    }
  };
  gather(root.children);
  return definitions;
}
