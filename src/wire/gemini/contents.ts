/** The contents of a request → messages. */
import { randomUUID } from 'node:crypto';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { MediaPart, Message, Part, TextPart, ToolResultPart } from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  invalid,
  optionalBoolean,
  optionalString,
  pathOf,
  protoName,
  unknownField,
  unsupported,
} from '../fields.ts';
import { shaped } from '../shape.ts';
import { GEMINI, native } from './native.ts';
import { NATIVE_PARTS, PART_EXTRAS } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

/** Calls that no result has answered yet, so that a result without an id finds its call. */
interface Calls {
  readonly open: { id: string; name: string }[];
  count: number;
}

/** Throws `unknown_field`, `invalid_request` and `unsupported`, each with the path. */
export function decodeContents(
  value: JsonValue | undefined,
  messages: Message[],
  at: string,
): void {
  const list = asArray(value, '', at);
  const calls: Calls = { open: [], count: 0 };
  for (let i = 0; i < list.length; i++) {
    messages.push(decodeContent(asObject(list[i], at, i), pathOf(at, i), calls));
  }
}

export function decodeSystem(value: JsonValue, at: string): Message | undefined {
  if (typeof value === 'string') return { role: 'system', parts: [{ type: 'text', text: value }] };
  const message = decodeContent(asObject(value, '', at), at, { open: [], count: 0 });
  for (let i = 0; i < message.parts.length; i++) {
    if (message.parts[i]?.type !== 'text') throw unsupported(`${at}.parts`, i, 'it is not text.');
  }
  return message.parts.length === 0 ? undefined : { role: 'system', parts: message.parts };
}

function decodeContent(content: JsonObject, at: string, calls: Calls): Message {
  let parts: Part[] = [];
  let role: string | undefined;
  for (const key in content) {
    const value = content[key] as JsonValue;
    switch (key) {
      case 'role':
        role = optionalString(value, at, key);
        break;
      case 'parts': {
        if (value === null) break;
        const path = pathOf(at, key);
        parts = asArray(value, at, key).map((part, i) =>
          decodePart(asObject(part, path, i), pathOf(path, i), calls),
        );
        break;
      }
      default:
        throw unknownField(at, key);
    }
  }
  if (role === 'model') return { role: 'assistant', parts };
  if (role !== undefined && !['', 'user', 'system', 'function', 'tool'].includes(role)) {
    throw invalid(at, 'role', '`user` or `model`');
  }
  const hasOnlyResults = parts.length > 0 && parts.every((part) => part.type === 'tool_result');
  return { role: hasOnlyResults ? 'tool' : 'user', parts };
}

function decodePart(part: JsonObject, at: string, calls: Calls): Part {
  const extras: Fields = {};
  let kind: string | undefined;
  let content: JsonValue = null;
  let isThought = false;
  for (const key in part) {
    const value = part[key] as JsonValue;
    if (value === null) continue;
    const name = protoName(part, key, at);
    switch (name) {
      case 'text':
      case 'inlineData':
      case 'fileData':
      case 'functionCall':
      case 'functionResponse':
        if (kind !== undefined) throw invalid(at, name, `absent where \`${kind}\` is set`);
        kind = name;
        content = value;
        break;
      case 'thought':
        isThought = optionalBoolean(value, at, name) ?? false;
        break;
      default: {
        const extra = Object.hasOwn(PART_EXTRAS, name) ? PART_EXTRAS[name] : undefined;
        if (extra !== undefined) {
          extras[name] = shaped(value, extra, pathOf(at, name), 'proto');
          break;
        }
        if (!Object.hasOwn(NATIVE_PARTS, name)) throw unknownField(at, key);
        if (kind !== undefined) throw invalid(at, name, `absent where \`${kind}\` is set`);
        kind = name;
        content = value;
      }
    }
  }
  switch (kind) {
    case 'text': {
      const text = asString(content, at, kind);
      return isThought
        ? { type: 'reasoning', text, ...native(extras) }
        : { type: 'text', text, ...native(extras) };
    }
    case 'inlineData':
      return decodeInlineData(asObject(content, at, kind), pathOf(at, kind), extras);
    case 'fileData':
      return decodeFileData(asObject(content, at, kind), pathOf(at, kind), extras);
    case 'functionCall':
      return decodeCall(asObject(content, at, kind), pathOf(at, kind), extras, calls);
    case 'functionResponse':
      return decodeResult(asObject(content, at, kind), pathOf(at, kind), extras, calls);
    case undefined:
      // A thought that shows nothing, or a signature alone.
      return isThought
        ? { type: 'reasoning', text: '', ...native(extras) }
        : { type: 'text', text: '', ...native(extras) };
    default: {
      const shape = NATIVE_PARTS[kind] ?? 'any';
      const fields = { [kind]: shaped(content, shape, pathOf(at, kind), 'proto'), ...extras };
      return { type: 'native', label: kind, native: { protocol: GEMINI, fields } };
    }
  }
}

