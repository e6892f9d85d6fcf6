/** What else the official clients ask a vendor for: models, embeddings, counts. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { PROTOCOLS } from '#wire/exchange.ts';
import { anthropicClient } from './harness/clients/anthropic.ts';
import { googleClient } from './harness/clients/google.ts';
import { openaiClient } from './harness/clients/openai.ts';
import {
  modelOf,
  openGateway,
  outcomeOf,
  providersAt,
  type TestGateway,
} from './harness/gateway.ts';
import { json, startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
let proviso: TestGateway;
let openai: ReturnType<typeof openaiClient>;
let anthropic: ReturnType<typeof anthropicClient>;
let google: ReturnType<typeof googleClient>;

before(async () => {
  upstream = await startUpstream();
  proviso = await openGateway({
    config: { providers: providersAt(upstream), models: { berths: modelOf('anthropic') } },
  });
  openai = openaiClient(proviso);
  anthropic = anthropicClient(proviso);
  google = googleClient(proviso);
});
after(async () => {
  await proviso.close();
  await upstream.close();
});
beforeEach(() => upstream.take());

const LISTED = ['berths', ...PROTOCOLS.map(modelOf)];

test('each client lists the models that can be asked for by name, and no provider is asked', async () => {
  const lists = [
    (await Array.fromAsync(openai.models.list())).map(({ id }) => id),
    (await Array.fromAsync(anthropic.models.list())).map(({ id }) => id),
    (await Array.fromAsync(await google.models.list())).map(({ name }) => name?.slice(7)),
  ];
  for (const list of lists) assert.deepEqual(list, LISTED);
  assert.deepEqual(upstream.take(), []);
});

test('each client finds one model', async () => {
  assert.equal((await openai.models.retrieve('berths')).id, 'berths');
  assert.equal((await anthropic.models.retrieve('berths')).id, 'berths');
  assert.equal((await google.models.get({ model: 'berths' })).name, 'models/berths');
});

test('models under the path that the vendors share come in the shape of who asks', async () => {
  const shapes: readonly (readonly [string, Record<string, string>, string])[] = [
    ['', { authorization: `Bearer ${proviso.key}` }, 'id'],
    ['', { 'x-api-key': proviso.key, 'anthropic-version': '2023-06-01' }, 'display_name'],
    // Google's newer clients for Python ask under `/v1`.
    ['', { 'x-goog-api-key': proviso.key }, 'displayName'],
    [`?key=${proviso.key}`, {}, 'displayName'],
  ];
  for (const [query, headers, field] of shapes) {
    for (const path of ['/v1/models', '/v1/models/berths']) {
      const answer = await fetch(proviso.address + path + query, { headers });
      const body = (await answer.json()) as JsonObject;
      const list = body['data'] ?? body['models'];
      const model = Array.isArray(list) ? (list as JsonObject[])[0] : body;
      assert.equal(model?.[field], 'berths', `${path} ${field}`);
    }
  }
});

const VECTORS = [
  [0.5, -0.25, 2],
  [1, 0, -8],
];
const TEXTS = ['quay', 'crane'];

test('embeddings of OpenAI, as numbers and as the base64 that its client asks for unasked', async () => {
  upstream.answer((response, request) => {
    const isBase64 = request.body['encoding_format'] === 'base64';
    const data = VECTORS.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: isBase64
        ? Buffer.from(new Float32Array(vector).buffer).toString('base64')
        : vector,
    }));
    const usage = { prompt_tokens: 4, total_tokens: 4 };
    return json({ object: 'list', data, model: 'embedder', usage })(response, request);
  });
  for (const encoding_format of [undefined, 'float'] as const) {
    const { data, usage } = await openai.embeddings.create({
      model: 'openai-chat-embedder',
      input: TEXTS,
      dimensions: 3,
      ...(encoding_format && { encoding_format }),
    });
    assert.deepEqual(
      data.map(({ embedding }) => embedding),
      VECTORS,
    );
    assert.equal(usage.prompt_tokens, 4);
    const [request] = upstream.take();
    assert.equal(request?.path, '/v1/embeddings');
    assert.deepEqual(request?.body, {
      model: 'openai-chat-embedder',
      input: TEXTS,
      dimensions: 3,
      encoding_format: encoding_format ?? 'base64',
    });
  }
  const { embeddings } = await google.models.embedContent({
    model: 'openai-chat-embedder',
    contents: TEXTS,
    config: { outputDimensionality: 3 },
  });
  assert.deepEqual(
    embeddings?.map(({ values }) => values),
    VECTORS,
  );
});

test('embeddings of Gemini', async () => {
  upstream.answer(json({ embeddings: VECTORS.map((values) => ({ values })) }));
  const model = 'gemini-embedder';
  const { embeddings } = await google.models.embedContent({ model, contents: TEXTS });
  assert.deepEqual(
    embeddings?.map(({ values }) => values),
    VECTORS,
  );
  const { data } = await openai.embeddings.create({ model, input: TEXTS });
  assert.deepEqual(
    data.map(({ embedding }) => embedding),
    VECTORS,
  );
  const [own, translated] = upstream.take();
  assert.equal(own?.path, '/v1beta/models/gemini-embedder:batchEmbedContents');
  const requests = TEXTS.map((text) => ({
    model: 'models/gemini-embedder',
    content: { parts: [{ text }] },
  }));
  assert.deepEqual(own?.body, { requests });
  assert.deepEqual([translated?.path, translated?.body], [own?.path, { requests }]);
});

test('tokens are counted by the provider, each client in its own words', async () => {
  const counts = [
    {
      model: modelOf('anthropic'),
      answer: { input_tokens: 42 },
      path: '/v1/messages/count_tokens',
    },
    {
      model: modelOf('openai-responses'),
      answer: { object: 'response.input_tokens', input_tokens: 42 },
      path: '/v1/responses/input_tokens',
    },
    {
      model: modelOf('gemini'),
      answer: { totalTokens: 42 },
      path: '/v1beta/models/gemini-model:countTokens',
    },
  ];
  for (const { model, answer, path } of counts) {
    upstream.answer(json(answer));
    const content = 'How long is the quay?';
    const messages = [{ role: 'user' as const, content }];
    const byAnthropic = await anthropic.messages.countTokens({ model, messages });
    const byOpenai = await openai.responses.inputTokens.count({ model, input: content });
    const byGoogle = await google.models.countTokens({ model, contents: content });
    assert.equal(byAnthropic.input_tokens, 42, model);
    assert.equal(byOpenai.input_tokens, 42, model);
    assert.equal(byGoogle.totalTokens, 42, model);
    const received = upstream.take();
    assert.deepEqual(
      received.map((request) => request.path),
      [path, path, path],
    );
    for (const { text } of received) assert.match(text, /How long is the quay\?/);
  }
});

test('a count is decided and recorded as any call, and refused where a protocol has none', async () => {
  const from = await proviso.settled();
  await assert.rejects(
    anthropic.messages.countTokens({
      model: modelOf('openai-chat'),
      messages: [{ role: 'user', content: 'How long?' }],
    }),
    { status: 400 },
  );
  const entries = await proviso.entries(from);
  assert.equal(entries[0]?.public['action'], 'count_tokens');
  assert.equal(outcomeOf(entries, from)['code'], 'cannot_carry');
  assert.deepEqual(upstream.take(), []);
});
