import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { CountRequest, EmbedRequest, ModelRequest, Part } from '../exchange.ts';
import type { WireRoute } from '../protocol.ts';
import { gemini } from './protocol.ts';

const ROUTE: WireRoute = { operation: 'generate', model: 'gemini-3-pro', stream: false };
const HELLO = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };

function decode(body: JsonObject, allowed: string[] = []): ModelRequest {
  const options = { route: ROUTE, allowedFields: new Set(allowed) };
  return gemini.decodeRequest(body, options) as ModelRequest;
}

function encode(request: ModelRequest): JsonObject {
  return gemini.encodeRequest(request, new Set()).body;
}

/** A request that uses about everything at once. */
const FULL: JsonObject = {
  systemInstruction: { parts: [{ text: 'Be brief.' }] },
  contents: [
    {
      role: 'user',
      parts: [
        { text: 'See' },
        { inlineData: { mimeType: 'image/png', data: 'iVBORw==', displayName: 'a.png' } },
        {
          fileData: { fileUri: 'https://video.example/v.mp4', mimeType: 'video/mp4' },
          videoMetadata: { startOffset: '1s', fps: 2 },
        },
        {
          fileData: {
            fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/f1',
            mimeType: 'application/pdf',
          },
        },
      ],
    },
    {
      role: 'model',
      parts: [
        { text: 'hm', thought: true, thoughtSignature: 'c2ln' },
        { text: 'Calling' },
        {
          functionCall: { id: 'q1', name: 'look', args: { n: 1 } },
          thoughtSignature: 'c2ln',
        },
        { functionCall: { name: 'look', args: {} } },
        { executableCode: { language: 'PYTHON', code: 'print(1)' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
      ],
    },
    {
      role: 'user',
      parts: [
        { functionResponse: { id: 'q1', name: 'look', response: { output: 'seen' } } },
        {
          functionResponse: {
            name: 'look',
            response: { a: 1, b: [2] },
            parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw==' } }],
            scheduling: 'SILENT',
          },
        },
      ],
    },
  ],
  tools: [
    {
      functionDeclarations: [
        {
          name: 'look',
          description: 'Looks.',
          parameters: {
            type: 'OBJECT',
            properties: { n: { type: 'INTEGER', nullable: true, minimum: 0 } },
            required: ['n'],
          },
          behavior: 'BLOCKING',
        },
        { name: 'other', parametersJsonSchema: { type: 'object' } },
      ],
    },
    { googleSearch: { excludeDomains: ['a.example'], timeRangeFilter: { startTime: 's' } } },
    { codeExecution: {} },
  ],
  toolConfig: {
    functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] },
    retrievalConfig: { latLng: { latitude: 1, longitude: 2 } },
  },
  safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
  labels: { team: 'a' },
  generationConfig: {
    temperature: 0.5,
    topP: 0.9,
    topK: 10,
    maxOutputTokens: 100,
    stopSequences: ['END'],
    presencePenalty: 0.1,
    frequencyPenalty: 0.2,
    seed: 7,
    responseMimeType: 'application/json',
    responseSchema: { type: 'OBJECT', properties: { a: { type: 'STRING', maxLength: '5' } } },
    thinkingConfig: { includeThoughts: true, thinkingLevel: 'LOW' },
    responseModalities: ['TEXT'],
    speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'v' } } },
    imageConfig: { aspectRatio: '1:1' },
  },
};

/** Places whose keys are the caller's own. */
const FREE = /(args|response|labels|parametersJsonSchema|properties)$|\.response\./;

function* objectsOf(value: JsonValue, path: string): Generator<string> {
  if (Array.isArray(value)) {
    for (const [i, item] of (value as readonly JsonValue[]).entries()) {
      yield* objectsOf(item, `${path}[${i}]`);
    }
  } else if (isObject(value)) {
    yield path;
    for (const key in value) {
      yield* objectsOf(value[key] as JsonValue, path === '' ? key : `${path}.${key}`);
    }
  }
}

type Change = (object: JsonObject) => JsonObject;

