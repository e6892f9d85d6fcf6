/**
 * The parts of a streamed answer as they open, grow and end: keeps the order that `AnswerEvent`
 * promises, whatever the order in which the provider's items came.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { AnswerEvent, Part } from '../exchange.ts';
import { messageFields, toolCall } from './answer.ts';
import { native } from './items.ts';

/** A piece of text within an item: a content part of a message, a paragraph of reasoning. */
export interface Piece {
  readonly kind: 'text' | 'refusal' | 'summary_text' | 'reasoning_text';
  text: string;
  /** How much of the text earlier parts gave: an interrupted piece goes on in a part of its own. */
  given: number;
  /** Index of the part that is open for it. */
  part: number | undefined;
  fields: JsonObject;
}

/** An output item that is not done yet, or was. */
export interface Item {
  readonly type: string;
  fields: JsonObject;
  readonly pieces: Map<string, Piece>;
  /** Of a function or a custom tool: the open part, and the arguments so far. */
  part: number | undefined;
  arguments: string;
  isDone: boolean;
}

export class OpenParts {
  /** Events that the last provider's event made; taken by the decoder. */
  out: AnswerEvent[] = [];
  /** The parts that ended. */
  readonly ended: Part[] = [];
  #next = 0;
  /** Calls in the order of their start, with their end where it has come. */
  #calls: { readonly item: Item; part?: Part }[] = [];
  #current: { item: Item; piece: Piece } | undefined;

  /** A part that comes at once. */
  give(part: Part): void {
    this.endText();
    this.ended.push(part);
    const index = this.#next++;
    if (part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal') {
      this.out.push({ type: 'part_start', index, part: { ...part, text: '' } });
      this.#delta(index, part.text);
    } else if (part.type === 'tool_call') {
      this.out.push({ type: 'part_start', index, part: { ...part, arguments: '' } });
      this.#delta(index, part.arguments);
    } else this.out.push({ type: 'part_start', index, part });
    this.out.push({ type: 'part_end', index, part });
  }

  #delta(index: number, text: string): void {
    if (text !== '') this.out.push({ type: 'part_delta', index, text });
  }

  // Text

  open(item: Item, piece: Piece): void {
    if (piece.part !== undefined) return;
    this.endText();
    piece.part = this.#next++;
    this.#current = { item, piece };
    this.out.push({ type: 'part_start', index: piece.part, part: partOf(item, piece, '') });
  }

  add(item: Item, piece: Piece, text: JsonValue | undefined): void {
    if (typeof text !== 'string' || text === '') return;
    this.open(item, piece);
    piece.text += text;
    this.#delta(piece.part as number, text);
  }

  /** What was shown stays; what the end adds to it is added. */
  complete(item: Item, piece: Piece, text: JsonValue | undefined): void {
    if (typeof text !== 'string' || text.length <= piece.text.length) return;
    if (text.startsWith(piece.text)) this.add(item, piece, text.slice(piece.text.length));
  }

  endPiece(item: Item, piece: Piece): void {
    if (piece.part === undefined) return;
    const part = partOf(item, piece, piece.text.slice(piece.given));
    this.out.push({ type: 'part_end', index: piece.part, part });
    this.ended.push(part);
    piece.given = piece.text.length;
    piece.part = undefined;
    if (this.#current?.piece === piece) this.#current = undefined;
  }

  endText(): void {
    if (this.#current) this.endPiece(this.#current.item, this.#current.piece);
  }

  // Calls

  startCall(item: Item, madeUpId: string): void {
    const { arguments: _, input: __, ...fields } = item.fields;
    const part = { ...toolCall({ ...fields, type: item.type }, madeUpId), arguments: '' };
    item.fields = { ...fields, call_id: part.id };
    item.part = this.#next++;
    this.#calls.push({ item });
    this.out.push({ type: 'part_start', index: item.part, part });
  }

  addArguments(item: Item, text: JsonValue | undefined): void {
    if (typeof text !== 'string' || item.isDone) return;
    item.arguments += text;
    if (item.part !== undefined) this.#delta(item.part, text);
  }

  completeArguments(item: Item, text: JsonValue | undefined): void {
    if (typeof text !== 'string' || text === '' || item.isDone) return;
    this.#deltaTo(item, text);
    item.arguments = text;
  }

  /** Under the id and the name that the call began with, which some servers change. */
  endCall(item: Item, done: JsonObject): void {
    const { call_id = null, name = null } = item.fields;
    const part = toolCall(withArguments({ ...done, call_id, name }, item.arguments), '');
    this.#deltaTo(item, part.arguments);
    this.ended.push(part);
    const call = this.#calls.find((open) => open.item === item);
    if (call) call.part = part;
    this.#endCalls();
  }

  /** Calls end in the order in which they began, though some providers end them as they please. */
  #endCalls(): void {
    for (;;) {
      const [first] = this.#calls;
      if (!first?.part) return;
      this.out.push({ type: 'part_end', index: first.item.part as number, part: first.part });
      this.#calls.shift();
    }
  }

  /** The deltas add up to the whole wherever they can; the part that ends has the final word. */
  #deltaTo(item: Item, whole: string): void {
    if (item.part !== undefined && whole.startsWith(item.arguments)) {
      this.#delta(item.part, whole.slice(item.arguments.length));
    }
  }
}

function partOf(item: Item, piece: Piece, text: string): Part {
  switch (piece.kind) {
    case 'text':
      return { type: 'text', text, ...native({ ...messageFields(item.fields), ...piece.fields }) };
    case 'refusal':
      return { type: 'refusal', text };
    case 'summary_text':
    case 'reasoning_text': {
      const fields = { ...idOf(item.fields), ...piece.fields, type: piece.kind };
      return { type: 'reasoning', text, ...native(fields) };
    }
  }
}

export function idOf(fields: JsonObject): JsonObject {
  const { id } = fields;
  return typeof id === 'string' ? { id } : {};
}

/** The item with the arguments that were streamed, where its end does not repeat them. */
export function withArguments(item: JsonObject, streamed: string): JsonObject {
  const isFree = item['type'] === 'custom_tool_call';
  if (streamed === '' || (!isFree && item['type'] !== 'function_call')) return item;
  const key = isFree ? 'input' : 'arguments';
  return item[key] === undefined || item[key] === '' ? { ...item, [key]: streamed } : item;
}
