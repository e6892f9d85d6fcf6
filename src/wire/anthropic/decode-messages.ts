/**
 * Messages of an Anthropic request → the exchange's. Tool results, which stand in user messages there,
 * get messages of role `tool` of their own, in place.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type {
  MediaPart,
  Message,
  Part,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  asWord,
  invalid,
  optionalBoolean,
  optionalString,
  pathOf,
  unknownField,
  unsupported,
} from '../fields.ts';
import { nativeOf } from '../native.ts';
import { shaped, shapedObject } from '../shape.ts';
import {
  ANTHROPIC,
  CACHE_CONTROL,
  CALLER,
  CITATIONS,
  CITATIONS_CONFIG,
  NATIVE_BLOCKS,
} from './shapes.ts';

type Extra = { [key: string]: JsonValue };

export function decodeMessages(value: JsonValue | undefined, into: Message[]): void {
  const items = asArray(value, '', 'messages');
  for (let i = 0; i < items.length; i++) {
    decodeMessage(asObject(items[i], 'messages', i), `messages[${i}]`, into);
  }
}

/** The top-level `system`: text, or blocks of text. */
export function decodeSystem(value: JsonValue): Message {
  return { role: 'system', parts: textParts(value, 'system', '', 'system') };
}

function decodeMessage(object: JsonObject, at: string, into: Message[]): void {
  for (const key in object) if (key !== 'role' && key !== 'content') throw unknownField(at, key);
  const role = asWord(object['role'], at, 'role', ['user', 'assistant', 'system']);
  const content = object['content'];
  if (role === 'system') {
    // Marked as this protocol's own, so that it goes back to its place and not to the top.
    const native = { protocol: ANTHROPIC, fields: {} } as const;
    into.push({ role, parts: textParts(content, `${at}.content`, at, 'content'), native });
  } else if (typeof content === 'string') {
    into.push({ role, parts: [{ type: 'text', text: content }] });
  } else if (role === 'assistant') {
    into.push({ role, parts: decodeBlocks(content, at, role) });
  } else {
    pushUser(decodeBlocks(content, at, role), into);
  }
}

function pushUser(parts: readonly Part[], into: Message[]): void {
  let start = 0;
  for (let i = 1; i <= parts.length; i++) {
    const isResult = parts[start]?.type === 'tool_result';
    if (i < parts.length && (parts[i]?.type === 'tool_result') === isResult) continue;
    into.push({ role: isResult ? 'tool' : 'user', parts: parts.slice(start, i) });
    start = i;
  }
  if (parts.length === 0) into.push({ role: 'user', parts });
}

function textParts(
  value: JsonValue | undefined,
  path: string,
  at: string,
  key: string,
): readonly TextPart[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  const items = asArray(value, at, key);
  return items.map((item, i) => {
    const block = asObject(item, path, i);
    asWord(block['type'], `${path}[${i}]`, 'type', ['text']);
    return textPart(block, `${path}[${i}]`);
  });
}

function decodeBlocks(
  content: JsonValue | undefined,
  at: string,
  role: 'user' | 'assistant',
): readonly Part[] {
  const items = asArray(content, at, 'content');
  const parts: Part[] = [];
  for (let i = 0; i < items.length; i++) {
    const itemAt = `${at}.content[${i}]`;
    parts.push(decodeBlock(asObject(items[i], `${at}.content`, i), itemAt, role));
  }
  return parts;
}

function decodeBlock(block: JsonObject, at: string, role: 'user' | 'assistant'): Part {
  const type = asString(block['type'], at, 'type');
  switch (type) {
    case 'text':
      return textPart(block, at);
    case 'image':
      return imagePart(block, at);
    case 'document':
      return documentPart(block, at);
    case 'thinking':
      return thinkingPart(block, at);
    case 'redacted_thinking':
      return redactedPart(block, at);
    case 'tool_use':
      if (role === 'user') throw invalid(at, 'type', 'one of a user’s blocks');
      return toolCallPart(block, at);
    case 'tool_result':
      if (role === 'assistant') throw invalid(at, 'type', 'one of an assistant’s blocks');
      return toolResultPart(block, at);
    case 'tool_addition':
    case 'tool_removal':
      throw unsupported(at, 'type', 'tools are declared in `tools` alone.');
    default:
      return nativeBlock(block, type, at);
  }
}

