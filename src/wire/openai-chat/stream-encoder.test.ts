import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { ProvisoError } from '#base/errors.ts';
import type { JsonValue } from '#base/json.ts';
import type { AnswerEvent, ModelRequest, Part } from '../exchange.ts';
import { sseReader } from '../sse.ts';
import { openaiChat } from './protocol.ts';

function decode(bytes: Uint8Array): AnswerEvent[] {
  const decoder = openaiChat.streamDecoder();
  const events = sseReader(1 << 20).push(bytes);
  return [...events.flatMap((event) => decoder.push(event)), ...decoder.end()];
}

/** The parts as they ended, in short. */
function parts(events: readonly AnswerEvent[]): JsonValue[] {
  return events.flatMap((event) => (event.type === 'part_end' ? [short(event.part)] : []));
}

function short(part: Part): JsonValue {
  if (part.type === 'tool_call') return [part.id, part.name, part.arguments];
  return part.type === 'native' ? part.label : `${part.type}:${'text' in part ? part.text : ''}`;
}

const USAGE = { inputTokens: 3, outputTokens: 4, cacheReadTokens: 1, reasoningTokens: 2 };
const ANSWER: readonly AnswerEvent[] = [
  { type: 'start', id: 'msg_1', model: 'm' },
  { type: 'part_start', index: 0, part: { type: 'reasoning', text: '' } },
  { type: 'part_delta', index: 0, text: 'Hm' },
  { type: 'part_end', index: 0, part: { type: 'reasoning', text: 'Hm.' } },
  { type: 'part_start', index: 1, part: { type: 'text', text: '' } },
  { type: 'part_delta', index: 1, text: 'Hel' },
  { type: 'part_end', index: 1, part: { type: 'text', text: 'Hello "you"' } },
  {
    type: 'part_start',
    index: 2,
    part: { type: 'tool_call', id: 'a', name: 'f', arguments: '' },
  },
  { type: 'part_delta', index: 2, text: '{"x":' },
  {
    type: 'part_end',
    index: 2,
    part: { type: 'tool_call', id: 'a', name: 'f', arguments: '{"x":1}' },
  },
  {
    type: 'part_start',
    index: 3,
    part: { type: 'tool_call', id: 'b', name: 'g', arguments: '' },
  },
  { type: 'part_end', index: 3, part: { type: 'tool_call', id: 'b', name: 'g', arguments: '{}' } },
  { type: 'finish', finish: { reason: 'tool_calls' }, usage: USAGE },
];

function encode(events: readonly AnswerEvent[], wantsUsage = true): string {
  const request = openaiChat.decodeRequest(
    {
      model: 'm',
      messages: [],
      stream: true,
      ...(wantsUsage ? { stream_options: { include_usage: true } } : {}),
    },
    { route: { operation: 'generate' }, allowedFields: new Set() },
  ) as ModelRequest;
  const encoder = openaiChat.streamEncoder({ request });
  return events.map((event) => encoder.push(event)).join('');
}

function client(body: string, status = 200, type = 'text/event-stream'): OpenAI {
  const fetch = () =>
    Promise.resolve(new Response(body, { status, headers: { 'content-type': type } }));
  return new OpenAI({ apiKey: 'none', maxRetries: 0, fetch });
}

test('the official SDK’s stream helper reads what is written', async () => {
  const stream = client(encode(ANSWER)).chat.completions.stream({ model: 'm', messages: [] });
  const completion = await stream.finalChatCompletion();
  const [choice] = completion.choices;
  assert.equal(choice?.message.content, 'Hello "you"');
  assert.equal(choice?.finish_reason, 'tool_calls');
  assert.deepEqual(
    choice?.message.tool_calls?.map(({ id, function: { name, arguments: text } }) => [
      id,
      name,
      text,
    ]),
    [
      ['a', 'f', '{"x":1}'],
      ['b', 'g', '{}'],
    ],
  );
  assert.deepEqual(completion.usage, {
    prompt_tokens: 3,
    completion_tokens: 4,
    total_tokens: 7,
    prompt_tokens_details: { cached_tokens: 1 },
    completion_tokens_details: { reasoning_tokens: 2 },
  });
});

test('the role comes first, the usage only where it was asked for, [DONE] last', () => {
  const lines = (text: string) =>
    text
      .trimEnd()
      .split('\n\n')
      .map((line) => line.slice(6));
  const first = JSON.parse(lines(encode(ANSWER))[0] ?? '');
  assert.equal(first.choices[0].delta.role, 'assistant');
  assert.equal(lines(encode(ANSWER)).at(-1), '[DONE]');
  assert.ok(encode(ANSWER).includes('"usage"'));
  assert.ok(!encode(ANSWER, false).includes('"usage"'));
});

test('a stream that was decoded and encoded says the same', () => {
  const again = decode(Buffer.from(encode(ANSWER)));
  assert.deepEqual(parts(again), parts(ANSWER));
  assert.deepEqual(parts(again), [
    'reasoning:Hm.',
    'text:Hello "you"',
    ['a', 'f', '{"x":1}'],
    ['b', 'g', '{}'],
  ]);
});

test('log probabilities and annotations go back to the same protocol', () => {
  const logprobs = { content: [{ token: 'x', logprob: -1 }], refusal: null };
  const annotations = [{ type: 'url_citation' }];
  const native = { protocol: 'openai-chat', fields: { annotations, logprobs } } as const;
  const body = encode([
    { type: 'start', id: 'x', model: 'm' },
    { type: 'part_start', index: 0, part: { type: 'text', text: '' } },
    { type: 'part_end', index: 0, part: { type: 'text', text: 'x', native } },
  ]);
  const last = body.split('\n\n').find((line) => line.includes('url_citation'));
  const { choices } = JSON.parse(last?.slice(6) ?? '');
  assert.deepEqual([choices[0].delta, choices[0].logprobs], [{ annotations }, logprobs]);
});

test('an error in mid-stream is raised by the official SDK, with its code', async () => {
  const error = new ProvisoError('upstream_failed', 'The provider broke off.', { at: 'x' });
  const body = encode(ANSWER.slice(0, 5)) + openaiChat.encodeStreamError(error);
  const stream = client(body).chat.completions.stream({ model: 'm', messages: [] });
  await assert.rejects(stream.finalChatCompletion(), (thrown) => {
    assert.ok(thrown instanceof OpenAI.APIError);
    assert.deepEqual([thrown.code, thrown.param], ['upstream_failed', 'x']);
    return true;
  });
  const event: AnswerEvent = { type: 'error', error: { kind: 'overloaded', message: 'Busy.' } };
  const other = client(encode([event])).chat.completions.stream({ model: 'm', messages: [] });
  await assert.rejects(other.finalChatCompletion(), OpenAI.APIError);
});

test('an error is raised by the official SDK as its status says', async () => {
  const error = new ProvisoError('terms_denied', 'Rule `a` forbids it.', { facts: { rule: 'a' } });
  const body = JSON.stringify(openaiChat.encodeError(error));
  const { chat } = client(body, error.status, 'application/json');
  await assert.rejects(chat.completions.create({ model: 'm', messages: [] }), (thrown) => {
    assert.ok(thrown instanceof OpenAI.PermissionDeniedError);
    assert.equal(thrown.code, 'terms_denied');
    assert.deepEqual((thrown.error as { facts: unknown }).facts, { rule: 'a' });
    return true;
  });
});
