/** One suite for all protocols: what is streamed to a caller reads back as what was answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '#base/json.ts';
import {
  type AnswerEvent,
  type FinishReason,
  type ModelRequest,
  PROTOCOLS,
  type Protocol,
} from './exchange.ts';
import { protocols } from './protocols.ts';
import { sseReader } from './sse.ts';

const BODIES: Readonly<Record<Protocol, JsonObject>> = {
  'openai-chat': {
    model: 'm',
    messages: [{ role: 'user', content: 'x' }],
    stream: true,
    stream_options: { include_usage: true },
  },
  'openai-responses': { model: 'm', input: 'x', stream: true },
  anthropic: {
    model: 'm',
    max_tokens: 1,
    messages: [{ role: 'user', content: 'x' }],
    stream: true,
  },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'x' }] }] },
};

type Said = { readonly text: string } | { readonly call: string; readonly value: unknown };

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const said: fc.Arbitrary<Said> = fc.oneof(
  word.map((text) => ({ text })),
  fc.record(
    {
      call: fc.stringMatching(/^[a-z]{1,8}$/),
      value: fc
        .dictionary(word, fc.jsonValue({ maxDepth: 2 }))
        .filter((value) => !JSON.stringify(value).includes('__proto__')),
    },
    { noNullPrototype: true },
  ),
);
const usage = fc.record(
  { inputTokens: fc.nat(9999), outputTokens: fc.integer({ min: 10, max: 9999 }) },
  { noNullPrototype: true },
);

function eventsOf(
  answer: readonly Said[],
  reason: FinishReason,
  counts: { inputTokens: number; outputTokens: number },
): AnswerEvent[] {
  const events: AnswerEvent[] = [{ type: 'start', id: 'id_1', model: 'm-1', createdAt: 7 }];
  for (const [index, one] of answer.entries()) {
    if ('text' in one) {
      events.push({ type: 'part_start', index, part: { type: 'text', text: '' } });
      for (const text of one.text.match(/.{1,2}/gsu) ?? [])
        events.push({ type: 'part_delta', index, text });
      events.push({ type: 'part_end', index, part: { type: 'text', text: one.text } });
      continue;
    }
    const part = { type: 'tool_call', id: `call_${index}`, name: one.call, arguments: '' } as const;
    const text = JSON.stringify(one.value);
    events.push({ type: 'part_start', index, part }, { type: 'part_delta', index, text });
    events.push({ type: 'part_end', index, part: { ...part, arguments: text } });
  }
  events.push({ type: 'finish', finish: { reason }, usage: counts });
  return events;
}

function decoded(protocol: Protocol, bytes: Uint8Array, cuts: readonly number[]): AnswerEvent[] {
  const reader = sseReader(1 << 24);
  const decoder = protocols[protocol].streamDecoder();
  const out: AnswerEvent[] = [];
  let from = 0;
  for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
    for (const event of reader.push(bytes.subarray(from, cut))) out.push(...decoder.push(event));
    from = cut;
  }
  for (const event of reader.end()) out.push(...decoder.push(event));
  return [...out, ...decoder.end()];
}

for (const protocol of PROTOCOLS) {
  test(`${protocol}: an answer that is streamed, cut anywhere, is the answer`, () => {
    const route = { operation: 'generate', model: 'm', stream: true } as const;
    const request = protocols[protocol].decodeRequest(BODIES[protocol], {
      route,
      allowedFields: new Set(),
    }) as ModelRequest;
    fc.assert(
      fc.property(
        fc.array(said, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        usage,
        fc.array(fc.nat(4000), { maxLength: 40 }),
        (answer, isCutShort, counts, places) => {
          const hasCall = answer.some((one) => 'call' in one);
          const reason = isCutShort ? 'length' : hasCall ? 'tool_calls' : 'stop';
          const encoder = protocols[protocol].streamEncoder({ request });
          const sse = eventsOf(answer, reason, counts)
            .map((event) => encoder.push(event))
            .join('');
          const bytes = Buffer.from(sse);
          const events = decoded(
            protocol,
            bytes,
            places.map((place) => place % (bytes.length + 1)),
          );
          const texts: string[] = [];
          const calls: [string, string, unknown][] = [];
          for (const event of events) {
            if (event.type !== 'part_end') continue;
            if (event.part.type === 'text') texts.push(event.part.text);
            else if (event.part.type === 'tool_call') {
              const { id, name, arguments: text } = event.part;
              calls.push([id, name, JSON.parse(text)]);
            }
          }
          assert.equal(
            texts.join(''),
            answer.map((one) => ('text' in one ? one.text : '')).join(''),
          );
          assert.deepEqual(
            calls,
            answer.flatMap((one, i) =>
              'call' in one
                ? [[`call_${i}`, one.call, JSON.parse(JSON.stringify(one.value)) as unknown]]
                : [],
            ),
          );
          const end = events.at(-1);
          assert.equal(end?.type, 'finish');
          assert.equal(end.finish.reason, reason);
          assert.deepEqual(
            [end.usage?.inputTokens, end.usage?.outputTokens],
            [counts.inputTokens, counts.outputTokens],
          );
        },
      ),
    );
  });

  test(`${protocol}: cut short at any byte, it is an error or the whole answer`, () => {
    const route = { operation: 'generate', model: 'm', stream: true } as const;
    const request = protocols[protocol].decodeRequest(BODIES[protocol], {
      route,
      allowedFields: new Set(),
    }) as ModelRequest;
    const encoder = protocols[protocol].streamEncoder({ request });
    const answer: Said[] = [{ text: 'Grüße — 你好' }, { call: 'f', value: { a: 'ü' } }];
    const counts = { inputTokens: 3, outputTokens: 12 };
    const events = eventsOf(answer, 'tool_calls', counts);
    const bytes = Buffer.from(events.map((event) => encoder.push(event)).join(''));
    const whole = decoded(protocol, bytes, []);
    const calls = (given: readonly AnswerEvent[]) =>
      given.filter((event) => event.type === 'part_end' && event.part.type === 'tool_call').length;
    for (let cut = 0; cut < bytes.length; cut++) {
      const given = decoded(protocol, bytes.subarray(0, cut), []);
      const end = given.at(-1);
      assert.ok(end?.type === 'error' || end?.type === 'finish', `cut at ${cut}`);
      assert.equal(
        given.filter((event) => event.type === 'error' || event.type === 'finish').length,
        1,
      );
      if (end.type === 'finish') assert.equal(calls(given), calls(whole), `cut at ${cut}`);
    }
  });
}