/** A block that only this protocol has; throws `unsupported` for a type that is not known. */
function nativeBlock(block: JsonObject, type: string, at: string): Part {
  const shape = Object.hasOwn(NATIVE_BLOCKS, type) ? NATIVE_BLOCKS[type] : undefined;
  if (!shape) throw unsupported(at, 'type', `the block \`${type}\` is not known.`);
  return nativePart(type, shapedObject(block, shape, at));
}

/** @param block as it stands on the wire, known by shape */
export function nativePart(type: string, block: JsonObject): Part {
  const native = { protocol: ANTHROPIC, fields: block } as const;
  const isCall = type === 'server_tool_use' || type === 'mcp_tool_use';
  const name = block['name'];
  return isCall && typeof name === 'string'
    ? { type: 'native', label: type, native, providerTool: name }
    : { type: 'native', label: type, native };
}

function textPart(block: JsonObject, at: string): TextPart {
  let text: string | undefined;
  let native: Extra | undefined;
  for (const key in block) {
    const value = block[key] as JsonValue;
    switch (key) {
      case 'type':
        break;
      case 'text':
        text = asString(value, at, key);
        break;
      case 'cache_control':
        if (value !== null) (native ??= {})[key] = shaped(value, CACHE_CONTROL, pathOf(at, key));
        break;
      case 'citations':
        if (value !== null) (native ??= {})[key] = shaped(value, CITATIONS, pathOf(at, key));
        break;
      default:
        throw unknownField(at, key);
    }
  }
  text = asString(text, at, 'text');
  return native
    ? { type: 'text', text, native: { protocol: ANTHROPIC, fields: native } }
    : { type: 'text', text };
}

const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'] as const;

function imagePart(block: JsonObject, at: string): MediaPart {
  const native: Extra = {};
  let source: MediaPart['source'] | undefined;
  for (const key in block) {
    const value = block[key] as JsonValue;
    if (key === 'source')
      source = decodeSource(asObject(value, at, key), `${at}.source`, IMAGE_TYPES);
    else if (key === 'cache_control') keep(native, key, value, at);
    else if (key === 'transformations') keep(native, key, value, at);
    else if (key !== 'type') throw unknownField(at, key);
  }
  if (!source) throw invalid(at, 'source', 'an object');
  return { type: 'image', source, native: ownNative(source, native) };
}

const KEPT = {
  cache_control: CACHE_CONTROL,
  transformations: { fields: { oversized_image: 'string' } },
  citations: CITATIONS_CONFIG,
  context: 'string',
  caller: CALLER,
  toolset_name: 'string',
} as const;

function keep(native: Extra, key: keyof typeof KEPT, value: JsonValue, at: string): void {
  if (value !== null) native[key] = shaped(value, KEPT[key], pathOf(at, key));
}

/** An upload's id means something to this vendor only, so it is always marked. */
function ownNative(source: MediaPart['source'], fields: Extra) {
  return source.kind === 'id'
    ? ({ protocol: ANTHROPIC, fields } as const)
    : nativeOf(ANTHROPIC, fields);
}

