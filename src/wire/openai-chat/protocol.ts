/**
 * OpenAI Chat Completions, with its embeddings and model list.
 * https://platform.openai.com/docs/api-reference/chat
 */
import { ProvisoError } from '#base/errors.ts';
import type { ListedModel, WirePath, WireProtocol, WireRoute } from '../protocol.ts';
import { decodeAnswer, encodeAnswer } from './answer.ts';
import { decodeChatRequest } from './decode-request.ts';
import {
  decodeEmbeddings,
  decodeEmbedRequest,
  encodeEmbeddings,
  encodeEmbedRequest,
} from './embeddings.ts';
import { encodeChatRequest } from './encode-request.ts';
import { decodeError, encodeError } from './failure.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';
import { ChatStreamEncoder, DONE } from './stream-encoder.ts';

export const openaiChat: WireProtocol = {
  name: 'openai-chat',
  route,
  decodeRequest: (body, options) =>
    options.route.operation === 'embed'
      ? decodeEmbedRequest(body, options)
      : decodeChatRequest(body, options),
  encodeAnswer: (answer, _request, dropped) => encodeAnswer(answer, dropped),
  encodeEmbeddings,
  encodeCount: () => {
    throw noCount();
  },
  encodeModels: (models) => ({ object: 'list', data: models.map(encodeModel) }),
  encodeModel,
  streamEncoder: (options) => new ChatStreamEncoder(options),
  encodeError,
  encodeStreamError: (error) => `data: ${JSON.stringify(encodeError(error))}\n\n${DONE}`,
  encodeRequest(request, dropped, dialect) {
    switch (request.operation) {
      case 'generate':
        return { path: '/chat/completions', body: encodeChatRequest(request, dropped, dialect) };
      case 'embed':
        return { path: '/embeddings', body: encodeEmbedRequest(request, dropped) };
      case 'count_tokens':
        throw noCount();
    }
  },
  decodeAnswer,
  decodeEmbeddings,
  decodeCount: () => {
    throw noCount();
  },
  streamDecoder: () => new ChatStreamDecoder(),
  decodeError,
};

const MODELS = '/v1/models';

function route({ method, path }: WirePath): WireRoute | undefined {
  if (method === 'POST') {
    if (path === '/v1/chat/completions') return { operation: 'generate' };
    return path === '/v1/embeddings' ? { operation: 'embed' } : undefined;
  }
  if (method !== 'GET' || !path.startsWith(MODELS)) return undefined;
  if (path === MODELS) return { operation: 'list_models' };
  const model = modelOf(path.slice(MODELS.length));
  return model === undefined ? undefined : { operation: 'get_model', model };
}

/** `/name`, percent-encoded; names may have slashes of their own. */
function modelOf(rest: string): string | undefined {
  if (!rest.startsWith('/') || rest.length === 1) return undefined;
  try {
    return decodeURIComponent(rest.slice(1));
  } catch {
    return undefined;
  }
}

function encodeModel({ id, provider }: ListedModel) {
  return { id, object: 'model', created: 0, owned_by: provider };
}

function noCount(): ProvisoError {
  return new ProvisoError('cannot_carry', 'Chat Completions has no way to count tokens.');
}
