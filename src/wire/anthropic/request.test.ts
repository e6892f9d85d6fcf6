import assert from 'node:assert/strict';
import { test } from 'node:test';
import type Anthropic from '@anthropic-ai/sdk';
import { type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type { CountRequest, ModelRequest, ProviderTool } from '../exchange.ts';
import { anthropic } from './protocol.ts';

const MESSAGES = [{ role: 'user', content: 'x' }];
const MINIMAL = { model: 'm', max_tokens: 9, messages: MESSAGES };

function decode(
  body: JsonObject,
  allowed: readonly string[] = [],
  betas: readonly string[] = [],
): ModelRequest {
  return anthropic.decodeRequest(body, {
    route: { operation: 'generate' },
    allowedFields: new Set(allowed),
    betas,
  }) as ModelRequest;
}

function encode(request: ModelRequest, dropped = new Set<string>()): JsonObject {
  const { body } = anthropic.encodeRequest(request, dropped);
  return parseJsonText(JSON.stringify(body)) as JsonObject;
}

/** Without the fields that are absent by being undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** These two go in headers. */
type InHeaders = 'betas' | 'user_profile_id' | 'workspace_id';
type Field = Exclude<
  keyof Anthropic.MessageCreateParams | keyof Anthropic.Beta.MessageCreateParams,
  InHeaders
>;

/** A value for each field of the official SDK's types: the compiler tells when one is added. */
const FIELDS: Record<Field | 'temperature' | 'top_p' | 'top_k', JsonValue> = {
  model: 'm',
  max_tokens: 9,
  messages: [
    { role: 'user', content: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] },
  ],
  billing_policy: { type: 'billing_policy' },
  cache_control: { type: 'ephemeral', ttl: '1h' },
  compaction: { type: 'summarize', instructions: 'Briefly.' },
  container: { id: 'c', skills: [{ type: 'custom', skill_id: 's', version: '1' }] },
  context_management: {
    edits: [{ type: 'clear_tool_uses_20250919', keep: { type: 'tool_uses', value: 3 } }],
  },
  diagnostics: { previous_message_id: 'a' },
  fallback_credit_token: 't',
  fallbacks: [{ model: 'n' }],
  inference_geo: 'us',
  mcp_servers: [{ type: 'url', name: 'a', url: 'https://mcp.example/', authorization_token: 't' }],
  metadata: { user_id: 'u' },
  output_config: {
    effort: 'high',
    format: { type: 'json_schema', schema: { type: 'object' } },
    task_budget: { type: 'tokens', total: 10 },
  },
  output_format: { type: 'json_schema', schema: { type: 'object' } },
  service_tier: 'standard_only',
  speed: 'fast',
  stop_sequences: ['a'],
  stream: true,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  temperature: 0.5,
  thinking: { type: 'enabled', budget_tokens: 2_000, display: 'omitted' },
  thread: { type: 'create' },
  tool_choice: { type: 'any', disable_parallel_tool_use: true },
  tools: [{ name: 'f', input_schema: { type: 'object' } }],
  top_k: 4,
  top_p: 0.9,
};

const REFUSED: readonly string[] = [
  'billing_policy',
  'fallback_credit_token',
  'fallbacks',
  'thread',
];

for (const [field, value] of Object.entries(FIELDS)) {
  const tools = field === 'tool_choice' ? { tools: FIELDS.tools } : {};
  const body = { ...MINIMAL, max_tokens: 4_000, ...tools, [field]: value };
  test(`the field ${field} is ${REFUSED.includes(field) ? 'refused' : 'carried'}`, () => {
    if (REFUSED.includes(field)) {
      assert.throws(() => decode(body), { code: 'unsupported', at: field });
      return;
    }
    const sent = encode(decode(body));
    // The beta's name for it is not written any more.
    if (field === 'output_format') assert.deepEqual(sent['output_config'], { format: value });
    else assert.deepEqual(sent[field], value);
  });
}

