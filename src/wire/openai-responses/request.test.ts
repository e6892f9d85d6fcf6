import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { CountRequest, ModelRequest } from '../exchange.ts';
import { openaiResponses } from './protocol.ts';

const GENERATE = { operation: 'generate' } as const;

function decode(body: JsonObject, allowed: string[] = []): ModelRequest {
  const options = { route: GENERATE, allowedFields: new Set(allowed) };
  return openaiResponses.decodeRequest(body, options) as ModelRequest;
}

function encode(request: ModelRequest): JsonObject {
  return openaiResponses.encodeRequest(request, new Set()).body;
}

/** A request that uses about everything at once. */
const FULL: JsonObject = {
  model: 'm',
  instructions: 'Be brief.',
  stream: true,
  input: [
    { role: 'user', content: 'Hello' },
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'See', prompt_cache_breakpoint: { mode: 'explicit' } },
        { type: 'input_image', detail: 'low', image_url: 'data:image/png;base64,iVBORw==' },
        { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' },
        { type: 'input_file', file_url: 'https://files.example/a.pdf' },
      ],
    },
    {
      type: 'reasoning',
      id: 'rs_1',
      encrypted_content: 'opaque',
      summary: [
        { type: 'summary_text', text: 'one' },
        { type: 'summary_text', text: 'two' },
      ],
    },
    {
      type: 'message',
      id: 'msg_1',
      role: 'assistant',
      status: 'completed',
      phase: 'commentary',
      content: [
        {
          type: 'output_text',
          text: 'Calling',
          annotations: [
            {
              type: 'url_citation',
              url: 'https://a.example/',
              title: 'A',
              start_index: 0,
              end_index: 2,
            },
          ],
        },
      ],
    },
    {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'call_1',
      name: 'look',
      arguments: '{"n":12345678901234567890}',
      caller: { type: 'program', caller_id: 'call_p' },
      status: 'completed',
    },
    {
      type: 'function_call_output',
      call_id: 'call_1',
      output: [{ type: 'input_text', text: 'seen' }],
    },
    { type: 'custom_tool_call', call_id: 'call_2', name: 'sql', input: 'SELECT 1' },
    { type: 'custom_tool_call_output', call_id: 'call_2', output: '1' },
    {
      type: 'shell_call',
      call_id: 'call_3',
      action: { commands: ['ls'], timeout_ms: 10 },
      environment: { type: 'local' },
    },
    {
      type: 'shell_call_output',
      call_id: 'call_3',
      output: [{ stdout: 'a', stderr: '', outcome: { type: 'exit', exit_code: 0 } }],
    },
    {
      type: 'mcp_approval_response',
      approval_request_id: 'mcpr_1',
      approve: true,
    },
    { type: 'program', id: 'cm_1', call_id: 'call_p', code: 'x()', fingerprint: 'f' },
  ],
  tools: [
    {
      type: 'function',
      name: 'look',
      description: 'Looks.',
      parameters: { type: 'object', properties: { n: { type: 'integer' } } },
      strict: true,
      allowed_callers: ['direct'],
    },
    { type: 'custom', name: 'sql', format: { type: 'grammar', syntax: 'regex', definition: '.+' } },
    {
      type: 'namespace',
      name: 'crm',
      description: 'Customers.',
      tools: [{ type: 'function', name: 'find', defer_loading: true }],
    },
    { type: 'web_search', filters: { allowed_domains: ['a.example'] } },
    {
      type: 'shell',
      environment: { type: 'container_auto', network_policy: { type: 'disabled' } },
    },
    {
      type: 'mcp',
      server_label: 's',
      server_url: 'https://mcp.example/',
      require_approval: 'never',
    },
    { type: 'local_shell' },
  ],
  tool_choice: { type: 'function', name: 'look' },
  parallel_tool_calls: false,
  text: {
    verbosity: 'low',
    format: { type: 'json_schema', name: 'out', schema: { type: 'object' }, strict: true },
  },
  max_output_tokens: 100,
  temperature: 0.5,
  top_p: 0.9,
  reasoning: { effort: 'low', summary: 'detailed', mode: 'standard' },
  include: ['reasoning.encrypted_content'],
  metadata: { team: 'a' },
  store: false,
  stream_options: { include_obfuscation: false },
  prompt_cache_options: { mode: 'explicit', ttl: '30m' },
  moderation: { model: 'mod', policy: { input: { mode: 'block' } } },
  context_management: [{ type: 'compaction', compact_threshold: 1000 }],
  truncation: 'auto',
  user: 'u',
};

