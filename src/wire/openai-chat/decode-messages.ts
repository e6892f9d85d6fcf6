/** Messages of a chat completion request → the exchange's messages. */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type {
  MediaPart,
  Message,
  Part,
  ReasoningPart,
  Role,
  TextPart,
  ToolCallPart,
} from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  asWord,
  invalid,
  optionalString,
  optionalWord,
  pathOf,
  unknownField,
  unsupported,
} from '../fields.ts';
import { sourceOfUrl } from '../media.ts';
import { nativeOf } from '../native.ts';
import { shaped } from '../shape.ts';
import { ANNOTATIONS, CACHE_BREAKPOINT, CHAT } from './shapes.ts';

const ROLES: readonly Role[] = ['system', 'developer', 'user', 'assistant', 'tool'];

export function decodeMessages(value: JsonValue | undefined): readonly Message[] {
  const items = asArray(value, '', 'messages');
  const messages: Message[] = [];
  for (let i = 0; i < items.length; i++) {
    messages.push(decodeMessage(asObject(items[i], 'messages', i), `messages[${i}]`));
  }
  return messages;
}

interface Fields {
  role: Role | undefined;
  content: JsonValue | undefined;
  name: string | undefined;
  toolCallId: string | undefined;
  toolCalls: readonly ToolCallPart[];
  refusal: string | undefined;
  reasoning: string | undefined;
  annotations: JsonValue | undefined;
}

function decodeMessage(object: JsonObject, at: string): Message {
  const fields: Fields = {
    role: undefined,
    content: undefined,
    name: undefined,
    toolCallId: undefined,
    toolCalls: [],
    refusal: undefined,
    reasoning: undefined,
    annotations: undefined,
  };
  for (const key in object) readField(fields, key, object[key] as JsonValue, at);
  const { role, name } = fields;
  if (role === undefined) throw invalid(at, 'role', `one of ${ROLES.join(', ')}`);
  if (role !== 'assistant') refuseAssistantFields(object, at);
  if (role === 'tool') {
    const callId = asString(fields.toolCallId, at, 'tool_call_id');
    const content = textParts(fields.content, at);
    return { role, parts: [{ type: 'tool_result', callId, content }], name };
  }
  if (fields.toolCallId !== undefined) throw unknownField(at, 'tool_call_id');
  if (role === 'assistant') return { role, parts: assistantParts(fields, at), name };
  if (role === 'user') return { role, parts: userParts(fields.content, at), name };
  return { role, parts: textParts(fields.content, at), name };
}

function readField(fields: Fields, key: string, value: JsonValue, at: string): void {
  switch (key) {
    case 'role':
      if (value === 'function') throw unsupported(at, key, 'send tool results in role `tool`.');
      fields.role = asWord(value, at, key, ROLES);
      return;
    case 'content':
      fields.content = value;
      return;
    case 'name':
      fields.name = optionalString(value, at, key);
      return;
    case 'tool_call_id':
      fields.toolCallId = asString(value, at, key);
      return;
    case 'tool_calls':
      if (value !== null) fields.toolCalls = decodeToolCalls(value, at);
      return;
    case 'refusal':
      fields.refusal = optionalString(value, at, key);
      return;
    // DeepSeek, xAI, Groq and OpenRouter give reasoning in the message, and some want it back.
    case 'reasoning_content':
    case 'reasoning':
      fields.reasoning ??= optionalString(value, at, key);
      return;
    case 'annotations':
      if (value !== null) fields.annotations = shaped(value, ANNOTATIONS, pathOf(at, key));
      return;
    // What the official SDK's `parse` adds to a message that is sent back: a copy of `content`.
    case 'parsed':
      return;
    case 'function_call':
      if (value !== null) throw unsupported(at, key, 'send `tool_calls` instead.');
      return;
    case 'audio':
      if (value !== null) throw unsupported(at, key, 'audio answers are not carried.');
      return;
    default:
      throw unknownField(at, key);
  }
}

const ASSISTANT_FIELDS: readonly string[] = [
  'tool_calls',
  'refusal',
  'reasoning_content',
  'reasoning',
  'annotations',
  'parsed',
];

