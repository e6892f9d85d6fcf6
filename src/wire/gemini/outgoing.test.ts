import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '#base/json.ts';
import type { Message, ModelRequest, Part } from '../exchange.ts';
import { gemini } from './protocol.ts';

const NONE: ModelRequest = {
  operation: 'generate',
  model: 'gemini-2.5-flash',
  stream: false,
  messages: [],
  tools: [],
  providerTools: [],
};
const text = (value: string): Part => ({ type: 'text', text: value });
const user = (...parts: Part[]): Message => ({ role: 'user', parts });

function encode(request: Partial<ModelRequest>): {
  path: string;
  body: JsonObject;
  dropped: string[];
} {
  const dropped = new Set<string>();
  const { path, body } = gemini.encodeRequest({ ...NONE, ...request }, dropped);
  return { path, body, dropped: [...dropped].sort() };
}

test('a request of another protocol', () => {
  const { path, body, dropped } = encode({
    stream: true,
    messages: [
      { role: 'system', parts: [text('Be brief.')] },
      user(text('Hello'), {
        type: 'image',
        source: { kind: 'url', url: 'https://a.example/a.png' },
      }),
      {
        role: 'assistant',
        parts: [
          {
            type: 'reasoning',
            text: 'hm',
            native: { protocol: 'anthropic', fields: { signature: 's' } },
          },
          { type: 'tool_call', id: 'c1', name: 'f', arguments: '{"a": 1}' },
          { type: 'tool_call', id: 'c2', name: 'g', arguments: '{}' },
        ],
      },
      {
        role: 'tool',
        parts: [{ type: 'tool_result', callId: 'c1', content: [{ type: 'text', text: 'ok' }] }],
      },
      {
        role: 'tool',
        parts: [
          {
            type: 'tool_result',
            callId: 'c2',
            content: [{ type: 'text', text: 'no' }],
            isError: true,
          },
        ],
      },
      { role: 'developer', parts: [text('Now in French.')] },
    ],
    tools: [{ name: 'f', description: 'Does.', parameters: { type: 'object' }, strict: true }],
    toolChoice: { mode: 'tool', name: 'f' },
    output: { format: 'json_schema', schema: { type: 'object' }, name: 'n' },
    reasoning: { effort: 'low', summary: true },
    maxTokens: 5,
    stop: ['END'],
    seed: 1,
    parallelToolCalls: false,
    native: { protocol: 'openai-chat', fields: { user: 'u' } },
  });
  assert.equal(path, '/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
  assert.deepEqual(body, {
    contents: [
      {
        role: 'user',
        parts: [
          { text: 'Hello' },
          { fileData: { fileUri: 'https://a.example/a.png', mimeType: 'image/png' } },
        ],
      },
      {
        role: 'model',
        parts: [
          { functionCall: { id: 'c1', name: 'f', args: { a: 1 } } },
          { functionCall: { id: 'c2', name: 'g', args: {} } },
        ],
      },
      {
        role: 'user',
        parts: [
          { functionResponse: { id: 'c1', name: 'f', response: { output: 'ok' } } },
          { functionResponse: { id: 'c2', name: 'g', response: { error: 'no' } } },
        ],
      },
    ],
    systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'Now in French.' }] },
    tools: [
      {
        functionDeclarations: [
          { name: 'f', description: 'Does.', parametersJsonSchema: { type: 'object' } },
        ],
      },
    ],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f'] } },
    generationConfig: {
      maxOutputTokens: 5,
      stopSequences: ['END'],
      seed: 1,
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object' },
      thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 },
    },
  });
  assert.deepEqual(dropped, [
    'native:user',
    'parallel_tool_calls',
    'reasoning',
    'system.position',
    'tool.strict',
  ]);
});

