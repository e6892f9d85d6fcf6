/** Pictures, sound, video and files in the contents of a request. */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { MediaPart } from '../exchange.ts';
import {
  asObject,
  asString,
  invalid,
  optionalString,
  pathOf,
  protoName,
  unknownField,
} from '../fields.ts';
import { GEMINI, native } from './native.ts';

type Fields = { [key: string]: JsonValue };

export function decodeInlineData(blob: JsonObject, at: string, extras: JsonObject): MediaPart {
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
  const fields = name === undefined ? extras : { ...extras, displayName: name };
  return { type: mediaKind(mediaType), source, name, ...native(fields) };
}

/** An upload at the provider, or a URL that the provider fetches. */
export function decodeFileData(file: JsonObject, at: string, extras: JsonObject): MediaPart {
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
  const fields = name === undefined ? extras : { ...extras, displayName: name };
  return { ...mediaOfUri(uri, mediaType, fields), name };
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

export function decodeResultMedia(part: JsonObject, at: string): MediaPart {
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
