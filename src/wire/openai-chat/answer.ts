/** A whole chat completion ↔ the exchange's answer. */
import { systemClock } from '#base/clock.ts';
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Answer, Part, TextPart, ToolCallPart } from '../exchange.ts';
import { nativeOf, ownFieldsOnly } from '../native.ts';
import { pruned } from '../shape.ts';
import { decodeError } from './failure.ts';
import { decodeFinish, encodeFinish } from './finish.ts';
import { ANNOTATIONS, CHAT } from './shapes.ts';
import { decodeUsage, encodeUsage } from './usage.ts';

/** Fields of an answer, whole or chunk, that go back to a caller of the same protocol. */
export const ANSWER_NATIVE: ReadonlySet<string> = new Set([
  'system_fingerprint',
  'service_tier',
  'moderation',
  'citations',
  'search_results',
]);

/** Throws `upstream_invalid` where the body is not a chat completion. */
export function decodeAnswer(body: JsonValue): Answer {
  if (!isObject(body)) throw unreadable('is not an object');
  if (body['error'] !== undefined && body['error'] !== null) {
    throw unreadable(`is an error: ${decodeError(200, body).message}`);
  }
  const choices = body['choices'];
  const choice = Array.isArray(choices) ? (choices as readonly JsonValue[])[0] : undefined;
  if (!isObject(choice) || !isObject(choice['message'])) throw unreadable('has no message');
  const dropped = new Set<string>();
  const fields: Fields = {};
  for (const key in body) {
    if (ANSWER_NATIVE.has(key)) fields[key] = body[key] as JsonValue;
    else if (!KNOWN.has(key)) dropped.add(key);
  }
  if ((choices as readonly JsonValue[]).length > 1) dropped.add('choices[1]');
  const id = typeof body['id'] === 'string' && body['id'] !== '' ? body['id'] : madeUpId();
  const parts = decodeMessage(choice['message'], choice['logprobs'], id, dropped);
  return {
    id,
    model: typeof body['model'] === 'string' ? body['model'] : '',
    createdAt: typeof body['created'] === 'number' ? body['created'] : undefined,
    parts,
    finish: decodeFinish(
      typeof choice['finish_reason'] === 'string' ? choice['finish_reason'] : 'stop',
      parts.some((part) => part.type === 'tool_call'),
      parts.some((part) => part.type === 'refusal'),
    ),
    usage: decodeUsage(body['usage']),
    native: nativeOf(CHAT, fields),
    dropped: [...dropped],
  };
}

type Fields = { [key: string]: JsonValue };

const KNOWN: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'error',
]);

export function madeUpId(): string {
  return `chatcmpl-${crypto.randomUUID().replaceAll('-', '')}`;
}

/** Tells calls of one answer apart, and those of other answers in the same conversation. */
export function madeUpCallId(answerId: string, index: number): string {
  return `call_${answerId.replace(/[^a-zA-Z0-9]/g, '').slice(-24)}_${index}`;
}

function decodeMessage(
  message: JsonObject,
  logprobs: JsonValue | undefined,
  answerId: string,
  dropped: Set<string>,
): readonly Part[] {
  const reasoning: Part[] = [];
  const texts: TextPart[] = [];
  const refusals: Part[] = [];
  const calls: ToolCallPart[] = [];
  const native: Fields = {};
  if (isObject(logprobs)) native['logprobs'] = logprobs;
  for (const key in message) {
    const value = message[key] as JsonValue;
    if (value === null || value === '') continue;
    switch (key) {
      case 'content':
        for (const part of contentParts(value, dropped)) {
          if (part.type === 'text') texts.push(part);
          else reasoning.push(part);
        }
        break;
      case 'reasoning_content':
      case 'reasoning':
        if (typeof value === 'string' && reasoning.length === 0) reasoning.push(thought(value));
        break;
      case 'refusal':
        if (typeof value === 'string') refusals.push({ type: 'refusal', text: value });
        break;
      case 'tool_calls':
        for (const item of Array.isArray(value) ? (value as readonly JsonValue[]) : []) {
          calls.push(decodeToolCall(item, madeUpCallId(answerId, calls.length)));
        }
        break;
      case 'function_call':
        calls.push(legacyCall(value, madeUpCallId(answerId, calls.length)));
        break;
      case 'annotations':
        native[key] = pruned(value, ANNOTATIONS, `message.${key}`, dropped) ?? [];
        break;
      case 'role':
        break;
      default:
        dropped.add(`message.${key}`);
    }
  }
  return [...reasoning, ...withNative(texts, native), ...refusals, ...calls];
}

function thought(text: string): Part {
  return { type: 'reasoning', text, native: { protocol: CHAT, fields: {} } };
}

