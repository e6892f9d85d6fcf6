import assert from 'node:assert/strict';
import { test } from 'node:test';
import type OpenAI from 'openai';
import { type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type { Message, ModelRequest, Part } from '../exchange.ts';
import type { Dialect } from '../protocol.ts';
import { openaiChat } from './protocol.ts';

const MESSAGES = [{ role: 'user', content: 'x' }];

function decode(body: JsonObject, allowed: readonly string[] = []): ModelRequest {
  return openaiChat.decodeRequest(body, {
    route: { operation: 'generate' },
    allowedFields: new Set(allowed),
  }) as ModelRequest;
}

function encode(request: ModelRequest, dropped = new Set<string>(), dialect: Dialect = {}) {
  const { body } = openaiChat.encodeRequest(request, dropped, dialect);
  return parseJsonText(JSON.stringify(body)) as JsonObject;
}

/** Without the fields that are absent by being undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

type Field = keyof OpenAI.ChatCompletionCreateParams;

/** A value for each field of the official SDK's type: the compiler tells when one is added. */
const FIELDS: Record<Field, JsonValue> = {
  messages: MESSAGES,
  model: 'm',
  audio: { format: 'mp3', voice: 'ash' },
  frequency_penalty: 0.5,
  function_call: 'auto',
  functions: [{ name: 'f' }],
  logit_bias: { '50256': -100 },
  logprobs: true,
  max_completion_tokens: 10,
  max_tokens: 10,
  metadata: { team: 'a' },
  modalities: ['text'],
  moderation: { model: 'm', policy: { input: { mode: 'score' }, output: null } },
  n: 1,
  parallel_tool_calls: false,
  prediction: { type: 'content', content: [{ type: 'text', text: 'x' }] },
  presence_penalty: -0.5,
  prompt_cache_key: 'k',
  prompt_cache_options: { mode: 'explicit', ttl: '30m' },
  prompt_cache_retention: '24h',
  reasoning_effort: 'max',
  response_format: { type: 'json_object' },
  safety_identifier: 's',
  seed: 7,
  service_tier: 'flex',
  stop: ['a', 'b'],
  store: false,
  stream: true,
  stream_options: { include_usage: true, include_obfuscation: false },
  temperature: 0.2,
  tool_choice: 'required',
  tools: [{ type: 'function', function: { name: 'f' } }],
  top_logprobs: 2,
  top_p: 0.9,
  user: 'u',
  verbosity: 'low',
  web_search_options: { search_context_size: 'low' },
};

const REFUSED: readonly string[] = ['audio', 'functions', 'function_call'];

for (const [field, value] of Object.entries(FIELDS)) {
  const body = { model: 'm', messages: MESSAGES, [field]: value };
  test(`the field ${field} is ${REFUSED.includes(field) ? 'refused' : 'carried'}`, () => {
    if (REFUSED.includes(field)) {
      assert.throws(() => decode(body), { code: 'unsupported', at: field });
      assert.ok(decode({ ...body, [field]: null }));
      return;
    }
    const sent = encode({ ...decode(body), stream: true });
    if (field === 'n' || field === 'stream_options') return;
    assert.deepEqual(sent[field], value);
  });
}

test('an unknown field is refused by its path, at every depth', () => {
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{ temperture: 1 }, 'temperture'],
    [{ Messages: [] }, 'Messages'],
    [{ constructor: 1 }, 'constructor'],
    [{ messages: [{ role: 'user', content: 'x', contnet: 'y' }] }, 'messages[0].contnet'],
    [{ messages: [{ role: 'user', content: 'x', tool_calls: [] }] }, 'messages[0].tool_calls'],
    [
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', txt: 1 }] }] },
      'messages[0].content[0].txt',
    ],
    [
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'https://a.example/', size: 1 } }],
          },
        ],
      },
      'messages[0].content[0].image_url.size',
    ],
    [
      {
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{}', Arguments: '{}' } }],
          },
        ],
      },
      'messages[0].tool_calls[0].function.Arguments',
    ],
    [
      { tools: [{ type: 'function', function: { name: 'f', paramters: {} } }] },
      'tools[0].function.paramters',
    ],
    [{ tools: [{ type: 'function', function: { name: 'f' }, name: 'g' }] }, 'tools[0].name'],
    [{ response_format: { type: 'text', json_schema: {} } }, 'response_format.json_schema'],
    [{ stream_options: { include_usag: true } }, 'stream_options.include_usag'],
    [
      { web_search_options: { user_location: { type: 'approximate', ip: '::1' } } },
      'web_search_options.user_location.ip',
    ],
    [{ tool_choice: { type: 'function', function: { nam: 'f' } } }, 'tool_choice.function.nam'],
  ];
  for (const [fields, at] of cases) {
    const body = { model: 'm', messages: MESSAGES, ...fields };
    assert.throws(() => decode(body), { code: 'unknown_field', at });
  }
});

