import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonObject, parseJsonText } from '#base/json.ts';
import type { Message, ModelRequest } from '../exchange.ts';
import { openaiChat } from './protocol.ts';

function decode(body: JsonObject): ModelRequest {
  return openaiChat.decodeRequest(body, {
    route: { operation: 'generate' },
    allowedFields: new Set(),
  }) as ModelRequest;
}

function encode(request: ModelRequest, dropped: Set<string>): JsonObject {
  const { body } = openaiChat.encodeRequest(request, dropped);
  return parseJsonText(JSON.stringify(body)) as JsonObject;
}

/** Without the fields that are absent by being undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

const word = fc.string({ unit: 'grapheme' });
const native = (fields: JsonObject) => ({ protocol: 'openai-chat', fields }) as const;
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const mark = native({ prompt_cache_breakpoint: { mode: 'explicit' } });
const json = fc.dictionary(
  word.filter((key) => key !== '__proto__'),
  fc.oneof(word, fc.integer(), fc.boolean()),
  { maxKeys: 3 },
);

const textPart = fc.record(
  { type: fc.constant('text' as const), text: word, native: fc.constant(mark) },
  { requiredKeys: ['type', 'text'] },
);
const base64 = fc.base64String();
const mediaPart = fc.oneof(
  fc.record({
    type: fc.constant('image' as const),
    source: fc.oneof(
      fc.record({ kind: fc.constant('url' as const), url: fc.constant('https://a.example/i') }),
      fc.record({
        kind: fc.constant('base64' as const),
        mediaType: fc.constant('image/png'),
        base64,
      }),
    ),
    native: maybe(fc.constant(native({ detail: 'low' }))),
  }),
  fc.record({
    type: fc.constant('audio' as const),
    source: fc.record({
      kind: fc.constant('base64' as const),
      mediaType: fc.constantFrom('audio/wav', 'audio/mpeg'),
      base64,
    }),
  }),
  fc.record({
    type: fc.constant('file' as const),
    name: maybe(word),
    source: fc.record({
      kind: fc.constant('base64' as const),
      mediaType: fc.constant('application/pdf'),
      base64,
    }),
  }),
  fc.record({
    type: fc.constant('file' as const),
    source: fc.record({ kind: fc.constant('id' as const), id: word }),
    native: fc.constant(native({})),
  }),
);
const toolCall = fc.oneof(
  fc.record({
    type: fc.constant('tool_call' as const),
    id: word,
    name: word,
    arguments: json.map((value) => JSON.stringify(value)),
  }),
  fc.record({
    type: fc.constant('tool_call' as const),
    id: word,
    name: word,
    arguments: word,
    free: fc.constant(true),
  }),
);
const assistantParts = fc
  .tuple(
    maybe(word.map((text) => ({ type: 'reasoning', text, native: native({}) }) as const)),
    fc.array(textPart, { maxLength: 3 }),
    maybe(word.map((text) => ({ type: 'refusal', text }) as const)),
    fc.array(toolCall, { maxLength: 3 }),
  )
  .map(([reasoning, texts, refusal, calls]) =>
    [reasoning, ...texts, refusal, ...calls].filter((part) => part !== undefined),
  );
const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({
    role: fc.constantFrom('system' as const, 'developer' as const),
    parts: fc.array(textPart, { minLength: 1, maxLength: 3 }),
    name: maybe(word),
  }),
  fc.record({
    role: fc.constant('user' as const),
    parts: fc.array(fc.oneof(textPart, mediaPart), { minLength: 1, maxLength: 4 }),
    name: maybe(word),
  }),
  fc.record({ role: fc.constant('assistant' as const), parts: assistantParts, name: maybe(word) }),
  fc.record({
    role: fc.constant('tool' as const),
    parts: fc.tuple(
      fc.record({
        type: fc.constant('tool_result' as const),
        callId: word,
        content: fc.array(textPart, { minLength: 1, maxLength: 2 }),
      }),
    ),
  }),
);
const number = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -2, max: 2 })
  .map((n) => n + 0);
const request: fc.Arbitrary<ModelRequest> = fc.record({
  operation: fc.constant('generate' as const),
  model: word,
  stream: fc.constant(false),
  messages: fc.array(message, { maxLength: 5 }),
  tools: fc.array(
    fc.record({
      name: word,
      description: maybe(word),
      parameters: maybe(json),
      strict: maybe(fc.boolean()),
    }),
    { maxLength: 3 },
  ),
  providerTools: fc.subarray([
    {
      kind: 'web_search' as const,
      wireType: 'web_search_options',
      runsAt: 'provider' as const,
      native: native({ search_context_size: 'low' }),
    },
    {
      kind: 'other' as const,
      wireType: 'custom',
      runsAt: 'caller' as const,
      native: native({ name: 'sql', description: 'd' }),
    },
  ]),
  toolChoice: maybe(
    fc.oneof(
      fc.record({ mode: fc.constantFrom('auto' as const, 'none' as const, 'required' as const) }),
      fc.record({ mode: fc.constant('tool' as const), name: fc.oneof(word, fc.constant('sql')) }),
    ),
  ),
  parallelToolCalls: maybe(fc.boolean()),
  output: maybe(
    fc.oneof(
      fc.record({ format: fc.constantFrom('text' as const, 'json' as const) }),
      fc.record({
        format: fc.constant('json_schema' as const),
        schema: json,
        name: word,
        description: maybe(word),
        strict: maybe(fc.boolean()),
      }),
    ),
  ),
  maxTokens: fc.constant(9),
  maxTokensField: maybe(fc.constant('max_tokens' as const)),
  temperature: maybe(number),
  topP: maybe(number),
  seed: maybe(fc.integer()),
  stop: maybe(fc.array(word, { maxLength: 2 })),
  presencePenalty: maybe(number),
  frequencyPenalty: maybe(number),
  reasoning: maybe(fc.record({ effort: fc.constantFrom('none' as const, 'low' as const) })),
  native: maybe(fc.constant(native({ user: 'u', metadata: { a: 'b' }, logit_bias: { '1': 2 } }))),
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
