/** A whole Anthropic message ↔ the exchange's answer. */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Answer, Part, ReasoningPart, TextPart, ToolCallPart } from '../exchange.ts';
import { nativeOf, ownFieldsOnly } from '../native.ts';
import { pruned } from '../shape.ts';
import { nativePart } from './decode-messages.ts';
import { inputOf } from './encode-messages.ts';
import { decodeFinish, encodeFinish } from './finish.ts';
import { ANTHROPIC, CALLER, CITATIONS, NATIVE_BLOCKS } from './shapes.ts';
import { decodeUsage, encodeUsage } from './usage.ts';

type Fields = { [key: string]: JsonValue };

/** Fields of a message that go back to a caller of the same protocol. */
const ANSWER_NATIVE: ReadonlySet<string> = new Set([
  'container',
  'context_management',
  'diagnostics',
  'input_transformations',
  'stop_details',
]);

const ANSWER_KNOWN: ReadonlySet<string> = new Set([
  'id',
  'type',
  'role',
  'model',
  'content',
  'stop_reason',
  'stop_sequence',
  'usage',
]);

/** Throws `upstream_invalid` where the body is not a message. */
export function decodeAnswer(body: JsonValue): Answer {
  if (!isObject(body) || body['type'] !== 'message' || !Array.isArray(body['content'])) {
    throw unreadable('is not a message');
  }
  const dropped = new Set<string>();
  const parts: Part[] = [];
  for (const block of body['content'] as readonly JsonValue[]) {
    const part = decodeBlock(block, dropped);
    if (part) parts.push(part);
  }
  const fields: Fields = {};
  keepNative(body, fields, dropped);
  return {
    id: typeof body['id'] === 'string' && body['id'] !== '' ? body['id'] : madeUpId(),
    model: typeof body['model'] === 'string' ? body['model'] : '',
    parts,
    finish: decodeFinish(
      body['stop_reason'],
      body['stop_sequence'],
      parts.some((part) => part.type === 'tool_call'),
    ),
    usage: decodeUsage(body['usage']),
    native: nativeOf(ANTHROPIC, fields),
    dropped: [...dropped],
  };
}

/** Sorts the fields of a message, or of the delta that ends one. */
export function keepNative(object: JsonObject, fields: Fields, dropped: Set<string>): void {
  for (const key in object) {
    const value = object[key];
    if (value === undefined || value === null || ANSWER_KNOWN.has(key)) continue;
    if (ANSWER_NATIVE.has(key)) fields[key] = value;
    else dropped.add(key);
  }
}

export function madeUpId(): string {
  return `msg_${crypto.randomUUID().replaceAll('-', '')}`;
}

/** Undefined, and named in `dropped`, where the block's type is not known. */
export function decodeBlock(block: JsonValue, dropped: Set<string>): Part | undefined {
  if (!isObject(block)) throw unreadable('has a block that is not an object');
  const type = textOf(block['type']);
  switch (type) {
    case 'text':
      return textPart(textOf(block['text']), block['citations'], dropped);
    case 'thinking':
      return thinkingPart(textOf(block['thinking']), textOf(block['signature']));
    case 'redacted_thinking': {
      const fields = { data: textOf(block['data']) };
      return { type: 'reasoning', text: '', native: { protocol: ANTHROPIC, fields } };
    }
    case 'tool_use':
      return toolCallPart(block, JSON.stringify(block['input'] ?? {}), dropped);
    default:
      return nativeBlock(type, block, dropped);
  }
}

/** Undefined, and named in `dropped`, where the block's type is not known. */
export function nativeBlock(
  type: string,
  block: JsonObject,
  dropped: Set<string>,
): Part | undefined {
  const shape = Object.hasOwn(NATIVE_BLOCKS, type) ? NATIVE_BLOCKS[type] : undefined;
  if (shape === undefined) {
    dropped.add(`block:${type}`);
    return undefined;
  }
  return nativePart(type, pruned(block, shape, type, dropped) as JsonObject);
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function textPart(
  text: string,
  given: JsonValue | undefined,
  dropped: Set<string>,
): TextPart {
  if (!Array.isArray(given) || given.length === 0) return { type: 'text', text };
  const citations = pruned(given as readonly JsonValue[], CITATIONS, 'citations', dropped) ?? [];
  return { type: 'text', text, native: { protocol: ANTHROPIC, fields: { citations } } };
}

export function thinkingPart(text: string, signature: string): ReasoningPart {
  if (signature === '') return { type: 'reasoning', text };
  return { type: 'reasoning', text, native: { protocol: ANTHROPIC, fields: { signature } } };
}

/** @param text the arguments as the model wrote them */
export function toolCallPart(block: JsonObject, text: string, dropped: Set<string>): ToolCallPart {
  const { id, name, caller, toolset_name } = block as { [key: string]: JsonValue | undefined };
  if (typeof id !== 'string' || typeof name !== 'string') {
    throw unreadable('has a tool call without id or name');
  }
  const fields: Fields = {};
  if (isObject(caller)) fields['caller'] = pruned(caller, CALLER, 'caller', dropped) ?? {};
  if (toolset_name !== undefined && toolset_name !== null) fields['toolset_name'] = toolset_name;
  const native = nativeOf(ANTHROPIC, fields);
  return { type: 'tool_call', id, name, arguments: text === '' ? '{}' : text, native };
}

function unreadable(why: string): ProvisoError {
  return new ProvisoError('upstream_invalid', `The provider’s answer ${why}.`);
}

export function encodeAnswer(answer: Answer, dropped: Set<string>): JsonObject {
  const content: JsonObject[] = [];
  for (const part of answer.parts) {
    const block = encodeBlock(part, dropped);
    if (block) content.push(block);
  }
  return {
    ...messageHead(answer.id, answer.model),
    content,
    stop_reason: encodeFinish(answer.finish),
    stop_sequence: answer.finish.stopSequence ?? null,
    usage: encodeUsage(answer.usage),
    ...ownFieldsOnly(answer.native, ANTHROPIC),
  };
}

export function messageHead(id: string, model: string): JsonObject {
  return { id, type: 'message', role: 'assistant', model };
}

/** A part as a whole block; undefined where this protocol has none for it. */
export function encodeBlock(part: Part, dropped: Set<string>): JsonObject | undefined {
  switch (part.type) {
    case 'text': {
      const citations = ownFieldsOnly(part.native, ANTHROPIC)?.['citations'] ?? null;
      return { type: 'text', text: part.text, citations };
    }
    case 'refusal':
      return { type: 'text', text: part.text, citations: null };
    case 'reasoning': {
      const own = ownFieldsOnly(part.native, ANTHROPIC);
      if (own?.['data'] !== undefined) return { type: 'redacted_thinking', data: own['data'] };
      return { type: 'thinking', thinking: part.text, signature: own?.['signature'] ?? '' };
    }
    case 'tool_call': {
      const input = inputOf(part);
      if (!input) throw unreadable(`calls \`${part.name}\` with arguments that are not an object`);
      const own = ownFieldsOnly(part.native, ANTHROPIC);
      return { type: 'tool_use', id: part.id, name: part.name, input, ...own };
    }
    case 'native':
      if (part.native.protocol === ANTHROPIC) return part.native.fields;
      dropped.add(part.label);
      return undefined;
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
    case 'tool_result':
      dropped.add(part.type);
      return undefined;
  }
}
