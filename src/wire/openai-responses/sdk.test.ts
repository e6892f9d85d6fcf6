/** The official SDK as the caller, without a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import OpenAI from 'openai';
import { ProvisoError } from '#base/errors.ts';
import { type JsonObject, parseJsonText } from '#base/json.ts';
import type { Answer, AnswerEvent, ModelRequest, Part } from '../exchange.ts';
import { openaiResponses } from './protocol.ts';

const REQUEST: ModelRequest = {
  operation: 'generate',
  model: 'm',
  stream: true,
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
  tools: [{ name: 'look', parameters: { type: 'object' } }],
  providerTools: [],
};

/** A client whose server answers with this, and the request that it made. */
function client(answer: (request: ModelRequest) => string | [number, string]) {
  const seen: { request?: ModelRequest } = {};
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const sent = new Request(input, init);
    const path = new URL(sent.url).pathname;
    const route = openaiResponses.route({ method: sent.method, path });
    assert.ok(route, path);
    const body = parseJsonText(await sent.text()) as JsonObject;
    const request = openaiResponses.decodeRequest(body, { route, allowedFields: new Set() });
    seen.request = request as ModelRequest;
    const given = answer(seen.request);
    const [status, text] = typeof given === 'string' ? [200, given] : given;
    const type = text.startsWith('{') ? 'application/json' : 'text/event-stream';
    return new Response(text, { status, headers: { 'content-type': type } });
  };
  const logger = { error() {}, warn() {}, info() {}, debug() {} };
  return { seen, openai: new OpenAI({ apiKey: 'k', fetch, maxRetries: 0, logger }) };
}

function streamed(events: readonly AnswerEvent[]): string {
  const encoder = openaiResponses.streamEncoder({ request: REQUEST });
  return events.map((event) => encoder.push(event)).join('');
}

function eventsOf(parts: readonly Part[], finish: AnswerEvent & { type: 'finish' }): AnswerEvent[] {
  const events: AnswerEvent[] = [{ type: 'start', id: 'resp_1', model: 'm-1', createdAt: 7 }];
  for (const [index, part] of parts.entries()) {
    if ('text' in part) {
      events.push({ type: 'part_start', index, part: { ...part, text: '' } });
      for (const piece of part.text.match(/.{1,3}/gsu) ?? []) {
        events.push({ type: 'part_delta', index, text: piece });
      }
    } else events.push({ type: 'part_start', index, part });
    events.push({ type: 'part_end', index, part });
  }
  return [...events, finish];
}

const PARTS: Part[] = [
  { type: 'reasoning', text: 'Let me see.' },
  { type: 'text', text: 'I look — ' },
  { type: 'text', text: 'twice.' },
  { type: 'tool_call', id: 'call_1', name: 'look', arguments: '{"n":12345678901234567890}' },
  { type: 'tool_call', id: 'call_2', name: 'sql', arguments: 'SELECT 1', free: true },
];
const ANSWER: Answer = {
  id: 'resp_1',
  model: 'm-1',
  createdAt: 7,
  parts: PARTS,
  finish: { reason: 'tool_calls' },
  usage: { inputTokens: 9, outputTokens: 5, reasoningTokens: 2, cacheReadTokens: 4 },
};

function check(response: OpenAI.Responses.Response): void {
  assert.equal(response.id, 'resp_1');
  assert.equal(response.model, 'm-1');
  assert.equal(response.status, 'completed');
  assert.equal(response.output_text, 'I look — twice.');
  assert.deepEqual(
    response.output.map((item) => item.type),
    ['reasoning', 'message', 'function_call', 'custom_tool_call'],
  );
  const [reasoning, message, call, custom] = response.output;
  assert.equal(reasoning?.type === 'reasoning' && reasoning.summary[0]?.text, 'Let me see.');
  assert.equal(message?.type === 'message' && message.content.length, 2);
  assert.equal(call?.type === 'function_call' && call.arguments, '{"n":12345678901234567890}');
  assert.equal(call?.type === 'function_call' && call.call_id, 'call_1');
  assert.equal(custom?.type === 'custom_tool_call' && custom.input, 'SELECT 1');
  assert.equal(response.usage?.input_tokens, 9);
  assert.equal(response.usage?.total_tokens, 14);
  assert.equal(response.usage?.output_tokens_details.reasoning_tokens, 2);
}