test('thinking by level or by budget, as the model knows it', () => {
  const thinking = (model: string, effort: 'none' | 'medium' | 'xhigh') =>
    (encode({ model, reasoning: { effort } }).body['generationConfig'] as JsonObject)[
      'thinkingConfig'
    ];
  assert.deepEqual(thinking('gemini-3-pro', 'medium'), { thinkingLevel: 'MEDIUM' });
  assert.deepEqual(thinking('gemini-3-pro', 'xhigh'), { thinkingLevel: 'HIGH' });
  assert.deepEqual(thinking('gemini-2.5-pro', 'medium'), { thinkingBudget: 8192 });
  assert.deepEqual(thinking('gemini-3-pro', 'none'), { thinkingBudget: 0 });
});

test('a call that another model made is marked as such to models that ask for signatures', () => {
  const calls: Part[] = [
    { type: 'tool_call', id: 'c1', name: 'f', arguments: '{}' },
    { type: 'tool_call', id: 'c2', name: 'f', arguments: '{}' },
  ];
  const signatures = (model: string, parts: Part[]) => {
    const [turn] = encode({ model, messages: [{ role: 'assistant', parts }] }).body[
      'contents'
    ] as JsonObject[];
    return ((turn?.['parts'] ?? []) as JsonObject[]).map((part) => part['thoughtSignature']);
  };
  assert.deepEqual(signatures('gemini-3-pro', calls), [
    'skip_thought_signature_validator',
    undefined,
  ]);
  assert.deepEqual(signatures('gemini-2.5-pro', calls), [undefined, undefined]);
  const own = {
    ...calls[0],
    native: { protocol: 'gemini', fields: { thoughtSignature: 'c2ln' } },
  } as Part;
  assert.deepEqual(signatures('gemini-3-pro', [own]), ['c2ln']);
});

test('what would change the meaning is refused', () => {
  const id = { kind: 'id', id: 'file_1' } as const;
  const refused: Partial<ModelRequest>[] = [
    { tools: [{ name: 'sql', free: true }] },
    {
      providerTools: [
        {
          kind: 'web_search',
          wireType: 'web_search',
          runsAt: 'provider',
          native: { protocol: 'openai-responses', fields: {} },
        },
      ],
    },
    {
      messages: [
        user({ type: 'image', source: id, native: { protocol: 'openai-chat', fields: {} } }),
      ],
    },
    {
      messages: [
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'c', name: 'f', arguments: '[1]' }] },
      ],
    },
    { messages: [{ role: 'tool', parts: [{ type: 'tool_result', callId: 'c', content: [] }] }] },
  ];
  for (const request of refused) {
    assert.throws(() => encode(request), { code: 'cannot_carry' }, JSON.stringify(request));
  }
  const tokens = { operation: 'embed', model: 'e', inputs: [[1, 2]] } as const;
  assert.throws(() => gemini.encodeRequest(tokens, new Set()), { code: 'cannot_carry' });
});

test('no name of a model leaves its place in the path', () => {
  assert.equal(encode({ model: 'a/b?c#d' }).path, '/v1beta/models/a/b%3Fc%23d:generateContent');
  assert.equal(encode({ model: 'tunedModels/t' }).path, '/v1beta/tunedModels/t:generateContent');
  for (const model of ['../x', 'a/../../b', 'tunedModels/..', '']) {
    assert.throws(() => encode({ model }), { code: 'invalid_request' }, model);
  }
});

// Requests that this protocol can say in full.

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const name = fc.stringMatching(/^[a-z_]{1,10}$/);
const own = (fields: JsonObject) => ({ native: { protocol: 'gemini', fields } }) as const;
const textPart = word.map((value) => ({ type: 'text', text: value }) as const);
const media = fc.constantFrom<Part>(
  { type: 'image', source: { kind: 'base64', mediaType: 'image/png', base64: 'iVBORw==' } },
  {
    type: 'audio',
    source: { kind: 'base64', mediaType: 'audio/wav', base64: 'UklG' },
    name: 'a.wav',
    ...own({ displayName: 'a.wav' }),
  },
  {
    type: 'video',
    source: { kind: 'url', url: 'https://a.example/v', mediaType: 'video/mp4' },
    ...own({ videoMetadata: { fps: 1 } }),
  },
  { type: 'file', source: { kind: 'id', id: 'files/f' }, ...own({ mimeType: 'application/pdf' }) },
);
const fromUser = fc
  .array(fc.oneof(textPart, media), { minLength: 1, maxLength: 3 })
  .map((parts): Message => ({ role: 'user', parts }));