function changed(value: JsonValue, path: string, at: string, change: Change): JsonValue {
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).map((item, i) =>
      changed(item, `${path}[${i}]`, at, change),
    );
  }
  if (!isObject(value)) return value;
  const out: { [key: string]: JsonValue } = {};
  for (const name in value) {
    out[name] = changed(
      value[name] as JsonValue,
      path === '' ? name : `${path}.${name}`,
      at,
      change,
    );
  }
  return path === at ? change(out) : out;
}

test('a request that uses everything goes through, to the same protocol, as it was', () => {
  const body = encode(decode(FULL));
  const tools = FULL['tools'] as JsonObject[];
  assert.deepEqual(
    { ...body, tools: new Set(body['tools'] as JsonValue[]) },
    {
      ...FULL,
      tools: new Set(tools),
    },
  );
});

test('INVARIANT (2): an unknown field is refused at every level, by name', () => {
  let count = 0;
  for (const at of objectsOf(FULL, '')) {
    if (FREE.test(at)) continue;
    const body = changed(FULL, '', at, (object) => ({ zzUnknown: 1, ...object })) as JsonObject;
    const path = at === '' ? 'zzUnknown' : `${at}.zzUnknown`;
    assert.throws(() => decode(body), { code: 'unknown_field', at: path }, path);
    count++;
  }
  assert.ok(count > 40, `${count} places`);
});

test('snake_case names are the same fields, and not a second value for them', () => {
  const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const wanted = decode(FULL);
  let count = 0;
  for (const at of objectsOf(FULL, '')) {
    if (FREE.test(at)) continue;
    const renamed = changed(FULL, '', at, (object) =>
      Object.fromEntries(Object.entries(object).map(([key, value]) => [snake(key), value])),
    );
    assert.deepEqual(decode(renamed as JsonObject), wanted, at);
    let hasBoth = false;
    const both = changed(FULL, '', at, (object) => {
      const key = Object.keys(object).find((name) => snake(name) !== name);
      hasBoth = key !== undefined;
      return key === undefined ? object : { ...object, [snake(key)]: object[key] ?? null };
    });
    if (!hasBoth) continue;
    assert.throws(() => decode(both as JsonObject), { code: 'duplicate_key' }, at);
    count++;
  }
  assert.ok(count > 15, `${count} places`);
});

test('other spellings are unknown', () => {
  for (const key of ['Contents', 'system_Instruction', 'SystemInstruction', 'generationconfig']) {
    assert.throws(() => decode({ ...HELLO, [key]: {} }), { code: 'unknown_field', at: key });
  }
});

test('a top-level field that the operator allows is carried', () => {
  assert.deepEqual(encode(decode({ ...HELLO, newThing: [1] }, ['newThing']))['newThing'], [1]);
});

test('content that is kept at the provider is not brought in unseen', () => {
  for (const fields of [
    { cachedContent: 'cachedContents/c' },
    { cached_content: 'c' },
    { continuationToken: 't' },
    { generationOutputConfig: { outputUriPrefix: 'gs://b' } },
  ]) {
    assert.throws(() => decode({ ...HELLO, ...fields }), { code: 'unsupported' });
  }
});

test('values of another type are refused with their path', () => {
  const wrong: [JsonObject, string][] = [
    [{ contents: 'x' }, 'contents'],
    [{}, 'contents'],
    [{ contents: [{ role: 'robot', parts: [] }] }, 'contents[0].role'],
    [{ contents: [{ parts: [{ text: 1 }] }] }, 'contents[0].parts[0].text'],
    [
      { contents: [{ parts: [{ text: 'x', functionCall: { name: 'f' } }] }] },
      'contents[0].parts[0].functionCall',
    ],
    [{ ...HELLO, generationConfig: { temperature: '1' } }, 'generationConfig.temperature'],
    [
      { ...HELLO, generationConfig: { thinkingConfig: { thinkingLevel: 'WILD' } } },
      'generationConfig.thinkingConfig.thinkingLevel',
    ],
    [
      { ...HELLO, tools: [{ functionDeclarations: [{}] }] },
      'tools[0].functionDeclarations[0].name',
    ],
    [{ ...HELLO, model: 'models/another' }, 'model'],
  ];
  for (const [body, at] of wrong) {
    assert.throws(() => decode(body), { code: 'invalid_request', at }, at);
  }
  assert.throws(() => decode({ ...HELLO, generationConfig: { candidateCount: 2 } }), {
    code: 'unsupported',
  });
});