test('each way of thinking goes through', () => {
  for (const thinking of [
    { type: 'enabled', budget_tokens: 2_000 },
    { type: 'adaptive' },
    { type: 'adaptive', display: 'summarized' },
    { type: 'disabled' },
    { type: 'between_tools' },
  ]) {
    const sent = encode(decode({ ...MINIMAL, max_tokens: 4_000, thinking }));
    assert.deepEqual(sent['thinking'], thinking);
    const output_config = { effort: 'low' };
    const both = encode(decode({ ...MINIMAL, max_tokens: 4_000, thinking, output_config }));
    assert.deepEqual([both['thinking'], both['output_config']], [thinking, output_config]);
  }
});

test('an unknown field is refused by its path, at every depth', () => {
  const block = (fields: JsonObject) => ({ messages: [{ role: 'user', content: [fields] }] });
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{ max_token: 1 }, 'max_token'],
    [{ System: 'x' }, 'System'],
    [{ user_profile_id: 'x' }, 'user_profile_id'],
    [{ messages: [{ role: 'user', content: 'x', name: 'y' }] }, 'messages[0].name'],
    [block({ type: 'text', text: 'x', Text: 'y' }), 'messages[0].content[0].Text'],
    [
      block({ type: 'image', source: { type: 'url', url: 'https://a.example/', data: '' } }),
      'messages[0].content[0].source.data',
    ],
    [
      block({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: '', x: 1 }] }),
      'messages[0].content[0].content[0].x',
    ],
    [
      block({ type: 'web_search_tool_result', tool_use_id: 'a', content: [{ secret: 'x' }] }),
      'messages[0].content[0].content[0].secret',
    ],
    [{ tools: [{ name: 'f', input_schema: {}, parameters: {} }] }, 'tools[0].parameters'],
    [{ tools: [{ type: 'web_search_20250305', name: 'web_search', urls: [] }] }, 'tools[0].urls'],
    [{ mcp_servers: [{ type: 'url', name: 'a', url: 'x', env: {} }] }, 'mcp_servers[0].env'],
    [{ tool_choice: { type: 'auto', name: 'f' } }, 'tool_choice.name'],
    [{ thinking: { type: 'disabled', budget_tokens: 1 } }, 'thinking.budget_tokens'],
    [{ output_config: { verbosity: 'low' } }, 'output_config.verbosity'],
    [{ metadata: { team: 'a' } }, 'metadata.team'],
  ];
  for (const [fields, at] of cases) {
    assert.throws(() => decode({ ...MINIMAL, ...fields }), { code: 'unknown_field', at });
  }
});

test('a field of the wrong type is refused by its path', () => {
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{ max_tokens: null }, 'max_tokens'],
    [{ max_tokens: '9' }, 'max_tokens'],
    [{ messages: 'x' }, 'messages'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
    [
      {
        messages: [
          { role: 'user', content: [{ type: 'tool_use', id: 'a', name: 'f', input: {} }] },
        ],
      },
      'messages[0].content[0].type',
    ],
    [
      {
        messages: [
          { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'f', input: 'x' }] },
        ],
      },
      'messages[0].content[0].input',
    ],
    [{ system: 7 }, 'system'],
    [{ thinking: { type: 'enabled' } }, 'thinking.budget_tokens'],
    [{ thinking: { type: 'deep' } }, 'thinking.type'],
    [{ tools: [{ name: 'f' }] }, 'tools[0].input_schema'],
  ];
  for (const [fields, at] of cases) {
    assert.throws(() => decode({ ...MINIMAL, ...fields }), { code: 'invalid_request', at });
  }
});

test('unknown tools and blocks, and tools hidden in messages, are refused', () => {
  const definition = {
    type: 'tool_definition',
    definition: { type: 'bash_20250124', name: 'bash' },
  };
  const cases: readonly (readonly [JsonObject, string])[] = [
    [{ tools: [{ type: 'web_search_20990101', name: 'web_search' }] }, 'tools[0].type'],
    [{ tools: [{ type: 'constructor', name: 'x' }] }, 'tools[0].type'],
    [
      { messages: [{ role: 'user', content: [{ type: 'hologram' }] }] },
      'messages[0].content[0].type',
    ],
    [
      {
        messages: [{ role: 'user', content: [{ type: 'tool_addition', tool: definition }] }],
      },
      'messages[0].content[0].type',
    ],
  ];
  for (const [fields, at] of cases) {
    assert.throws(() => decode({ ...MINIMAL, ...fields }), { code: 'unsupported', at });
  }
});