/** The border refuses a key `__proto__`, so that none comes this far. */
const json = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.stringify({ value }))
  .filter((text) => !text.includes('__proto__'));
const exchangeOfTools = fc
  .tuple(
    fc.array(fc.tuple(name, json, word), { minLength: 1, maxLength: 3 }),
    fc.option(textPart, { nil: undefined }),
    fc.nat(9),
  )
  .map(([calls, said, turn]): Message[] => [
    {
      role: 'assistant',
      parts: [
        { type: 'reasoning', text: 'hm', ...own({ thoughtSignature: 'c2ln' }) },
        ...(said ? [said] : []),
        ...calls.map(
          ([tool, given], i): Part => ({
            type: 'tool_call',
            id: `c${turn}_${i}`,
            name: tool,
            arguments: given,
          }),
        ),
      ],
    },
    {
      role: 'tool',
      parts: calls.map(
        ([tool, , result], i): Part => ({
          type: 'tool_result',
          callId: `c${turn}_${i}`,
          name: tool,
          content: [{ type: 'text', text: result }],
          ...own({ response: 'output' }),
        }),
      ),
    },
  ]);
const request = fc.record<ModelRequest>({
  operation: fc.constant('generate'),
  model: fc.constant('gemini-2.5-pro'),
  stream: fc.boolean(),
  messages: fc
    .tuple(
      fc.option(word, { nil: undefined }),
      fc.array(fc.tuple(fromUser, exchangeOfTools), { maxLength: 2 }),
      fromUser,
    )
    .map(([system, turns, last]): Message[] => [
      ...(system === undefined ? [] : [{ role: 'system', parts: [text(system)] } as const]),
      ...turns.flatMap(([question, work]) => [question, ...work]),
      last,
    ]),
  tools: fc.array(
    fc.record({
      name,
      description: fc.option(word, { nil: undefined }),
      parameters: fc.constant({ type: 'object' }),
    }),
    { maxLength: 2 },
  ),
  providerTools: fc.constant([]),
  toolChoice: fc.option(
    fc.constantFrom(
      { mode: 'auto' },
      { mode: 'none' },
      { mode: 'required' },
      { mode: 'tool', name: 'f' },
    ),
    { nil: undefined },
  ),
  output: fc.option(
    fc.constantFrom(
      { format: 'text' },
      { format: 'json' },
      { format: 'json_schema', schema: { type: 'object' } },
    ),
    { nil: undefined },
  ),
  maxTokens: fc.option(fc.nat(), { nil: undefined }),
  temperature: fc.option(fc.double({ min: 0, max: 2, noNaN: true }), { nil: undefined }),
  topP: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  topK: fc.option(fc.nat(100), { nil: undefined }),
  seed: fc.option(fc.nat(), { nil: undefined }),
  stop: fc.option(fc.array(word, { minLength: 1, maxLength: 2 }), { nil: undefined }),
  reasoning: fc.option(
    fc.record({ budgetTokens: fc.integer({ min: -1, max: 1000 }), summary: fc.boolean() }),
    { nil: undefined },
  ),
  native: fc.constant({ protocol: 'gemini', fields: { labels: { team: 'a' } } }),
});
const plain = (value: object) => JSON.parse(JSON.stringify(value)) as unknown;

test('INVARIANT (1): what is sent says exactly what was decided', () => {
  fc.assert(
    fc.property(request, (decided) => {
      const dropped = new Set<string>();
      const { path, body } = gemini.encodeRequest(decided, dropped);
      assert.deepEqual([...dropped], []);
      const url = new URL(path, 'https://host.example/');
      const route = gemini.route({ method: 'POST', path: url.pathname });
      assert.ok(route);
      const read = gemini.decodeRequest(plain(body) as JsonObject, {
        route,
        allowedFields: new Set(),
      });
      assert.deepEqual(plain(read), plain(decided));
    }),
  );
});
