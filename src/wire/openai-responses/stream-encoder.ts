/**
 * Answer events → the event sequence that the official SDK’s stream helper reads: every item is
 * added, filled and done in turn, and the last event repeats the whole response.
 *
 * https://platform.openai.com/docs/api-reference/responses-streaming
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { AnswerEvent, ModelRequest, NativePart, Part, ReasoningPart } from '../exchange.ts';
import type { AnswerEncoder } from '../protocol.ts';
import { sseText } from '../sse.ts';
import { madeUp } from './answer.ts';
import { errorEvent, wireErrorOf } from './errors.ts';
import { fieldsOf, itemOfCall } from './items.ts';
import { reasoningItem } from './outgoing.ts';
import {
  emptyPart,
  encodePart,
  NAMES,
  type PartNames,
  reasoningKind,
  type TextPart,
} from './part-events.ts';
import { responseEnd, responseHead } from './response.ts';

type Fields = { [key: string]: JsonValue };

/** A message or a reasoning item that parts are still added to. */
interface OpenItem {
  readonly kind: 'message' | 'reasoning';
  readonly id: string;
  /** The provider's own id, by which parts of one item are known. */
  readonly ownId: JsonValue | undefined;
  readonly outputIndex: number;
  readonly fields: Fields;
  readonly contents: JsonValue[];
  readonly parts: ReasoningPart[];
  openParts: number;
  /** No part joins it any more; it is done with the last of those that are open. */
  isLeft: boolean;
}

/** A part that is open: all that its deltas repeat is put together once. */
interface OpenPart {
  readonly item: OpenItem;
  readonly place: Fields;
  readonly names: PartNames;
  readonly deltaHead: string;
  readonly deltaTail: string;
  /** Reasoning that shows nothing is an item without a part. */
  isShown: boolean;
  text: string;
}

export class ResponsesStreamEncoder implements AnswerEncoder {
  readonly dropped = new Set<string>();
  #request: ModelRequest;
  #head: Fields = {};
  #output: JsonValue[] = [];
  #parts = new Map<number, OpenPart>();
  #item: OpenItem | undefined;
  #sequence = 0;
  #hasRefusal = false;
  #isOver = false;

  constructor(request: ModelRequest) {
    this.#request = request;
  }