test('tools that run inside the provider are told apart from those that the caller runs', () => {
  const found = decode({
    ...HELLO,
    tools: [
      { googleSearch: {}, urlContext: {} },
      { google_search_retrieval: {} },
      { codeExecution: {} },
      { googleMaps: { enableWidget: true } },
      { fileSearch: { fileSearchStoreNames: ['s'] } },
      { enterpriseWebSearch: {} },
      { retrieval: { vertexAiSearch: { datastore: 'd' } } },
      { mcpServers: [{ name: 's', streamableHttpTransport: { url: 'https://mcp.example/' } }] },
      { computerUse: { environment: 'ENVIRONMENT_BROWSER' } },
    ],
  }).providerTools.map((tool) => `${tool.wireType} ${tool.kind} ${tool.runsAt}`);
  assert.deepEqual(found, [
    'googleSearch web_search provider',
    'urlContext web_fetch provider',
    'googleSearchRetrieval web_search provider',
    'codeExecution code_execution provider',
    'googleMaps maps provider',
    'fileSearch file_search provider',
    'enterpriseWebSearch web_search provider',
    'retrieval file_search provider',
    'mcpServers remote_mcp provider',
    'computerUse computer_use caller',
  ]);
  assert.throws(() => decode({ ...HELLO, tools: [{ teleport: {} }] }), { code: 'unknown_field' });
});

test('what may not be called is not offered', () => {
  const functionDeclarations = ['a', 'b', 'c'].map((name) => ({ name }));
  const request = decode({
    ...HELLO,
    tools: [{ functionDeclarations }],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['a', 'c'] } },
  });
  assert.deepEqual(request.toolChoice, { mode: 'required' });
  assert.deepEqual(
    request.tools.map((tool) => tool.name),
    ['a', 'c'],
  );
});

test('results find the calls that they answer', () => {
  const call = (name: string) => ({ functionCall: { name, args: {} } });
  const result = (name: string, output: string) => ({
    functionResponse: { name, response: { output } },
  });
  const { messages } = decode({
    contents: [
      { role: 'model', parts: [call('a'), call('b'), call('a')] },
      { role: 'user', parts: [result('a', '1'), result('a', '3'), result('b', '2')] },
    ],
  });
  const [calls, results] = messages;
  const ids = calls?.parts.map((part) => part.type === 'tool_call' && part.id);
  assert.equal(new Set(ids).size, 3);
  assert.equal(results?.role, 'tool');
  assert.deepEqual(
    results?.parts.map((part) => part.type === 'tool_result' && part.callId),
    [ids?.[0], ids?.[2], ids?.[1]],
  );
});

test('a result that says it failed is an error elsewhere', () => {
  const functionResponse = { id: 'c', name: 'f', response: { error: 'no such file' } };
  const [message] = decode({
    contents: [{ role: 'user', parts: [{ functionResponse }] }],
  }).messages;
  const part = message?.parts[0] as Part & { type: 'tool_result' };
  assert.equal(part.isError, true);
  assert.deepEqual(part.content, [{ type: 'text', text: 'no such file' }]);
});

test('the older dialect of schemas reads as JSON Schema', () => {
  const { tools, output } = decode(FULL);
  assert.deepEqual(tools[0]?.parameters, {
    type: 'object',
    properties: { n: { type: ['integer', 'null'], minimum: 0 } },
    required: ['n'],
  });
  assert.deepEqual(output, {
    format: 'json_schema',
    schema: { type: 'object', properties: { a: { type: 'string', maxLength: 5 } } },
  });
});

