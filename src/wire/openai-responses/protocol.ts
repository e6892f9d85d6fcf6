/**
 * OpenAI Responses. Its list of models and its embeddings are those of Chat Completions, which
 * serves their paths.
 *
 * https://platform.openai.com/docs/api-reference/responses
 */
import { ProvisoError } from '#base/errors.ts';
import { isObject } from '#base/json.ts';
import type { WirePath, WireProtocol, WireRoute } from '../protocol.ts';
import { decodeAnswer } from './answer.ts';
import { encodeAnswer } from './answer-encoder.ts';
import { decodeError, encodeError, encodeStreamError } from './errors.ts';
import { encodeCountRequest, encodeRequest } from './outgoing.ts';
import { decodeRequest } from './request.ts';
import { ResponsesStreamDecoder } from './stream-decoder.ts';
import { ResponsesStreamEncoder } from './stream-encoder.ts';

export const openaiResponses: WireProtocol = {
  name: 'openai-responses',
  route,
  decodeRequest,
  encodeAnswer,
  encodeEmbeddings: noEmbeddings,
  encodeCount: (inputTokens) => ({ object: 'response.input_tokens', input_tokens: inputTokens }),
  encodeModels: (models) => ({ object: 'list', data: models.map(encodeModel) }),
  encodeModel,
  streamEncoder: ({ request }) => new ResponsesStreamEncoder(request),
  encodeError,
  encodeStreamError,
  encodeRequest(request, dropped) {
    switch (request.operation) {
      case 'generate':
        return encodeRequest(request, dropped);
      case 'count_tokens':
        return encodeCountRequest(request, dropped);
      case 'embed':
        return noEmbeddings();
    }
  },
  decodeAnswer,
  decodeEmbeddings: noEmbeddings,
  decodeCount(body) {
    const count = isObject(body) ? body['input_tokens'] : undefined;
    if (typeof count === 'number') return count;
    throw new ProvisoError('upstream_invalid', 'The provider’s count of tokens cannot be read.');
  },
  streamDecoder: () => new ResponsesStreamDecoder(),
  decodeError,
};

function route({ method, path }: WirePath): WireRoute | undefined {
  if (method !== 'POST') return undefined;
  if (path === '/v1/responses') return { operation: 'generate' };
  return path === '/v1/responses/input_tokens' ? { operation: 'count_tokens' } : undefined;
}

function encodeModel(model: { id: string; provider: string }) {
  return { id: model.id, object: 'model', created: 0, owned_by: model.provider };
}

function noEmbeddings(): never {
  throw new ProvisoError('cannot_carry', 'The OpenAI Responses protocol has no embeddings.');
}