function decodeInlineData(blob: JsonObject, at: string, extras: JsonObject): MediaPart {
  let base64 = '';
  let mediaType = '';
  let name: string | undefined;
  for (const key in blob) {
    const field = protoName(blob, key, at);
    switch (field) {
      case 'data':
        base64 = asString(blob[key], at, field);
        break;
      case 'mimeType':
        mediaType = asString(blob[key], at, field);
        break;
      case 'displayName':
        name = optionalString(blob[key], at, field);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  if (mediaType === '') throw invalid(at, 'mimeType', 'a media type');
  const source = { kind: 'base64', mediaType, base64 } as const;
  return { type: mediaKind(mediaType), source, name, ...native(extras) };
}

/** An upload at the provider, or a URL that the provider fetches. */
function decodeFileData(file: JsonObject, at: string, extras: JsonObject): MediaPart {
  let uri = '';
  let mediaType: string | undefined;
  let name: string | undefined;
  for (const key in file) {
    const field = protoName(file, key, at);
    switch (field) {
      case 'fileUri':
        uri = asString(file[key], at, field);
        break;
      case 'mimeType':
        mediaType = optionalString(file[key], at, field);
        break;
      case 'displayName':
        name = optionalString(file[key], at, field);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  if (uri === '') throw invalid(at, 'fileUri', 'a URI');
  return { ...mediaOfUri(uri, mediaType, extras), name };
}

export function mediaOfUri(
  uri: string,
  mediaType: string | undefined,
  extras: JsonObject,
): MediaPart {
  const type = mediaType === undefined ? 'file' : mediaKind(mediaType);
  if (!isUpload(uri)) {
    return { type, source: { kind: 'url', url: uri, mediaType }, ...native(extras) };
  }
  const fields = mediaType === undefined ? extras : { ...extras, mimeType: mediaType };
  return { type, source: { kind: 'id', id: uri }, native: { protocol: GEMINI, fields } };
}

function isUpload(uri: string): boolean {
  return /^(gs:|files\/|https:\/\/generativelanguage\.googleapis\.com\/)/.test(uri);
}

export function mediaKind(mediaType: string): MediaPart['type'] {
  const kind = mediaType.slice(0, mediaType.indexOf('/'));
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'file';
}

function decodeCall(call: JsonObject, at: string, extras: JsonObject, calls: Calls): Part {
  let id: string | undefined;
  let name = '';
  let args: JsonObject = {};
  for (const key in call) {
    const value = call[key] as JsonValue;
    if (value === null) continue;
    const field = protoName(call, key, at);
    switch (field) {
      case 'id':
        id = asString(value, at, field);
        break;
      case 'name':
        name = asString(value, at, field);
        break;
      case 'args':
        args = asObject(value, at, field);
        break;
      case 'partialArgs':
      case 'willContinue':
        throw unsupported(at, field, 'a call in a request must be whole.');
      default:
        throw unknownField(at, key);
    }
  }
  if (name === '') asString(call['name'], at, 'name');
  const isMadeUp = id === undefined || id === '';
  const callId = isMadeUp ? `call_${calls.count++}` : (id as string);
  calls.open.push({ id: callId, name });
  return {
    type: 'tool_call',
    id: callId,
    name,
    arguments: JSON.stringify(args),
    // The API's own ids are optional: one that was not sent is not sent on.
    ...native(isMadeUp ? { ...extras, id: null } : extras),
  };
}

function decodeResult(
  result: JsonObject,
  at: string,
  extras: JsonObject,
  calls: Calls,
): ToolResultPart {
  const kept: Fields = { ...extras };
  let id: string | undefined;
  let name = '';
  let response: JsonObject = {};
  const media: MediaPart[] = [];
  for (const key in result) {
    const value = result[key] as JsonValue;
    if (value === null) continue;
    const field = protoName(result, key, at);
    switch (field) {
      case 'id':
        id = asString(value, at, field);
        break;
      case 'name':
        name = asString(value, at, field);
        break;
      case 'response':
        response = asObject(value, at, field);
        break;
      case 'parts': {
        const path = pathOf(at, field);
        const list = asArray(value, at, field);
        for (let i = 0; i < list.length; i++) {
          media.push(decodeResultMedia(asObject(list[i], path, i), pathOf(path, i)));
        }
        break;
      }
      case 'scheduling':
        kept[field] = asString(value, at, field);
        break;
      case 'willContinue':
        kept[field] = optionalBoolean(value, at, field) ?? false;
        break;
      default:
        throw unknownField(at, key);
    }
  }
  if (name === '') asString(result['name'], at, 'name');
  const isMadeUp = id === undefined || id === '';
  const callId = answeredCall(isMadeUp ? undefined : id, name, calls);
  if (isMadeUp) kept['id'] = null;
  const { text, key, isError } = textOfResponse(response);
  kept['response'] = key;
  const content: (TextPart | MediaPart)[] =
    text === '' && media.length > 0 ? media : [{ type: 'text', text }, ...media];
  return {
    type: 'tool_result',
    callId,
    name,
    content,
    ...(isError && { isError }),
    ...native(kept),
  };
}

function answeredCall(id: string | undefined, name: string, calls: Calls): string {
  const index = calls.open.findIndex((call) =>
    id === undefined ? call.name === name : call.id === id,
  );
  const call = calls.open[index];
  if (index >= 0) calls.open.splice(index, 1);
  return id ?? call?.id ?? `call_${randomUUID()}`;
}

/**
 * A result is an object here and text elsewhere. `key` is the one member that holds the text, or
 * empty where the text is the whole object as JSON.
 */
function textOfResponse(response: JsonObject): { text: string; key: string; isError: boolean } {
  const [key = '', ...more] = Object.keys(response);
  const value = response[key];
  if (more.length === 0 && typeof value === 'string') {
    if (key === 'output' || key === 'result' || key === 'error' || key === 'content') {
      return { text: value, key, isError: key === 'error' };
    }
  }
  return { text: JSON.stringify(response), key: '', isError: false };
}

function decodeResultMedia(part: JsonObject, at: string): MediaPart {
  const extras: Fields = {};
  let media: MediaPart | undefined;
  for (const key in part) {
    const value = part[key] as JsonValue;
    if (value === null) continue;
    const field = protoName(part, key, at);
    switch (field) {
      case 'inlineData':
        media = decodeInlineData(asObject(value, at, field), pathOf(at, field), {});
        break;
      case 'fileData':
        media = decodeFileData(asObject(value, at, field), pathOf(at, field), {});
        break;
      case 'mediaProcessing':
        extras[field] = asString(value, at, field);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  if (!media) throw invalid(at, 'inlineData', 'set');
  if (!isObject(extras) || Object.keys(extras).length === 0) return media;
  return { ...media, native: { protocol: GEMINI, fields: { ...media.native?.fields, ...extras } } };
}
