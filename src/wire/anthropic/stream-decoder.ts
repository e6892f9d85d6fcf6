/** The events of an Anthropic message → answer events. */
import { isObject, type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type { AnswerError, AnswerEvent, Part } from '../exchange.ts';
import { nativeOf } from '../native.ts';
import type { AnswerDecoder } from '../protocol.ts';
import type { SseEvent } from '../sse.ts';
import {
  decodeBlock,
  keepNative,
  madeUpId,
  nativeBlock,
  textPart,
  thinkingPart,
  toolCallPart,
} from './answer.ts';
import { decodeError } from './failure.ts';
import { decodeFinish } from './finish.ts';
import { ANTHROPIC } from './shapes.ts';
import { decodeUsage, mergedUsage } from './usage.ts';

/** The block that is open: the provider sends one after another. */
interface OpenBlock {
  readonly wireIndex: JsonValue | undefined;
  readonly index: number;
  readonly block: JsonObject;
  /** Empty for a block whose type is not known, which is passed over. */
  readonly kind: 'text' | 'thinking' | 'tool_use' | 'native' | '';
  /** Text, thinking, or the input's JSON. */
  text: string;
  signature: string;
  citations: JsonValue[];
  /** What a native block's deltas set. */
  fields: { [key: string]: JsonValue };
}

export class AnthropicStreamDecoder implements AnswerDecoder {
  #out: AnswerEvent[] = [];
  #startData = '';
  #hasStarted = false;
  #isOver = false;
  #nextIndex = 0;
  #open: OpenBlock | undefined;
  #ended = new Set<JsonValue | undefined>();
  #toolCalls = 0;
  #usage: JsonObject | undefined;
  #stop: JsonObject | undefined;
  #native: { [key: string]: JsonValue } = {};
  #dropped = new Set<string>();

  push(event: SseEvent): readonly AnswerEvent[] {
    if (this.#isOver) return [];
    this.#out = [];
    const data = parsed(event.data);
    if (data) this.#event(data, event);
    else if (event.event !== 'ping') this.#fail('sent an event that is not a JSON object');
    return this.#out;
  }

  end(): readonly AnswerEvent[] {
    if (this.#isOver) return [];
    this.#out = [];
    if (this.#stop && !this.#open) this.#finish();
    else this.#fail('broke off in the middle of its answer');
    return this.#out;
  }

  #event(data: JsonObject, event: SseEvent): void {
    const type = textOf(data['type'] ?? event.event);
    if (type === 'error' || event.event === 'error') return this.#over(decodeError(200, data));
    if (type === 'ping') return;
    if (type === 'message_start') return this.#start(data, event.data);
    if (!this.#hasStarted) return this.#fail('does not begin its answer as a message');
    switch (type) {
      case 'content_block_start':
        return this.#blockStart(data);
      case 'content_block_delta':
        return this.#blockDelta(data);
      case 'content_block_stop':
        return this.#blockStop(data['index']);
      case 'message_delta':
        return this.#messageDelta(data);
      case 'message_stop':
        return this.#finish();
      default:
        this.#dropped.add(type);
    }
  }

  /** The same start once more changes nothing; another one is another answer, and ends this one. */
  #start(data: JsonObject, text: string): void {
    if (this.#hasStarted) {
      if (text !== this.#startData) this.#fail('began a second answer within the first');
      return;
    }
    const message = isObject(data['message']) ? data['message'] : {};
    const { id, model } = message as { [key: string]: JsonValue | undefined };
    const fields: { [key: string]: JsonValue } = {};
    keepNative(message, fields, this.#dropped);
    this.#hasStarted = true;
    this.#startData = text;
    this.#usage = mergedUsage(undefined, message['usage']);
    this.#out.push({
      type: 'start',
      id: typeof id === 'string' && id !== '' ? id : madeUpId(),
      model: typeof model === 'string' ? model : '',
      usage: decodeUsage(this.#usage),
      native: nativeOf(ANTHROPIC, fields),
    });
    const { content } = message as { [key: string]: JsonValue | undefined };
    if (!Array.isArray(content)) return;
    for (const block of content as readonly JsonValue[]) this.#wholeBlock(block);
  }

  #wholeBlock(block: JsonValue): void {
    const part = decodeBlock(block, this.#dropped);
    if (!part) return;
    const index = this.#nextIndex++;
    this.#out.push({ type: 'part_start', index, part: emptied(part) });
    const text = part.type === 'tool_call' ? part.arguments : 'text' in part ? part.text : '';
    if (text !== '') this.#out.push({ type: 'part_delta', index, text });
    this.#out.push({ type: 'part_end', index, part });
    if (part.type === 'tool_call') this.#toolCalls++;
  }

  #blockStart(data: JsonObject): void {
    const { index: wireIndex, content_block: block } = data;
    if (!isObject(block)) return this.#fail('began a block that is not an object');
    if (this.#open) {
      if (this.#open.wireIndex === wireIndex) return this.#fail('began a block twice');
      this.#close();
    }
    if (this.#isOver) return;
    if (this.#ended.has(wireIndex)) return this.#fail('began a block twice');
    let part: Part | undefined;
    try {
      part = decodeBlock(block, this.#dropped);
    } catch {
      return this.#fail('began a tool call without id or name');
    }
    const kind = part ? kindOf(part) : '';
    const index = part ? this.#nextIndex++ : -1;
    this.#open = {
      wireIndex,
      index,
      block,
      kind,
      text: '',
      signature: '',
      citations: [],
      fields: {},
    };
    if (!part) return;
    if (part.type === 'tool_call') this.#toolCalls++;
    this.#out.push({ type: 'part_start', index, part: emptied(part) });
    // A block may begin with some of its text.
    if (part.type === 'text') {
      const given = block['citations'];
      if (Array.isArray(given)) this.#open.citations.push(...(given as readonly JsonValue[]));
      this.#text(part.text);
    } else if (kind === 'thinking' && part.type === 'reasoning') {
      const given = block['signature'];
      if (typeof given === 'string') this.#open.signature = given;
      this.#text(part.text);
    }
  }

  #blockDelta(data: JsonObject): void {
    const { delta } = data;
    const open = this.#open;
    if (!isObject(delta)) return this.#fail('sent a delta that is not an object');
    if (!open || open.wireIndex !== data['index']) {
      return this.#fail('sent a delta for a block that is not open');
    }
    if (open.kind === '') return;
    const type = textOf(delta['type']);
    switch (type) {
      case 'text_delta':
        return this.#piece('text', delta['text']);
      case 'thinking_delta':
        return this.#piece('thinking', delta['thinking']);
      case 'input_json_delta':
        if (open.kind === 'native') open.text += textOf(delta['partial_json']);
        else this.#piece('tool_use', delta['partial_json']);
        return;
      case 'signature_delta':
        open.signature = textOf(delta['signature']);
        return;
      case 'citations_delta':
        open.citations.push(delta['citation'] ?? null);
        return;
      case 'compaction_delta': {
        const { type: _type, ...fields } = delta;
        open.fields = { ...open.fields, ...fields };
        return;
      }
      default:
        this.#dropped.add(`delta:${type}`);
    }
  }

  #piece(kind: OpenBlock['kind'], piece: JsonValue | undefined): void {
    if (this.#open?.kind !== kind) return this.#fail('sent a delta of another kind than its block');
    this.#text(textOf(piece));
  }

  #text(text: string): void {
    if (!this.#open || text === '') return;
    this.#open.text += text;
    this.#out.push({ type: 'part_delta', index: this.#open.index, text });
  }

  #blockStop(wireIndex: JsonValue | undefined): void {
    if (this.#open?.wireIndex === wireIndex) this.#close(true);
  }

  /** A tool call that is not closed may lack its last arguments, and is never passed on. */
  #close(isClosed = false): void {
    const open = this.#open;
    if (!open) return;
    if (!isClosed && open.kind === 'tool_use') {
      return this.#fail('left a tool call unfinished');
    }
    this.#open = undefined;
    this.#ended.add(open.wireIndex);
    if (open.kind === '') return;
    const part = wholePart(open, this.#dropped);
    if (part) this.#out.push({ type: 'part_end', index: open.index, part });
    else this.#fail('sent an input that is not JSON');
  }

  #messageDelta(data: JsonObject): void {
    const { delta, usage, type: _type, ...rest } = data;
    if (isObject(delta)) {
      this.#stop = delta;
      keepNative(delta, this.#native, this.#dropped);
    }
    keepNative(rest, this.#native, this.#dropped);
    this.#usage = mergedUsage(this.#usage, usage);
  }

  #finish(): void {
    this.#close();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#out.push({
      type: 'finish',
      finish: decodeFinish(
        this.#stop?.['stop_reason'],
        this.#stop?.['stop_sequence'],
        this.#toolCalls > 0,
      ),
      usage: decodeUsage(this.#usage),
      native: nativeOf(ANTHROPIC, this.#native),
      dropped: this.#dropped.size === 0 ? undefined : [...this.#dropped],
    });
  }

  #fail(why: string): void {
    this.#over({ kind: 'server', message: `The provider ${why}.` });
  }

  #over(error: AnswerError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#out.push({ type: 'error', error });
  }
}

function kindOf(part: Part): OpenBlock['kind'] {
  switch (part.type) {
    case 'text':
      return 'text';
    case 'reasoning':
      return part.native?.fields['data'] === undefined ? 'thinking' : 'native';
    case 'tool_call':
      return 'tool_use';
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
    case 'tool_result':
    case 'refusal':
    case 'native':
      return 'native';
  }
}

/** The part as far as its start tells it. */
function emptied(part: Part): Part {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return { ...part, text: '' };
    case 'tool_call':
      return { ...part, arguments: '' };
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
    case 'tool_result':
    case 'native':
      return part;
  }
}

/** Undefined where a native block's input is not JSON. */
function wholePart(open: OpenBlock, dropped: Set<string>): Part | undefined {
  const { kind, block, text } = open;
  switch (kind) {
    case 'text':
      return textPart(text, open.citations, dropped);
    case 'thinking':
      return thinkingPart(text, open.signature);
    case 'tool_use':
      // Without deltas the input stands in the start.
      return toolCallPart(
        block,
        text === '' ? JSON.stringify(block['input'] ?? {}) : text,
        dropped,
      );
    case 'native':
      return wholeNative(open, dropped);
    case '':
      return undefined;
  }
}

function wholeNative({ block, text, fields }: OpenBlock, dropped: Set<string>): Part | undefined {
  const type = block['type'] as string;
  if (type === 'redacted_thinking') return decodeBlock(block, dropped);
  if (text === '') return nativeBlock(type, { ...block, ...fields }, dropped);
  try {
    return nativeBlock(type, { ...block, input: parseJsonText(text) }, dropped);
  } catch {
    return undefined;
  }
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function parsed(data: string): JsonObject | undefined {
  try {
    const value = JSON.parse(data) as JsonValue;
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