function documentPart(block: JsonObject, at: string): Part {
  const source = asObject(block['source'], at, 'source');
  if (source['type'] === 'content') return nativeBlock(block, 'document', at);
  const native: Extra = {};
  let name: string | undefined;
  for (const key in block) {
    const value = block[key] as JsonValue;
    switch (key) {
      case 'type':
      case 'source':
        break;
      case 'title':
        name = optionalString(value, at, key);
        break;
      case 'context':
      case 'citations':
      case 'cache_control':
        keep(native, key, value, at);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  const decoded = decodeSource(source, `${at}.source`, ['application/pdf']);
  return { type: 'file', source: decoded, name, native: ownNative(decoded, native) };
}

function decodeSource(
  source: JsonObject,
  at: string,
  mediaTypes: readonly string[],
): MediaPart['source'] {
  const type = asWord(source['type'], at, 'type', ['base64', 'url', 'file', 'text']);
  const keys = SOURCE_KEYS[type];
  for (const key in source) if (key !== 'type' && !keys.includes(key)) throw unknownField(at, key);
  switch (type) {
    case 'base64': {
      const mediaType = asWord(source['media_type'], at, 'media_type', mediaTypes);
      return { kind: 'base64', mediaType, base64: asString(source['data'], at, 'data') };
    }
    case 'text': {
      if (!mediaTypes.includes('application/pdf')) throw invalid(at, 'type', 'a source of images');
      const mediaType = asWord(source['media_type'], at, 'media_type', ['text/plain']);
      return { kind: 'text', mediaType, text: asString(source['data'], at, 'data') };
    }
    case 'url':
      return { kind: 'url', url: asString(source['url'], at, 'url') };
    case 'file':
      return { kind: 'id', id: asString(source['file_id'], at, 'file_id') };
  }
}

const SOURCE_KEYS: Readonly<Record<'base64' | 'url' | 'file' | 'text', readonly string[]>> = {
  base64: ['media_type', 'data'],
  text: ['media_type', 'data'],
  url: ['url'],
  file: ['file_id'],
};

/** Thinking without a signature came from another vendor's model: it is nobody's own. */
function thinkingPart(block: JsonObject, at: string): Part {
  for (const key in block) {
    if (key !== 'type' && key !== 'thinking' && key !== 'signature') throw unknownField(at, key);
  }
  const text = asString(block['thinking'], at, 'thinking');
  const signature = optionalString(block['signature'], at, 'signature') ?? '';
  if (signature === '') return { type: 'reasoning', text };
  return { type: 'reasoning', text, native: { protocol: ANTHROPIC, fields: { signature } } };
}

function redactedPart(block: JsonObject, at: string): Part {
  for (const key in block) if (key !== 'type' && key !== 'data') throw unknownField(at, key);
  const fields = { data: asString(block['data'], at, 'data') };
  return { type: 'reasoning', text: '', native: { protocol: ANTHROPIC, fields } };
}

function toolCallPart(block: JsonObject, at: string): ToolCallPart {
  const native: Extra = {};
  for (const key in block) {
    switch (key) {
      case 'type':
      case 'id':
      case 'name':
      case 'input':
        break;
      case 'cache_control':
      case 'caller':
      case 'toolset_name':
        keep(native, key, block[key] as JsonValue, at);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  return {
    type: 'tool_call',
    id: asString(block['id'], at, 'id'),
    name: asString(block['name'], at, 'name'),
    arguments: JSON.stringify(asObject(block['input'], at, 'input')),
    native: nativeOf(ANTHROPIC, native),
  };
}

function toolResultPart(block: JsonObject, at: string): ToolResultPart {
  const native: Extra = {};
  let content: readonly (TextPart | MediaPart)[] = [];
  let isError: boolean | undefined;
  for (const key in block) {
    const value = block[key] as JsonValue;
    switch (key) {
      case 'type':
      case 'tool_use_id':
        break;
      case 'content':
        if (value !== null) content = resultContent(value, at);
        break;
      case 'is_error':
        isError = optionalBoolean(value, at, key);
        break;
      case 'cache_control':
      case 'toolset_name':
        keep(native, key, value, at);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  const callId = asString(block['tool_use_id'], at, 'tool_use_id');
  return { type: 'tool_result', callId, content, isError, native: nativeOf(ANTHROPIC, native) };
}

function resultContent(value: JsonValue, at: string): readonly (TextPart | MediaPart)[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  return asArray(value, at, 'content').map((item, i) => {
    const itemAt = `${at}.content[${i}]`;
    const part = decodeBlock(asObject(item, `${at}.content`, i), itemAt, 'user');
    if (part.type === 'text' || part.type === 'image' || part.type === 'file') return part;
    throw unsupported(itemAt, 'type', 'tool results hold text, images and documents.');
  });
}
