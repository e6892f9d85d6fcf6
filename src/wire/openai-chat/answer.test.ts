import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Answer, EmbedRequest, ModelRequest } from '../exchange.ts';
import type { WireRoute } from '../protocol.ts';
import { openaiChat } from './protocol.ts';

const REQUEST = decode({ model: 'm', messages: [] }, { operation: 'generate' }) as ModelRequest;

function decode(body: JsonObject, route: WireRoute) {
  return openaiChat.decodeRequest(body, { route, allowedFields: new Set() });
}

function completion(message: JsonObject, rest: JsonObject = {}): JsonObject {
  const choice = { index: 0, message, finish_reason: 'stop', logprobs: null };
  return {
    id: 'c-1',
    object: 'chat.completion',
    created: 7,
    model: 'm',
    choices: [choice],
    ...rest,
  };
}

/** The official SDK against a server that gives `body`. */
function client(body: JsonValue): OpenAI {
  const fetch = () =>
    Promise.resolve(
      new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } }),
    );
  return new OpenAI({ apiKey: 'none', maxRetries: 0, fetch });
}

const route = (method: string, path: string) => openaiChat.route({ method, path });

test('an answer is the same after it was decoded and encoded', async () => {
  const citation = { start_index: 0, end_index: 1, title: 't', url: 'https://a.example/' };
  const body = completion(
    {
      role: 'assistant',
      content: 'Hello',
      refusal: null,
      annotations: [{ type: 'url_citation', url_citation: citation }],
      reasoning_content: 'Hm',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{ "x" : 1.50 }' } },
        { id: 'b', type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } },
      ],
    },
    {
      system_fingerprint: 'fp',
      service_tier: 'flex',
      usage: {
        prompt_tokens: 3,
        completion_tokens: 4,
        total_tokens: 7,
        prompt_tokens_details: { cached_tokens: 1, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    },
  );
  const answer = openaiChat.decodeAnswer(body);
  assert.deepEqual(answer.finish, { reason: 'tool_calls', wireReason: 'stop' });
  const dropped = new Set<string>();
  const encoded = openaiChat.encodeAnswer(answer, REQUEST, dropped);
  const [choice] = body['choices'] as [JsonObject];
  const expected = { ...body, choices: [{ ...choice, finish_reason: 'tool_calls' }] };
  assert.deepEqual(encoded, expected);
  assert.deepEqual([...dropped, ...(answer.dropped ?? [])], []);
  const read = await client(encoded).chat.completions.create({ model: 'm', messages: [] });
  assert.equal(read.choices[0]?.message.content, 'Hello');
});

test('the answers of imitators are read', () => {
  const parts = (message: JsonObject) =>
    openaiChat
      .decodeAnswer(completion(message))
      .parts.map((part) => ({ ...part, native: undefined }));
  const call = { type: 'tool_call', native: undefined } as const;
  assert.deepEqual(
    parts({
      content: [
        { type: 'thinking', thinking: 'a' },
        { type: 'text', text: 'b' },
      ],
    }),
    [
      { type: 'reasoning', text: 'a', native: undefined },
      { type: 'text', text: 'b', native: undefined },
    ],
  );
  assert.deepEqual(parts({ content: '', function_call: { name: 'f', arguments: '' } }), [
    { ...call, id: 'call_c1_0', name: 'f', arguments: '{}' },
  ]);
  assert.deepEqual(parts({ tool_calls: [{ function: { name: 'f', arguments: { x: 1 } } }] }), [
    { ...call, id: 'call_c1_0', name: 'f', arguments: '{"x":1}' },
  ]);
});

test('what is not known in an answer is named as dropped', () => {
  const audio = { id: 'a', data: '', transcript: '' };
  const { dropped } = openaiChat.decodeAnswer(
    completion({ content: 'x', audio, actions: [] }, { provider: 'p' }),
  );
  assert.deepEqual(dropped, ['provider', 'message.audio', 'message.actions']);
});

test('what is no chat completion is refused', () => {
  const nameless = { tool_calls: [{ id: 'a', function: { arguments: '{}' } }] };
  const bodies = [
    null,
    'x',
    {},
    { choices: [] },
    { error: { message: 'x' } },
    completion(nameless),
  ];
  for (const body of bodies) {
    assert.throws(() => openaiChat.decodeAnswer(body), { code: 'upstream_invalid' });
  }
});

test('parts of other protocols are named as dropped', () => {
  const native = { protocol: 'anthropic', fields: {} } as const;
  const answer: Answer = {
    id: 'a',
    model: 'm',
    parts: [
      { type: 'native', label: 'server_tool_use', native },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', base64: '' } },
    ],
    finish: { reason: 'pause' },
  };
  const dropped = new Set<string>();
  const body = openaiChat.encodeAnswer(answer, REQUEST, dropped);
  assert.deepEqual([...dropped], ['server_tool_use', 'image']);
  assert.equal((body['choices'] as [JsonObject])[0]['finish_reason'], 'stop');
});