/** A message's content: text, or Mistral's list of text and thinking. */
export function contentParts(
  content: JsonValue,
  dropped: Set<string>,
): readonly (TextPart | (Part & { type: 'reasoning' }))[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const parts: (TextPart | (Part & { type: 'reasoning' }))[] = [];
  for (const item of Array.isArray(content) ? (content as readonly JsonValue[]) : []) {
    if (!isObject(item)) continue;
    const { type, text, thinking } = item as { [key: string]: JsonValue | undefined };
    if (type === 'text' && typeof text === 'string') parts.push({ type: 'text', text });
    else if (type === 'thinking' && thinking !== undefined) {
      const inner = contentParts(thinking, dropped);
      const joined = inner.map((part) => part.text).join('');
      parts.push({ type: 'reasoning', text: joined, native: { protocol: CHAT, fields: {} } });
    } else dropped.add(typeof type === 'string' ? `content.${type}` : 'content');
  }
  return parts;
}

function withNative(texts: readonly TextPart[], native: Fields): readonly TextPart[] {
  const last = texts.at(-1);
  const own = nativeOf(CHAT, native);
  return last && own ? [...texts.slice(0, -1), { ...last, native: own }] : texts;
}

function decodeToolCall(value: JsonValue, madeUp: string): ToolCallPart {
  if (!isObject(value)) throw unreadable('has a tool call that is not an object');
  const id = typeof value['id'] === 'string' && value['id'] !== '' ? value['id'] : madeUp;
  if (isObject(value['custom'])) {
    const { name, input } = value['custom'] as { [key: string]: JsonValue | undefined };
    if (typeof name !== 'string' || typeof input !== 'string') throw unreadable(NAMELESS);
    return { type: 'tool_call', id, name, arguments: input, free: true };
  }
  return legacyCall(value['function'], id);
}

const NAMELESS = 'has a tool call without a name or arguments';

function legacyCall(value: JsonValue | undefined, id: string): ToolCallPart {
  if (!isObject(value)) throw unreadable(NAMELESS);
  const { name, arguments: given } = value as { [key: string]: JsonValue | undefined };
  if (typeof name !== 'string' || name === '') throw unreadable(NAMELESS);
  // Some servers give the arguments as the object itself.
  const text = isObject(given) ? JSON.stringify(given) : (given ?? '');
  if (typeof text !== 'string') throw unreadable(NAMELESS);
  return { type: 'tool_call', id, name, arguments: text === '' ? '{}' : text };
}

function unreadable(why: string): ProvisoError {
  return new ProvisoError('upstream_invalid', `The provider’s answer ${why}.`);
}

export function encodeAnswer(answer: Answer, dropped: Set<string>): JsonObject {
  const message: Fields = { role: 'assistant', content: null, refusal: null };
  const calls: JsonObject[] = [];
  let logprobs: JsonValue = null;
  for (const part of answer.parts) {
    switch (part.type) {
      case 'text': {
        message['content'] = ((message['content'] as string | null) ?? '') + part.text;
        const own = ownFieldsOnly(part.native, CHAT);
        if (own?.['annotations'] !== undefined) message['annotations'] = own['annotations'];
        if (own?.['logprobs'] !== undefined) logprobs = own['logprobs'];
        break;
      }
      case 'reasoning':
        if (part.text === '') break;
        message['reasoning_content'] =
          ((message['reasoning_content'] as string | undefined) ?? '') + part.text;
        break;
      case 'refusal':
        message['refusal'] = ((message['refusal'] as string | null) ?? '') + part.text;
        break;
      case 'tool_call':
        calls.push(encodeToolCall(part));
        break;
      case 'native':
        dropped.add(part.label);
        break;
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
      case 'tool_result':
        dropped.add(part.type);
    }
  }
  if (calls.length > 0) message['tool_calls'] = calls;
  const finish_reason = encodeFinish(answer.finish, message['refusal'] !== null);
  return {
    id: answer.id,
    object: 'chat.completion',
    created: createdAt(answer.createdAt),
    model: answer.model,
    choices: [{ index: 0, message, logprobs, finish_reason }],
    ...(answer.usage ? { usage: encodeUsage(answer.usage) } : {}),
    ...ownFieldsOnly(answer.native, CHAT),
  };
}

/** Required by the protocol; providers of others do not say it. */
export function createdAt(given: number | undefined): number {
  return given ?? Math.floor(systemClock.now() / 1000);
}

function encodeToolCall({ id, name, arguments: text, free }: ToolCallPart): JsonObject {
  return free
    ? { id, type: 'custom', custom: { name, input: text } }
    : { id, type: 'function', function: { name, arguments: text } };
}
