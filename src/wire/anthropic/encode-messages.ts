/** The exchange's messages → system and messages of an Anthropic request. */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type {
  MediaPart,
  Message,
  NativePart,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../exchange.ts';
import { ownFields } from '../native.ts';
import { ANTHROPIC } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

interface Conversation {
  /** Absent where there is none. */
  readonly system: JsonValue | undefined;
  readonly messages: readonly JsonObject[];
}

/**
 * System and developer messages are joined at the top, save for those that stood among the messages of
 * an Anthropic request. Neighbours of the same role become one message, since roles must alternate.
 */
export function encodeConversation(
  messages: readonly Message[],
  dropped: Set<string>,
): Conversation {
  const system: JsonObject[] = [];
  const out: { role: string; content: JsonObject[] }[] = [];
  for (const message of messages) {
    if (message.name !== undefined) dropped.add('name');
    ownFields(message.native, ANTHROPIC, dropped);
    const isSystem = message.role === 'system' || message.role === 'developer';
    if (isSystem && message.native?.protocol !== ANTHROPIC) {
      pushParts(system, message.parts, dropped);
      continue;
    }
    const role = isSystem ? 'system' : message.role === 'tool' ? 'user' : message.role;
    const content: JsonObject[] = [];
    pushParts(content, message.parts, dropped);
    const last = out.at(-1);
    // The API refuses a message without content.
    if (content.length === 0) continue;
    if (last?.role === role) last.content.push(...content);
    else out.push({ role, content });
  }
  return {
    system: system.length === 0 ? undefined : contentOf(system),
    messages: out.map(({ role, content }) => ({ role, content: contentOf(content) })),
  };
}

/** One plain text is written as a string. */
function contentOf(blocks: readonly JsonObject[]): JsonValue {
  const only = blocks.length === 1 ? blocks[0] : undefined;
  const isPlain = only?.['type'] === 'text' && Object.keys(only).length === 2;
  return isPlain ? (only['text'] as string) : blocks;
}

function pushParts(into: JsonObject[], parts: readonly Part[], dropped: Set<string>): void {
  for (const part of parts) {
    const block = encodePart(part, dropped);
    if (block) into.push(block);
  }
}

function encodePart(part: Part, dropped: Set<string>): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      // The API refuses empty text, which other protocols send beside tool calls.
      return part.text === '' ? undefined : encodeText(part, dropped);
    case 'refusal':
      return part.text === '' ? undefined : { type: 'text', text: part.text };
    case 'image':
    case 'file':
      return encodeMedia(part, dropped);
    case 'audio':
    case 'video':
      throw cannotCarry(part.type);
    case 'tool_call':
      return encodeToolCall(part, dropped);
    case 'tool_result':
      return encodeToolResult(part, dropped);
    case 'reasoning':
      return encodeReasoning(part, dropped);
    case 'native':
      return encodeNative(part, dropped);
  }
}

function encodeText(part: TextPart, dropped: Set<string>): JsonObject {
  const own = ownFields(part.native, ANTHROPIC, dropped);
  return own ? { type: 'text', text: part.text, ...own } : { type: 'text', text: part.text };
}

function encodeNative(part: NativePart, dropped: Set<string>): JsonObject | undefined {
  if (part.native.protocol === ANTHROPIC) return part.native.fields;
  dropped.add(part.label);
  return undefined;
}

/** Only thinking that Anthropic signed can be given back to it. */
function encodeReasoning(part: ReasoningPart, dropped: Set<string>): JsonObject | undefined {
  const own = part.native?.protocol === ANTHROPIC ? part.native.fields : {};
  if (typeof own['data'] === 'string') return { type: 'redacted_thinking', data: own['data'] };
  const signature = own['signature'];
  if (typeof signature === 'string' && signature !== '') {
    return { type: 'thinking', thinking: part.text, signature };
  }
  dropped.add('reasoning');
  return undefined;
}

function encodeMedia(part: MediaPart, dropped: Set<string>): JsonObject {
  const own = ownFields(part.native, ANTHROPIC, dropped);
  const source = encodeSource(part);
  if (part.type === 'image') return { type: 'image', source, ...own };
  const title: Fields = part.name === undefined ? {} : { title: part.name };
  return { type: 'document', source, ...title, ...own };
}

const IMAGE_TYPES: readonly string[] = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

function encodeSource({ type, source, native }: MediaPart): JsonObject {
  switch (source.kind) {
    case 'url':
      return { type: 'url', url: source.url };
    case 'id':
      if (native?.protocol === ANTHROPIC) return { type: 'file', file_id: source.id };
      throw cannotCarry('a file uploaded to another vendor');
    case 'text':
      return { type: 'text', media_type: 'text/plain', data: source.text };
    case 'base64': {
      const { mediaType, base64 } = source;
      const isKnown = type === 'image' ? IMAGE_TYPES.includes(mediaType) : isPdf(mediaType);
      if (isKnown) return { type: 'base64', media_type: mediaType, data: base64 };
      if (type === 'file' && mediaType.startsWith('text/')) {
        const data = Buffer.from(base64, 'base64').toString('utf8');
        return { type: 'text', media_type: 'text/plain', data };
      }
      throw cannotCarry(`${type} of type ${mediaType}`);
    }
  }
}

function isPdf(mediaType: string): boolean {
  return mediaType === 'application/pdf';
}

function encodeToolCall(part: ToolCallPart, dropped: Set<string>): JsonObject {
  const own = ownFields(part.native, ANTHROPIC, dropped);
  const input = inputOf(part);
  if (!input) throw cannotCarry(`arguments of \`${part.name}\` that are not a JSON object`);
  return { type: 'tool_use', id: callId(part.id), name: part.name, input, ...own };
}

/** The arguments as the object that this protocol wants; undefined where they are none. */
export function inputOf(part: ToolCallPart): JsonObject | undefined {
  if (part.free) return { input: part.arguments };
  try {
    const value = parseJsonText(part.arguments);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The API takes no other characters; calls and results are changed alike. */
function callId(id: string): string {
  return id.replace(/[^a-zA-Z0-9_-]/g, '_');
}

function encodeToolResult(part: ToolResultPart, dropped: Set<string>): JsonObject {
  const own = ownFields(part.native, ANTHROPIC, dropped);
  const content: JsonObject[] = [];
  pushParts(content, part.content, dropped);
  const block: Fields = { type: 'tool_result', tool_use_id: callId(part.callId) };
  if (content.length > 0) block['content'] = contentOf(content);
  if (part.isError !== undefined) block['is_error'] = part.isError;
  return own ? { ...block, ...own } : block;
}

function cannotCarry(what: string): ProvisoError {
  return new ProvisoError(
    'cannot_carry',
    `The model’s protocol, Anthropic Messages, cannot carry ${what}.`,
    { at: 'messages' },
  );
}
