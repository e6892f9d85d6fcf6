/**
 * Embeddings: one content, or a batch of them as the official SDK sends.
 *
 * https://ai.google.dev/api/embeddings
 */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { EmbedAnswer, EmbedRequest, Message } from '../exchange.ts';
import {
  asArray,
  asObject,
  invalid,
  optionalInteger,
  optionalString,
  pathOf,
  protoName,
  unknownField,
  unsupported,
} from '../fields.ts';
import { ownFields } from '../native.ts';
import type { DecodeOptions, WireCall } from '../protocol.ts';
import { shaped } from '../shape.ts';
import { decodeContents } from './contents.ts';
import { modelName, modelPath } from './models.ts';
import { fieldsOf, GEMINI } from './native.ts';

type Fields = { [key: string]: JsonValue };

interface Single {
  readonly text: string;
  readonly dimensions: number | undefined;
  readonly kept: JsonObject;
}

export function decodeEmbedRequest(body: JsonObject, options: DecodeOptions): EmbedRequest {
  const model = options.route.model ?? '';
  const isBatch = body['requests'] !== undefined;
  const singles: Single[] = [];
  if (isBatch) {
    for (const key in body) if (key !== 'requests') throw unknownField('', key);
    const list = asArray(body['requests'], '', 'requests');
    for (let i = 0; i < list.length; i++) {
      const at = pathOf('requests', i);
      singles.push(decodeSingle(asObject(list[i], 'requests', i), at, model, options));
    }
  } else singles.push(decodeSingle(body, '', model, options));
  const [first] = singles;
  if (!first) throw invalid('', 'requests', 'an array that is not empty');
  const settings = JSON.stringify([first.dimensions, first.kept]);
  for (const single of singles) {
    if (JSON.stringify([single.dimensions, single.kept]) !== settings) {
      throw unsupported('', 'requests', 'all of a batch must have the same settings.');
    }
  }
  return {
    operation: 'embed',
    model,
    inputs: singles.map((single) => single.text),
    dimensions: first.dimensions,
    native: { protocol: GEMINI, fields: isBatch ? { ...first.kept, requests: true } : first.kept },
  };
}

function decodeSingle(
  request: JsonObject,
  at: string,
  model: string,
  options: DecodeOptions,
): Single {
  const kept: Fields = {};
  let dimensions: number | undefined;
  let text: string | undefined;
  for (const key in request) {
    const value = request[key] as JsonValue;
    const name = protoName(request, key, at);
    switch (name) {
      case 'model': {
        const named = optionalString(value, at, name);
        if (named !== undefined && modelName(named) !== model) {
          throw invalid(at, name, 'the model of the path');
        }
        break;
      }
      case 'content':
        text = textOf(value, pathOf(at, name));
        break;
      case 'outputDimensionality':
        dimensions = optionalInteger(value, at, name);
        break;
      case 'taskType':
      case 'title':
      case 'mimeType':
        if (value !== null) kept[name] = shaped(value, 'string', pathOf(at, name));
        break;
      case 'autoTruncate':
      case 'documentOcr':
      case 'audioTrackExtraction':
        if (value !== null) kept[name] = shaped(value, 'boolean', pathOf(at, name));
        break;
      default:
        if (at !== '' || !options.allowedFields.has(key)) throw unknownField(at, key);
        kept[key] = value;
    }
  }
  if (text === undefined) throw invalid(at, 'content', 'an object');
  return { text, dimensions, kept };
}

function textOf(content: JsonValue, at: string): string {
  const messages: Message[] = [];
  decodeContents([content], messages, at);
  const [part, ...more] = messages[0]?.parts ?? [];
  if (part?.type !== 'text' || more.length > 0) {
    throw unsupported(at, 'parts', 'one part of text is embedded at a time.');
  }
  return part.text;
}

/** Always a batch: one call, whatever the number. */
export function encodeEmbedRequest(request: EmbedRequest, dropped: Set<string>): WireCall {
  const { requests: _, ...kept } = ownFields(request.native, GEMINI, dropped) ?? {};
  const path = modelPath(request.model);
  const requests = request.inputs.map((input): JsonObject => {
    if (typeof input !== 'string') {
      throw new ProvisoError('cannot_carry', 'Gemini embeds text, not lists of tokens.', {
        at: 'input',
      });
    }
    const out: Fields = {
      model: path.slice('/v1beta/'.length),
      content: { parts: [{ text: input }] },
      ...kept,
    };
    if (request.dimensions !== undefined) out['outputDimensionality'] = request.dimensions;
    return out;
  });
  return { path: `${path}:batchEmbedContents`, body: { requests } };
}

export function decodeEmbeddings(body: JsonValue, request: EmbedRequest): EmbedAnswer {
  const list = isObject(body) ? (body['embeddings'] ?? [body['embedding'] ?? null]) : undefined;
  if (!Array.isArray(list) || list.length !== request.inputs.length) throw unreadable();
  const embeddings = (list as readonly JsonValue[]).map((item) => {
    const values = isObject(item) ? item['values'] : undefined;
    if (!Array.isArray(values)) throw unreadable();
    return values as readonly number[];
  });
  return { model: request.model, embeddings };
}

function unreadable(): ProvisoError {
  return new ProvisoError('upstream_invalid', 'The provider’s embeddings cannot be read.');
}

export function encodeEmbeddings(answer: EmbedAnswer, request: EmbedRequest): JsonObject {
  const embeddings = answer.embeddings.map((embedding) => ({
    values: typeof embedding === 'string' ? floatsOf(embedding) : embedding,
  }));
  if (fieldsOf(request)?.['requests'] === true) return { embeddings };
  return { embedding: embeddings[0] ?? { values: [] } };
}

/** OpenAI's base64: little-endian float32. */
function floatsOf(base64: string): number[] {
  const bytes = Buffer.from(base64, 'base64');
  const floats: number[] = [];
  for (let i = 0; i + 4 <= bytes.length; i += 4) floats.push(bytes.readFloatLE(i));
  return floats;
}
