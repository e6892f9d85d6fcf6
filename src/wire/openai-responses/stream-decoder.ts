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
import { isObject, type JsonObject, type JsonValue, parseProviderJson } from '#base/json.ts';
import type { AnswerError, AnswerEvent } from '../exchange.ts';
import type { AnswerDecoder } from '../protocol.ts';
import type { SseEvent } from '../sse.ts';
import {
  type AnswerContext,
  finishOf,
  headOf,
  isProvidersOwn,
  madeUpCallId,
  messageFields,
  partsOfContent,
  partsOfItem,
  reasoningFields,
  settingsOf,
  textFields,
  usageOf,
} from './answer.ts';
import { errorOf } from './errors.ts';
import { native } from './items.ts';
import { type Item, idOf, OpenParts, type Piece, withArguments } from './open-parts.ts';
import { mayWrap } from './wrapper.ts';

/** Where an event's text belongs, and under which field it stands. */
interface TextEvent {
  readonly item: 'message' | 'reasoning';
  readonly kind: Piece['kind'];
  readonly place: 'content_index' | 'summary_index';
  readonly field: 'delta' | 'text' | 'refusal';
}

const TEXT_EVENTS = new Map<string, TextEvent>();
for (const [name, item, kind, whole] of [
  ['output_text', 'message', 'text', 'text'],
  ['refusal', 'message', 'refusal', 'refusal'],
  ['reasoning_summary_text', 'reasoning', 'summary_text', 'text'],
  ['reasoning_text', 'reasoning', 'reasoning_text', 'text'],
] as const) {
  const place = kind === 'summary_text' ? 'summary_index' : 'content_index';
  TEXT_EVENTS.set(`response.${name}.delta`, { item, kind, place, field: 'delta' });
  TEXT_EVENTS.set(`response.${name}.done`, { item, kind, place, field: whole });
}

/** Says how far the provider's own tools are; the item says it too. */
const PROGRESS =
  /^(keepalive|response\.(audio|web_search_call|file_search_call|code_interpreter_call(_code)?|image_generation_call|mcp_call(_arguments)?|mcp_list_tools|shell_call_command|shell_call_output_content|apply_patch_call_operation_diff)\b.*)$/;
const PARTIAL_IMAGE = 'response.image_generation_call.partial_image';

export class ResponsesStreamDecoder implements AnswerDecoder {
  #parts = new OpenParts();
  #items = new Map<number, Item>();
  #indexOfId = new Map<string, number>();
  #callIds = new Set<JsonValue>();
  #context: AnswerContext = { response: {}, dropped: new Set(), madeUp: 0 };
  #isStarted = false;
  #isOver = false;
  #lastData = '';
  #lastNumber: JsonValue | undefined;

  push(event: SseEvent): readonly AnswerEvent[] {
    if (this.#isOver || event.data === '[DONE]' || event.data === '') return [];
    this.#parts.out = [];
    try {
      const data = parseProviderJson(event.data);
      if (isObject(data) && !this.#isRepeat(event.data, data)) {
        this.#handle(typeof data['type'] === 'string' ? data['type'] : event.event, data);
      }
    } catch (thrown) {
      const { publicMessage } = asProvisoError(thrown);
      const message = `The provider sent an event that cannot be read: ${publicMessage}`;
      this.#fail({ kind: 'server', message });
    }
    return this.#taken();
  }

  end(): readonly AnswerEvent[] {
    if (this.#isOver) return [];
    this.#parts.out = [];
    this.#fail({
      kind: 'server',
      message: 'The provider ended the stream before the answer’s end.',
    });
    return this.#taken();
  }

