/**
 * INVARIANT (2): what Proviso doesn't know, it refuses. Every object of what each official client
 * sends is given a field more, and every field of it is spelt otherwise; each must be refused.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '#base/json.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { connect } from '../harness/clients/connect.ts';
import type { Question } from '../harness/clients/question.ts';
import { modelOf } from '../harness/gateway.ts';
import { bodyOf, pathOf, post } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { says } from '../harness/upstream.ts';

const attack = arena();

/** A question that uses whatever the protocol has. */
function everything(protocol: Protocol): Question {
  const call = { id: 'call_1', name: 'find_berth', arguments: '{"metres":12}' };
  return {
    model: modelOf(protocol),
    system: 'Be brief.',
    turns: [
      { user: 'A berth?', png: 'iVBORw0KGgo=' },
      { assistant: 'Looking.', calls: [call] },
      { results: [{ id: 'call_1', name: 'find_berth', text: 'berth 4' }] },
    ],
    tools: [{ name: 'find_berth', description: 'Finds.', parameters: { type: 'object' } }],
    choice: { only: 'find_berth' },
    schema: { type: 'object', properties: {} },
    effort: 'low',
    temperature: 0.5,
    ...(protocol === 'openai-responses' ? {} : { stop: ['END'] }),
  };
}

/** What the official client sends for it. */
async function sentFor(protocol: Protocol): Promise<JsonObject> {
  const { upstream } = attack;
  upstream.answer(says(speak(protocol, { text: 'Berth 4.' })));
  const client = connect(protocol, { address: upstream.origin, key: 'none' });
  await client.ask(everything(protocol), false);
  return upstream.take()[0]?.body as JsonObject;
}

/** Below these, keys are the caller's own: schemas, arguments, results. */
const FREE = new Set([
  'parameters',
  'input_schema',
  'parametersJsonSchema',
  'schema',
  'args',
  'input',
  'response',
  'responseJsonSchema',
]);

type Path = readonly (string | number)[];

/** Every object in a body whose keys the protocol defines. */
function objectsIn(value: JsonValue | undefined, path: Path = []): Path[] {
  if (Array.isArray(value)) {
    return (value as JsonValue[]).flatMap((item, i) => objectsIn(item, [...path, i]));
  }
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.entries(value).flatMap(([key, member]) =>
    FREE.has(key) && !Array.isArray(member) ? [] : objectsIn(member, [...path, key]),
  );
  return [path, ...below];
}

type Writable = { [key: string]: JsonValue };

/** A copy in which the object at that path was changed. */
function changed(body: JsonObject, path: Path, change: (object: Writable) => Writable): JsonObject {
  if (path.length === 0) return change({ ...body });
  const copy: Writable = structuredClone(body);
  let holder: Writable = copy;
  for (const key of path.slice(0, -1)) holder = holder[key] as unknown as Writable;
  const last = path.at(-1) as string;
  holder[last] = change(holder[last] as unknown as Writable);
  return copy;
}

