import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '#base/json.ts';
import type { Message, ModelRequest, Part } from '../exchange.ts';
import { openaiResponses } from './protocol.ts';

const GENERATE = { route: { operation: 'generate' }, allowedFields: new Set<string>() } as const;
const NONE: ModelRequest = {
  operation: 'generate',
  model: 'm',
  stream: false,
  messages: [],
  tools: [],
  providerTools: [],
};
const user = (...parts: Part[]): Message => ({ role: 'user', parts });
const text = (value: string): Part => ({ type: 'text', text: value });

function encode(request: Partial<ModelRequest>): { body: JsonObject; dropped: string[] } {
  const dropped = new Set<string>();
  const { body } = openaiResponses.encodeRequest({ ...NONE, ...request }, dropped);
  return { body, dropped: [...dropped].sort() };
}

test('a request of another protocol', () => {
  const { body, dropped } = encode({
    messages: [
      { role: 'system', parts: [text('Be brief.')] },
      user(text('Hello'), {
        type: 'image',
        source: { kind: 'base64', mediaType: 'image/png', base64: 'iVBORw==' },
      }),
      {
        role: 'assistant',
        parts: [text('Calling'), { type: 'tool_call', id: 'c1', name: 'f', arguments: '{"a": 1}' }],
      },
      {
        role: 'tool',
        parts: [{ type: 'tool_result', callId: 'c1', content: [{ type: 'text', text: 'ok' }] }],
      },
      user({ type: 'tool_result', callId: 'c2', content: [], isError: true }, text('And?')),
    ],
    tools: [{ name: 'f', description: 'Does.', parameters: { type: 'object' } }],
    toolChoice: { mode: 'tool', name: 'f' },
    output: { format: 'json_schema', schema: { type: 'object' } },
    reasoning: { budgetTokens: 10_000 },
    maxTokens: 5,
    topK: 3,
    seed: 1,
    native: { protocol: 'anthropic', fields: { container: 'c' } },
  });
  assert.deepEqual(body, {
    model: 'm',
    instructions: 'Be brief.',
    input: [
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'Hello' },
          { type: 'input_image', detail: 'auto', image_url: 'data:image/png;base64,iVBORw==' },
        ],
      },
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'output_text', text: 'Calling', annotations: [] }],
      },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a": 1}' },
      { type: 'function_call_output', call_id: 'c1', output: 'ok' },
      { type: 'function_call_output', call_id: 'c2', output: '' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'And?' }] },
    ],
    tools: [
      {
        type: 'function',
        name: 'f',
        description: 'Does.',
        parameters: { type: 'object' },
        strict: false,
      },
    ],
    tool_choice: { type: 'function', name: 'f' },
    max_output_tokens: 5,
    text: { format: { type: 'json_schema', name: 'answer', schema: { type: 'object' } } },
    reasoning: { effort: 'medium' },
    store: false,
  });
  assert.deepEqual(dropped, [
    'native:container',
    'reasoning.budget_tokens',
    'seed',
    'tool_result.is_error',
    'top_k',
  ]);
});

test('what would change the meaning is refused', () => {
  const refused: Partial<ModelRequest>[] = [
    { stop: ['END'] },
    {
      messages: [user({ type: 'audio', source: { kind: 'url', url: 'https://a.example/a.mp3' } })],
    },
    {
      messages: [user({ type: 'video', source: { kind: 'url', url: 'https://a.example/a.mp4' } })],
    },
    {
      messages: [
        user({
          type: 'image',
          source: { kind: 'id', id: 'f' },
          native: { protocol: 'gemini', fields: {} },
        }),
      ],
    },
    {
      providerTools: [
        {
          kind: 'web_search',
          wireType: 'googleSearch',
          runsAt: 'provider',
          native: { protocol: 'gemini', fields: {} },
        },
      ],
    },
  ];
  for (const request of refused) {
    assert.throws(() => encode(request), { code: 'cannot_carry' }, JSON.stringify(request));
  }
  assert.throws(
    () =>
      openaiResponses.encodeRequest({ operation: 'embed', model: 'm', inputs: ['x'] }, new Set()),
    { code: 'cannot_carry' },
  );
});

test('what only another vendor reads is left out and named', () => {
  const { body, dropped } = encode({
    messages: [
      user({
        type: 'text',
        text: 'x',
        native: { protocol: 'anthropic', fields: { cache_control: {} } },
      }),
      {
        role: 'assistant',
        parts: [
          {
            type: 'reasoning',
            text: 'hm',
            native: { protocol: 'anthropic', fields: { signature: 's' } },
          },
          {
            type: 'native',
            label: 'server_tool_use',
            native: { protocol: 'anthropic', fields: {} },
          },
          text('y'),
        ],
      },
    ],
  });
  assert.equal((body['input'] as JsonObject[]).length, 2);
  assert.deepEqual(dropped, ['native:cache_control', 'reasoning', 'server_tool_use']);
});