test('a call that is not streamed', async () => {
  const { openai, seen } = client((request) =>
    JSON.stringify(openaiResponses.encodeAnswer(ANSWER, request, new Set())),
  );
  const response = await openai.responses.create({
    model: 'm',
    input: 'Hello',
    instructions: 'Be brief.',
    tools: [{ type: 'function', name: 'look', parameters: {}, strict: null }],
  });
  check(response);
  assert.equal(response.instructions, 'Be brief.');
  assert.equal(seen.request?.stream, false);
  assert.deepEqual(seen.request?.tools[0]?.name, 'look');
});

test('a call that is streamed, through the stream helper', async () => {
  const finish: AnswerEvent = { type: 'finish', finish: ANSWER.finish, usage: ANSWER.usage };
  const { openai, seen } = client(() => streamed(eventsOf(PARTS, finish)));
  const stream = openai.responses.stream({ model: 'm', input: 'Hello' });
  let text = '';
  let numbers = 0;
  stream.on('response.output_text.delta', (event) => (text += event.delta));
  stream.on('event', (event) => assert.equal(event.sequence_number, numbers++));
  check(await stream.finalResponse());
  assert.equal(text, 'I look — twice.');
  assert.equal(seen.request?.stream, true);
});

test('what the helper puts together is what the last event repeats', async () => {
  const kinds = fc.constantFrom('text', 'refusal', 'reasoning', 'tool_call', 'native');
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const id = fc.option(fc.constantFrom('a', 'b'), { nil: undefined });
  const part = fc.tuple(kinds, text, id, fc.nat(1000)).map(([kind, value, own, n]): Part => {
    const fields = own === undefined ? {} : { id: `${kind}_${own}`, type: 'summary_text' };
    const native = { native: { protocol: 'openai-responses', fields } } as const;
    switch (kind) {
      case 'refusal':
        return { type: 'refusal', text: value };
      case 'reasoning':
        return { type: 'reasoning', text: value, ...(own !== undefined && native) };
      case 'tool_call':
        return {
          type: 'tool_call',
          id: `call_${n}`,
          name: 'f',
          arguments: JSON.stringify({ value }),
        };
      case 'native':
        return {
          type: 'native',
          label: 'web_search_call',
          native: {
            protocol: 'openai-responses',
            fields: { type: 'web_search_call', id: `w_${n}` },
          },
        };
      case 'text':
        return { type: 'text', text: value, ...(own !== undefined && native) };
    }
  });
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
      const sse = streamed(eventsOf(parts, { type: 'finish', finish: { reason: 'stop' } }));
      const { openai } = client(() => sse);
      const stream = openai.responses.stream({ model: 'm', input: 'x' });
      let before: unknown;
      let output: unknown[] = [];
      stream.on('event', (event) => {
        if (event.type === 'response.output_item.done') output[event.output_index] = event.item;
        if (event.type === 'response.completed') before = event.response.output;
      });
      const final = await stream.finalResponse();
      output = JSON.parse(JSON.stringify(output)) as unknown[];
      assert.deepEqual(before, output);
      const said = parts.map((p) => (p.type === 'text' ? p.text : '')).join('');
      assert.equal(final.output_text, said);
    }),
    { numRuns: 60 },
  );
});