test('errors of a provider are read in each shape', () => {
  const cases: readonly (readonly [number, JsonValue | undefined, string, string])[] = [
    [401, { error: { message: 'No.', code: 'invalid_api_key' } }, 'authentication', 'No.'],
    [429, { error: { message: 'Slow.', type: 'tokens' } }, 'rate_limit', 'Slow.'],
    [404, { error: 'model not found' }, 'not_found', 'model not found'],
    [422, { object: 'error', message: 'Bad.', code: 3051 }, 'invalid_request', 'Bad.'],
    [400, { detail: 'Bad.' }, 'invalid_request', 'Bad.'],
    [503, undefined, 'overloaded', 'The provider answered with status 503.'],
    [500, '<html>', 'server', 'The provider answered with status 500.'],
  ];
  for (const [status, body, kind, message] of cases) {
    const error = openaiChat.decodeError(status, body);
    assert.deepEqual([error.kind, error.message], [kind, message]);
  }
});

test('the paths are those of the official SDK', () => {
  assert.deepEqual(route('POST', '/v1/chat/completions'), { operation: 'generate' });
  assert.deepEqual(route('POST', '/v1/embeddings'), { operation: 'embed' });
  assert.deepEqual(route('GET', '/v1/models'), { operation: 'list_models' });
  assert.deepEqual(route('GET', '/v1/models/a%2Fb'), { operation: 'get_model', model: 'a/b' });
  for (const [method, path] of [
    ['GET', '/v1/chat/completions'],
    ['GET', '/v1/models/%'],
    ['GET', '/v1/models/'],
    ['GET', '/v1/modelsx'],
    ['POST', '/v1/models'],
    ['POST', '/v1/messages'],
  ] as const) {
    assert.equal(route(method, path), undefined, `${method} ${path}`);
  }
});

test('the list of models is read by the official SDK', async () => {
  const models = [
    { id: 'a', provider: 'p' },
    { id: 'b', provider: 'q' },
  ];
  const ids: string[] = [];
  for await (const { id, owned_by } of client(openaiChat.encodeModels(models)).models.list()) {
    ids.push(`${owned_by}/${id}`);
  }
  assert.deepEqual(ids, ['p/a', 'q/b']);
});

const EMBED = { operation: 'embed' } as const;

test('embeddings: each kind of input goes through, unknown fields do not', () => {
  for (const input of ['x', ['x', 'y'], [1, 2], [[1], [2, 3]]]) {
    const request = decode({ model: 'm', input, dimensions: 8, user: 'u' }, EMBED);
    const { path, body } = openaiChat.encodeRequest(request, new Set());
    assert.equal(path, '/embeddings');
    const nested = input === 'x' || Array.isArray(input[0]) || typeof input[0] === 'string';
    assert.deepEqual(body, {
      model: 'm',
      input: nested ? input : [input],
      dimensions: 8,
      user: 'u',
    });
  }
  assert.throws(() => decode({ model: 'm', input: 'x', inputs: 1 }, EMBED), {
    code: 'unknown_field',
  });
  assert.throws(() => decode({ model: 'm', input: [{}] }, EMBED), { code: 'invalid_request' });
});

test('embeddings are read by the official SDK, whichever form it or the provider prefers', async () => {
  const numbers = [0.5, -2, 0.25];
  const base64 = Buffer.from(new Float32Array(numbers).buffer).toString('base64');
  const fetch =
    (given: string | readonly number[]) => async (_url: unknown, init?: RequestInit) => {
      const body = JSON.parse(init?.body as string) as JsonObject;
      const request = decode(body, EMBED) as EmbedRequest;
      const provided = { data: [{ embedding: given }], usage: { prompt_tokens: 2 }, model: 'm' };
      const answer = openaiChat.decodeEmbeddings(provided, request);
      return Response.json(openaiChat.encodeEmbeddings(answer, request));
    };
  for (const given of [numbers, base64]) {
    const openai = new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: fetch(given) });
    // Unless told, the SDK asks for base64 and decodes it by itself.
    for (const encoding of [{}, { encoding_format: 'float' }] as const) {
      const read = await openai.embeddings.create({ model: 'm', input: 'x', ...encoding });
      assert.deepEqual(Array.from(read.data[0]?.embedding ?? []), numbers);
      assert.equal(read.usage.prompt_tokens, 2);
    }
  }
});

test('fewer embeddings than asked for, or in another order, are told apart', () => {
  const request = decode({ model: 'm', input: ['x', 'y'] }, EMBED) as EmbedRequest;
  const item = (index: number) => ({ object: 'embedding', index, embedding: [index] });
  const body = (...data: JsonObject[]) => ({ object: 'list', data, model: 'm' });
  const { embeddings } = openaiChat.decodeEmbeddings(body(item(1), item(0)), request);
  assert.deepEqual(embeddings, [[0], [1]]);
  for (const bad of [body(item(0)), body(item(0), item(0)), body(item(0), item(9)), null]) {
    assert.throws(() => openaiChat.decodeEmbeddings(bad, request), { code: 'upstream_invalid' });
  }
});