/** Places whose keys are the caller's own. */
const FREE = /(parameters|schema|metadata)(\.|$)/;

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

function withKey(value: JsonValue, path: string, at: string, key: string): JsonValue {
  if (Array.isArray(value)) {
    return (value as readonly JsonValue[]).map((item, i) =>
      withKey(item, `${path}[${i}]`, at, key),
    );
  }
  if (!isObject(value)) return value;
  const out: { [key: string]: JsonValue } = path === at ? { [key]: 1 } : {};
  for (const name in value) {
    const member = value[name] as JsonValue;
    out[name] = withKey(member, path === '' ? name : `${path}.${name}`, at, key);
  }
  return out;
}

test('a request that uses everything goes through, to the same protocol, as it was', () => {
  const body = encode(decode(FULL));
  const { input, tools, reasoning, ...rest } = body;
  const { input: inputGiven, tools: toolsGiven, reasoning: reasoningGiven, ...restGiven } = FULL;
  assert.deepEqual(rest, restGiven);
  assert.deepEqual(reasoning, reasoningGiven);
  assert.deepEqual(new Set(tools as JsonValue[]), new Set(toolsGiven as JsonValue[]));
  const given = inputGiven as JsonObject[];
  const items = input as JsonObject[];
  assert.equal(items.length, given.length);
  assert.deepEqual(items[0], {
    type: 'message',
    role: 'user',
    content: [{ type: 'input_text', text: 'Hello' }],
  });
  // A filename is asked for by the API where content comes inline only.
  for (const [i, item] of given.entries()) {
    if (i === 0) continue;
    if (item['type'] === 'function_call_output') {
      assert.deepEqual(items[i], { ...item, output: 'seen' });
    } else assert.deepEqual(items[i], item, `input[${i}]`);
  }
});

test('INVARIANT (2): an unknown field is refused at every level, by name', () => {
  let count = 0;
  for (const at of objectsOf(FULL, '')) {
    if (FREE.test(at)) continue;
    const body = withKey(FULL, '', at, 'zz_unknown') as JsonObject;
    const path = at === '' ? 'zz_unknown' : `${at}.zz_unknown`;
    assert.throws(() => decode(body), { code: 'unknown_field', at: path }, path);
    count++;
  }
  assert.ok(count > 40, `${count} places`);
});

test('a top-level field that the operator allows is carried, and only there', () => {
  const request = decode({ model: 'm', input: 'x', new_thing: [1] }, ['new_thing']);
  assert.deepEqual(encode(request)['new_thing'], [1]);
  assert.throws(
    () =>
      decode({ model: 'm', input: [{ role: 'user', content: 'x', new_thing: 1 }] }, ['new_thing']),
    {
      code: 'unknown_field',
    },
  );
});

test('case variants are unknown', () => {
  for (const key of ['Input', 'MODEL', 'maxOutputTokens', 'Tools']) {
    assert.throws(() => decode({ model: 'm', input: 'x', [key]: 1 }), {
      code: 'unknown_field',
      at: key,
    });
  }
});

test('content that is kept at the provider is not brought in unseen', () => {
  const refused: JsonObject[] = [
    { previous_response_id: 'resp_1' },
    { conversation: 'conv_1' },
    { conversation: { id: 'conv_1' } },
    { prompt: { id: 'pmpt_1' } },
    { background: true },
    { input: [{ type: 'item_reference', id: 'msg_1' }] },
    { input: [{ id: 'msg_1' }] },
    { input: [{ type: null, id: 'msg_1' }] },
  ];
  for (const fields of refused) {
    const body = { model: 'm', input: 'x', ...fields };
    assert.throws(() => decode(body), { code: 'unsupported' }, JSON.stringify(fields));
  }
  const none = { previous_response_id: null, conversation: null, background: false };
  assert.equal(decode({ model: 'm', input: 'x', ...none }).messages.length, 1);
});

test('what is not a known item, content or tool is refused', () => {
  const refused: JsonObject[] = [
    { input: [{ type: 'telepathy_call', call_id: 'c' }] },
    { input: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] },
    { tools: [{ type: 'web_search_9999' }] },
    { tools: [{ type: 'toString' }] },
    { text: { format: { type: 'grammar' } } },
  ];
  for (const fields of refused) {
    const body = { model: 'm', input: 'x', ...fields };
    assert.throws(() => decode(body), { code: 'unsupported' }, JSON.stringify(fields));
  }
});