const CODES = ['unknown_field', 'invalid_request', 'unsupported'] as const;

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a question with everything in it is carried`, async () => {
    const body = await sentFor(protocol);
    attack.upstream.answer(says(speak(protocol, { text: 'Berth 4.' })));
    const answer = await post(attack.proviso, pathOf(protocol), body);
    assert.equal(answer.status, 200, answer.text);
  });

  test(`${protocol}: a field more in any object is refused by name`, async () => {
    const body = await sentFor(protocol);
    const paths = objectsIn(body);
    assert.ok(paths.length >= 12, `only ${paths.length} objects`);
    for (const path of paths) {
      const tampered = changed(body, path, (object) => ({ ...object, x_smuggled: 'yes' }));
      const { text } = await attack.refuses(pathOf(protocol), tampered, CODES);
      assert.match(text, /x_smuggled/, path.join('.'));
    }
  });

  test(`${protocol}: any field in another case is refused`, async () => {
    const body = await sentFor(protocol);
    for (const path of objectsIn(body)) {
      const object = path.reduce<unknown>((at, key) => (at as Writable)[key], body) as JsonObject;
      for (const key of Object.keys(object)) {
        const other = key === key.toUpperCase() ? key.toLowerCase() : key.toUpperCase();
        const tampered = changed(body, path, ({ [key]: value = null, ...rest }) => ({
          ...rest,
          [other]: value,
        }));
        await attack.refuses(pathOf(protocol), tampered, CODES);
      }
    }
  });
}

/** Fields that vendors, their imitators and other gateways have or had. */
const SMUGGLED: Readonly<Record<Protocol, JsonObject>> = {
  'openai-chat': {
    functions: [{ name: 'fire_weapon', parameters: {} }],
    function_call: { name: 'fire_weapon' },
    n: 2,
    best_of: 2,
    audio: { voice: 'alloy', format: 'wav' },
    models: ['other-model'],
    provider: { order: ['elsewhere'] },
    route: 'fallback',
    plugins: [{ id: 'web' }],
    transforms: ['middle-out'],
    base_url: 'http://127.0.0.1:1',
    api_base: 'http://127.0.0.1:1',
    api_key: 'sk-other',
    custom_llm_provider: 'elsewhere',
    extra_body: { tools: [] },
    extra_headers: { host: 'elsewhere' },
    fallbacks: ['other-model'],
    guided_json: {},
    search_parameters: { mode: 'on' },
    documents: [],
    mcp_servers: [],
    system: 'Be rude.',
    stream_options: { include_usage: true, x: 1 },
  },
  'openai-responses': {
    previous_response_id: 'resp_1',
    conversation: 'conv_1',
    prompt: { id: 'pmpt_1', variables: {} },
    background: true,
    messages: [{ role: 'user', content: 'launch' }],
    functions: [],
    models: ['other-model'],
    extra_body: {},
    input_items: [],
  },
  anthropic: {
    fallbacks: [{ model: 'other-model' }],
    fallback_credit_token: 'x',
    thread: { id: 'x' },
    billing_policy: {},
    betas: ['mcp-client-2025-11-20'],
    prompt: 'launch',
    functions: [],
    anthropic_version: 'bedrock-2023-05-31',
    extra_body: {},
  },
  gemini: {
    cachedContent: 'cachedContents/1',
    cached_content: 'cachedContents/1',
    continuationToken: 'x',
    requests: [],
    prompt: { text: 'launch' },
    instances: [],
    model: 'models/other-model',
    generationConfig: { candidateCount: 2 },
    generation_config: { routingConfig: { manualMode: { modelName: 'other-model' } } },
  },
};

for (const protocol of PROTOCOLS) {
  for (const [key, value] of Object.entries(SMUGGLED[protocol])) {
    test(`${protocol}: \`${key}\` is not carried`, async () => {
      const body = bodyOf(protocol, 'Which?', { [key]: value });
      await attack.refuses(pathOf(protocol), body, CODES);
    });
  }
}

const COUNTED = { contents: [{ role: 'user', parts: [{ text: 'launch' }] }] };
const EMBEDDED = { model: 'models/gemini-model', content: { parts: [{ text: 'launch' }] } };
const GEMINI = '/v1beta/models/gemini-model';

