import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonObject, parseJsonText } from '#base/json.ts';
import type { Message, ModelRequest, Part } from '../exchange.ts';
import { anthropic } from './protocol.ts';

function decode(body: JsonObject): ModelRequest {
  return anthropic.decodeRequest(body, {
    route: { operation: 'generate' },
    allowedFields: new Set(),
  }) as ModelRequest;
}

function encode(request: ModelRequest, dropped: Set<string>): JsonObject {
  const { body } = anthropic.encodeRequest(request, dropped);
  return parseJsonText(JSON.stringify(body)) as JsonObject;
}

/** Without the fields that are absent by being undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const word = fc.string({ unit: 'grapheme' });
const said1 = fc.string({ unit: 'grapheme', minLength: 1 });
const native = (fields: JsonObject) => ({ protocol: 'anthropic', fields }) as const;
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const cached = maybe(fc.constant(native({ cache_control: { type: 'ephemeral' } })));
const json = fc.dictionary(
  word.filter((key) => key !== '__proto__'),
  fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null)),
  { maxKeys: 3 },
);
const textPart = fc.record({ type: fc.constant('text' as const), text: said1, native: cached });
const image = fc.record({
  type: fc.constant('image' as const),
  source: fc.oneof(
    fc.record({ kind: fc.constant('url' as const), url: word }),
    fc.record({
      kind: fc.constant('base64' as const),
      mediaType: fc.constantFrom('image/png', 'image/webp'),
      base64: fc.base64String(),
    }),
  ),
  native: cached,
});
const file = fc.oneof(
  fc.record({
    type: fc.constant('file' as const),
    source: fc.oneof(
      fc.record({
        kind: fc.constant('text' as const),
        mediaType: fc.constant('text/plain'),
        text: word,
      }),
      fc.record({
        kind: fc.constant('base64' as const),
        mediaType: fc.constant('application/pdf'),
        base64: fc.base64String(),
      }),
    ),
    name: maybe(word),
    native: cached,
  }),
  fc.record({
    type: fc.constantFrom('image' as const, 'file' as const),
    source: fc.record({ kind: fc.constant('id' as const), id: word }),
    native: fc.constant(native({})),
  }),
);
const id = fc.stringMatching(/^[a-zA-Z0-9_-]{1,8}$/);
const result = fc.record({
  type: fc.constant('tool_result' as const),
  callId: id,
  content: fc.array(fc.oneof(textPart, image), { maxLength: 2 }),
  isError: maybe(fc.boolean()),
  native: cached,
});
const searchResult: Part = {
  type: 'native',
  label: 'search_result',
  native: native({
    type: 'search_result',
    source: 's',
    title: 't',
    content: [{ type: 'text', text: 'x' }],
  }),
};
const serverCall: Part = {
  type: 'native',
  label: 'server_tool_use',
  native: native({ type: 'server_tool_use', id: 'a', name: 'web_search', input: { query: 'x' } }),
  providerTool: 'web_search',
};
const assistantPart = fc.oneof(
  textPart,
  fc.record({
    type: fc.constant('tool_call' as const),
    id,
    name: word,
    arguments: json.map((value) => JSON.stringify(value)),
    native: maybe(fc.constant(native({ caller: { type: 'direct' } }))),
  }),
  fc.record({
    type: fc.constant('reasoning' as const),
    text: word,
    native: fc.constant(native({ signature: 's' })),
  }),
  fc.constant({ type: 'reasoning', text: '', native: native({ data: 'd' }) } as const),
  fc.constant(serverCall),
);
const userMessage = fc
  .array(fc.oneof(textPart, image, file, fc.constant(searchResult)), { minLength: 1, maxLength: 3 })
  .map((parts): Message => ({ role: 'user', parts }));
const toolMessage = fc
  .array(result, { minLength: 1, maxLength: 3 })
  .map((parts): Message => ({ role: 'tool', parts }));
const turn = fc.tuple(
  fc.constantFrom('user', 'tool', 'both'),
  userMessage,
  toolMessage,
  fc
    .array(assistantPart, { minLength: 1, maxLength: 3 })
    .map((parts): Message => ({ role: 'assistant', parts })),
);
const conversation = fc
  .tuple(
    maybe(
      fc
        .array(textPart, { minLength: 1, maxLength: 2 })
        .map((parts): Message => ({ role: 'system', parts })),
    ),
    fc.array(turn, { maxLength: 3 }),
  )
  .map(([system, turns]) => [
    ...(system ? [system] : []),
    ...turns.flatMap(([who, user, tool, assistant]) => {
      const before = who === 'both' ? [tool, user] : [who === 'user' ? user : tool];
      return [...before, assistant];
    }),
  ]);
const request: fc.Arbitrary<ModelRequest> = fc.record({
  operation: fc.constant('generate' as const),
  model: word,
  stream: fc.boolean(),
  messages: conversation,
  tools: fc.array(
    fc.record({
      name: word,
      description: maybe(word),
      parameters: json,
      strict: maybe(fc.boolean()),
      native: cached,
    }),
    { minLength: 1, maxLength: 3 },
  ),
  providerTools: fc.constant(
    decode({
      model: 'm',
      max_tokens: 9,
      messages: [],
      tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 2 }],
    }).providerTools,
  ),
  toolChoice: fc.oneof(
    fc.record({ mode: fc.constantFrom('auto' as const, 'required' as const) }),
    fc.record({ mode: fc.constant('tool' as const), name: word }),
  ),
  parallelToolCalls: maybe(fc.boolean()),
  output: maybe(fc.record({ format: fc.constant('json_schema' as const), schema: json })),
  maxTokens: fc.integer({ min: 3_000, max: 90_000 }),
  temperature: maybe(fc.constantFrom(0, 0.5, 1)),
  topP: maybe(fc.constant(0.5)),
  topK: maybe(fc.nat()),
  stop: maybe(fc.array(word, { maxLength: 2 })),
  reasoning: maybe(
    fc.oneof(
      fc.constant({ effort: 'none' as const }),
      fc.record({
        effort: maybe(fc.constantFrom('low' as const, 'max' as const)),
        budgetTokens: fc.constantFrom(-1, 1_024, 2_999),
        summary: maybe(fc.boolean()),
      }),
    ),
  ),
  native: maybe(fc.constant(native({ metadata: { user_id: 'u' }, service_tier: 'auto' }))),
});

test('a request is the same after it was encoded and decoded', () => {
  fc.assert(
    fc.property(request, (given) => {
      const dropped = new Set<string>();
      assert.deepEqual(plain(decode(encode(given, dropped))), plain(given));
      assert.deepEqual(dropped, new Set());
    }),
    { numRuns: 500 },
  );
});