function refuseAssistantFields(object: JsonObject, at: string): void {
  for (const key of ASSISTANT_FIELDS) {
    if (Object.hasOwn(object, key)) throw unknownField(at, key);
  }
}

function assistantParts(fields: Fields, at: string): readonly Part[] {
  const parts: Part[] = [];
  const { content, refusal, reasoning, annotations } = fields;
  if (reasoning !== undefined) parts.push(reasoningPart(reasoning));
  if (typeof content === 'string') {
    parts.push(
      annotations === undefined
        ? { type: 'text', text: content }
        : { type: 'text', text: content, native: { protocol: CHAT, fields: { annotations } } },
    );
  } else if (content !== null && content !== undefined) {
    const items = asArray(content, at, 'content');
    for (let i = 0; i < items.length; i++) {
      const itemAt = `${at}.content[${i}]`;
      parts.push(assistantPart(asObject(items[i], `${at}.content`, i), itemAt));
    }
  }
  if (refusal !== undefined) parts.push({ type: 'refusal', text: refusal });
  parts.push(...fields.toolCalls);
  return parts;
}

/** Marked as this protocol's own: reasoning from elsewhere is not sent back in this form. */
function reasoningPart(text: string): ReasoningPart {
  return { type: 'reasoning', text, native: { protocol: CHAT, fields: {} } };
}

function assistantPart(object: JsonObject, at: string): Part {
  if (object['type'] !== 'refusal') return textPart(object, at);
  let text: string | undefined;
  for (const key in object) {
    if (key === 'refusal') text = asString(object[key], at, key);
    else if (key !== 'type') throw unknownField(at, key);
  }
  return { type: 'refusal', text: asString(text, at, 'refusal') };
}

function textParts(content: JsonValue | undefined, at: string): readonly TextPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const items = asArray(content, at, 'content');
  const parts: TextPart[] = [];
  for (let i = 0; i < items.length; i++) {
    parts.push(textPart(asObject(items[i], `${at}.content`, i), `${at}.content[${i}]`));
  }
  return parts;
}

function userParts(content: JsonValue | undefined, at: string): readonly (TextPart | MediaPart)[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  const items = asArray(content, at, 'content');
  const parts: (TextPart | MediaPart)[] = [];
  for (let i = 0; i < items.length; i++) {
    const itemAt = `${at}.content[${i}]`;
    parts.push(userPart(asObject(items[i], `${at}.content`, i), itemAt));
  }
  return parts;
}

const USER_PARTS = ['text', 'image_url', 'input_audio', 'file'] as const;

function userPart(object: JsonObject, at: string): TextPart | MediaPart {
  const type = asWord(object['type'], at, 'type', USER_PARTS);
  if (type === 'text') return textPart(object, at);
  let inner: JsonObject | undefined;
  let native: { [key: string]: JsonValue } | undefined;
  for (const key in object) {
    if (key === type) inner = asObject(object[key], at, key);
    else if (key === 'prompt_cache_breakpoint') native = breakpoint(object[key], at);
    else if (key !== 'type') throw unknownField(at, key);
  }
  const fields = asObject(inner, at, type);
  const path = `${at}.${type}`;
  switch (type) {
    case 'image_url':
      return imagePart(fields, path, native ?? {});
    case 'input_audio':
      return audioPart(fields, path, native ?? {});
    case 'file':
      return filePart(fields, path, native ?? {});
  }
}

type Extra = { [key: string]: JsonValue };

function textPart(object: JsonObject, at: string): TextPart {
  let text: string | undefined;
  let native: Extra | undefined;
  for (const key in object) {
    const value = object[key];
    if (key === 'text') text = asString(value, at, key);
    else if (key === 'type') asWord(value, at, key, ['text']);
    else if (key === 'prompt_cache_breakpoint') native = breakpoint(value, at);
    else throw unknownField(at, key);
  }
  if (text === undefined) throw invalid(at, 'text', 'a string');
  return native === undefined
    ? { type: 'text', text }
    : { type: 'text', text, native: { protocol: CHAT, fields: native } };
}

