import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import type { AnswerEvent, Part } from '../exchange.ts';
import { openaiResponses } from './protocol.ts';

const response = {
  id: 'resp_1',
  object: 'response',
  created_at: 7,
  model: 'm-1',
  status: 'in_progress',
  output: [],
};
const usage = {
  input_tokens: 9,
  input_tokens_details: { cached_tokens: 4 },
  output_tokens: 5,
  output_tokens_details: { reasoning_tokens: 2 },
};
const created = { type: 'response.created', response };
const completed = (output: JsonObject[] = [], more: JsonObject = {}) => ({
  type: 'response.completed',
  response: { ...response, status: 'completed', output, usage, ...more },
});
const added = (output_index: number, item: JsonObject) => ({
  type: 'response.output_item.added',
  output_index,
  item,
});
const done = (output_index: number, item: JsonObject) => ({
  type: 'response.output_item.done',
  output_index,
  item,
});
const call = (n: number, text: string, more: JsonObject = {}) => ({
  type: 'function_call',
  id: `fc_${n}`,
  call_id: `call_${n}`,
  name: `tool_${n}`,
  arguments: text,
  ...more,
});
const argumentsDelta = (output_index: number, delta: string) => ({
  type: 'response.function_call_arguments.delta',
  item_id: `fc_${output_index}`,
  output_index,
  delta,
});
const textDelta = (delta: string, output_index = 0) => ({
  type: 'response.output_text.delta',
  item_id: 'msg_0',
  output_index,
  content_index: 0,
  delta,
});
const message = (text: string) => ({
  type: 'message',
  id: 'msg_0',
  role: 'assistant',
  status: 'completed',
  content: [{ type: 'output_text', text, annotations: [] }],
});

function decode(events: readonly (JsonObject | string)[], ends = true): AnswerEvent[] {
  const decoder = openaiResponses.streamDecoder();
  const out: AnswerEvent[] = [];
  for (const event of events) {
    const data = typeof event === 'string' ? event : JSON.stringify(event);
    out.push(...decoder.push({ event: 'message', data }));
  }
  if (ends) out.push(...decoder.end());
  return out;
}

function partsOf(events: readonly AnswerEvent[]): Part[] {
  return events.filter((event) => event.type === 'part_end').map((event) => event.part);
}

function callsOf(events: readonly AnswerEvent[]): string[] {
  return partsOf(events).flatMap((part) =>
    part.type === 'tool_call' ? [`${part.id} ${part.name} ${part.arguments}`] : [],
  );
}

function deltasOf(events: readonly AnswerEvent[], index: number): string {
  let text = '';
  for (const event of events) {
    if (event.type === 'part_delta' && event.index === index) text += event.text;
  }
  return text;
}

function finishOf(events: readonly AnswerEvent[]): Extract<AnswerEvent, { type: 'finish' }> {
  const last = events.at(-1);
  assert.equal(last?.type, 'finish');
  return last;
}

test('a text with its usage, inclusive as in the exchange', () => {
  const events = decode([
    created,
    added(0, { type: 'message', id: 'msg_0', content: [] }),
    textDelta('Hel'),
    textDelta('lo'),
    done(0, message('Hello')),
    completed([message('Hello')]),
  ]);
  assert.deepEqual(events, [
    { type: 'start', id: 'resp_1', model: 'm-1', createdAt: 7 },
    {
      type: 'part_start',
      index: 0,
      part: {
        type: 'text',
        text: '',
        native: { protocol: 'openai-responses', fields: { id: 'msg_0' } },
      },
    },
    { type: 'part_delta', index: 0, text: 'Hel' },
    { type: 'part_delta', index: 0, text: 'lo' },
    {
      type: 'part_end',
      index: 0,
      part: {
        type: 'text',
        text: 'Hello',
        native: { protocol: 'openai-responses', fields: { id: 'msg_0' } },
      },
    },
    {
      type: 'finish',
      finish: { reason: 'stop', wireReason: 'completed' },
      usage: {
        inputTokens: 9,
        outputTokens: 5,
        reasoningTokens: 2,
        cacheReadTokens: 4,
        cacheWriteTokens: undefined,
      },
    },
  ]);
});

