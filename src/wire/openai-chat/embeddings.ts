/** https://platform.openai.com/docs/api-reference/embeddings/create */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { EmbedAnswer, EmbedRequest } from '../exchange.ts';
import {
  asArray,
  asString,
  invalid,
  optionalInteger,
  optionalString,
  optionalWord,
  unknownField,
} from '../fields.ts';
import { nativeOf, ownFields } from '../native.ts';
import type { DecodeOptions } from '../protocol.ts';
import { CHAT } from './shapes.ts';

export function decodeEmbedRequest(body: JsonObject, options: DecodeOptions): EmbedRequest {
  const native: { [key: string]: JsonValue } = {};
  let dimensions: number | undefined;
  let encoding: 'float' | 'base64' | undefined;
  for (const key in body) {
    const value = body[key] as JsonValue;
    switch (key) {
      case 'model':
      case 'input':
        break;
      case 'dimensions':
        dimensions = optionalInteger(value, '', key);
        break;
      case 'encoding_format':
        encoding = optionalWord(value, '', key, ['float', 'base64']);
        break;
      case 'user': {
        const user = optionalString(value, '', key);
        if (user !== undefined) native[key] = user;
        break;
      }
      default:
        if (!options.allowedFields.has(key)) throw unknownField('', key);
        native[key] = value;
    }
  }
  return {
    operation: 'embed',
    model: asString(body['model'], '', 'model'),
    inputs: decodeInputs(body['input']),
    dimensions,
    encoding,
    native: nativeOf(CHAT, native),
  };
}

/** Text, a list of texts, a list of tokens, or a list of lists of tokens. */
function decodeInputs(value: JsonValue | undefined): EmbedRequest['inputs'] {
  if (typeof value === 'string') return [value];
  const items = asArray(value, '', 'input');
  if (items.length > 0 && items.every((item) => typeof item === 'number')) {
    return [items];
  }
  for (const item of items) {
    const isTokens = Array.isArray(item) && item.every((token) => typeof token === 'number');
    if (typeof item !== 'string' && !isTokens) throw invalid('', 'input', 'texts or tokens');
  }
  return items as EmbedRequest['inputs'];
}

export function encodeEmbedRequest(request: EmbedRequest, dropped: Set<string>): JsonObject {
  const { inputs, dimensions, encoding } = request;
  const body: { [key: string]: JsonValue } = {
    model: request.model,
    input: inputs.length === 1 && typeof inputs[0] === 'string' ? inputs[0] : inputs,
    ...ownFields(request.native, CHAT, dropped),
  };
  if (dimensions !== undefined) body['dimensions'] = dimensions;
  if (encoding !== undefined) body['encoding_format'] = encoding;
  return body;
}

export function decodeEmbeddings(body: JsonValue, request: EmbedRequest): EmbedAnswer {
  const data = isObject(body) ? body['data'] : undefined;
  if (!isObject(body) || !Array.isArray(data)) throw unreadable();
  const embeddings: (string | readonly number[])[] = [];
  for (const item of data as readonly JsonValue[]) {
    if (!isObject(item)) throw unreadable();
    const { embedding, index } = item as { [key: string]: JsonValue | undefined };
    if (typeof embedding !== 'string' && !Array.isArray(embedding)) throw unreadable();
    const place = typeof index === 'number' ? index : embeddings.length;
    embeddings[place] = embedding as string | readonly number[];
  }
  if (embeddings.length !== request.inputs.length || embeddings.includes(undefined as never)) {
    throw unreadable();
  }
  const usage = isObject(body['usage']) ? body['usage'] : {};
  const inputTokens = usage['prompt_tokens'];
  return {
    model: typeof body['model'] === 'string' ? body['model'] : request.model,
    embeddings,
    inputTokens: typeof inputTokens === 'number' ? inputTokens : undefined,
  };
}

function unreadable(): ProvisoError {
  return new ProvisoError('upstream_invalid', 'The provider’s answer is not a list of embeddings.');
}

/** Numbers and base64 are turned into each other where the provider gave the other one. */
export function encodeEmbeddings(answer: EmbedAnswer, request: EmbedRequest): JsonObject {
  const wantsBase64 = request.encoding === 'base64';
  const tokens = answer.inputTokens ?? 0;
  return {
    object: 'list',
    data: answer.embeddings.map((embedding, index) => ({
      object: 'embedding',
      index,
      embedding: wantsBase64 ? asBase64(embedding) : asNumbers(embedding),
    })),
    model: answer.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** Little-endian 32-bit floats, as OpenAI encodes them. */
function asBase64(embedding: string | readonly number[]): string {
  if (typeof embedding === 'string') return embedding;
  const bytes = Buffer.alloc(embedding.length * 4);
  embedding.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
  return bytes.toString('base64');
}

function asNumbers(embedding: string | readonly number[]): readonly number[] {
  if (typeof embedding !== 'string') return embedding;
  const bytes = Buffer.from(embedding, 'base64');
  const numbers: number[] = [];
  for (let i = 0; i + 4 <= bytes.length; i += 4) numbers.push(bytes.readFloatLE(i));
  return numbers;
}