test('INVARIANT (1): a call of a vendor’s tool is sent with the arguments that were decided', () => {
  const call: Part = {
    type: 'tool_call',
    id: 'c',
    name: 'shell',
    arguments: '{"commands":["true"]}',
    native: {
      protocol: 'openai-responses',
      fields: { type: 'shell_call', id: 'sh_1', status: 'completed' },
    },
  };
  const { body } = encode({ messages: [{ role: 'assistant', parts: [call] }] });
  assert.deepEqual(body['input'], [
    {
      type: 'shell_call',
      id: 'sh_1',
      status: 'completed',
      action: { commands: ['true'] },
      call_id: 'c',
    },
  ]);
});

// Requests that this protocol can say in full.

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
const name = fc.stringMatching(/^[a-z_]{1,10}$/);
const own = (fields: JsonObject) => ({ native: { protocol: 'openai-responses', fields } }) as const;
const textPart = word.map((value) => ({ type: 'text', text: value }) as const);
const image = fc.constantFrom<Part>(
  {
    type: 'image',
    source: { kind: 'base64', mediaType: 'image/png', base64: 'iVBORw==' },
    ...own({ detail: 'high' }),
  },
  {
    type: 'image',
    source: { kind: 'url', url: 'https://a.example/a.png' },
    ...own({ detail: 'low' }),
  },
  { type: 'image', source: { kind: 'id', id: 'file_1' }, ...own({ detail: 'auto' }) },
);
const file = fc.constantFrom<Part>(
  {
    type: 'file',
    source: { kind: 'base64', mediaType: 'text/plain', base64: 'eA==' },
    name: 'a.txt',
  },
  { type: 'file', source: { kind: 'url', url: 'https://a.example/a.pdf' }, name: undefined },
  { type: 'file', source: { kind: 'id', id: 'file_2' }, name: undefined, ...own({}) },
);
const fromUser = fc
  .array(fc.oneof(textPart, image, file), { minLength: 1, maxLength: 3 })
  .map((parts): Message => ({ role: 'user', parts }));
/** The border refuses a key `__proto__`, so that none comes this far. */
const json = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.stringify({ value }))
  .filter((text) => !text.includes('__proto__'));
const exchangeOfTools = fc
  .array(fc.tuple(name, json, word), { minLength: 1, maxLength: 3 })
  .chain((calls) =>
    fc.tuple(fc.constant(calls), fc.option(textPart, { nil: undefined }), fc.nat(9)),
  )
  .map(([calls, said, turn]): Message[] => [
    {
      role: 'assistant',
      parts: [
        {
          type: 'reasoning',
          text: 'hm',
          ...own({ id: `rs_${turn}`, encrypted_content: 'o', type: 'summary_text' }),
        },
        ...(said ? [{ ...said, ...own({ id: `msg_${turn}`, status: 'completed' }) }] : []),
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
    ...calls.map(
      ([, , result], i): Message => ({
        role: 'tool',
        parts: [
          {
            type: 'tool_result',
            callId: `c${turn}_${i}`,
            content: [{ type: 'text', text: result }],
          },
        ],
      }),
    ),
  ]);
const request = fc.record<ModelRequest>({
  operation: fc.constant('generate'),
  model: name,
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
      parameters: fc.constant({ type: 'object', properties: {} }),
      strict: fc.boolean(),
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
  parallelToolCalls: fc.option(fc.boolean(), { nil: undefined }),
  output: fc.option(
    fc.constantFrom(
      { format: 'text' },
      { format: 'json' },
      {
        format: 'json_schema',
        schema: { type: 'object' },
        name: 'n',
        description: undefined,
        strict: true,
      },
    ),
    { nil: undefined },
  ),
  maxTokens: fc.option(fc.nat(), { nil: undefined }),
  temperature: fc.option(fc.double({ min: 0, max: 2, noNaN: true }), { nil: undefined }),
  topP: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  reasoning: fc.option(
    fc.record({
      effort: fc.constantFrom('none', 'low', 'xhigh', 'max'),
      summary: fc.constant(undefined),
    }),
    { nil: undefined },
  ),
  native: fc.constant({
    protocol: 'openai-responses',
    fields: { store: false, text: { verbosity: 'low' } },
  }),
});

const plain = (value: object) => JSON.parse(JSON.stringify(value)) as unknown;

test('INVARIANT (1): what is sent says exactly what was decided', () => {
  fc.assert(
    fc.property(request, (decided) => {
      const dropped = new Set<string>();
      const { body } = openaiResponses.encodeRequest(decided, dropped);
      assert.deepEqual([...dropped], []);
      const read = openaiResponses.decodeRequest(
        JSON.parse(JSON.stringify(body)) as JsonObject,
        GENERATE,
      );
      assert.deepEqual(plain(read), plain(decided));
    }),
  );
});