test('arguments that come only with an end', () => {
  const argumentsDone = {
    type: 'response.function_call_arguments.done',
    output_index: 0,
    arguments: '{"a":1}',
  };
  for (const events of [
    [created, added(0, call(0, '')), argumentsDone, done(0, call(0, '')), completed()],
    [created, added(0, call(0, '')), argumentsDone, completed()],
    [created, added(0, call(0, '')), done(0, call(0, '{"a":1}')), completed()],
    [created, done(0, call(0, '{"a":1}')), completed()],
    [created, added(0, call(0, '')), completed([call(0, '{"a":1}')])],
    [created, completed([call(0, '{"a":1}')])],
    [argumentsDelta(0, '{"a":1}'), done(0, call(0, '')), completed()],
  ]) {
    const decoded = decode(events);
    assert.deepEqual(callsOf(decoded), ['call_0 tool_0 {"a":1}'], JSON.stringify(events[1]));
    assert.equal(deltasOf(decoded, 0), '{"a":1}');
    assert.equal(finishOf(decoded).finish.reason, 'tool_calls');
  }
});

test('calls that are written beside each other stay apart and end in their order', () => {
  const events = decode([
    created,
    added(0, call(0, '')),
    added(1, call(1, '')),
    argumentsDelta(0, '{"a"'),
    argumentsDelta(1, '{"b"'),
    argumentsDelta(0, ':0}'),
    argumentsDelta(1, ':1}'),
    done(1, call(1, '{"b":1}')),
    done(0, call(0, '{"a":0}')),
    completed(),
  ]);
  assert.deepEqual(callsOf(events), ['call_0 tool_0 {"a":0}', 'call_1 tool_1 {"b":1}']);
});

test('ids that change between the events of an item', () => {
  const events = decode([
    created,
    added(0, call(0, '', { id: 'x1' })),
    { ...argumentsDelta(0, '{}'), item_id: 'x2' },
    done(0, call(0, '{}', { id: 'x3', call_id: 'call_other' })),
    completed([call(0, '{}', { id: 'x4', call_id: 'call_third' })]),
  ]);
  assert.deepEqual(callsOf(events), ['call_0 tool_0 {}']);
});

test('a call at the place of another one is a call of its own', () => {
  const events = decode([
    created,
    added(0, call(0, '')),
    done(0, call(0, '{}')),
    completed([call(1, '{"x":1}')]),
  ]);
  assert.deepEqual(callsOf(events), ['call_0 tool_0 {}', 'call_1 tool_1 {"x":1}']);
});

test('a call in an unexpected place is a call', () => {
  const hidden = { type: 'tool_use', call_id: 'call_9', name: 'fire', arguments: '{"n":1}' };
  const inMessage = { ...message('x'), content: [hidden] };
  assert.deepEqual(callsOf(decode([created, done(0, inMessage), completed()])), [
    'call_9 fire {"n":1}',
  ]);
  assert.deepEqual(
    callsOf(decode([created, done(0, { ...hidden, type: 'mystery_call' }), completed()])),
    ['call_9 fire {"n":1}'],
  );
  const shapeless = { type: 'launch_call', id: 'l_1', payload: { n: 1 } };
  assert.deepEqual(callsOf(decode([created, completed([shapeless])])), [
    'l_1 launch_call {"payload":{"n":1}}',
  ]);
});

test('a call without a name is refused, not passed and not lost', () => {
  const events = decode([created, argumentsDelta(0, '{"n":1}'), completed()]);
  assert.equal(events.at(-1)?.type, 'error');
});

test('a call that wraps others is the calls inside', () => {
  const uses =
    '{"tool_uses":[{"recipient_name":"functions.a","parameters":{"x":12345678901234567890}},{"recipient_name":"functions.b","parameters":{}}]}';
  const wrapper = call(0, uses, { name: 'parallel' });
  const events = decode([
    created,
    added(0, call(0, '', { name: 'parallel' })),
    argumentsDelta(0, uses),
    done(0, wrapper),
    completed(),
  ]);
  assert.deepEqual(callsOf(events), ['call_0_0 a {"x":12345678901234567890}', 'call_0_1 b {}']);
  const own = call(0, '{"lanes":2}', { name: 'parallel' });
  assert.deepEqual(callsOf(decode([created, done(0, own), completed()])), [
    'call_0 parallel {"lanes":2}',
  ]);
});

