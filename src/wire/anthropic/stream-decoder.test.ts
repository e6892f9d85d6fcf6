import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { AnswerEvent, ModelRequest, Part } from '../exchange.ts';
import { sseReader } from '../sse.ts';
import { anthropic } from './protocol.ts';

const START = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'm',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 1 },
  },
};
const STOP = { type: 'message_stop' };

const blockStart = (index: number, content_block: JsonObject) => ({
  type: 'content_block_start',
  index,
  content_block,
});
const blockDelta = (index: number, delta: JsonObject) => ({
  type: 'content_block_delta',
  index,
  delta,
});
const blockStop = (index: number) => ({ type: 'content_block_stop', index });
const textDelta = (index: number, text: string) => blockDelta(index, { type: 'text_delta', text });
const jsonDelta = (index: number, partial_json: string) =>
  blockDelta(index, { type: 'input_json_delta', partial_json });
const ended = (stop_reason: string | null, rest: JsonObject = {}, usage: JsonObject = {}) => ({
  type: 'message_delta',
  delta: { stop_reason, stop_sequence: null, ...rest },
  usage: { output_tokens: 9, ...usage },
});
const block = (index: number, first: JsonObject, ...deltas: JsonObject[]) => [
  blockStart(index, first),
  ...deltas,
  blockStop(index),
];
const text = (index: number, ...pieces: string[]) =>
  block(index, { type: 'text', text: '' }, ...pieces.map((piece) => textDelta(index, piece)));
const toolUse = (index: number, ...pieces: string[]) =>
  block(
    index,
    { type: 'tool_use', id: `t${index}`, name: 'f', input: {} },
    ...pieces.map((piece) => jsonDelta(index, piece)),
  );

function bytesOf(events: readonly JsonObject[]): Buffer {
  const lines = events.map(
    (event) => `event: ${event['type'] as string}\ndata: ${JSON.stringify(event)}\n\n`,
  );
  return Buffer.from(lines.join(''));
}

function decode(bytes: Uint8Array, cuts: readonly number[] = []): AnswerEvent[] {
  const reader = sseReader(1 << 20);
  const decoder = anthropic.streamDecoder();
  const events: AnswerEvent[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    for (const event of reader.push(bytes.subarray(from, cut))) events.push(...decoder.push(event));
    from = cut;
  }
  for (const event of reader.end()) events.push(...decoder.push(event));
  return [...events, ...decoder.end()];
}

const decodeAll = (...events: readonly JsonObject[]) => decode(bytesOf(events));

/** The parts as they ended, in short. */
function parts(events: readonly AnswerEvent[]): JsonValue[] {
  return events.flatMap((event) => (event.type === 'part_end' ? [short(event.part)] : []));
}

function short(part: Part): JsonValue {
  if (part.type === 'tool_call') return [part.id, part.name, part.arguments];
  return part.type === 'native' ? part.label : `${part.type}:${'text' in part ? part.text : ''}`;
}

function endOf<T extends 'finish' | 'error'>(events: readonly AnswerEvent[], type: T) {
  assert.equal(
    events.filter((event) => event.type === 'error' || event.type === 'finish').length,
    1,
  );
  const last = events.at(-1);
  if (last?.type !== type) return assert.fail(`ends with ${JSON.stringify(last)}`);
  return last as AnswerEvent & { type: T };
}

function encode(events: readonly AnswerEvent[]): string {
  const encoder = anthropic.streamEncoder({ request: {} as ModelRequest });
  return events.map((event) => encoder.push(event)).join('');
}

function client(body: string, status = 200, type = 'text/event-stream'): Anthropic {
  const fetch = () =>
    Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }));
  return new Anthropic({ apiKey: 'none', maxRetries: 0, fetch });
}

const streamed = (body: string) =>
  client(body).messages.stream({ model: 'm', max_tokens: 1, messages: [] });

test('blocks become parts, and the usage of start and end is put together', () => {
  const events = decodeAll(
    START,
    { type: 'ping' },
    ...block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      blockDelta(0, { type: 'thinking_delta', thinking: 'Hm' }),
      blockDelta(0, { type: 'signature_delta', signature: 'sig' }),
    ),
    ...block(1, { type: 'redacted_thinking', data: 'opaque' }),
    ...text(2, 'Hello', ' there'),
    ...toolUse(3, '{"x"', ':1}'),
    ...toolUse(4),
    ended('tool_use', {}, { input_tokens: 5, output_tokens_details: { thinking_tokens: 2 } }),
    STOP,
  );
  assert.deepEqual(parts(events), [
    'reasoning:Hm',
    'reasoning:',
    'text:Hello there',
    ['t3', 'f', '{"x":1}'],
    ['t4', 'f', '{}'],
  ]);
  const { finish, usage } = endOf(events, 'finish');
  assert.deepEqual(finish, {
    reason: 'tool_calls',
    wireReason: 'tool_use',
    stopSequence: undefined,
  });
  assert.deepEqual(
    { ...usage, native: undefined },
    {
      inputTokens: 9,
      outputTokens: 9,
      reasoningTokens: 2,
      cacheReadTokens: 4,
      cacheWriteTokens: undefined,
      native: undefined,
    },
  );
});