/** What is not generated is looked at no less. */
const OTHER_PATHS: Readonly<Record<string, readonly (readonly [string, JsonObject])[]>> = {
  embeddings: [
    ['/v1/embeddings', { model: 'openai-chat-model', input: 'x', x_smuggled: 1 }],
    ['/v1/embeddings', { model: 'openai-chat-model', input: [{ text: 'x' }] }],
    [`${GEMINI}:embedContent`, { ...EMBEDDED, x_smuggled: 1 }],
    [`${GEMINI}:embedContent`, { ...EMBEDDED, model: 'models/another' }],
    [`${GEMINI}:batchEmbedContents`, { requests: [EMBEDDED, { ...EMBEDDED, x_smuggled: 1 }] }],
    [`${GEMINI}:batchEmbedContents`, { requests: [{ ...EMBEDDED, model: 'models/another' }] }],
    [`${GEMINI}:batchEmbedContents`, { requests: [EMBEDDED], content: EMBEDDED.content }],
  ],
  'counts of tokens': [
    ['/v1/messages/count_tokens', { ...bodyOf('anthropic', 'x'), x_smuggled: 1 }],
    ['/v1/messages/count_tokens', { ...bodyOf('anthropic', 'x'), fallbacks: [] }],
    ['/v1/responses/input_tokens', { ...bodyOf('openai-responses', 'x'), x_smuggled: 1 }],
    ['/v1/responses/input_tokens', { model: 'openai-responses-model', conversation: 'conv_1' }],
    [`${GEMINI}:countTokens`, { ...COUNTED, x_smuggled: 1 }],
    [`${GEMINI}:countTokens`, { generateContentRequest: { ...COUNTED, cachedContent: 'x' } }],
    [`${GEMINI}:countTokens`, { ...COUNTED, generateContentRequest: COUNTED }],
    [`${GEMINI}:countTokens`, { generateContentRequest: { ...COUNTED, model: 'models/another' } }],
  ],
};

for (const [what, requests] of Object.entries(OTHER_PATHS)) {
  test(`${what} take no field that is not known, and no other model`, async () => {
    for (const [path, body] of requests) await attack.refuses(path, body, CODES);
  });
}

test('what is embedded or counted is decided like what is answered', async () => {
  const persons = Array.from({ length: 30 }, (_, i) => `keeper${i}@example.org`).join(' ');
  const server = { type: 'url', url: 'http://127.0.0.1:9', name: 'x' };
  for (const [path, body] of [
    ['/v1/embeddings', { model: 'openai-chat-model', input: [persons] }],
    [`${GEMINI}:embedContent`, { content: { parts: [{ text: persons }] } }],
    ['/v1/messages/count_tokens', bodyOf('anthropic', persons)],
    ['/v1/messages/count_tokens', { ...bodyOf('anthropic', 'x'), mcp_servers: [server] }],
    ['/v1/responses/input_tokens', bodyOf('openai-responses', persons)],
  ] as const) {
    await attack.refuses(path, body, 'purpose_required');
  }
});

test('gemini: the same field in both spellings is not carried', async () => {
  const contents = [{ role: 'user', parts: [{ text: 'launch' }] }];
  for (const fields of [
    { systemInstruction: { parts: [] }, system_instruction: { parts: [{ text: 'launch' }] } },
    { generationConfig: {}, generation_config: { maxOutputTokens: 1 } },
    { toolConfig: {}, tool_config: {} },
    { contents: [{ role: 'user', parts: [{ inlineData: {}, inline_data: {} }] }] },
    { tools: [{ functionDeclarations: [], function_declarations: [{ name: 'fire_weapon' }] }] },
  ]) {
    await attack.refuses(pathOf('gemini'), { contents, ...fields }, ['duplicate_key']);
  }
});

test('a field that the operator allows goes to the same protocol, and to no other', async (t) => {
  const { openGateway, providersAt } = await import('../harness/gateway.ts');
  const lenient = await openGateway({
    config: {
      providers: providersAt(attack.upstream),
      allowedFields: { 'openai-chat': ['new_option'] },
    },
  });
  t.after(() => lenient.close());
  const fields = { new_option: { a: 1 } };
  const own = await post(lenient, pathOf('openai-chat'), bodyOf('openai-chat', 'Which?', fields));
  assert.equal(own.status, 200);
  assert.deepEqual(attack.upstream.take()[0]?.body['new_option'], { a: 1 });
  attack.upstream.answer(says(speak('anthropic', { text: 'Berth 4.' })));
  const model = modelOf('anthropic');
  const body = bodyOf('openai-chat', 'Which?', { ...fields, model });
  const other = await post(lenient, pathOf('openai-chat'), body);
  assert.equal(other.headers.get('proviso-dropped'), 'native:new_option');
  assert.doesNotMatch(attack.upstream.take()[0]?.text ?? '', /new_option/);
  const responses = bodyOf('openai-responses', 'Which?', fields);
  assert.equal((await post(lenient, pathOf('openai-responses'), responses)).status, 400);
});
