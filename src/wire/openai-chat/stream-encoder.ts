/**
 * Answer events → the chunks of a chat completion, as the official SDK's stream helper reads them:
 * the role first, tool calls by index, the finish reason, the usage if asked for, `[DONE]`.
 */
import type { JsonObject } from '#base/json.ts';
import type { AnswerEvent, Part } from '../exchange.ts';
import { ownFieldsOnly } from '../native.ts';
import type { AnswerEncoder, EncoderOptions } from '../protocol.ts';
import { createdAt } from './answer.ts';
import { encodeAnswerError } from './failure.ts';
import { encodeFinish } from './finish.ts';
import { CHAT } from './shapes.ts';
import { encodeUsage } from './usage.ts';

export const DONE = 'data: [DONE]\n\n';

interface OpenPart {
  /** Characters already sent, so that the end can add what the deltas left out. */
  sent: number;
  /** Place among the tool calls; −1 for other parts. */
  readonly toolIndex: number;
}

export class ChatStreamEncoder implements AnswerEncoder {
  readonly dropped: Set<string> = new Set();
  #wantsUsage: boolean;
  #open = new Map<number, OpenPart & { readonly part: Part }>();
  #toolCalls = 0;
  #toldRefusal = false;
  /** What stands before and after each delta. */
  #before = '';
  #head = '';

  constructor({ request }: EncoderOptions) {
    const asked = ownFieldsOnly(request.native, CHAT)?.['stream_options'] as JsonObject | undefined;
    this.#wantsUsage = asked?.['include_usage'] === true;
  }

  push(event: AnswerEvent): string {
    switch (event.type) {
      case 'start':
        return this.#start(event);
      case 'part_start':
        return this.#partStart(event.index, event.part);
      case 'part_delta':
        return this.#partDelta(event.index, event.text);
      case 'part_end':
        return this.#partEnd(event.index, event.part);
      case 'finish':
        return this.#finish(event);
      case 'error':
        return `data: ${JSON.stringify(encodeAnswerError(event.error))}\n\n${DONE}`;
    }
  }

  #start(event: AnswerEvent & { type: 'start' }): string {
    const native = ownFieldsOnly(event.native, CHAT);
    const fields = {
      id: event.id,
      object: 'chat.completion.chunk',
      created: createdAt(event.createdAt),
      model: event.model,
      ...native,
    };
    this.#head = `data: ${JSON.stringify(fields).slice(0, -1)},"choices":[`;
    this.#before = `${this.#head}{"index":0,"delta":`;
    return this.#chunk('{"role":"assistant","content":"","refusal":null}');
  }

  #chunk(delta: string, logprobs = 'null'): string {
    return `${this.#before}${delta},"logprobs":${logprobs},"finish_reason":null}]}\n\n`;
  }

  #partStart(index: number, part: Part): string {
    const isTool = part.type === 'tool_call';
    const toolIndex = isTool ? this.#toolCalls++ : -1;
    this.#open.set(index, { sent: 0, toolIndex, part });
    if (!isTool) return '';
    const { id, name, free } = part;
    const call = free
      ? { index: toolIndex, id, type: 'custom', custom: { name, input: '' } }
      : { index: toolIndex, id, type: 'function', function: { name, arguments: '' } };
    return this.#chunk(`{"tool_calls":[${JSON.stringify(call)}]}`);
  }

  #partDelta(index: number, text: string): string {
    const open = this.#open.get(index);
    if (!open || text === '') return '';
    open.sent += text.length;
    switch (open.part.type) {
      case 'text':
        return this.#chunk(`{"content":${JSON.stringify(text)}}`);
      case 'reasoning':
        return this.#chunk(`{"reasoning_content":${JSON.stringify(text)}}`);
      case 'refusal':
        this.#toldRefusal = true;
        return this.#chunk(`{"refusal":${JSON.stringify(text)}}`);
      case 'tool_call': {
        const piece = JSON.stringify(text);
        const inner = open.part.free
          ? `"custom":{"input":${piece}}`
          : `"function":{"arguments":${piece}}`;
        return this.#chunk(`{"tool_calls":[{"index":${open.toolIndex},${inner}}]}`);
      }
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
      case 'tool_result':
      case 'native':
        return '';
    }
  }

  #partEnd(index: number, part: Part): string {
    const open = this.#open.get(index);
    if (!open) return '';
    let text = '';
    switch (part.type) {
      case 'text':
      case 'reasoning':
      case 'refusal':
        text = this.#partDelta(index, part.text.slice(open.sent));
        break;
      case 'tool_call':
        text = this.#partDelta(index, part.arguments.slice(open.sent));
        break;
      case 'native':
        this.dropped.add(part.label);
        break;
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
      case 'tool_result':
        this.dropped.add(part.type);
    }
    this.#open.delete(index);
    return part.type === 'text' ? text + this.#textNative(part) : text;
  }

  #textNative(part: Part & { type: 'text' }): string {
    const own = ownFieldsOnly(part.native, CHAT);
    if (!own) return '';
    const { annotations, logprobs } = own;
    if (annotations === undefined && logprobs === undefined) return '';
    const delta = annotations === undefined ? '{}' : JSON.stringify({ annotations });
    return this.#chunk(delta, JSON.stringify(logprobs ?? null));
  }

  #finish(event: AnswerEvent & { type: 'finish' }): string {
    const reason = JSON.stringify(encodeFinish(event.finish, this.#toldRefusal));
    let text = `${this.#before}{},"logprobs":null,"finish_reason":${reason}}]}\n\n`;
    if (this.#wantsUsage && event.usage) {
      text += `${this.#head}],"usage":${JSON.stringify(encodeUsage(event.usage))}}\n\n`;
    }
    return text + DONE;
  }
}