test('a field of the wrong type is refused by its path', () => {
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{ model: 7 }, 'model'],
    [{ messages: {} }, 'messages'],
    [{ messages: ['x'] }, 'messages[0]'],
    [{ messages: [{ content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'root', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: 7 }] }, 'messages[0].content'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [{ messages: [{ role: 'user', content: [{ type: 'vid' }] }] }, 'messages[0].content[0].type'],
    [{ temperature: '1' }, 'temperature'],
    [{ max_tokens: 1.5 }, 'max_tokens'],
    [{ max_tokens: 1, max_completion_tokens: 2 }, 'max_completion_tokens'],
    [{ stop: [1] }, 'stop'],
    [{ reasoning_effort: 'huge' }, 'reasoning_effort'],
    [{ metadata: { a: 1 } }, 'metadata.a'],
    [{ stream: 'yes' }, 'stream'],
    [{ tool_choice: 'always' }, 'tool_choice'],
  ];
  for (const [fields, at] of cases) {
    const body = { model: 'm', messages: MESSAGES, ...fields };
    assert.throws(() => decode(body), { code: 'invalid_request', at });
  }
});

test('fields that the configuration allows go to the same protocol as they are', () => {
  const request = decode({ model: 'm', messages: MESSAGES, top_a: { b: 1 } }, ['top_a']);
  assert.deepEqual(encode(request)['top_a'], { b: 1 });
});

test('what the protocol has and Proviso does not carry is refused', () => {
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{ n: 2 }, 'n'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
    [{ tools: [{ type: 'builtin_function', function: { name: '$s' } }] }, 'tools[0].type'],
    [{ messages: [{ role: 'function', name: 'f', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'assistant', audio: { id: 'a' } }] }, 'messages[0].audio'],
    [
      { messages: [{ role: 'assistant', function_call: { name: 'f', arguments: '{}' } }] },
      'messages[0].function_call',
    ],
  ];
  for (const [fields, at] of cases) {
    const body = { model: 'm', messages: MESSAGES, ...fields };
    assert.throws(() => decode(body), { code: 'unsupported', at });
  }
});

test('tools of the vendor’s making stand apart from the caller’s own', () => {
  const { tools, providerTools } = decode({
    model: 'm',
    messages: MESSAGES,
    tools: [
      { type: 'function', function: { name: 'f', strict: true } },
      { type: 'custom', custom: { name: 'sql', format: { type: 'text' } } },
    ],
    web_search_options: {},
  });
  assert.deepEqual(plain(tools), [{ name: 'f', strict: true }]);
  assert.deepEqual(
    providerTools.map(({ kind, wireType, runsAt }) => [kind, wireType, runsAt]),
    [
      ['other', 'custom', 'caller'],
      ['web_search', 'web_search_options', 'provider'],
    ],
  );
});

test('a tool that may not be used is not sent', () => {
  const named = (name: string) => ({ type: 'function', function: { name } });
  const body = {
    model: 'm',
    messages: MESSAGES,
    tools: [named('a'), named('b'), { type: 'custom', custom: { name: 'c' } }],
  };
  const choice = (...tools: JsonObject[]) => ({
    tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools } },
  });
  const sent = encode(decode({ ...body, ...choice(named('b')) }));
  assert.deepEqual(sent['tools'], [named('b')]);
  assert.equal(sent['tool_choice'], 'required');
  assert.throws(() => decode({ ...body, ...choice(named('z')) }), { code: 'invalid_request' });
});