test('values of another type are refused with their path', () => {
  const wrong: [JsonObject, string][] = [
    [{ model: 1 }, 'model'],
    [{ temperature: '1' }, 'temperature'],
    [{ max_output_tokens: 1.5 }, 'max_output_tokens'],
    [{ input: [{ role: 'tool', content: 'x' }] }, 'input[0].role'],
    [{ input: [{ role: 'user', content: 1 }] }, 'input[0].content'],
    [{ input: [{ role: 'user' }] }, 'input[0].content'],
    [{ tools: {} }, 'tools'],
    [{ tool_choice: 'maybe' }, 'tool_choice'],
    [{ metadata: { a: 1 } }, 'metadata.a'],
    [{ input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }, 'input[0].call_id'],
  ];
  for (const [fields, at] of wrong) {
    const body = { model: 'm', input: 'x', ...fields };
    assert.throws(() => decode(body), { code: 'invalid_request', at }, at);
  }
});

test('tools that run inside the provider are told apart from those that the caller runs', () => {
  const ofTool = (tool: JsonObject) => {
    const [found] = decode({ model: 'm', input: 'x', tools: [tool] }).providerTools;
    return [found?.kind, found?.runsAt, found?.wireType];
  };
  assert.deepEqual(ofTool({ type: 'web_search_preview' }), [
    'web_search',
    'provider',
    'web_search_preview',
  ]);
  assert.deepEqual(ofTool({ type: 'file_search', vector_store_ids: ['vs'] }), [
    'file_search',
    'provider',
    'file_search',
  ]);
  assert.deepEqual(ofTool({ type: 'code_interpreter', container: 'c' }), [
    'code_execution',
    'provider',
    'code_interpreter',
  ]);
  assert.deepEqual(ofTool({ type: 'programmatic_tool_calling' }), [
    'code_execution',
    'provider',
    'programmatic_tool_calling',
  ]);
  assert.deepEqual(ofTool({ type: 'image_generation' }), [
    'image_generation',
    'provider',
    'image_generation',
  ]);
  assert.deepEqual(ofTool({ type: 'mcp', server_label: 's', connector_id: 'c' }), [
    'remote_mcp',
    'provider',
    'mcp',
  ]);
  assert.deepEqual(ofTool({ type: 'computer' }), ['computer_use', 'caller', 'computer']);
  assert.deepEqual(ofTool({ type: 'apply_patch' }), ['text_editor', 'caller', 'apply_patch']);
  assert.deepEqual(ofTool({ type: 'local_shell' }), ['shell', 'caller', 'local_shell']);
  assert.deepEqual(ofTool({ type: 'shell' }), ['shell', 'caller', 'shell']);
  assert.deepEqual(ofTool({ type: 'shell', environment: { type: 'local' } }), [
    'shell',
    'caller',
    'shell',
  ]);
  assert.deepEqual(ofTool({ type: 'shell', environment: { type: 'container_auto' } }), [
    'shell',
    'provider',
    'shell',
  ]);
  assert.deepEqual(ofTool({ type: 'tool_search' }), ['tool_search', 'provider', 'tool_search']);
  assert.deepEqual(ofTool({ type: 'tool_search', execution: 'client' }), [
    'tool_search',
    'caller',
    'tool_search',
  ]);
});

test('tools that come with an item may not run inside the provider', () => {
  const item = (tools: JsonObject[]) => ({
    model: 'm',
    input: [{ type: 'additional_tools', role: 'developer', tools }],
  });
  assert.equal(decode(item([{ type: 'function', name: 'f', parameters: {} }])).messages.length, 1);
  for (const tool of [{ type: 'mcp', server_label: 's' }, { type: 'web_search' }]) {
    assert.throws(() => decode(item([tool])), { code: 'unsupported' });
  }
});

