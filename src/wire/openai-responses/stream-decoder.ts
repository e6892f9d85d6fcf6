/**
 * A provider's event stream → answer events.
 *
 * Items are told apart by `output_index`: some servers change the items' ids between events. What
 * the stream of events left out (arguments that come only at the end, items that stand only in the
 * final response) is given when it is seen, so that nothing, and no tool call, is lost.
 *
 * https://platform.openai.com/docs/api-reference/responses-streaming
 */
import { asProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type { AnswerError, AnswerEvent, Part } from '../exchange.ts';
import type { AnswerDecoder } from '../protocol.ts';
import type { SseEvent } from '../sse.ts';
import {
  finishOf,
  headOf,
  isProvidersOwn,
  messageFields,
  partsOfContent,
  partsOfItem,
  reasoningFields,
  settingsOf,
  textFields,
  toolCall,
  usageOf,
} from './answer.ts';
import { errorOf } from './errors.ts';
import { native } from './items.ts';
import { mayWrap } from './wrapper.ts';

/** A piece of text within an item: a content part of a message, a paragraph of reasoning. */
interface Piece {
  readonly kind: 'text' | 'refusal' | 'summary_text' | 'reasoning_text';
  text: string;
  /** Index of the part that is open for it, or undefined when none is. */
  part: number | undefined;
  /** How much of the text earlier parts have given: a piece that was interrupted goes on in another. */
  given: number;
  fields: JsonObject;
}

interface Item {
  readonly type: string;
  fields: JsonObject;
  pieces: Map<string, Piece>;
  /** Of a function or custom tool: the open part, and what was given of its arguments. */
  part: number | undefined;
  arguments: string;
  isDone: boolean;
}

/** Says how far the provider's own tools are; the item says it too. */
const PROGRESS =
  /^(keepalive|response\.(audio|web_search_call|file_search_call|code_interpreter_call|code_interpreter_call_code|image_generation_call|mcp_call|mcp_call_arguments|mcp_list_tools|shell_call_command|shell_call_output_content|apply_patch_call_operation_diff)\b.*)$/;

export class ResponsesStreamDecoder implements AnswerDecoder {
  #items = new Map<number, Item>();
  #itemIds = new Map<string, number>();
  #seenCalls = new Set<string>();
  #response: JsonObject = {};
  #out: AnswerEvent[] = [];
  #parts: Part[] = [];
  #next = 0;
  #current: { item: Item; piece: Piece } | undefined;
  #dropped = new Set<string>();
  #isStarted = false;
  #isOver = false;
  #lastData = '';
  #lastNumber: JsonValue | undefined;

  push(event: SseEvent): readonly AnswerEvent[] {
    if (this.#isOver || event.data === '[DONE]' || event.data === '') return [];
    this.#out = [];
    try {
      const data = parseJsonText(event.data);
      if (isObject(data) && !this.#isRepeat(event.data, data)) {
        const type = typeof data['type'] === 'string' ? data['type'] : event.event;
        this.#handle(type, data);
      }
    } catch (thrown) {
      this.#fail({
        kind: 'server',
        message: `The provider sent an event that cannot be read: ${asProvisoError(thrown).publicMessage}`,
      });
    }
    return this.#out;
  }

  end(): readonly AnswerEvent[] {
    if (this.#isOver) return [];
    this.#out = [];
    this.#fail({
      kind: 'server',
      message: 'The provider ended the stream before the answer’s end.',
    });
    return this.#out;
  }

  /** An event that was sent twice: the same number and the same bytes. */
  #isRepeat(text: string, data: JsonObject): boolean {
    const number = data['sequence_number'];
    const isSame = number !== undefined && number !== 0 && number === this.#lastNumber;
    const isRepeat = isSame && text === this.#lastData;
    this.#lastNumber = number;
    this.#lastData = text;
    return isRepeat;
  }

  #handle(type: string, data: JsonObject): void {
    switch (type) {
      case 'response.output_text.delta':
        this.#addText(this.#pieceOf(data, 'message', 'text', 'content_index'), data['delta']);
        return;
      case 'response.function_call_arguments.delta':
        this.#addArguments(this.#itemOf(data, 'function_call'), data['delta']);
        return;
      case 'response.reasoning_summary_text.delta':
        this.#addText(
          this.#pieceOf(data, 'reasoning', 'summary_text', 'summary_index'),
          data['delta'],
        );
        return;
      case 'response.reasoning_text.delta':
        this.#addText(
          this.#pieceOf(data, 'reasoning', 'reasoning_text', 'content_index'),
          data['delta'],
        );
        return;
      case 'response.refusal.delta':
        this.#addText(this.#pieceOf(data, 'message', 'refusal', 'content_index'), data['delta']);
        return;
      case 'response.custom_tool_call_input.delta':
        this.#addArguments(this.#itemOf(data, 'custom_tool_call'), data['delta']);
        return;
      case 'response.output_text.done':
        this.#complete(this.#pieceOf(data, 'message', 'text', 'content_index'), data['text']);
        return;
      case 'response.refusal.done':
        this.#complete(this.#pieceOf(data, 'message', 'refusal', 'content_index'), data['refusal']);
        return;
      case 'response.reasoning_summary_text.done':
        this.#complete(
          this.#pieceOf(data, 'reasoning', 'summary_text', 'summary_index'),
          data['text'],
        );
        return;
      case 'response.reasoning_text.done':
        this.#complete(
          this.#pieceOf(data, 'reasoning', 'reasoning_text', 'content_index'),
          data['text'],
        );
        return;
      case 'response.function_call_arguments.done':
        this.#completeArguments(this.#itemOf(data, 'function_call'), data['arguments']);
        return;
      case 'response.custom_tool_call_input.done':
        this.#completeArguments(this.#itemOf(data, 'custom_tool_call'), data['input']);
        return;
      case 'response.output_text.annotation.added':
        // The part that ends has them all.
        return;
      case 'response.content_part.added':
      case 'response.content_part.done':
        this.#contentPart(data, type.endsWith('done'));
        return;
      case 'response.reasoning_summary_part.added':
      case 'response.reasoning_summary_part.done':
        this.#summaryPart(data, type.endsWith('done'));
        return;
      case 'response.output_item.added':
        this.#added(data);
        return;
      case 'response.output_item.done':
        if (isObject(data['item'])) this.#done(indexOf(data, this.#items.size), data['item']);
        return;
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        // Held back until something comes of it, so that a stream that only fails can be tried again.
        if (isObject(data['response']) && !this.#isStarted) this.#response = data['response'];
        return;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
      case 'response.cancelled':
        this.#terminal(type, data);
        return;
      case 'error':
        this.#fail(errorOf(isObject(data['error']) ? data['error'] : data));
        return;
      default:
        this.#unknown(type, data);
    }
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#out.push({ type: 'start', ...headOf(this.#response) });
  }

  #fail(error: AnswerError): void {
    this.#isOver = true;
    this.#out.push({ type: 'error', error });
  }

  /** An error that has no event of its own, and an event that is not of this protocol at all. */
  #unknown(type: string, data: JsonObject): void {
    if (isObject(data['error'])) this.#fail(errorOf(data['error']));
    else if (!PROGRESS.test(type)) this.#dropped.add(`event.${type}`);
    else if (type === 'response.image_generation_call.partial_image')
      this.#dropped.add(`event.${type}`);
  }

  // Items

  #added(data: JsonObject): void {
    const item = data['item'];
    if (!isObject(item)) return;
    const index = indexOf(data, this.#items.size);
    const known = this.#items.get(index);
    if (known && !known.isDone && known.fields['call_id'] === item['call_id']) return;
    const added = this.#remember(index, item);
    const isCall = added.type === 'function_call' || added.type === 'custom_tool_call';
    // A call whose name may change what it is, or that ran inside, waits until it is whole.
    if (!isCall || mayWrap(String(item['name'])) || isProvidersOwn(item, this.#response)) return;
    if (typeof item['name'] !== 'string' || item['name'] === '') return;
    this.#startCall(added);
  }

  #startCall(item: Item): void {
    this.#start();
    const { arguments: _, input: __, ...fields } = item.fields;
    const part = { ...toolCall({ ...fields, type: item.type }), arguments: '' };
    item.fields = { ...fields, call_id: part.id };
    item.part = this.#next++;
    this.#out.push({ type: 'part_start', index: item.part, part });
  }

  #remember(index: number, fields: JsonObject): Item {
    const type = typeof fields['type'] === 'string' ? fields['type'] : '';
    const item: Item = {
      type,
      fields,
      pieces: new Map(),
      part: undefined,
      arguments: '',
      isDone: false,
    };
    this.#items.set(index, item);
    if (typeof fields['id'] === 'string') this.#itemIds.set(fields['id'], index);
    return item;
  }

  /** The item that an event speaks of, made up where the provider never announced it. */
  #itemOf(data: JsonObject, type: string): Item {
    const named =
      typeof data['item_id'] === 'string' ? this.#itemIds.get(data['item_id']) : undefined;
    const index = indexOf(data, named ?? this.#items.size);
    const item = this.#items.get(index);
    if (item?.type === type && !item.isDone) return item;
    const byId = named === undefined ? undefined : this.#items.get(named);
    if (byId?.type === type && !byId.isDone) return byId;
    return item?.type === type ? item : this.#remember(index, { type });
  }

  #done(index: number, item: JsonObject): void {
    const known = this.#items.get(index);
    const isKnown = known !== undefined && known.type === item['type'] && !known.isDone;
    const target = isKnown ? known : this.#remember(index, item);
    target.isDone = true;
    if (target.type === 'message') this.#endMessage(target, item);
    else if (target.type === 'reasoning') this.#endReasoning(target, item);
    else if (target.part !== undefined) this.#endCall(target, item);
    else {
      const whole = withArguments(item, target.arguments);
      for (const part of partsOfItem(whole, this.#response, this.#dropped)) this.#give(part);
    }
  }

  #endMessage(target: Item, item: JsonObject): void {
    const content = Array.isArray(item['content']) ? (item['content'] as readonly JsonValue[]) : [];
    target.fields = { ...target.fields, ...messageFields(item) };
    for (let i = 0; i < content.length; i++) {
      const part = content[i];
      if (!isObject(part)) continue;
      const piece = target.pieces.get(`content_index${i}`);
      if (!piece) {
        for (const whole of partsOfContent(part, item, this.#dropped)) this.#give(whole);
        continue;
      }
      piece.fields = { ...piece.fields, ...textFields(part) };
      this.#complete({ item: target, piece }, part['text'] ?? part['refusal']);
    }
    for (const piece of target.pieces.values()) this.#endPiece(target, piece);
  }

  #endReasoning(target: Item, item: JsonObject): void {
    target.fields = { ...target.fields, ...reasoningFields(item) };
    const parts = partsOfItem(item, this.#response, this.#dropped);
    if (target.pieces.size === 0) {
      for (const part of parts) this.#give(part);
      return;
    }
    // What is opaque stands with the last piece, and after it when that was ended before.
    let last: Piece | undefined;
    for (const piece of target.pieces.values()) {
      if (piece.part !== undefined) last = piece;
    }
    for (const piece of target.pieces.values()) {
      piece.fields = piece === last ? reasoningFields(target.fields) : idOf(target.fields);
      this.#endPiece(target, piece);
    }
    if (!last && target.fields['encrypted_content'] !== undefined) {
      this.#give({ type: 'reasoning', text: '', ...native(reasoningFields(target.fields)) });
    }
  }

  #endCall(target: Item, item: JsonObject): void {
    const index = target.part as number;
    const fields = {
      ...item,
      call_id: target.fields['call_id'] ?? null,
      name: target.fields['name'] ?? null,
    };
    const part = toolCall(withArguments(fields, target.arguments));
    this.#deltaTo(index, target.arguments, part.arguments);
    this.#seenCalls.add(callKey(item));
    this.#parts.push(part);
    this.#out.push({ type: 'part_end', index, part });
  }

  /** A part that comes at once. */
  #give(part: Part): void {
    this.#start();
    this.#endCurrent();
    if (part.type === 'tool_call') this.#seenCalls.add(part.id);
    this.#parts.push(part);
    const index = this.#next++;
    const isText = part.type === 'text' || part.type === 'reasoning' || part.type === 'refusal';
    if (isText || part.type === 'tool_call') {
      const empty = isText ? { ...part, text: '' } : { ...part, arguments: '' };
      this.#out.push({ type: 'part_start', index, part: empty });
      const text = isText ? part.text : part.arguments;
      if (text !== '') this.#out.push({ type: 'part_delta', index, text });
    } else this.#out.push({ type: 'part_start', index, part });
    this.#out.push({ type: 'part_end', index, part });
  }

  // Pieces of text

  #pieceOf(
    data: JsonObject,
    type: string,
    kind: Piece['kind'],
    key: string,
  ): { item: Item; piece: Piece } {
    const item = this.#itemOf(data, type);
    const number = data[key];
    const name = `${key}${typeof number === 'number' ? number : 0}`;
    let piece = item.pieces.get(name);
    if (!piece) {
      piece = { kind, text: '', part: undefined, given: 0, fields: {} };
      item.pieces.set(name, piece);
    }
    return { item, piece };
  }

  #open(item: Item, piece: Piece): void {
    if (piece.part !== undefined) return;
    this.#start();
    this.#endCurrent();
    piece.part = this.#next++;
    this.#current = { item, piece };
    this.#out.push({ type: 'part_start', index: piece.part, part: partOf(item, piece, '') });
  }

  #addText(at: { item: Item; piece: Piece }, delta: JsonValue | undefined): void {
    if (typeof delta !== 'string' || delta === '') return;
    this.#open(at.item, at.piece);
    at.piece.text += delta;
    this.#out.push({ type: 'part_delta', index: at.piece.part as number, text: delta });
  }

  /** What was shown stays; what the end adds to it is added. */
  #complete(at: { item: Item; piece: Piece }, text: JsonValue | undefined): void {
    const { piece } = at;
    if (typeof text !== 'string' || text.length <= piece.text.length) return;
    if (text.startsWith(piece.text)) this.#addText(at, text.slice(piece.text.length));
  }

  #endPiece(item: Item, piece: Piece): void {
    if (piece.part === undefined) return;
    const part = partOf(item, piece, piece.text.slice(piece.given));
    this.#out.push({ type: 'part_end', index: piece.part, part });
    this.#parts.push(part);
    piece.given = piece.text.length;
    piece.part = undefined;
    if (this.#current?.piece === piece) this.#current = undefined;
  }

  #endCurrent(): void {
    if (this.#current) this.#endPiece(this.#current.item, this.#current.piece);
  }

  #contentPart(data: JsonObject, isDone: boolean): void {
    const part = data['part'];
    if (!isObject(part)) return;
    const { type } = part;
    if (type === 'reasoning_text') {
      const at = this.#pieceOf(data, 'reasoning', 'reasoning_text', 'content_index');
      if (isDone) this.#complete(at, part['text']);
      else this.#open(at.item, at.piece);
    } else if (type === 'output_text' || type === 'text' || type === 'refusal') {
      const kind = type === 'refusal' ? 'refusal' : 'text';
      const at = this.#pieceOf(data, 'message', kind, 'content_index');
      if (!isDone) {
        this.#open(at.item, at.piece);
        return;
      }
      at.piece.fields = { ...at.piece.fields, ...textFields(part) };
      this.#complete(at, part['text'] ?? part['refusal']);
      this.#endPiece(at.item, at.piece);
    }
    // Any other part is given when the item is done.
  }

  #summaryPart(data: JsonObject, isDone: boolean): void {
    const at = this.#pieceOf(data, 'reasoning', 'summary_text', 'summary_index');
    if (!isDone) this.#open(at.item, at.piece);
    else if (isObject(data['part'])) this.#complete(at, data['part']['text']);
  }

  // Arguments

  #addArguments(item: Item, delta: JsonValue | undefined): void {
    if (typeof delta !== 'string' || item.isDone) return;
    item.arguments += delta;
    if (item.part !== undefined && delta !== '') {
      this.#out.push({ type: 'part_delta', index: item.part, text: delta });
    }
  }

  #completeArguments(item: Item, text: JsonValue | undefined): void {
    if (typeof text !== 'string' || text === '' || item.isDone) return;
    if (item.part !== undefined) this.#deltaTo(item.part, item.arguments, text);
    item.arguments = text;
  }

  /** The deltas add up to the whole wherever they can; the part that ends has the final word. */
  #deltaTo(index: number, given: string, whole: string): void {
    if (whole.length > given.length && whole.startsWith(given)) {
      this.#out.push({ type: 'part_delta', index, text: whole.slice(given.length) });
    }
  }

  // The end

  #terminal(type: string, data: JsonObject): void {
    const response = isObject(data['response']) ? data['response'] : {};
    if (type === 'response.failed' || type === 'response.cancelled') {
      const error = isObject(response['error']) ? response['error'] : {};
      this.#fail(errorOf(error));
      return;
    }
    this.#response = { ...this.#response, ...response };
    this.#start();
    this.#catchUp(Array.isArray(response['output']) ? response['output'] : []);
    for (const item of this.#items.values()) {
      if (item.isDone) continue;
      if (item.part === undefined && item.arguments !== '' && !hasName(item)) {
        this.#fail({ kind: 'server', message: 'The provider sent a tool call without a name.' });
        return;
      }
    }
    for (const [index, item] of this.#items) {
      if (!item.isDone) this.#done(index, withArguments(item.fields, item.arguments));
    }
    this.#endCurrent();
    this.#isOver = true;
    const settings = settingsOf(response, this.#dropped);
    this.#out.push({
      type: 'finish',
      finish: finishOf({ status: type.slice(9), ...response }, this.#parts),
      usage: usageOf(response['usage']),
      ...(settings && { native: settings }),
      ...(this.#dropped.size > 0 && { dropped: [...this.#dropped] }),
    });
  }

  /** Items of the final response that no event had brought, or had ended. */
  #catchUp(output: readonly JsonValue[]): void {
    for (let i = 0; i < output.length; i++) {
      const item = output[i];
      if (!isObject(item)) continue;
      const known = this.#items.get(i);
      if (known && known.type === item['type']) {
        const wasDone = known.isDone;
        if (!wasDone) this.#done(i, item);
        // The ids of calls change between events at some servers; their names do not.
        if (!wasDone || known.fields['name'] === item['name']) continue;
      }
      if (this.#isSeen(item)) continue;
      for (const part of partsOfItem(item, this.#response, this.#dropped)) this.#give(part);
    }
  }

  #isSeen(item: JsonObject): boolean {
    const { id } = item;
    if (typeof id === 'string' && this.#itemIds.has(id)) return true;
    if (this.#seenCalls.has(callKey(item))) return true;
    if (item['type'] !== 'message' && item['type'] !== 'reasoning') return false;
    const parts = partsOfItem(item, this.#response, this.#dropped);
    return parts.every((part) =>
      this.#parts.some((seen) => 'text' in part && 'text' in seen && part.text === seen.text),
    );
  }
}

function indexOf(data: JsonObject, otherwise: number): number {
  const index = data['output_index'];
  return typeof index === 'number' ? index : otherwise;
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

function idOf(fields: JsonObject): JsonObject {
  const { id } = fields;
  return typeof id === 'string' ? { id } : {};
}

function hasName(item: Item): boolean {
  return typeof item.fields['name'] === 'string' && item.fields['name'] !== '';
}

function callKey(item: JsonObject): string {
  return typeof item['call_id'] === 'string' && item['call_id'] !== '' ? item['call_id'] : '\0';
}

/** The item with the arguments that were streamed, where its end does not repeat them. */
function withArguments(item: JsonObject, streamed: string): JsonObject {
  const key = item['type'] === 'custom_tool_call' ? 'input' : 'arguments';
  if (streamed === '' || (item['type'] !== 'function_call' && key !== 'input')) return item;
  return item[key] === undefined || item[key] === '' ? { ...item, [key]: streamed } : item;
}
