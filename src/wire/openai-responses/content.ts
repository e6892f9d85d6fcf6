/** The content of messages and of tool results, both ways. */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type { MediaPart, Native, Part, TextPart, ToolResultPart } from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  invalid,
  optionalString,
  pathOf,
  unknownField,
  unsupported,
} from '../fields.ts';
import { dataUrl, type MediaSource, sourceOfUrl } from '../media.ts';
import { type Shape, shaped } from '../shape.ts';
import { fieldsOf, native } from './items.ts';

type Fields = { [key: string]: JsonValue };

const cacheBreakpoint: Shape = { fields: { mode: 'string' } };

/** A string, or a list of `input_text`, `input_image` and `input_file`. */
export function decodeContent(value: JsonValue | undefined, at: string, key: string): Part[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw invalid(at, key, 'a string or an array');
  const listAt = pathOf(at, key);
  return asArray(value, at, key).map((part, i) =>
    decodeContentPart(asObject(part, listAt, i), pathOf(listAt, i), {}),
  );
}

/** @param kept fields of the item around it that go with each of its texts: its id, its phase */
export function decodeContentPart(part: JsonObject, at: string, kept: JsonObject): Part {
  const type = asString(part['type'], at, 'type');
  switch (type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return decodeText(part, at, kept);
    case 'refusal':
      for (const key in part) {
        if (key !== 'type' && key !== 'refusal' && key !== 'parsed') throw unknownField(at, key);
      }
      return { type: 'refusal', text: asString(part['refusal'], at, 'refusal') };
    case 'input_image':
      return decodeImage(part, at);
    case 'input_file':
      return decodeFile(part, at);
    default:
      throw unsupported(at, 'type', `the content type \`${type}\` is not known.`);
  }
}

function decodeText(part: JsonObject, at: string, kept: JsonObject): TextPart {
  const fields: Fields = { ...kept };
  for (const key in part) {
    const value = part[key] as JsonValue;
    switch (key) {
      case 'type':
      case 'text':
        break;
      case 'annotations':
        if (asArray(value, at, key).length > 0) fields[key] = decodeAnnotations(value, at);
        break;
      case 'logprobs':
        // Of an earlier answer: nothing that a model reads.
        break;
      case 'parsed':
        // What the official SDK's helpers add to an answer: a copy of `text`.
        break;
      case 'prompt_cache_breakpoint':
        if (value !== null) fields[key] = shaped(value, cacheBreakpoint, pathOf(at, key));
        break;
      default:
        throw unknownField(at, key);
    }
  }
  return { type: 'text', text: asString(part['text'], at, 'text'), ...native(fields) };
}

function decodeAnnotations(value: JsonValue, at: string): JsonValue {
  return shaped(
    value,
    {
      list: {
        fields: {
          type: 'string',
          url: 'string',
          title: 'string',
          file_id: 'string',
          filename: 'string',
          container_id: 'string',
          index: 'number',
          start_index: 'number',
          end_index: 'number',
        },
      },
    },
    pathOf(at, 'annotations'),
  );
}

function decodeImage(part: JsonObject, at: string): MediaPart {
  const fields: Fields = {};
  for (const key in part) {
    const value = part[key] as JsonValue;
    switch (key) {
      case 'type':
      case 'image_url':
      case 'file_id':
        break;
      case 'detail':
        if (value !== null) fields[key] = asString(value, at, key);
        break;
      case 'prompt_cache_breakpoint':
        if (value !== null) fields[key] = shaped(value, cacheBreakpoint, pathOf(at, key));
        break;
      default:
        throw unknownField(at, key);
    }
  }
  const url = optionalString(part['image_url'], at, 'image_url');
  const id = optionalString(part['file_id'], at, 'file_id');
  if ((url === undefined) === (id === undefined)) {
    throw invalid(at, 'image_url', 'set, or `file_id`, and not both');
  }
  const source =
    url === undefined
      ? ({ kind: 'id', id: id as string } as const)
      : sourceAt(url, at, 'image_url');
  return { type: 'image', source, ...nativeOf(source, fields) };
}

/** An upload's id always tells whose it is. */
function nativeOf(source: MediaSource, fields: JsonObject): { native?: Native } {
  return source.kind === 'id'
    ? { native: { protocol: 'openai-responses', fields } }
    : native(fields);
}

function decodeFile(part: JsonObject, at: string): MediaPart {
  const fields: Fields = {};
  for (const key in part) {
    const value = part[key] as JsonValue;
    switch (key) {
      case 'type':
      case 'file_data':
      case 'file_id':
      case 'file_url':
      case 'filename':
        break;
      case 'detail':
        if (value !== null) fields[key] = asString(value, at, key);
        break;
      case 'prompt_cache_breakpoint':
        if (value !== null) fields[key] = shaped(value, cacheBreakpoint, pathOf(at, key));
        break;
      default:
        throw unknownField(at, key);
    }
  }
  const content = optionalString(part['file_data'], at, 'file_data');
  const id = optionalString(part['file_id'], at, 'file_id');
  const url = optionalString(part['file_url'], at, 'file_url');
  const name = optionalString(part['filename'], at, 'filename');
  const given =
    Number(content !== undefined) + Number(id !== undefined) + Number(url !== undefined);
  if (given !== 1) throw invalid(at, 'file_data', 'set, or `file_id` or `file_url`, and only one');
  let source: MediaSource;
  if (id !== undefined) source = { kind: 'id', id };
  else if (url !== undefined) source = sourceAt(url, at, 'file_url');
  else source = sourceAt(content ?? '', at, 'file_data');
  return { type: 'file', source, name, ...nativeOf(source, fields) };
}

