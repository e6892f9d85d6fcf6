import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { ProvisoError } from '#base/errors.ts';
import type { AnswerEvent, ModelRequest } from '../exchange.ts';
import { anthropic } from './protocol.ts';

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

test('what the deltas leave out comes at the end of its part', async () => {
  const call = { type: 'tool_call', id: 'a', name: 'f', arguments: '{"x":1}' } as const;
  const free = {
    type: 'tool_call',
    id: 'b',
    name: 'sql',
    arguments: 'SELECT',
    free: true,
  } as const;
  const message = await streamed(
    encode([
      { type: 'start', id: 'x', model: 'm' },
      { type: 'part_start', index: 0, part: { type: 'text', text: '' } },
      { type: 'part_delta', index: 0, text: 'He' },
      { type: 'part_end', index: 0, part: { type: 'text', text: 'Hello' } },
      { type: 'part_start', index: 1, part: { ...call, arguments: '' } },
      { type: 'part_end', index: 1, part: call },
      { type: 'part_start', index: 2, part: { ...free, arguments: '' } },
      { type: 'part_delta', index: 2, text: 'SELECT' },
      { type: 'part_end', index: 2, part: free },
      { type: 'finish', finish: { reason: 'tool_calls' } },
    ]),
  ).finalMessage();
  const blocks = message.content.map((each) =>
    each.type === 'text' ? each.text : each.type === 'tool_use' && each.input,
  );
  assert.deepEqual(blocks, ['Hello', { x: 1 }, { input: 'SELECT' }]);
  assert.equal(message.stop_reason, 'tool_use');
});

test('parts of other protocols are named as dropped, and leave no gap', async () => {
  const native = { protocol: 'openai-responses', fields: {} } as const;
  const part = { type: 'native', label: 'web_search_call', native } as const;
  const encoder = anthropic.streamEncoder({ request: {} as ModelRequest });
  const body = [
    { type: 'start', id: 'x', model: 'm' } as const,
    { type: 'part_start', index: 0, part } as const,
    { type: 'part_end', index: 0, part } as const,
    { type: 'part_start', index: 1, part: { type: 'text', text: '' } } as const,
    { type: 'part_end', index: 1, part: { type: 'text', text: 'x' } } as const,
    { type: 'finish', finish: { reason: 'stop' } } as const,
  ].map((event) => encoder.push(event));
  assert.deepEqual([...encoder.dropped], ['web_search_call']);
  const message = await streamed(body.join('')).finalMessage();
  assert.deepEqual(message.content, [{ type: 'text', text: 'x' }]);
});

test('an error in mid-stream is raised by the official SDK, with its code', async () => {
  const error = new ProvisoError('upstream_failed', 'The provider broke off.');
  const body = encode([{ type: 'start', id: 'x', model: 'm' }]);
  const stream = streamed(body + anthropic.encodeStreamError(error));
  await assert.rejects(stream.finalMessage(), (thrown) => {
    assert.ok(thrown instanceof Anthropic.APIError);
    assert.deepEqual([thrown.type, thrown.errorCode], ['api_error', 'upstream_failed']);
    return true;
  });
});

test('an error is raised by the official SDK as its status says', async () => {
  const facts = { rule: 'a', whom: ['x', 'y'] };
  const error = new ProvisoError('terms_denied', 'Rule `a` forbids it.', { at: 'tools[0]', facts });
  const { messages } = client(
    JSON.stringify(anthropic.encodeError(error)),
    error.status,
    'application/json',
  );
  await assert.rejects(messages.create({ model: 'm', max_tokens: 1, messages: [] }), (thrown) => {
    assert.ok(thrown instanceof Anthropic.PermissionDeniedError);
    assert.equal(thrown.apiMessage, 'Rule `a` forbids it.');
    assert.deepEqual(thrown.details, { error_code: 'terms_denied', at: 'tools[0]', ...facts });
    return true;
  });
});
