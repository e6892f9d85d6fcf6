import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Answer, ModelRequest } from '../exchange.ts';
import { anthropic } from './protocol.ts';

const REQUEST = {} as ModelRequest;

function message(content: readonly JsonValue[], rest: JsonObject = {}): JsonObject {
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content,
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 4 },
    ...rest,
  };
}

/** The official SDK against a server that gives `body`. */
function client(body: JsonValue): Anthropic {
  const fetch = () =>
    Promise.resolve(
      new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } }),
    );
  return new Anthropic({ apiKey: 'none', maxRetries: 0, fetch });
}

const route = (method: string, path: string) => anthropic.route({ method, path });

test('an answer is the same after it was decoded and encoded', async () => {
  const body = message(
    [
      { type: 'thinking', thinking: 'Hm', signature: 'sig' },
      { type: 'redacted_thinking', data: 'opaque' },
      { type: 'text', text: 'Hello', citations: null },
      { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'x' } },
      {
        type: 'tool_use',
        id: 'a',
        name: 'f',
        input: { x: 1, big: JSON.rawJSON('12345678901234567890') as unknown as JsonValue },
        caller: { type: 'direct' },
      },
    ],
    {
      stop_reason: 'tool_use',
      stop_details: null,
      container: { id: 'c', expires_at: 'never' },
      usage: {
        input_tokens: 3,
        output_tokens: 4,
        cache_read_input_tokens: 5,
        cache_creation_input_tokens: 6,
        output_tokens_details: { thinking_tokens: 2 },
        service_tier: 'standard',
      },
    },
  );
  const answer = anthropic.decodeAnswer(body);
  assert.equal(answer.usage?.inputTokens, 14);
  const call = answer.parts.at(-1);
  assert.equal(call?.type === 'tool_call' && call.arguments, '{"x":1,"big":12345678901234567890}');
  const dropped = new Set<string>();
  const encoded = anthropic.encodeAnswer(answer, REQUEST, dropped);
  const { stop_details: _, ...expected } = body;
  assert.deepEqual(JSON.stringify(sorted(encoded)), JSON.stringify(sorted(expected)));
  assert.deepEqual([...dropped, ...(answer.dropped ?? [])], []);
  const { messages } = client(encoded);
  const read = await messages.create({ model: 'm', max_tokens: 1, messages: [] });
  assert.equal(read.content.length, 5);
});

/** The keys of one level in order, so that two spellings compare as text. */
function sorted(object: JsonObject): JsonObject {
  const entries = Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, value]) => [key, key === 'usage' ? sorted(value as JsonObject) : value]),
  );
}

test('what is not known in an answer is named as dropped', () => {
  const { dropped, parts } = anthropic.decodeAnswer(
    message([{ type: 'hologram' }, { type: 'text', text: 'x' }], { mood: 'good' }),
  );
  assert.deepEqual(dropped, ['block:hologram', 'mood']);
  assert.deepEqual(parts, [{ type: 'text', text: 'x' }]);
});

test('what is no message is refused', () => {
  const nameless = message([{ type: 'tool_use', id: 'a', input: {} }]);
  for (const body of [null, [], {}, { type: 'error' }, message(['x']), nameless]) {
    assert.throws(() => anthropic.decodeAnswer(body), { code: 'upstream_invalid' });
  }
});

test('answers of other protocols are said in blocks', () => {
  const answer: Answer = {
    id: 'c-1',
    model: 'm',
    parts: [
      { type: 'reasoning', text: 'Hm', native: { protocol: 'openai-chat', fields: {} } },
      { type: 'refusal', text: 'No.' },
      { type: 'tool_call', id: 'a', name: 'sql', arguments: 'SELECT', free: true },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', base64: '' } },
    ],
    finish: { reason: 'refusal' },
  };
  const dropped = new Set<string>();
  const body = anthropic.encodeAnswer(answer, REQUEST, dropped);
  assert.deepEqual(body['content'], [
    { type: 'thinking', thinking: 'Hm', signature: '' },
    { type: 'text', text: 'No.', citations: null },
    { type: 'tool_use', id: 'a', name: 'sql', input: { input: 'SELECT' } },
  ]);
  assert.equal(body['stop_reason'], 'refusal');
  assert.deepEqual([...dropped], ['image']);
});

