/** The exchange's messages → messages of a chat completion request. */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type {
  MediaPart,
  Message,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from '../exchange.ts';
import { dataUrl } from '../media.ts';
import { ownFields } from '../native.ts';
import type { Dialect } from '../protocol.ts';
import { CHAT } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

export function encodeMessages(
  messages: readonly Message[],
  dropped: Set<string>,
  dialect: Dialect,
): readonly JsonObject[] {
  const out: JsonObject[] = [];
  for (const message of messages) {
    ownFields(message.native, CHAT, dropped);
    if (message.role === 'assistant') out.push(encodeAssistant(message, dropped, dialect));
    else encodeOther(message, out, dropped);
  }
  return out;
}

/** Tool results become messages of their own, in their place among the other parts. */
function encodeOther(message: Message, out: JsonObject[], dropped: Set<string>): void {
  let content: JsonObject[] = [];
  const role = message.role === 'tool' ? 'user' : message.role;
  const flush = () => {
    if (content.length > 0) out.push(named({ role, content: contentOf(content) }, message));
    content = [];
  };
  for (const part of message.parts) {
    if (part.type === 'tool_result') {
      flush();
      out.push(encodeToolResult(part, dropped));
    } else {
      const item = encodePart(part, dropped);
      if (item) content.push(item);
    }
  }
  flush();
}

function named(fields: Fields, message: Message): JsonObject {
  if (message.name !== undefined) fields['name'] = message.name;
  return fields;
}

/** One plain text is written as a string, which every server takes. */
function contentOf(items: readonly JsonObject[]): JsonValue {
  const only = items.length === 1 ? items[0] : undefined;
  if (only?.['type'] !== 'text' || Object.keys(only).length > 2) return items;
  return only['text'] as string;
}

function encodePart(part: Part, dropped: Set<string>): JsonObject | undefined {
  switch (part.type) {
    case 'text':
      return encodeText(part, dropped);
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return encodeMedia(part, dropped);
    case 'refusal':
      return { type: 'refusal', refusal: part.text };
    case 'native':
      dropped.add(part.label);
      return undefined;
    case 'reasoning':
      dropped.add('reasoning');
      return undefined;
    case 'tool_call':
    case 'tool_result':
      throw cannotCarry(`a ${part.type} in this place`);
  }
}

function encodeText(part: TextPart, dropped: Set<string>): JsonObject {
  const own = ownFields(part.native, CHAT, dropped);
  const mark = own?.['prompt_cache_breakpoint'];
  return mark === undefined
    ? { type: 'text', text: part.text }
    : { type: 'text', text: part.text, prompt_cache_breakpoint: mark };
}

function encodeMedia(part: MediaPart, dropped: Set<string>): JsonObject {
  const own = ownFields(part.native, CHAT, dropped);
  const { detail, ...outer } = own ?? {};
  switch (part.type) {
    case 'image': {
      const image_url: Fields = { url: urlOf(part) };
      if (detail !== undefined) image_url['detail'] = detail;
      return { type: 'image_url', image_url, ...outer };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: audioOf(part), ...outer };
    case 'file':
      return { type: 'file', file: fileOf(part), ...outer };
    case 'video':
      throw cannotCarry('video');
  }
}

function urlOf({ source, type }: MediaPart): string {
  if (source.kind === 'url') return source.url;
  if (source.kind === 'base64') return dataUrl(source.mediaType, source.base64);
  throw cannotCarry(`${type} by ${source.kind}`);
}

const AUDIO_FORMATS: Readonly<Record<string, string>> = {
  'audio/wav': 'wav',
  'audio/x-wav': 'wav',
  'audio/wave': 'wav',
  'audio/mpeg': 'mp3',
  'audio/mp3': 'mp3',
};

function audioOf({ source }: MediaPart): JsonObject {
  const format = source.kind === 'base64' ? AUDIO_FORMATS[source.mediaType] : undefined;
  if (source.kind !== 'base64' || format === undefined) throw cannotCarry('audio in this form');
  return { data: source.base64, format };
}

function fileOf({ source, name, native }: MediaPart): JsonObject {
  const fields: Fields = name === undefined ? {} : { filename: name };
  switch (source.kind) {
    case 'base64':
      return { ...fields, file_data: dataUrl(source.mediaType, source.base64) };
    case 'text': {
      const base64 = Buffer.from(source.text).toString('base64');
      return { ...fields, file_data: dataUrl(source.mediaType, base64) };
    }
    case 'id':
      if (native?.protocol === CHAT) return { ...fields, file_id: source.id };
      throw cannotCarry('a file uploaded to another vendor');
    case 'url':
      throw cannotCarry('a file by its address');
  }
}

function encodeToolResult(part: ToolResultPart, dropped: Set<string>): JsonObject {
  ownFields(part.native, CHAT, dropped);
  const content: JsonObject[] = [];
  for (const item of part.content) {
    if (item.type !== 'text') throw cannotCarry(`${item.type} in a tool’s result`);
    content.push(encodeText(item, dropped));
  }
  // The text says so itself in practice; the flag has no place here.
  if (part.isError) dropped.add('tool_result.is_error');
  const value = content.length === 0 ? '' : contentOf(content);
  return { role: 'tool', tool_call_id: part.callId, content: value };
}

function encodeAssistant(message: Message, dropped: Set<string>, dialect: Dialect): JsonObject {
  const fields: Fields = { role: 'assistant', content: null };
  const content: JsonObject[] = [];
  const calls: JsonObject[] = [];
  let reasoning: string | undefined;
  for (const part of message.parts) {
    if (part.type === 'tool_call') calls.push(encodeToolCall(part, dropped));
    else if (part.type === 'reasoning' && isWanted(part, dialect)) {
      reasoning = (reasoning ?? '') + part.text;
    } else {
      const item = encodePart(part, dropped);
      if (item) content.push(item);
    }
  }
  putContent(fields, content, message, dropped);
  if (reasoning !== undefined) fields['reasoning_content'] = reasoning;
  if (calls.length > 0) fields['tool_calls'] = calls;
  return named(fields, message);
}

/** What another vendor signed is never sent; what nobody signed only where it is asked for. */
function isWanted({ native }: ReasoningPart, { takesReasoning }: Dialect): boolean {
  return native === undefined ? takesReasoning === true : native.protocol === CHAT;
}

/** A refusal that stands alone goes to the message's own field, where it came from. */
function putContent(
  fields: Fields,
  content: readonly JsonObject[],
  message: Message,
  dropped: Set<string>,
): void {
  const last = content.at(-1);
  const refusal = last?.['type'] === 'refusal' ? last['refusal'] : undefined;
  const rest = refusal === undefined ? content : content.slice(0, -1);
  if (refusal !== undefined) fields['refusal'] = refusal;
  if (rest.length > 0) fields['content'] = contentOf(rest);
  for (const part of message.parts) {
    const own = part.type === 'text' ? ownFields(part.native, CHAT, dropped) : undefined;
    if (own?.['annotations'] !== undefined) fields['annotations'] = own['annotations'];
  }
}

function encodeToolCall(part: ToolCallPart, dropped: Set<string>): JsonObject {
  ownFields(part.native, CHAT, dropped);
  const { id, name } = part;
  return part.free
    ? { id, type: 'custom', custom: { name, input: part.arguments } }
    : { id, type: 'function', function: { name, arguments: part.arguments } };
}

function cannotCarry(what: string): ProvisoError {
  return new ProvisoError(
    'cannot_carry',
    `The model’s protocol, Chat Completions, cannot carry ${what}.`,
    { at: 'messages' },
  );
}