function sourceAt(url: string, at: string, key: string): MediaSource {
  const source = sourceOfUrl(url);
  if (!source) throw invalid(at, key, 'an http(s) URL or a base64 data URL');
  return source;
}

/** Parts of a message that is not the assistant's, or of a tool result. Throws `cannot_carry`. */
export function encodeInputPart(part: Part): JsonObject {
  switch (part.type) {
    case 'text': {
      const breakpoint = fieldsOf(part)?.['prompt_cache_breakpoint'];
      return breakpoint === undefined
        ? { type: 'input_text', text: part.text }
        : { type: 'input_text', text: part.text, prompt_cache_breakpoint: breakpoint };
    }
    case 'refusal':
      return { type: 'input_text', text: part.text };
    case 'image':
      return encodeImage(part);
    case 'file':
      return encodeFile(part);
    case 'audio':
    case 'video':
    case 'reasoning':
    case 'tool_call':
    case 'tool_result':
    case 'native':
      throw new ProvisoError('cannot_carry', `This model’s protocol takes no ${part.type} here.`);
  }
}

function encodeImage(part: MediaPart): JsonObject {
  const fields = fieldsOf(part);
  const out: Fields = { type: 'input_image', detail: fields?.['detail'] ?? 'auto' };
  if (part.source.kind === 'id') out['file_id'] = ownId(part);
  else out['image_url'] = urlOf(part);
  const breakpoint = fields?.['prompt_cache_breakpoint'];
  if (breakpoint !== undefined) out['prompt_cache_breakpoint'] = breakpoint;
  return out;
}

function encodeFile(part: MediaPart): JsonObject {
  const out: Fields = { type: 'input_file', ...fieldsOf(part) };
  if (part.source.kind === 'id') {
    out['file_id'] = ownId(part);
    return out;
  }
  if (part.source.kind === 'url') out['file_url'] = part.source.url;
  else out['file_data'] = urlOf(part);
  if (part.name !== undefined) out['filename'] = part.name;
  else if (part.source.kind !== 'url') out['filename'] = 'file';
  return out;
}

function ownId(part: MediaPart): string {
  const owner = part.native?.protocol ?? 'openai-responses';
  if (owner !== 'openai-responses' && owner !== 'openai-chat') {
    throw new ProvisoError('cannot_carry', 'An upload to one vendor cannot be read by another.');
  }
  return urlOf(part);
}

function urlOf(part: MediaPart): string {
  const { source } = part;
  switch (source.kind) {
    case 'url':
      return source.url;
    case 'base64':
      return dataUrl(source.mediaType, source.base64);
    case 'text':
      return dataUrl(source.mediaType, Buffer.from(source.text).toString('base64'));
    case 'id':
      return source.id;
  }
}

/** What a vendor's tool gave, as the parts that everything here can read. */
export function resultContent(output: JsonValue, type: string): (TextPart | MediaPart)[] {
  if (output === null) return [];
  if (typeof output === 'string') return [{ type: 'text', text: output }];
  if (type === 'computer_call_output' && isObject(output)) {
    const { image_url, file_id, type: _, ...fields } = output;
    if (typeof image_url === 'string') {
      const source = sourceAt(image_url, 'output', 'image_url');
      return [{ type: 'image', source, ...native(fields) }];
    }
    if (typeof file_id === 'string') {
      const source = { kind: 'id', id: file_id } as const;
      return [{ type: 'image', source, ...nativeOf(source, fields) }];
    }
  }
  return [{ type: 'text', text: JSON.stringify(output) }];
}

/** The reverse of `resultContent`, and for functions: a string where it is text alone. */
export function encodeOutput(part: ToolResultPart, type: string): JsonValue {
  const [first] = part.content;
  switch (type) {
    case 'shell_call_output':
      return first?.type === 'text' ? parseJsonText(first.text) : [];
    case 'computer_call_output': {
      if (first?.type !== 'image') return null;
      const out: Fields = { type: 'computer_screenshot', ...fieldsOf(first) };
      out[first.source.kind === 'id' ? 'file_id' : 'image_url'] = urlOf(first);
      return out;
    }
    case 'local_shell_call_output':
    case 'apply_patch_call_output':
      return first?.type === 'text' ? first.text : null;
    default:
      if (part.content.length === 0) return '';
      if (part.content.length === 1 && first?.type === 'text' && !first.native) return first.text;
      return part.content.map(encodeInputPart);
  }
}