test('arguments that are no object are refused, since the block cannot hold them', () => {
  for (const text of ['{"x"', '[1]', '7', '{"x":1,"x":2}']) {
    const call = { type: 'tool_call', id: 'a', name: 'f', arguments: text } as const;
    const answer: Answer = { id: 'x', model: 'm', parts: [call], finish: { reason: 'tool_calls' } };
    assert.throws(() => anthropic.encodeAnswer(answer, REQUEST, new Set()), {
      code: 'upstream_invalid',
    });
  }
});

test('thinking from elsewhere, sent back by the caller, is not taken for Anthropic’s', () => {
  const content = [{ type: 'thinking', thinking: 'Hm', signature: '' }];
  const request = anthropic.decodeRequest(
    {
      model: 'm',
      max_tokens: 1,
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content },
        { role: 'user', content: 'b' },
      ],
    },
    { route: { operation: 'generate' }, allowedFields: new Set() },
  );
  const dropped = new Set<string>();
  const { body } = anthropic.encodeRequest(request, dropped);
  // A message of which nothing is left would be refused.
  const said = (text: string) => ({ type: 'text', text });
  assert.deepEqual(body['messages'], [{ role: 'user', content: [said('a'), said('b')] }]);
  assert.deepEqual([...dropped], ['reasoning']);
});

test('errors of the provider are read', () => {
  const cases: readonly (readonly [number, JsonValue | undefined, string, string])[] = [
    [400, { error: { type: 'invalid_request_error', message: 'Bad.' } }, 'invalid_request', 'Bad.'],
    [529, { error: { type: 'overloaded_error', message: 'Busy.' } }, 'overloaded', 'Busy.'],
    [413, { error: { type: 'request_too_large', message: 'Big.' } }, 'too_large', 'Big.'],
    [400, { error: { type: 'billing_error', message: 'Pay.' } }, 'permission', 'Pay.'],
    [429, undefined, 'rate_limit', 'The provider answered with status 429.'],
    [502, '<html>', 'server', 'The provider answered with status 502.'],
  ];
  for (const [status, body, kind, text] of cases) {
    const error = anthropic.decodeError(status, body);
    assert.deepEqual([error.kind, error.message], [kind, text]);
  }
});

test('the paths are those of the official SDK', () => {
  assert.deepEqual(route('POST', '/v1/messages'), { operation: 'generate' });
  assert.deepEqual(route('POST', '/v1/messages/count_tokens'), { operation: 'count_tokens' });
  assert.deepEqual(route('GET', '/v1/models'), { operation: 'list_models' });
  assert.deepEqual(route('GET', '/v1/models/a%2Fb'), { operation: 'get_model', model: 'a/b' });
  for (const [method, path] of [
    ['GET', '/v1/messages'],
    ['POST', '/v1/messages/batches'],
    ['POST', '/v1/complete'],
    ['GET', '/v1/models/%'],
  ] as const) {
    assert.equal(route(method, path), undefined, `${method} ${path}`);
  }
});

test('the list of models and the count of tokens are read by the official SDK', async () => {
  const models = [
    { id: 'a', provider: 'p' },
    { id: 'b', provider: 'q' },
  ];
  const ids: string[] = [];
  for await (const { id } of client(anthropic.encodeModels(models)).models.list()) ids.push(id);
  assert.deepEqual(ids, ['a', 'b']);
  const { messages } = client(anthropic.encodeCount(5));
  assert.equal((await messages.countTokens({ model: 'm', messages: [] })).input_tokens, 5);
});

test('embeddings are refused', () => {
  const request = { operation: 'embed', model: 'm', inputs: ['x'] } as const;
  assert.throws(() => anthropic.encodeRequest(request, new Set()), { code: 'cannot_carry' });
});
