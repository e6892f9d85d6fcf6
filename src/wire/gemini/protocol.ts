/**
 * Google's Gemini API, as `@google/genai` speaks it with a key.
 *
 * https://ai.google.dev/api
 */
import { ProvisoError } from '#base/errors.ts';
import { isObject } from '#base/json.ts';
import type { WireProtocol } from '../protocol.ts';
import { decodeAnswer } from './answer.ts';
import { encodeAnswer } from './answer-encoder.ts';
import { decodeEmbeddings, encodeEmbeddings, encodeEmbedRequest } from './embeddings.ts';
import { decodeError, encodeError, encodeStreamError } from './errors.ts';
import { encodeModel, encodeModels, route } from './models.ts';
import { encodeCountRequest, encodeRequest } from './outgoing.ts';
import { decodeRequest } from './request.ts';
import { GeminiStreamDecoder } from './stream-decoder.ts';
import { GeminiStreamEncoder } from './stream-encoder.ts';

export const gemini: WireProtocol = {
  name: 'gemini',
  route,
  decodeRequest,
  encodeAnswer,
  encodeEmbeddings,
  encodeCount: (inputTokens) => ({ totalTokens: inputTokens }),
  encodeModels,
  encodeModel,
  streamEncoder: () => new GeminiStreamEncoder(),
  encodeError,
  encodeStreamError,
  encodeRequest(request, dropped) {
    switch (request.operation) {
      case 'generate':
        return encodeRequest(request, dropped);
      case 'count_tokens':
        return encodeCountRequest(request, dropped);
      case 'embed':
        return encodeEmbedRequest(request, dropped);
    }
  },
  decodeAnswer,
  decodeEmbeddings,
  decodeCount(body) {
    const count = isObject(body) ? body['totalTokens'] : undefined;
    if (typeof count === 'number') return count;
    throw new ProvisoError('upstream_invalid', 'The provider’s count of tokens cannot be read.');
  },
  streamDecoder: () => new GeminiStreamDecoder(),
  decodeError,
};