test('an input that stands in the start of its block is not lost', () => {
  const start = { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } };
  const events = decodeAll(START, ...block(0, start), ended('tool_use'), STOP);
  assert.deepEqual(parts(events), [['a', 'f', '{"x":1}']]);
});

test('blocks that stand whole in the start of the message are carried, and what is no list is none', () => {
  const begun = (content: JsonValue) => ({ ...START, message: { ...START.message, content } });
  const call = { type: 'tool_use', id: 't0', name: 'f', input: { a: 1 } };
  const whole = begun([{ type: 'text', text: 'so' }, call]);
  const events = decodeAll(whole, ended('tool_use'), STOP);
  assert.deepEqual(parts(events), ['text:so', ['t0', 'f', '{"a":1}']]);
  assert.match(encode(events), /"text_delta","text":"so"/);
  for (const content of [true, 1, 'so', {}, null]) {
    assert.deepEqual(parts(decodeAll(begun(content), ended('end_turn'), STOP)), []);
  }
});

test('the reason is kept, and goes back as it came', () => {
  const reasons: Readonly<Record<string, string>> = {
    end_turn: 'stop',
    max_tokens: 'length',
    model_context_window_exceeded: 'length',
    pause_turn: 'pause',
    refusal: 'refusal',
    compaction: 'other',
  };
  for (const [word, reason] of Object.entries(reasons)) {
    const events = decodeAll(START, ended(word), STOP);
    assert.equal(endOf(events, 'finish').finish.reason, reason);
    assert.ok(encode(events).includes(`"stop_reason":"${word}"`), word);
  }
  const events = decodeAll(START, ended('stop_sequence', { stop_sequence: 'END' }), STOP);
  assert.ok(encode(events).includes('"stop_reason":"stop_sequence","stop_sequence":"END"'));
  const unheard = decodeAll(START, ended('bored'), STOP);
  assert.deepEqual(endOf(unheard, 'finish').finish.reason, 'other');
  assert.ok(encode(unheard).includes('"stop_reason":"end_turn"'));
});

test('the same start once more changes nothing', () => {
  const events = decodeAll(START, START, ...text(0, 'x'), ended('end_turn'), STOP);
  assert.deepEqual(parts(events), ['text:x']);
  assert.equal(endOf(events, 'finish').finish.reason, 'stop');
});

test('pings, unknown events, blocks and deltas are passed over by name', () => {
  const events = decodeAll(
    START,
    { type: 'heartbeat' },
    ...block(0, { type: 'hologram', data: 1 }, blockDelta(0, { type: 'hologram_delta' })),
    ...block(1, { type: 'text', text: '' }, blockDelta(1, { type: 'wink' }), textDelta(1, 'x')),
    ended('end_turn'),
    STOP,
  );
  assert.deepEqual(parts(events), ['text:x']);
  const { dropped } = endOf(events, 'finish');
  assert.deepEqual(dropped, ['heartbeat', 'block:hologram', 'delta:wink']);
});

test('a stream that cannot be read ends in one error', () => {
  const open = [START, blockStart(0, { type: 'tool_use', id: 'a', name: 'f', input: {} })];
  const streams: Readonly<Record<string, readonly JsonObject[]>> = {
    empty: [],
    'without a start': [...text(0, 'x'), ended('end_turn'), STOP],
    'of another protocol': [{ choices: [] }],
    'broken off': [START, ...text(0, 'x')],
    'broken off within a call': [...open, jsonDelta(0, '{"x"')],
    'ended within a call': [...open, jsonDelta(0, '{"x"'), ended('tool_use'), STOP],
    'with a call left open': [...open, ...text(1, 'x'), ended('tool_use'), STOP],
    'begun a second time': [START, ...text(0, 'x'), { ...START, message: { id: 'msg_2' } }],
    'with a block twice': [START, ...text(0, 'x'), ...text(0, 'y'), ended('end_turn'), STOP],
    'with a delta before its block': [START, textDelta(0, 'x'), ended('end_turn'), STOP],
    'with a delta after its block': [START, ...text(0, 'x'), textDelta(0, 'y'), STOP],
    'with a delta of another kind': [
      START,
      ...block(0, { type: 'text', text: '' }, jsonDelta(0, '{}')),
    ],
    'with a call without a name': [START, blockStart(0, { type: 'tool_use', id: 'a' })],
    'with an input that is not JSON': [
      START,
      ...block(0, { type: 'server_tool_use', id: 'a', name: 'web_search' }, jsonDelta(0, '{"q')),
    ],
  };
  for (const [name, events] of Object.entries(streams)) {
    assert.equal(endOf(decodeAll(...events), 'error').error.kind, 'server', name);
  }
  const error = Buffer.from('event: message_start\ndata: <html>\n\n');
  assert.equal(endOf(decode(error), 'error').error.kind, 'server');
});