function breakpoint(value: JsonValue | undefined, at: string): Extra {
  const key = 'prompt_cache_breakpoint';
  return { [key]: shaped(asObject(value, at, key), CACHE_BREAKPOINT, pathOf(at, key)) };
}

function imagePart(object: JsonObject, at: string, native: Extra): MediaPart {
  let url: string | undefined;
  for (const key in object) {
    if (key === 'url') url = asString(object[key], at, key);
    else if (key === 'detail') {
      const detail = optionalWord(object[key], at, key, ['auto', 'low', 'high']);
      if (detail !== undefined) native['detail'] = detail;
    } else throw unknownField(at, key);
  }
  const source = sourceOfUrl(asString(url, at, 'url'));
  if (!source) throw invalid(at, 'url', 'an http(s) address or a base64 data URL');
  return { type: 'image', source, native: nativeOf(CHAT, native) };
}

function audioPart(object: JsonObject, at: string, native: Extra): MediaPart {
  let base64: string | undefined;
  let format: string | undefined;
  for (const key in object) {
    if (key === 'data') base64 = asString(object[key], at, key);
    else if (key === 'format') format = asWord(object[key], at, key, ['wav', 'mp3']);
    else throw unknownField(at, key);
  }
  const mediaType = asString(format, at, 'format') === 'mp3' ? 'audio/mpeg' : 'audio/wav';
  base64 = asString(base64, at, 'data');
  return {
    type: 'audio',
    source: { kind: 'base64', mediaType, base64 },
    native: nativeOf(CHAT, native),
  };
}

function filePart(object: JsonObject, at: string, native: Extra): MediaPart {
  let url: string | undefined;
  let id: string | undefined;
  let name: string | undefined;
  for (const key in object) {
    if (key === 'file_data') url = optionalString(object[key], at, key);
    else if (key === 'file_id') id = optionalString(object[key], at, key);
    else if (key === 'filename') name = optionalString(object[key], at, key);
    else throw unknownField(at, key);
  }
  if (id !== undefined) {
    if (url !== undefined) throw invalid(at, 'file_data', 'absent where `file_id` is given');
    const source = { kind: 'id', id } as const;
    return { type: 'file', source, name, native: { protocol: CHAT, fields: native } };
  }
  const source = sourceOfUrl(asString(url, at, 'file_data'));
  if (source?.kind !== 'base64') throw invalid(at, 'file_data', 'a base64 data URL');
  return { type: 'file', source, name, native: nativeOf(CHAT, native) };
}

function decodeToolCalls(value: JsonValue, at: string): readonly ToolCallPart[] {
  const items = asArray(value, at, 'tool_calls');
  const calls: ToolCallPart[] = [];
  for (let i = 0; i < items.length; i++) {
    const object = asObject(items[i], `${at}.tool_calls`, i);
    calls.push(decodeToolCall(object, `${at}.tool_calls[${i}]`));
  }
  return calls;
}

function decodeToolCall(object: JsonObject, at: string): ToolCallPart {
  const type = asWord(object['type'] ?? 'function', at, 'type', ['function', 'custom']);
  const textKey = type === 'function' ? 'arguments' : 'input';
  let id: string | undefined;
  let inner: JsonObject | undefined;
  for (const key in object) {
    if (key === 'id') id = asString(object[key], at, key);
    else if (key === type) inner = asObject(object[key], at, key);
    // Some servers' answers carry the stream's index, and clients send the answer back.
    else if (key !== 'type' && key !== 'index') throw unknownField(at, key);
  }
  const path = `${at}.${type}`;
  let name: string | undefined;
  let text: string | undefined;
  for (const key in asObject(inner, at, type)) {
    if (key === 'name') name = asString(inner?.[key], path, key);
    else if (key === textKey) text = asString(inner?.[key], path, key);
    else if (key !== 'parsed_arguments') throw unknownField(path, key);
  }
  const call = {
    type: 'tool_call',
    id: asString(id, at, 'id'),
    name: asString(name, path, 'name'),
    arguments: asString(text, path, textKey),
  } as const;
  if (type === 'custom') return { ...call, free: true };
  return call.arguments === '' ? { ...call, arguments: '{}' } : call;
}
