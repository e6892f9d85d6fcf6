/** Anthropic Messages, with its token count and model list. https://docs.claude.com/en/api/messages */
import { ProvisoError } from '#base/errors.ts';
import { isObject } from '#base/json.ts';
import type { ListedModel, WirePath, WireProtocol, WireRoute } from '../protocol.ts';
import { decodeAnswer, encodeAnswer } from './answer.ts';
import { decodeCountRequest, decodeMessagesRequest } from './decode-request.ts';
import { encodeCountRequest, encodeMessagesRequest } from './encode-request.ts';
import { decodeError, encodeError } from './failure.ts';
import { ANTHROPIC } from './shapes.ts';
import { AnthropicStreamDecoder } from './stream-decoder.ts';
import { AnthropicStreamEncoder } from './stream-encoder.ts';

export const anthropic: WireProtocol = {
  name: ANTHROPIC,
  route,
  decodeRequest: (body, options) =>
    options.route.operation === 'count_tokens'
      ? decodeCountRequest(body, options)
      : decodeMessagesRequest(body, options),
  encodeAnswer: (answer, _request, dropped) => encodeAnswer(answer, dropped),
  encodeEmbeddings: () => {
    throw noEmbeddings();
  },
  encodeCount: (inputTokens) => ({ input_tokens: inputTokens }),
  encodeModels: (models) => ({
    data: models.map(encodeModel),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  }),
  encodeModel,
  streamEncoder: () => new AnthropicStreamEncoder(),
  encodeError,
  encodeStreamError: (error) => `event: error\ndata: ${JSON.stringify(encodeError(error))}\n\n`,
  encodeRequest(request, dropped) {
    switch (request.operation) {
      case 'generate':
        return { path: '/v1/messages', ...encodeMessagesRequest(request, dropped) };
      case 'count_tokens':
        return { path: '/v1/messages/count_tokens', ...encodeCountRequest(request, dropped) };
      case 'embed':
        throw noEmbeddings();
    }
  },
  decodeAnswer,
  decodeEmbeddings: () => {
    throw noEmbeddings();
  },
  decodeCount(body) {
    const count = isObject(body) ? body['input_tokens'] : undefined;
    if (typeof count === 'number') return count;
    throw new ProvisoError('upstream_invalid', 'The provider’s answer is not a count of tokens.');
  },
  streamDecoder: () => new AnthropicStreamDecoder(),
  decodeError,
};

const MODELS = '/v1/models';

/** The list of models has the path that OpenAI's has: the `anthropic-version` header tells them apart. */
function route({ method, path }: WirePath): WireRoute | undefined {
  if (method === 'POST') {
    if (path === '/v1/messages') return { operation: 'generate' };
    return path === '/v1/messages/count_tokens' ? { operation: 'count_tokens' } : undefined;
  }
  if (method !== 'GET' || !path.startsWith(MODELS)) return undefined;
  if (path === MODELS) return { operation: 'list_models' };
  const model = modelOf(path.slice(MODELS.length));
  return model === undefined ? undefined : { operation: 'get_model', model };
}

/** `/name`, percent-encoded. */
function modelOf(rest: string): string | undefined {
  if (!rest.startsWith('/') || rest.length === 1) return undefined;
  try {
    return decodeURIComponent(rest.slice(1));
  } catch {
    return undefined;
  }
}

function encodeModel({ id }: ListedModel) {
  return { type: 'model', id, display_name: id, created_at: '1970-01-01T00:00:00Z' };
}

function noEmbeddings(): ProvisoError {
  return new ProvisoError('cannot_carry', 'Anthropic has no embeddings.');
}