  /**
   * With the start before the first part. It is held back until then, so that a stream that only
   * fails can be tried again.
   */
  #taken(): readonly AnswerEvent[] {
    const { out } = this.#parts;
    if (this.#isStarted || out.length === 0 || out[0]?.type === 'error') return out;
    this.#isStarted = true;
    return [{ type: 'start', ...headOf(this.#context.response) }, ...out];
  }

  #fail(error: AnswerError): void {
    this.#isOver = true;
    this.#parts.out.push({ type: 'error', error });
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
    const textEvent = TEXT_EVENTS.get(type);
    if (textEvent) {
      this.#text(textEvent, data);
      return;
    }
    switch (type) {
      case 'response.function_call_arguments.delta':
        this.#parts.addArguments(this.#itemOf(data, 'function_call'), data['delta']);
        break;
      case 'response.function_call_arguments.done':
        this.#parts.completeArguments(this.#itemOf(data, 'function_call'), data['arguments']);
        break;
      case 'response.custom_tool_call_input.delta':
        this.#parts.addArguments(this.#itemOf(data, 'custom_tool_call'), data['delta']);
        break;
      case 'response.custom_tool_call_input.done':
        this.#parts.completeArguments(this.#itemOf(data, 'custom_tool_call'), data['input']);
        break;
      case 'response.content_part.added':
      case 'response.content_part.done':
        this.#contentPart(data, type.endsWith('done'));
        break;
      case 'response.reasoning_summary_part.added':
      case 'response.reasoning_summary_part.done':
        this.#summaryPart(data, type.endsWith('done'));
        break;
      case 'response.output_text.annotation.added':
        // The end of the part has them all.
        break;
      case 'response.output_item.added':
        if (isObject(data['item'])) this.#added(this.#indexIn(data), data['item']);
        break;
      case 'response.output_item.done':
        if (isObject(data['item'])) this.#done(this.#indexIn(data), data['item']);
        break;
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        if (isObject(data['response']) && !this.#isStarted) {
          this.#context.response = data['response'];
        }
        break;
      case 'response.completed':
      case 'response.incomplete':
        this.#finish(type, isObject(data['response']) ? data['response'] : {});
        break;
      case 'response.failed':
      case 'response.cancelled':
        this.#failed(isObject(data['response']) ? data['response']['error'] : undefined);
        break;
      case 'error':
        this.#failed(isObject(data['error']) ? data['error'] : data);
        break;
      default:
        // A failure of a server that has no events for it, or an event of another version.
        if (isObject(data['error'])) this.#failed(data['error']);
        else if (!PROGRESS.test(type) || type === PARTIAL_IMAGE) {
          this.#context.dropped.add(`event.${type}`);
        }
    }
  }

  #failed(error: JsonValue | undefined): void {
    this.#fail(errorOf(isObject(error) ? error : {}));
  }

  // Text

  #text(event: TextEvent, data: JsonObject): void {
    const item = this.#itemOf(data, event.item);
    const piece = pieceOf(item, event.kind, event.place, data);
    const text = data[event.field];
    if (event.field === 'delta') this.#parts.add(item, piece, text);
    else this.#parts.complete(item, piece, text);
  }