test('what ran inside the provider is a block of its own kind, what the caller runs is a call', () => {
  const items: [JsonObject, string][] = [
    [{ type: 'web_search_call', id: 'w', action: {} }, 'native web_search'],
    [{ type: 'mcp_call', id: 'm', name: 'f', arguments: '{}' }, 'native mcp'],
    [{ type: 'program', id: 'p', call_id: 'c', code: '' }, 'native programmatic_tool_calling'],
    [
      {
        type: 'shell_call',
        call_id: 'c',
        action: { commands: [] },
        environment: { type: 'container_reference' },
      },
      'native shell',
    ],
    [
      { type: 'shell_call', call_id: 'c', action: { commands: ['ls'] } },
      'call shell {"commands":["ls"]}',
    ],
    [
      { type: 'local_shell_call', call_id: 'c', action: { command: ['ls'] } },
      'call local_shell {"command":["ls"]}',
    ],
    [
      { type: 'apply_patch_call', call_id: 'c', operation: { type: 'delete_file', path: 'a' } },
      'call apply_patch {"type":"delete_file","path":"a"}',
    ],
    [
      { type: 'computer_call', call_id: 'c', action: { type: 'click' } },
      'call computer {"action":{"type":"click"}}',
    ],
    [
      { type: 'computer_call', call_id: 'c', actions: [{ type: 'wait' }] },
      'call computer {"actions":[{"type":"wait"}]}',
    ],
    [
      { type: 'tool_search_call', call_id: 'c', execution: 'client', arguments: { q: 1 } },
      'call tool_search {"q":1}',
    ],
    [
      { type: 'tool_search_call', call_id: null, execution: 'server', arguments: {} },
      'native tool_search',
    ],
    [
      { type: 'custom_tool_call', call_id: 'c', name: 'x_keyword_search', input: '{}' },
      'native x_search',
    ],
  ];
  const head = {
    type: 'response.created',
    response: { ...response, tools: [{ type: 'x_search' }] },
  };
  for (const [item, wanted] of items) {
    const [part] = partsOf(decode([head, added(0, item), done(0, item), completed()]));
    const found =
      part?.type === 'native'
        ? `native ${part.providerTool}`
        : part?.type === 'tool_call' && `call ${part.name} ${part.arguments}`;
    assert.equal(found, wanted);
  }
});

test('a custom tool that the caller declared is the caller’s, whatever it is called', () => {
  const tools = [{ type: 'x_search' }, { type: 'custom', name: 'x_keyword_search' }];
  const head = { type: 'response.created', response: { ...response, tools } };
  const item = { type: 'custom_tool_call', call_id: 'c', name: 'x_keyword_search', input: 'q' };
  const [part] = partsOf(decode([head, added(0, item), done(0, item), completed()]));
  assert.equal(part?.type === 'tool_call' && part.free, true);
});

test('reasoning keeps its paragraphs, and its opaque part with the last', () => {
  const at = (summary_index: number) => ({ item_id: 'rs_1', output_index: 0, summary_index });
  const events = decode([
    created,
    added(0, { type: 'reasoning', id: 'rs_1', summary: [] }),
    {
      type: 'response.reasoning_summary_part.added',
      ...at(0),
      part: { type: 'summary_text', text: '' },
    },
    { type: 'response.reasoning_summary_text.delta', ...at(0), delta: 'one' },
    { type: 'response.reasoning_summary_text.done', ...at(0), text: 'one' },
    {
      type: 'response.reasoning_summary_part.added',
      ...at(1),
      part: { type: 'summary_text', text: '' },
    },
    { type: 'response.reasoning_summary_text.delta', ...at(1), delta: 'two' },
    done(0, {
      type: 'reasoning',
      id: 'rs_1',
      encrypted_content: 'opaque',
      summary: [
        { type: 'summary_text', text: 'one' },
        { type: 'summary_text', text: 'two' },
      ],
    }),
    completed(),
  ]);
  const fields = { id: 'rs_1', type: 'summary_text' };
  assert.deepEqual(partsOf(events), [
    { type: 'reasoning', text: 'one', native: { protocol: 'openai-responses', fields } },
    {
      type: 'reasoning',
      text: 'two',
      native: { protocol: 'openai-responses', fields: { ...fields, encrypted_content: 'opaque' } },
    },
  ]);
});