type ToolTypes = NonNullable<
  Exclude<Anthropic.Beta.BetaToolUnion, Anthropic.Beta.BetaTool>['type']
>;

/** Each type of tool in the official SDK: the compiler tells when one is added. */
const TOOLS: Record<ToolTypes, string> = {
  advisor_20260301: 'other at provider',
  bash_20241022: 'shell at caller',
  bash_20250124: 'shell at caller',
  browser_toolset_20260801: 'computer_use at caller',
  code_execution_20250522: 'code_execution at provider',
  code_execution_20250825: 'code_execution at provider',
  code_execution_20260120: 'code_execution at provider',
  code_execution_20260521: 'code_execution at provider',
  computer_20241022: 'computer_use at caller',
  computer_20250124: 'computer_use at caller',
  computer_20251124: 'computer_use at caller',
  computer_toolset_20260801: 'computer_use at caller',
  mcp_toolset: 'remote_mcp at provider',
  memory_20250818: 'memory at caller',
  text_editor_20241022: 'text_editor at caller',
  text_editor_20250124: 'text_editor at caller',
  text_editor_20250429: 'text_editor at caller',
  text_editor_20250728: 'text_editor at caller',
  tool_search_tool_bm25: 'tool_search at provider',
  tool_search_tool_bm25_20251119: 'tool_search at provider',
  tool_search_tool_regex: 'tool_search at provider',
  tool_search_tool_regex_20251119: 'tool_search at provider',
  web_fetch_20250910: 'web_fetch at provider',
  web_fetch_20260209: 'web_fetch at provider',
  web_fetch_20260309: 'web_fetch at provider',
  web_fetch_20260318: 'web_fetch at provider',
  web_search_20250305: 'web_search at provider',
  web_search_20260209: 'web_search at provider',
  web_search_20260318: 'web_search at provider',
};

const seen = ({ kind, runsAt }: ProviderTool) => `${kind} at ${runsAt}`;

test('every tool of Anthropic’s making is seen for what it is, and goes back as it came', () => {
  const tools = Object.keys(TOOLS).map((type) => ({ type, name: 'n', defer_loading: true }));
  const request = decode({ ...MINIMAL, tools });
  assert.deepEqual(request.tools, []);
  assert.deepEqual(request.providerTools.map(seen), Object.values(TOOLS));
  assert.deepEqual(encode(request)['tools'], tools);
});

test('servers and containers, which run things at Anthropic, are seen as tools', () => {
  const { mcp_servers, container } = FIELDS;
  const request = decode({ ...MINIMAL, mcp_servers, container });
  assert.deepEqual(request.providerTools.map(seen), [
    'remote_mcp at provider',
    'code_execution at provider',
  ]);
});

test('betas go from the caller’s header to the provider’s', () => {
  const request = decode(MINIMAL, [], ['a-1', 'b-2']);
  const { headers } = anthropic.encodeRequest(request, new Set());
  assert.deepEqual(headers, { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'a-1,b-2' });
  assert.deepEqual(anthropic.encodeRequest(decode(MINIMAL), new Set()).headers, {
    'anthropic-version': '2023-06-01',
  });
});

test('counting takes the same fields but for the limit', () => {
  const options = {
    route: { operation: 'count_tokens' },
    allowedFields: new Set<string>(),
  } as const;
  const { model, messages, tools } = { ...MINIMAL, tools: FIELDS.tools };
  const request = anthropic.decodeRequest({ model, messages, tools }, options) as CountRequest;
  const { path, body } = anthropic.encodeRequest(request, new Set());
  assert.equal(path, '/v1/messages/count_tokens');
  assert.deepEqual(plain(body), { model, messages, tools });
  assert.equal(anthropic.decodeCount({ input_tokens: 5 }, request), 5);
  assert.throws(() => anthropic.decodeCount({}, request), { code: 'upstream_invalid' });
});