test('an error from the provider keeps its meaning', () => {
  const error = { type: 'error', error: { type: 'overloaded_error', message: 'Busy.' } };
  const events = decodeAll(START, ...text(0, 'x'), error, STOP);
  assert.deepEqual(endOf(events, 'error').error, {
    kind: 'overloaded',
    message: 'Busy.',
    wireCode: undefined,
  });
});

test('the end of the bytes after the reason is an end', () => {
  const events = decodeAll(START, ...text(0, 'x'), ended('end_turn'));
  assert.equal(endOf(events, 'finish').finish.reason, 'stop');
});

const SERVER_BLOCKS = [
  ...block(
    0,
    { type: 'server_tool_use', id: 's1', name: 'web_search', input: {} },
    jsonDelta(0, '{"query":'),
    jsonDelta(0, ' "x"}'),
  ),
  ...block(1, {
    type: 'web_search_tool_result',
    tool_use_id: 's1',
    content: [{ type: 'web_search_result', url: 'https://a.example/', title: 't', tracking: 1 }],
  }),
  ...block(
    2,
    { type: 'text', text: '', citations: [] },
    textDelta(2, 'Found.'),
    blockDelta(2, {
      type: 'citations_delta',
      citation: { type: 'web_search_result_location', url: 'https://a.example/', cited_text: 'c' },
    }),
  ),
  ...block(
    3,
    { type: 'compaction', content: null },
    blockDelta(3, { type: 'compaction_delta', content: 'In short.', encrypted_content: 'e' }),
  ),
];

test('blocks of tools at Anthropic go back to the same protocol, known field by known field', async () => {
  const events = decodeAll(START, ...SERVER_BLOCKS, ended('end_turn'), STOP);
  const call = events.find((event) => event.type === 'part_end');
  assert.equal(call?.part.type === 'native' && call.part.providerTool, 'web_search');
  assert.deepEqual(endOf(events, 'finish').dropped, ['web_search_tool_result.content[].tracking']);
  const { content } = await streamed(encode(events)).finalMessage();
  assert.deepEqual(content.slice(0, 3), [
    { type: 'server_tool_use', id: 's1', name: 'web_search', input: { query: 'x' } },
    {
      type: 'web_search_tool_result',
      tool_use_id: 's1',
      content: [{ type: 'web_search_result', url: 'https://a.example/', title: 't' }],
    },
    {
      type: 'text',
      text: 'Found.',
      citations: [
        { type: 'web_search_result_location', url: 'https://a.example/', cited_text: 'c' },
      ],
    },
  ]);
  // A caller who sends the answer back is understood.
  const messages = [{ role: 'assistant', content: content as unknown as JsonValue }];
  anthropic.decodeRequest(
    { model: 'm', max_tokens: 1, messages },
    { route: { operation: 'generate' }, allowedFields: new Set() },
  );
});

test('the official SDK reads what is written, thinking and its signature too', async () => {
  const given = [
    START,
    ...block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      blockDelta(0, { type: 'thinking_delta', thinking: 'Hm' }),
      blockDelta(0, { type: 'signature_delta', signature: 'sig' }),
    ),
    ...block(1, { type: 'redacted_thinking', data: 'opaque' }),
    ...text(2, 'Hel', 'lo'),
    ...toolUse(3, '{"x":', '1}'),
    ended('tool_use', { container: { id: 'c' } }, { input_tokens: 5 }),
    STOP,
  ];
  const direct = await streamed(bytesOf(given).toString()).finalMessage();
  const carried = await streamed(encode(decodeAll(...given))).finalMessage();
  assert.deepEqual(JSON.parse(JSON.stringify(carried)), JSON.parse(JSON.stringify(direct)));
});

const step = fc.oneof(
  fc
    .array(fc.string({ unit: 'grapheme' }), { maxLength: 3 })
    .map((pieces) => ({ pieces, isCall: false })),
  fc
    .dictionary(fc.string(), fc.string(), { maxKeys: 2 })
    .map((value) => ({ pieces: JSON.stringify(value).split(/(?<=.)/su), isCall: true })),
);

test('cut at any bytes, a stream gives the same events, and says the same when carried', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 5 }),
      fc.array(fc.nat({ max: 4_000 }), { maxLength: 10 }),
      (steps, at) => {
        const blocks = steps.flatMap(({ pieces, isCall }, i) =>
          isCall ? toolUse(i, ...pieces) : text(i, ...pieces),
        );
        const bytes = bytesOf([START, ...blocks, ended('end_turn'), STOP]);
        const cuts = at.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b);
        const events = decode(bytes, cuts);
        assert.deepEqual(events, decode(bytes));
        assert.deepEqual(parts(decode(Buffer.from(encode(events)))), parts(events));
        const expected = steps.map(({ pieces, isCall }, i) =>
          isCall ? [`t${i}`, 'f', pieces.join('')] : `text:${pieces.join('')}`,
        );
        assert.deepEqual(parts(events), expected);
      },
    ),
  );
});