test('a stream that fails before it gave anything begins with its error', () => {
  const error = { type: 'error', error: { code: 'rate_limit_exceeded', message: 'Later.' } };
  const failed = {
    type: 'response.failed',
    response: { ...response, status: 'failed', error: { code: 'server_error', message: 'x' } },
  };
  assert.deepEqual(decode([created, { ...created, type: 'response.in_progress' }, error, failed]), [
    {
      type: 'error',
      error: { kind: 'rate_limit', message: 'Later.', wireCode: 'rate_limit_exceeded' },
    },
  ]);
  assert.deepEqual(decode([{ error: { message: 'No key.', code: 'invalid_api_key' } }]), [
    {
      type: 'error',
      error: { kind: 'authentication', message: 'No key.', wireCode: 'invalid_api_key' },
    },
  ]);
});

test('a stream that breaks off, or cannot be read, ends in one error', () => {
  for (const events of [
    [],
    [created],
    [created, textDelta('He')],
    [created, added(0, call(0, '')), argumentsDelta(0, '{"a"')],
    [created, textDelta('He'), '{"type":'],
    ['<html>'],
    [created, '{"a":1,"a":2}'],
  ]) {
    const decoded = decode(events);
    assert.equal(decoded.at(-1)?.type, 'error', JSON.stringify(events));
    assert.equal(decoded.filter((event) => event.type === 'error').length, 1);
    assert.deepEqual(callsOf(decoded), []);
  }
});

test('an event that was sent twice counts once', () => {
  const numbered = [
    created,
    added(0, { type: 'message', id: 'msg_0', content: [] }),
    textDelta('a'),
    textDelta('a'),
    done(0, message('aa')),
    done(0, message('aa')),
    completed([message('aa')]),
  ];
  const events = numbered.map((event, i) => ({ ...event, sequence_number: i }));
  const twice = events.flatMap((event) => [event, event]);
  assert.deepEqual(decode(twice), decode(events));
  assert.equal(deltasOf(decode(events), 0), 'aa');
});

test('what comes after the end is not part of the answer', () => {
  const events = decode([
    created,
    done(0, message('a')),
    completed(),
    created,
    done(0, call(1, '{}')),
    completed(),
  ]);
  assert.deepEqual(callsOf(events), []);
  assert.equal(events.filter((event) => event.type === 'finish').length, 1);
});

test('unknown events, items and fields are named and not fatal', () => {
  const events = decode([
    created,
    { type: 'response.sparkle.delta', x: 1 },
    done(0, { type: 'weather', sky: 'blue' }),
    done(1, message('a')),
    completed([], { mood: 'fine' }),
  ]);
  assert.deepEqual(finishOf(events).dropped, [
    'event.response.sparkle.delta',
    'output.weather',
    'response.mood',
  ]);
});

test('texts that are written beside each other lose nothing', () => {
  const events = decode([
    created,
    textDelta('a', 0),
    textDelta('x', 1),
    textDelta('b', 0),
    textDelta('y', 1),
    completed(),
  ]);
  assert.deepEqual(
    partsOf(events).map((part) => part.type === 'text' && part.text),
    ['a', 'x', 'b', 'y'],
  );
});

test('why it ended', () => {
  const ends = (status: string, reason: string | null) =>
    finishOf(
      decode([
        created,
        {
          type: `response.${status}`,
          response: { ...response, status, incomplete_details: reason && { reason } },
        },
      ]),
    ).finish;
  assert.deepEqual(ends('completed', null), { reason: 'stop', wireReason: 'completed' });
  assert.deepEqual(ends('incomplete', 'max_output_tokens'), {
    reason: 'length',
    wireReason: 'max_output_tokens',
  });
  assert.deepEqual(ends('incomplete', 'content_filter'), {
    reason: 'refusal',
    wireReason: 'content_filter',
  });
  assert.deepEqual(ends('incomplete', 'boredom'), { reason: 'other', wireReason: 'boredom' });
});