  push(event: AnswerEvent): string {
    if (this.#isOver) return '';
    switch (event.type) {
      case 'part_delta': {
        const open = this.#parts.get(event.index);
        return open && event.text !== '' ? this.#delta(open, event.text) : '';
      }
      case 'start':
        this.#head = responseHead(event, this.#request);
        return this.#lifecycle('response.created') + this.#lifecycle('response.in_progress');
      case 'part_start':
        return isTextPart(event.part) ? this.#startPart(event.index, event.part) : '';
      case 'part_end':
        return this.#endPart(event.index, event.part);
      case 'finish':
        return this.#finish(event);
      case 'error': {
        this.#isOver = true;
        const error = wireErrorOf(event.error);
        return errorEvent(error, this.#sequence++) + this.#failed(error);
      }
    }
  }

  #event(type: string, fields: JsonObject): string {
    return sseText(JSON.stringify({ type, sequence_number: this.#sequence++, ...fields }), type);
  }

  #lifecycle(type: string): string {
    return this.#event(type, {
      response: {
        ...this.#head,
        status: 'in_progress',
        incomplete_details: null,
        output: [],
        usage: null,
      },
    });
  }

  #failed(error: JsonObject): string {
    if (this.#head['id'] === undefined) return '';
    const { code = 'server_error', message = '' } = error;
    const response = {
      ...this.#head,
      status: 'failed',
      error: { code, message },
      incomplete_details: null,
      output: this.#output.filter((item) => item !== null),
      usage: null,
    };
    return this.#event('response.failed', { response });
  }

  #finish(event: Extract<AnswerEvent, { type: 'finish' }>): string {
    this.#isOver = true;
    const end = responseEnd(
      event.finish,
      this.#hasRefusal,
      this.#output,
      event.usage,
      fieldsOf(event),
    );
    let out = this.#leaveItem();
    for (const { item } of this.#parts.values()) {
      item.openParts = 0;
      out += this.#closeItem(item);
    }
    const response = { ...this.#head, ...end };
    return out + this.#event(`response.${end.status}`, { response });
  }

  // Text, refusals and reasoning

  #startPart(index: number, part: TextPart): string {
    const kind = part.type === 'reasoning' ? 'reasoning' : 'message';
    const own = part.type === 'refusal' ? undefined : fieldsOf(part);
    const ownId = own?.['id'];
    let out = '';
    let item = this.#item;
    if (!item || item.kind !== kind || item.openParts > 0 || !mayJoin(item, part, ownId)) {
      out = this.#leaveItem();
      item = this.#openItem(kind, ownId, own);
      out += this.#event('response.output_item.added', {
        output_index: item.outputIndex,
        item: { ...item.fields, [kind === 'message' ? 'content' : 'summary']: [] },
      });
    }
    const names = NAMES[part.type === 'reasoning' ? reasoningKind(own) : part.type];
    const isSummary = names === NAMES.summary_text;
    const place = {
      item_id: item.id,
      output_index: item.outputIndex,
      [isSummary ? 'summary_index' : 'content_index']: this.#placeIn(item, isSummary),
    };
    item.openParts++;
    this.#item = item;
    const logprobs = names === NAMES.text ? ',"logprobs":[]' : '';
    const open: OpenPart = {
      item,
      place,
      names,
      isShown: false,
      deltaHead: `event: ${names.delta}\ndata: {"type":"${names.delta}",${JSON.stringify(place).slice(1, -1)},"sequence_number":`,
      deltaTail: `${logprobs}}\n\n`,
      text: '',
    };
    this.#parts.set(index, open);
    const isOpaque = part.type === 'reasoning' && own !== undefined && own['type'] === undefined;
    return isOpaque ? out : out + this.#show(open);
  }

  #show(open: OpenPart): string {
    if (open.isShown) return '';
    open.isShown = true;
    return this.#event(open.names.added, { ...open.place, part: emptyPart(open.names) });
  }

  #placeIn(item: OpenItem, isSummary: boolean): number {
    if (item.kind === 'message') return item.contents.length;
    let count = 0;
    for (const part of item.parts) {
      if ((fieldsOf(part)?.['type'] === 'reasoning_text') !== isSummary) count++;
    }
    return count;
  }

  #openItem(
    kind: OpenItem['kind'],
    ownId: JsonValue | undefined,
    own: JsonObject | undefined,
  ): OpenItem {
    const prefix = kind === 'message' ? 'msg' : 'rs';
    const id = typeof ownId === 'string' ? ownId : `${prefix}_${madeUp()}`;
    const fields: Fields = { id, type: kind };
    if (kind === 'message') {
      fields['status'] = 'in_progress';
      fields['role'] = 'assistant';
      if (own?.['phase'] !== undefined) fields['phase'] = own['phase'];
    }
    const outputIndex = this.#output.length;
    this.#output.push(null);
    return {
      kind,
      id,
      ownId,
      outputIndex,
      fields,
      contents: [],
      parts: [],
      openParts: 0,
      isLeft: false,
    };
  }

  #delta(open: OpenPart, text: string): string {
    open.text += text;
    const added = this.#show(open);
    const number = this.#sequence++;
    return `${added}${open.deltaHead}${number},"delta":${JSON.stringify(text)}${open.deltaTail}`;
  }

  #endPart(index: number, part: Part): string {
    if (!isTextPart(part)) return this.#wholeItem(part);
    let out = this.#parts.has(index) ? '' : this.#startPart(index, part);
    const open = this.#parts.get(index);
    if (!open) return out;
    this.#parts.delete(index);
    const { item, names, place } = open;
    if (part.text.length > open.text.length && part.text.startsWith(open.text)) {
      out += this.#delta(open, part.text.slice(open.text.length));
    }
    if (part.type === 'refusal') this.#hasRefusal = true;
    const content = encodePart(part, names);
    item.openParts--;
    if (item.kind === 'reasoning') item.parts.push(part as ReasoningPart);
    else item.contents.push(content);
    if (open.isShown) {
      out += this.#annotations(place, content);
      const logprobs = names === NAMES.text ? { logprobs: content['logprobs'] ?? [] } : {};
      out += this.#event(names.done, { ...place, [names.textKey]: part.text, ...logprobs });
      out += this.#event(names.partDone, { ...place, part: content });
    }
    return item.isLeft ? out + this.#closeItem(item) : out;
  }

  #annotations(place: JsonObject, content: JsonObject): string {
    const annotations = content['annotations'];
    if (!Array.isArray(annotations)) return '';
    let out = '';
    for (let i = 0; i < annotations.length; i++) {
      const annotation = annotations[i] as JsonValue;
      out += this.#event('response.output_text.annotation.added', {
        ...place,
        annotation_index: i,
        annotation,
      });
    }
    return out;
  }

  /** Nothing more joins the item; it is done unless a part of it is still open. */
  #leaveItem(): string {
    const item = this.#item;
    if (!item) return '';
    this.#item = undefined;
    item.isLeft = true;
    return this.#closeItem(item);
  }

  #closeItem(item: OpenItem): string {
    if (item.openParts > 0) return '';
    const done =
      item.kind === 'message'
        ? { ...item.fields, status: 'completed', content: item.contents }
        : reasoningItem(item.parts, item.id);
    this.#output[item.outputIndex] = done;
    return this.#event('response.output_item.done', { output_index: item.outputIndex, item: done });
  }

  // Items that come whole

  #wholeItem(part: Part): string {
    switch (part.type) {
      case 'tool_call':
        return this.#call(
          itemOfCall(part, `${part.free ? 'ctc' : 'fc'}_${madeUp()}`),
          part.arguments,
        );
      case 'native':
        return this.#nativeItem(part);
      case 'text':
      case 'refusal':
      case 'reasoning':
      case 'tool_result':
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
        this.dropped.add(`answer.${part.type}`);
        return '';
    }
  }

  #call(item: JsonObject, text: string): string {
    let out = this.#leaveItem();
    const outputIndex = this.#output.push(item) - 1;
    const isFree = item['type'] === 'custom_tool_call';
    const key = isFree ? 'input' : 'arguments';
    const isCall = isFree || item['type'] === 'function_call';
    const added = isCall ? { ...item, status: 'in_progress', [key]: '' } : item;
    out += this.#event('response.output_item.added', { output_index: outputIndex, item: added });
    if (isCall) {
      const name = isFree ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
      const place = { item_id: item['id'] ?? null, output_index: outputIndex };
      if (text !== '') out += this.#event(`${name}.delta`, { ...place, delta: text });
      const extra = isFree ? {} : { name: item['name'] ?? '' };
      out += this.#event(`${name}.done`, { ...place, [key]: text, ...extra });
    }
    return out + this.#event('response.output_item.done', { output_index: outputIndex, item });
  }

  #nativeItem(part: NativePart): string {
    const item = fieldsOf(part);
    if (!item) {
      this.dropped.add(part.label);
      return '';
    }
    const closed = this.#leaveItem();
    const outputIndex = this.#output.push(item) - 1;
    return (
      closed +
      this.#event('response.output_item.added', { output_index: outputIndex, item }) +
      this.#event('response.output_item.done', { output_index: outputIndex, item })
    );
  }
}

function isTextPart(part: Part): part is TextPart {
  return part.type === 'text' || part.type === 'refusal' || part.type === 'reasoning';
}

/** Parts without an id of their own join a message; a paragraph of reasoning needs the same id. */
function mayJoin(item: OpenItem, part: TextPart, ownId: JsonValue | undefined): boolean {
  if (part.type === 'refusal') return true;
  return item.ownId === ownId && (item.kind === 'message' || ownId !== undefined);
}
