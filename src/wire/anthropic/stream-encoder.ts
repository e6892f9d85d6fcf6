/**
 * Answer events → the events of an Anthropic message: `message_start`, each block between its start
 * and stop, `message_delta` with the reason and the usage, `message_stop`.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { AnswerEvent, Part, Usage } from '../exchange.ts';
import { ownFieldsOnly } from '../native.ts';
import type { AnswerEncoder } from '../protocol.ts';
import { encodeBlock, messageHead } from './answer.ts';
import { encodeAnswerError } from './failure.ts';
import { encodeFinish } from './finish.ts';
import { ANTHROPIC } from './shapes.ts';
import { encodeUsage } from './usage.ts';

interface OpenPart {
  readonly part: Part;
  /** The block's place in the message; −1 where it is only written at its end. */
  readonly block: number;
  /** Characters already sent, so that the end can add what the deltas left out. */
  sent: number;
}

export class AnthropicStreamEncoder implements AnswerEncoder {
  readonly dropped: Set<string> = new Set();
  #open = new Map<number, OpenPart>();
  #blocks = 0;
  #startUsage: Usage | undefined;

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
        return text('error', encodeAnswerError(event.error));
    }
  }

  #start(event: AnswerEvent & { type: 'start' }): string {
    this.#startUsage = event.usage;
    const message = {
      ...messageHead(event.id, event.model),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: encodeUsage(event.usage),
      ...ownFieldsOnly(event.native, ANTHROPIC),
    };
    return text('message_start', { type: 'message_start', message });
  }

  #partStart(index: number, part: Part): string {
    const opening = openingBlock(part);
    const block = opening ? this.#blocks++ : -1;
    this.#open.set(index, { part, block, sent: 0 });
    return opening ? blockStart(block, opening) : '';
  }

  #partDelta(index: number, piece: string): string {
    const open = this.#open.get(index);
    if (!open || open.block < 0 || piece === '') return '';
    open.sent += piece.length;
    switch (open.part.type) {
      case 'text':
      case 'refusal':
        return blockDelta(open.block, `{"type":"text_delta","text":${JSON.stringify(piece)}}`);
      case 'reasoning': {
        const json = JSON.stringify(piece);
        return blockDelta(open.block, `{"type":"thinking_delta","thinking":${json}}`);
      }
      case 'tool_call': {
        // Free text has no place but within an object, which is written at the end.
        if (open.part.free) {
          open.sent = 0;
          return '';
        }
        return inputDelta(open.block, piece);
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
    this.#open.delete(index);
    if (open.block < 0) return this.#whole(part);
    this.#open.set(index, open);
    const rest = this.#partDelta(index, restOf(part, open.sent));
    this.#open.delete(index);
    return rest + endDeltas(open.block, part) + blockStop(open.block);
  }

  /** Blocks that come at once: those of tools at Anthropic, and thinking that is not shown. */
  #whole(part: Part): string {
    const block = encodeBlock(part, this.dropped);
    if (!block) return '';
    const index = this.#blocks++;
    const { input, ...rest } = block;
    if (part.type === 'native' && input !== undefined) {
      const start = blockStart(index, { ...rest, input: {} });
      return start + inputDelta(index, JSON.stringify(input)) + blockStop(index);
    }
    if (block['type'] === 'compaction') {
      const { content = null, encrypted_content = null, ...fields } = block;
      const delta = { type: 'compaction_delta', content, encrypted_content };
      const start = blockStart(index, { ...fields, content: null });
      return start + blockDelta(index, JSON.stringify(delta)) + blockStop(index);
    }
    return blockStart(index, block) + blockStop(index);
  }

  #finish(event: AnswerEvent & { type: 'finish' }): string {
    const { finish, native } = event;
    const { container, stop_details, ...own } = ownFieldsOnly(native, ANTHROPIC) ?? {};
    const delta: { [key: string]: JsonValue } = {
      stop_reason: encodeFinish(finish),
      stop_sequence: finish.stopSequence ?? null,
    };
    if (container !== undefined) delta['container'] = container;
    if (stop_details !== undefined) delta['stop_details'] = stop_details;
    const usage = encodeUsage(event.usage ?? this.#startUsage);
    return (
      text('message_delta', { type: 'message_delta', delta, usage, ...own }) +
      'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    );
  }
}

/** The block as it starts, or undefined where all of it is only known at the end. */
function openingBlock(part: Part): JsonObject | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: '' };
    case 'reasoning':
      return isRedacted(part) ? undefined : { type: 'thinking', thinking: '', signature: '' };
    case 'tool_call': {
      const own = ownFieldsOnly(part.native, ANTHROPIC);
      return { type: 'tool_use', id: part.id, name: part.name, input: {}, ...own };
    }
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
    case 'tool_result':
    case 'native':
      return undefined;
  }
}

function isRedacted(part: Part & { type: 'reasoning' }): boolean {
  return ownFieldsOnly(part.native, ANTHROPIC)?.['data'] !== undefined;
}

function restOf(part: Part, sent: number): string {
  switch (part.type) {
    case 'text':
    case 'refusal':
    case 'reasoning':
      return part.text.slice(sent);
    case 'tool_call':
      return part.free ? '' : part.arguments.slice(sent);
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
    case 'tool_result':
    case 'native':
      return '';
  }
}

/** What comes last in a block: citations, the signature, free text as an object. */
function endDeltas(block: number, part: Part): string {
  if (part.type === 'tool_call') {
    return part.free ? inputDelta(block, JSON.stringify({ input: part.arguments })) : '';
  }
  if (part.type !== 'text' && part.type !== 'reasoning') return '';
  const { citations, signature } = ownFieldsOnly(part.native, ANTHROPIC) ?? {};
  let out = '';
  for (const citation of Array.isArray(citations) ? (citations as readonly JsonValue[]) : []) {
    out += blockDelta(block, JSON.stringify({ type: 'citations_delta', citation }));
  }
  if (signature !== undefined) {
    out += blockDelta(block, JSON.stringify({ type: 'signature_delta', signature }));
  }
  return out;
}

function text(event: string, data: JsonObject): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

function blockStart(index: number, content_block: JsonObject): string {
  return text('content_block_start', { type: 'content_block_start', index, content_block });
}

function blockDelta(index: number, delta: string): string {
  return `event: content_block_delta\ndata: {"type":"content_block_delta","index":${index},"delta":${delta}}\n\n`;
}

function inputDelta(index: number, piece: string): string {
  return blockDelta(index, `{"type":"input_json_delta","partial_json":${JSON.stringify(piece)}}`);
}

function blockStop(index: number): string {
  return `event: content_block_stop\ndata: {"type":"content_block_stop","index":${index}}\n\n`;
}
