/** The characters that a reader sees of one block, each with its place in the file, and its links. */
import type { Stream } from './words.ts';

/** As far as a node of the syntax tree is read here. */
export interface InlineNode {
  readonly type: string;
  readonly position?:
    | {
        readonly start: { readonly offset?: number | undefined };
        readonly end: { readonly offset?: number | undefined };
      }
    | undefined;
  readonly value?: string;
  readonly url?: string;
  readonly identifier?: string;
  readonly children?: readonly InlineNode[];
}

interface TextLink {
  readonly target: string;
  /** UTF-16 offsets in the file. */
  readonly start: number;
  readonly end: number;
}

export class BlockText {
  readonly links: TextLink[] = [];
  readonly #file: string;
  readonly #definitions: ReadonlyMap<string, string>;
  #text = '';
  /** Of the last link. */
  #linkEnd = -1;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #struck: boolean[] = [];

  /** @param definitions targets of `[words][name]`, by name */
  constructor(file: string, definitions: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#definitions = definitions;
  }

  get stream(): Stream {
    return { text: this.#text, starts: this.#starts, ends: this.#ends, struck: this.#struck };
  }

  add(node: InlineNode, isStruck = false): void {
    const [start, end] = spanOf(node);
    switch (node.type) {
      case 'text':
      case 'inlineCode':
        this.written(node.value ?? '', start, end, isStruck);
        return;
      case 'code': {
        const fence = /^(?:`{3,}|~{3,})[^\n]*\n/.exec(this.#file.slice(start, end));
        this.written(node.value ?? '', start + (fence?.[0].length ?? 0), end, isStruck);
        return;
      }
      case 'break':
      case 'image':
      case 'imageReference':
        this.#space(start);
        return;
      case 'html':
        if (/^<br\b/i.test(node.value ?? '')) this.#space(start);
        return;
      case 'link':
      case 'linkReference':
        this.#link(node.url ?? this.#definitions.get(node.identifier ?? '') ?? '', start, end);
        this.#apart(start);
        break;
      case 'tableCell':
        this.#space(start);
        break;
      default:
        break;
    }
    for (const child of node.children ?? []) this.add(child, isStruck || node.type === 'delete');
    if (node.type === 'link' || node.type === 'linkReference') this.#linkEnd = end;
  }

  /**
   * Characters that the file has between two offsets: as they are, escaped, as references, or with
   * the marks of a quotation or the indentation of a list in between.
   */
  written(value: string, start: number, end: number, isStruck = false): void {
    if (start === this.#linkEnd && /^[\p{L}\p{N}]/u.test(value)) this.#apart(start);
    let at = start;
    for (let i = 0; i < value.length; ) {
      const reference = REFERENCE.exec(this.#file.slice(at, Math.min(end, at + 40)))?.[0];
      if (reference !== undefined && !value.startsWith(reference, i)) {
        const character = String.fromCodePoint(value.codePointAt(i) ?? 0);
        this.#push(character, at, at + reference.length, isStruck);
        i += character.length;
        at += reference.length;
        continue;
      }
      const [source, next] = [this.#file[at], this.#file[at + 1]];
      const wanted = value[i] ?? '';
      const isSame = source === wanted || (source === '\0' && wanted === '\ufffd');
      if (isSame || (isSpace(wanted) && isSpace(source))) {
        this.#push(wanted, at, at + 1, isStruck);
        i++;
      } else if (source === '\\' && next === wanted) {
        this.#push(wanted, at, at + 2, isStruck);
        i++;
        at++;
      } else if (!this.#file.slice(at, end).includes(wanted)) {
        // Nowhere to be found: it stands for what is here.
        this.#push(wanted, at, Math.min(at + 1, end), isStruck);
        i++;
        continue;
      }
      if (at < end) at++;
    }
  }

  #link(target: string, start: number, end: number): void {
    // Within the page it refers to nothing else, and where it is written out it is in the words.
    const written = this.#file.slice(start, end).replaceAll('\\', '');
    const isWrittenOut = !written.startsWith('[') || written.startsWith(`[${bare(target)}]`);
    if (target !== '' && !target.startsWith('#') && !isWrittenOut) {
      this.links.push({ target, start, end });
    }
  }

  /** A link that is glued to a word is none of it. */
  #apart(at: number): void {
    if (/[\p{L}\p{N}]$/u.test(this.#text)) this.#space(at);
  }

  #space(at: number): void {
    this.#push(' ', at, at, false);
  }

  #push(characters: string, start: number, end: number, isStruck: boolean): void {
    this.#text += characters;
    for (let i = 0; i < characters.length; i++) {
      this.#starts.push(start);
      this.#ends.push(end);
      this.#struck.push(isStruck);
    }
  }
}

function bare(target: string): string {
  return target.replace(/^mailto:/, '');
}

const REFERENCE = /^&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][\da-z]{1,30});/i;

function isSpace(character: string | undefined): boolean {
  return character !== undefined && /\s/.test(character);
}

/** UTF-16 offsets in the file. */
export function spanOf({ position }: InlineNode): readonly [start: number, end: number] {
  return [position?.start.offset ?? 0, position?.end.offset ?? 0];
}