test('what may not be called is not offered', () => {
  const tools = [
    { type: 'function', name: 'a', parameters: {}, strict: false },
    { type: 'function', name: 'b', parameters: {}, strict: false },
    { type: 'web_search' },
    { type: 'mcp', server_label: 's' },
  ];
  const allowed = [
    { type: 'function', name: 'b' },
    { type: 'mcp', server_label: 's' },
  ];
  const request = decode({
    model: 'm',
    input: 'x',
    tools,
    tool_choice: { type: 'allowed_tools', mode: 'required', tools: allowed },
  });
  assert.deepEqual(request.toolChoice, { mode: 'required' });
  assert.deepEqual(
    request.tools.map((tool) => tool.name),
    ['b'],
  );
  assert.deepEqual(
    request.providerTools.map((tool) => tool.wireType),
    ['mcp'],
  );
});

test('calls of a vendor’s tools that the caller ran are tool calls with their results', () => {
  const { messages } = decode(FULL);
  const calls = messages
    .flatMap((message) => message.parts)
    .filter((part) => part.type === 'tool_call');
  assert.deepEqual(
    calls.map((call) => [call.name, call.arguments]),
    [
      ['look', '{"n":12345678901234567890}'],
      ['sql', 'SELECT 1'],
      ['shell', '{"commands":["ls"],"timeout_ms":10}'],
    ],
  );
  const results = messages.filter((message) => message.role === 'tool');
  assert.deepEqual(
    results.map((message) => message.parts[0]?.type === 'tool_result' && message.parts[0].callId),
    ['call_1', 'call_2', 'call_3'],
  );
});

test('what a container at the provider gave is the provider’s, like the call', () => {
  const environment = { type: 'container_reference', container_id: 'c' };
  const call = { type: 'shell_call', call_id: 's', action: { commands: ['ls'] }, environment };
  const output = { type: 'shell_call_output', call_id: 's', output: [] };
  const parts = (input: JsonObject[]) =>
    decode({ model: 'm', input }).messages.flatMap((message) =>
      message.parts.map((part) => part.type),
    );
  assert.deepEqual(parts([call, output]), ['native', 'native']);
  assert.deepEqual(parts([{ ...call, environment: null }, output]), ['tool_call', 'tool_result']);
});

test('what the official SDK adds to an answer does not keep it from being sent back', () => {
  const content = [
    { type: 'output_text', text: '{}', annotations: [], logprobs: [], parsed: {} },
    { type: 'refusal', refusal: 'No.', parsed: null },
  ];
  const call = {
    type: 'function_call',
    call_id: 'c',
    name: 'f',
    arguments: '{}',
    parsed_arguments: {},
  };
  const message = { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content };
  const body = encode(decode({ model: 'm', input: [message, call] }));
  assert.ok(!JSON.stringify(body).includes('parsed'));
});

test('one turn of the assistant is one message', () => {
  const { messages } = decode(FULL);
  assert.deepEqual(
    messages.map(
      (message) => `${message.role}:${message.parts.map((part) => part.type).join(',')}`,
    ),
    [
      'system:text',
      'user:text',
      'user:text,image,file,file',
      'assistant:reasoning,reasoning,text,tool_call',
      'tool:tool_result',
      'assistant:tool_call',
      'tool:tool_result',
      'assistant:tool_call',
      'tool:tool_result',
      'user:native',
      'assistant:native',
    ],
  );
});

test('a count of tokens is of the request that would be sent', () => {
  const body = {
    model: 'm',
    input: 'Hello',
    instructions: 'Be brief.',
    tools: [{ type: 'web_search' }],
  };
  const options = {
    route: { operation: 'count_tokens' },
    allowedFields: new Set<string>(),
  } as const;
  const count = openaiResponses.decodeRequest(body, options) as CountRequest;
  assert.equal(count.operation, 'count_tokens');
  const call = openaiResponses.encodeRequest(count, new Set());
  assert.equal(call.path, '/responses/input_tokens');
  assert.deepEqual(Object.keys(call.body).sort(), ['input', 'instructions', 'model', 'tools']);
  assert.equal(openaiResponses.decodeCount({ input_tokens: 7 }, count), 7);
  assert.deepEqual(openaiResponses.encodeCount(7), {
    object: 'response.input_tokens',
    input_tokens: 7,
  });
});

test('paths', () => {
  const route = (method: string, path: string) => openaiResponses.route({ method, path });
  assert.deepEqual(route('POST', '/v1/responses'), { operation: 'generate' });
  assert.deepEqual(route('POST', '/v1/responses/input_tokens'), { operation: 'count_tokens' });
  assert.equal(route('GET', '/v1/responses/resp_1'), undefined);
  assert.equal(route('POST', '/v1/responses/'), undefined);
});