test('a count of tokens is of the request that would be sent', () => {
  const route: WireRoute = { operation: 'count_tokens', model: 'gemini-3-pro' };
  const options = { route, allowedFields: new Set<string>() };
  const alone = gemini.decodeRequest(HELLO, options) as CountRequest;
  assert.deepEqual(gemini.encodeRequest(alone, new Set()), {
    path: '/v1beta/models/gemini-3-pro:countTokens',
    body: HELLO,
  });
  const whole = {
    model: 'models/gemini-3-pro',
    ...HELLO,
    systemInstruction: { parts: [{ text: 'x' }] },
  };
  const body = { generateContentRequest: whole };
  const count = gemini.decodeRequest(body, options) as CountRequest;
  assert.equal(count.request.messages.length, 2);
  assert.deepEqual(gemini.encodeRequest(count, new Set()).body, body);
  assert.throws(() => gemini.decodeRequest({ ...body, ...HELLO }, options), {
    code: 'invalid_request',
  });
  assert.equal(gemini.decodeCount({ totalTokens: 7 }, count), 7);
});

test('embeddings, one and many', () => {
  const route: WireRoute = { operation: 'embed', model: 'e' };
  const options = { route, allowedFields: new Set<string>() };
  const content = { parts: [{ text: 'x' }] };
  const one = gemini.decodeRequest(
    { content, taskType: 'CLUSTERING', output_dimensionality: 4 },
    options,
  ) as EmbedRequest;
  assert.deepEqual([one.inputs, one.dimensions], [['x'], 4]);
  const requests = [
    { model: 'models/e', content },
    { model: 'models/e', content: { parts: [{ text: 'y' }] } },
  ];
  const many = gemini.decodeRequest({ requests }, options) as EmbedRequest;
  assert.deepEqual(many.inputs, ['x', 'y']);
  assert.deepEqual(gemini.encodeRequest(many, new Set()), {
    path: '/v1beta/models/e:batchEmbedContents',
    body: { requests },
  });
  const answer = gemini.decodeEmbeddings(
    { embeddings: [{ values: [1, 2] }, { values: [3, 4] }] },
    many,
  );
  assert.deepEqual(gemini.encodeEmbeddings(answer, many), {
    embeddings: [{ values: [1, 2] }, { values: [3, 4] }],
  });
  assert.deepEqual(gemini.encodeEmbeddings({ model: 'e', embeddings: ['AACAPwAAAEA='] }, one), {
    embedding: { values: [1, 2] },
  });
  assert.throws(() => gemini.decodeEmbeddings({ embeddings: [] }, many), {
    code: 'upstream_invalid',
  });
  assert.throws(() => gemini.decodeRequest({ requests: [{ content, dims: 1 }] }, options), {
    code: 'unknown_field',
  });
});

test('paths', () => {
  const route = (method: string, path: string) => gemini.route({ method, path });
  const generate = { operation: 'generate', model: 'gemini-3-pro', stream: false };
  assert.deepEqual(route('POST', '/v1beta/models/gemini-3-pro:generateContent'), generate);
  assert.deepEqual(route('POST', '/v1/models/gemini-3-pro:generateContent'), generate);
  assert.deepEqual(route('POST', '/v1beta/models/a%2Fb:streamGenerateContent'), {
    ...generate,
    model: 'a/b',
    stream: true,
  });
  assert.deepEqual(route('POST', '/v1beta/tunedModels/t:generateContent'), {
    ...generate,
    model: 'tunedModels/t',
  });
  assert.equal(route('POST', '/v1beta/models/m:embedContent')?.operation, 'embed');
  assert.equal(route('POST', '/v1beta/models/m:batchEmbedContents')?.operation, 'embed');
  assert.equal(route('POST', '/v1beta/models/m:countTokens')?.operation, 'count_tokens');
  assert.equal(route('POST', '/v1beta/models/m:predict'), undefined);
  assert.equal(route('GET', '/v1beta/models/m:generateContent'), undefined);
  assert.deepEqual(route('GET', '/v1beta/models'), { operation: 'list_models' });
  assert.deepEqual(route('GET', '/v1beta/models/m'), { operation: 'get_model', model: 'm' });
  assert.deepEqual(route('GET', '/v1/models'), { operation: 'list_models' });
});