test('a call that is let through in the middle of a text', async () => {
  const text: Part = { type: 'text', text: 'before after' };
  const { openai } = client(() =>
    streamed([
      { type: 'start', id: 'resp_1', model: 'm' },
      { type: 'part_start', index: 0, part: { type: 'text', text: '' } },
      { type: 'part_delta', index: 0, text: 'before ' },
      {
        type: 'part_start',
        index: 1,
        part: { type: 'tool_call', id: 'c', name: 'f', arguments: '' },
      },
      {
        type: 'part_end',
        index: 1,
        part: { type: 'tool_call', id: 'c', name: 'f', arguments: '{}' },
      },
      { type: 'part_start', index: 2, part: { type: 'text', text: '' } },
      { type: 'part_delta', index: 2, text: 'refused' },
      { type: 'part_end', index: 2, part: { type: 'text', text: 'refused' } },
      { type: 'part_delta', index: 0, text: 'after' },
      { type: 'part_end', index: 0, part: text },
      { type: 'finish', finish: { reason: 'tool_calls' } },
    ]),
  );
  const final = await openai.responses.stream({ model: 'm', input: 'x' }).finalResponse();
  assert.deepEqual(
    final.output.map((item) => item.type),
    ['message', 'function_call', 'message'],
  );
  assert.equal(final.output_text, 'before afterrefused');
});

test('why it ended', async () => {
  const ended = async (finish: Answer['finish'], parts: Part[] = []) => {
    const { openai } = client((request) =>
      request.stream
        ? streamed(eventsOf(parts, { type: 'finish', finish }))
        : JSON.stringify(
            openaiResponses.encodeAnswer({ ...ANSWER, parts, finish }, request, new Set()),
          ),
    );
    const whole = await openai.responses.create({ model: 'm', input: 'x' });
    const stream = await openai.responses.stream({ model: 'm', input: 'x' }).finalResponse();
    assert.equal(stream.status, whole.status);
    assert.deepEqual(stream.incomplete_details, whole.incomplete_details);
    return [whole.status, whole.incomplete_details?.reason as string | undefined];
  };
  assert.deepEqual(await ended({ reason: 'stop' }), ['completed', undefined]);
  assert.deepEqual(await ended({ reason: 'length' }), ['incomplete', 'max_output_tokens']);
  assert.deepEqual(await ended({ reason: 'refusal' }), ['incomplete', 'content_filter']);
  const refusal: Part = { type: 'refusal', text: 'No.' };
  assert.deepEqual(await ended({ reason: 'refusal' }, [refusal]), ['completed', undefined]);
  assert.deepEqual(await ended({ reason: 'other', wireReason: 'OTHER' }), ['incomplete', 'OTHER']);
});

test('an error is raised as such, with its code and place, also in mid-stream', async () => {
  const denied = new ProvisoError('terms_denied', 'Rule `r1` forbids it.', {
    at: 'input',
    facts: { rule: 'r1' },
  });
  const refused = client(() => [403, JSON.stringify(openaiResponses.encodeError(denied))]);
  await assert.rejects(refused.openai.responses.create({ model: 'm', input: 'x' }), (error) => {
    assert.ok(error instanceof OpenAI.PermissionDeniedError);
    assert.equal(error.code, 'terms_denied');
    assert.equal(error.param, 'input');
    assert.deepEqual((error.error as { facts: unknown }).facts, { rule: 'r1' });
    return true;
  });
  const begun: AnswerEvent[] = [
    { type: 'start', id: 'resp_1', model: 'm' },
    { type: 'part_start', index: 0, part: { type: 'text', text: '' } },
    { type: 'part_delta', index: 0, text: 'Hel' },
  ];
  const ends = [
    streamed(begun) + openaiResponses.encodeStreamError(denied),
    streamed([...begun, { type: 'error', error: { kind: 'server', message: 'Gone.' } }]),
    streamed([{ type: 'error', error: { kind: 'overloaded', message: 'Busy.' } }]),
  ];
  for (const sse of ends) {
    const { openai } = client(() => sse);
    await assert.rejects(
      openai.responses.stream({ model: 'm', input: 'x' }).finalResponse(),
      OpenAI.APIError,
    );
  }
});

test('a count of tokens', async () => {
  const { openai } = client(() => JSON.stringify(openaiResponses.encodeCount(7)));
  const count = await openai.responses.inputTokens.count({ model: 'm', input: 'x' });
  assert.equal(count.input_tokens, 7);
});