test('the usage is asked for in every stream, and the caller’s wish is kept', () => {
  const request = decode({ model: 'm', messages: MESSAGES, stream: true });
  assert.deepEqual(encode(request)['stream_options'], { include_usage: true });
  assert.equal(request.native, undefined);
  const refused = encode(request, new Set(), { refusesStreamOptions: true });
  assert.equal(refused['stream_options'], undefined);
});

test('the limit on tokens goes under the name that the caller or the server knows', () => {
  const older = decode({ model: 'm', messages: MESSAGES, max_tokens: 5 });
  assert.deepEqual(encode(older)['max_tokens'], 5);
  const newer = decode({ model: 'm', messages: MESSAGES, max_completion_tokens: 5 });
  assert.deepEqual(encode(newer)['max_completion_tokens'], 5);
  const dialect = { maxTokensField: 'max_tokens' } as const;
  assert.deepEqual(encode(newer, new Set(), dialect)['max_tokens'], 5);
});

test('reasoning goes back to a server that wants it, unless another vendor signed it', () => {
  const signed = { protocol: 'anthropic', fields: { signature: 's' } } as const;
  const own = { protocol: 'openai-chat', fields: {} } as const;
  const sent = (dialect: Dialect, reasoning: Part) => {
    const request = decode({ model: 'm', messages: MESSAGES });
    const messages: Message[] = [{ role: 'assistant', parts: [reasoning] }];
    const [message] = encode({ ...request, messages }, new Set(), dialect)['messages'] as [
      JsonObject,
    ];
    return message['reasoning_content'];
  };
  const reasoning = { type: 'reasoning', text: 'x' } as const;
  assert.equal(sent({}, reasoning), undefined);
  assert.equal(sent({ takesReasoning: true }, reasoning), 'x');
  assert.equal(sent({ takesReasoning: true }, { ...reasoning, native: signed }), undefined);
  assert.equal(sent({}, { ...reasoning, native: own }), 'x');
});

test('what Chat Completions cannot carry is named, or refused where it matters', () => {
  const request = decode({ model: 'm', messages: MESSAGES });
  const dropped = new Set<string>();
  const native = { protocol: 'anthropic', fields: { metadata: {} } } as const;
  const reasoning = { type: 'reasoning', text: 'x', native } as const;
  const block = { type: 'native', label: 'server_tool_use', native } as const;
  const messages: Message[] = [{ role: 'assistant', parts: [reasoning, block] }];
  encode({ ...request, topK: 4, native, messages }, dropped);
  assert.deepEqual([...dropped].sort(), [
    'native:metadata',
    'reasoning',
    'server_tool_use',
    'top_k',
  ]);
  const tool = { kind: 'web_search', wireType: 'x', runsAt: 'provider', native } as const;
  const image = {
    type: 'image',
    source: { kind: 'url', url: 'https://a.example/' },
  } as const;
  const upload = { type: 'file', source: { kind: 'id', id: 'f' }, native } as const;
  const result = { type: 'tool_result', callId: 'c', content: [image] } as const;
  const refused: ModelRequest[] = [
    { ...request, providerTools: [tool] },
    { ...request, messages: [{ role: 'tool', parts: [result] }] },
    { ...request, messages: [{ role: 'user', parts: [upload] }] },
    { ...request, messages: [{ role: 'user', parts: [{ ...image, type: 'video' }] }] },
  ];
  for (const each of refused) assert.throws(() => encode(each), { code: 'cannot_carry' });
});

test('tool results among text keep their place', () => {
  const request = decode({ model: 'm', messages: MESSAGES });
  const result = (callId: string) =>
    ({ type: 'tool_result', callId, content: [{ type: 'text', text: callId }] }) as const;
  const parts = [result('a'), result('b'), { type: 'text', text: 'and' } as const];
  assert.deepEqual(encode({ ...request, messages: [{ role: 'tool', parts }] })['messages'], [
    { role: 'tool', tool_call_id: 'a', content: 'a' },
    { role: 'tool', tool_call_id: 'b', content: 'b' },
    { role: 'user', content: 'and' },
  ]);
});