  #contentPart(data: JsonObject, isDone: boolean): void {
    const part = data['part'];
    const kind = isObject(part) ? kindOf(part['type']) : undefined;
    // A part of any other type is given when its item is done.
    if (!isObject(part) || kind === undefined) return;
    const item = this.#itemOf(data, kind === 'reasoning_text' ? 'reasoning' : 'message');
    const piece = pieceOf(item, kind, 'content_index', data);
    if (!isDone) this.#parts.open(item, piece);
    else {
      this.#parts.complete(item, piece, part['text'] ?? part['refusal']);
      // The opaque part of reasoning comes with the end of its item.
      if (kind === 'reasoning_text') return;
      piece.fields = { ...piece.fields, ...textFields(part) };
      this.#parts.endPiece(item, piece);
    }
  }

  #summaryPart(data: JsonObject, isDone: boolean): void {
    const item = this.#itemOf(data, 'reasoning');
    const piece = pieceOf(item, 'summary_text', 'summary_index', data);
    const part = data['part'];
    if (!isDone) this.#parts.open(item, piece);
    else if (isObject(part)) this.#parts.complete(item, piece, part['text']);
  }

  // Items

  #indexIn(data: JsonObject, otherwise = this.#items.size): number {
    const index = data['output_index'];
    return typeof index === 'number' ? index : otherwise;
  }

  /** The item that an event speaks of, made up where the provider never announced it. */
  #itemOf(data: JsonObject, type: string): Item {
    const id = data['item_id'];
    const named = typeof id === 'string' ? this.#indexOfId.get(id) : undefined;
    const index = this.#indexIn(data, named);
    const item = this.#items.get(index);
    if (item?.type === type && !item.isDone) return item;
    const byId = named === undefined ? undefined : this.#items.get(named);
    if (byId?.type === type && !byId.isDone) return byId;
    return item?.type === type ? item : this.#remember(index, { type });
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
    if (typeof fields['id'] === 'string') this.#indexOfId.set(fields['id'], index);
    return item;
  }

  #added(index: number, fields: JsonObject): void {
    const known = this.#items.get(index);
    if (known && !known.isDone) {
      if (known.type === fields['type'] && known.fields['call_id'] === fields['call_id']) return;
      this.#done(index, known.fields);
    }
    const item = this.#remember(index, fields);
    const isCall = item.type === 'function_call' || item.type === 'custom_tool_call';
    // A call whose end may tell that it is another one, or that it ran inside, waits for its end.
    if (!isCall || !hasName(fields) || mayWrap(fields['name'])) return;
    if (isProvidersOwn(fields, this.#context.response)) return;
    this.#parts.startCall(item, madeUpCallId(this.#context));
  }

  #done(index: number, fields: JsonObject): void {
    const known = this.#items.get(index);
    const isSame = known !== undefined && known.type === fields['type'];
    if (isSame && known.isDone && this.#isSeen(fields)) return;
    const item = isSame && !known.isDone ? known : this.#remember(index, fields);
    item.isDone = true;
    if (fields['call_id'] !== undefined) this.#callIds.add(fields['call_id']);
    if (typeof fields['id'] === 'string') this.#indexOfId.set(fields['id'], index);
    if (item.part !== undefined) this.#parts.endCall(item, fields);
    else if (item.pieces.size === 0) this.#give(withArguments(fields, item.arguments));
    else if (item.type === 'message') this.#endMessage(item, fields);
    else this.#endReasoning(item, fields);
  }

  #give(item: JsonObject): void {
    for (const part of partsOfItem(item, this.#context)) this.#parts.give(part);
  }

  #endMessage(item: Item, done: JsonObject): void {
    const content = Array.isArray(done['content']) ? (done['content'] as readonly JsonValue[]) : [];
    item.fields = { ...item.fields, ...messageFields(done) };
    for (let i = 0; i < content.length; i++) {
      const part = content[i];
      if (!isObject(part)) continue;
      const piece = item.pieces.get(`content_index${i}`);
      if (!piece) {
        for (const whole of partsOfContent(part, done, this.#context)) this.#parts.give(whole);
        continue;
      }
      piece.fields = { ...piece.fields, ...textFields(part) };
      this.#parts.complete(item, piece, part['text'] ?? part['refusal']);
    }
    for (const piece of item.pieces.values()) this.#parts.endPiece(item, piece);
  }

  /** What is opaque stands with the last paragraph, or after it when that has ended before. */
  #endReasoning(item: Item, done: JsonObject): void {
    item.fields = { ...item.fields, ...reasoningFields(done) };
    let hasLast = false;
    for (const piece of item.pieces.values()) {
      if (piece.part === undefined) continue;
      hasLast = true;
      piece.fields = reasoningFields(item.fields);
      this.#parts.endPiece(item, piece);
    }
    if (!hasLast && item.fields['encrypted_content'] !== undefined) {
      const fields = { ...idOf(item.fields), ...reasoningFields(item.fields) };
      this.#parts.give({ type: 'reasoning', text: '', ...native(fields) });
    }
  }

  // The end

  #finish(type: string, response: JsonObject): void {
    const context = this.#context;
    context.response = { ...context.response, ...response };
    this.#catchUp(Array.isArray(response['output']) ? response['output'] : []);
    for (const [index, item] of this.#items) {
      if (item.isDone) continue;
      if (item.arguments !== '' && !hasName(item.fields)) {
        this.#fail({ kind: 'server', message: 'The provider sent a tool call without a name.' });
        return;
      }
      this.#done(index, item.fields);
    }
    this.#parts.endText();
    this.#isOver = true;
    const settings = settingsOf(response, context.dropped);
    const status = type.slice('response.'.length);
    this.#parts.out.push({
      type: 'finish',
      finish: finishOf({ ...response, status }, this.#parts.ended),
      usage: usageOf(response['usage']),
      ...(settings && { native: settings }),
      ...(context.dropped.size > 0 && { dropped: [...context.dropped] }),
    });
  }

  /** Items of the final response that no event had brought, or had ended. */
  #catchUp(output: readonly JsonValue[]): void {
    for (let i = 0; i < output.length; i++) {
      const item = output[i];
      if (!isObject(item)) continue;
      const known = this.#items.get(i);
      if (known?.type === item['type']) {
        const wasDone = known?.isDone;
        if (!wasDone) this.#done(i, item);
        // The ids of calls change between events at some servers; their names do not.
        if (!wasDone || known?.fields['name'] === item['name']) continue;
      }
      if (!this.#isSeen(item)) this.#give(item);
    }
  }

  #isSeen(item: JsonObject): boolean {
    const { id, call_id, type } = item;
    if (typeof id === 'string' && this.#indexOfId.has(id)) return true;
    if (typeof call_id === 'string' && call_id !== '' && this.#callIds.has(call_id)) return true;
    if (type !== 'message' && type !== 'reasoning') return false;
    return partsOfItem(item, this.#context).every((part) =>
      this.#parts.ended.some((seen) => 'text' in part && 'text' in seen && part.text === seen.text),
    );
  }
}

function pieceOf(item: Item, kind: Piece['kind'], place: string, data: JsonObject): Piece {
  const number = data[place];
  const key = `${place}${typeof number === 'number' ? number : 0}`;
  let piece = item.pieces.get(key);
  if (!piece) {
    piece = { kind, text: '', given: 0, part: undefined, fields: {} };
    item.pieces.set(key, piece);
  }
  return piece;
}

function kindOf(type: JsonValue | undefined): Piece['kind'] | undefined {
  if (type === 'output_text' || type === 'text') return 'text';
  return type === 'refusal' || type === 'reasoning_text' ? type : undefined;
}

function hasName(fields: JsonObject): fields is JsonObject & { readonly name: string } {
  return typeof fields['name'] === 'string' && fields['name'] !== '';
}
