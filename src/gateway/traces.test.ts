import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { openTraces } from './traces.ts';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly startTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly status: { readonly code: number };
}

test('a call becomes a span with the GenAI attributes, below the caller’s own', async (t) => {
  let taken = '';
  const collector = createServer((request, response) => {
    request.on('data', (chunk) => (taken += chunk)).on('end', () => response.end('{}'));
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  t.after(() => collector.close());
  const { port } = collector.address() as AddressInfo;
  const traces = await openTraces(`http://127.0.0.1:${port}/v1/traces`);
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  traces.record({
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    startedAt: 1_790_000_000_000,
    endedAt: 1_790_000_000_250,
    operation: 'generate',
    modelAsked: 'quick',
    provider: 'north',
    modelAnswered: 'quick-2',
    inputTokens: 12,
    outputTokens: 34,
    finish: 'stop',
    entry: 7,
    error: 'upstream_failed',
  });
  await traces.close();
  const sent = JSON.parse(taken) as {
    resourceSpans: [{ scopeSpans: [{ spans: [Span] }] }];
  };
  const [span] = sent.resourceSpans[0].scopeSpans[0].spans;
  assert.deepEqual([span.name, span.traceId], ['chat quick', traceId]);
  assert.equal(span.parentSpanId, 'b7ad6b7169203331');
  assert.equal(span.startTimeUnixNano, '1790000000000000000');
  assert.equal(span.status.code, 2);
  const attributes = Object.fromEntries(
    span.attributes.map(({ key, value }) => [key, Object.values(value)[0] as unknown]),
  );
  assert.equal(attributes['gen_ai.operation.name'], 'chat');
  assert.equal(attributes['gen_ai.request.model'], 'quick');
  assert.equal(attributes['gen_ai.response.model'], 'quick-2');
  assert.equal(attributes['gen_ai.provider.name'], 'north');
  assert.equal(Number(attributes['gen_ai.usage.input_tokens']), 12);
  assert.equal(Number(attributes['proviso.ledger.entry']), 7);
  assert.equal(attributes['error.type'], 'upstream_failed');
});
