/** What all four protocols can say must be the same in each of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JsonObject, parseJsonText } from '#base/json.ts';
import {
  type Answer,
  type AnswerEvent,
  type Message,
  type ModelRequest,
  type Part,
  PROTOCOLS,
} from './exchange.ts';
import type { WireProtocol } from './protocol.ts';
import { protocols } from './protocols.ts';
import { sseReader } from './sse.ts';

const MODELS_PATH = /\/models\/([^:]+):/;

/** Through the wire and back: as the provider's own module would read what was sent. */
function carried(wire: WireProtocol, request: ModelRequest, dropped: Set<string>): ModelRequest {
  const { path, body } = wire.encodeRequest(request, dropped);
  const model = MODELS_PATH.exec(path)?.[1];
  const read = parseJsonText(JSON.stringify(body)) as JsonObject;
  const route = { operation: 'generate', model, stream: request.stream } as const;
  return wire.decodeRequest(read, { route, allowedFields: new Set() }) as ModelRequest;
}

/** What a request says, whoever says it: each part with the side of the conversation it is on. */
function said(request: ModelRequest): unknown {
  const system: string[] = [];
  const turns: unknown[] = [];
  for (const { role, parts } of request.messages) {
    for (const part of parts) {
      if (role === 'system' || role === 'developer') system.push(textOf(part));
      else turns.push([role === 'assistant' ? 'model' : 'caller', contentOf(part)]);
    }
  }
  const { model, maxTokens, temperature, topP, stop, output, toolChoice } = request;
  const tools = request.tools.map(({ name, description, parameters }) => [
    name,
    description,
    parameters,
  ]);
  const schema = output?.format === 'json_schema' ? output.schema : undefined;
  const all = {
    model,
    maxTokens,
    temperature,
    topP,
    stop,
    schema,
    toolChoice,
    tools,
    system,
    turns,
  };
  return JSON.parse(JSON.stringify(all));
}

function textOf(part: Part): string {
  return part.type === 'text' ? part.text : assert.fail(part.type);
}

function contentOf(part: Part): unknown {
  if (part.type === 'image') return part.source;
  if (part.type === 'tool_call') return [part.id, part.name, JSON.parse(part.arguments)];
  if (part.type === 'tool_result') return [part.callId, part.content.map(textOf)];
  return textOf(part);
}

const word = fc.stringMatching(/^[a-z]{1,8}$/);
const text = fc.string({ unit: 'grapheme', minLength: 1 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const json = fc.dictionary(word, fc.oneof(text, fc.integer(), fc.boolean()), { maxKeys: 3 });
const textPart = text.map((value): Part => ({ type: 'text', text: value }));
const image: Part = {
  type: 'image',
  source: { kind: 'base64', mediaType: 'image/png', base64: 'iVBORw0KGgo=' },
};

/** A call with its result, as every protocol wants them: one after the other. */
const exchange = fc
  .tuple(fc.array(fc.tuple(word, json, text), { minLength: 1, maxLength: 3 }), fc.nat())
  .map(([calls, seed]): Message[] => [
    {
      role: 'assistant',
      parts: calls.map(([name, value], i) => ({
        type: 'tool_call',
        id: `call_${seed}_${i}`,
        name,
        arguments: JSON.stringify(value),
      })),
    },
    {
      role: 'tool',
      parts: calls.map(([name, , result], i) => ({
        type: 'tool_result',
        callId: `call_${seed}_${i}`,
        name,
        content: [{ type: 'text', text: result }],
      })),
    },
  ]);
const speech = fc
  .tuple(textPart, fc.boolean(), textPart)
  .map(([asked, hasImage, answered]): Message[] => [
    { role: 'user', parts: hasImage ? [asked, image] : [asked] },
    { role: 'assistant', parts: [answered] },
  ]);
const messages = fc
  .tuple(
    maybe(textPart.map((part): Message => ({ role: 'system', parts: [part] }))),
    fc.array(fc.oneof(speech, exchange), { maxLength: 3 }),
    textPart,
  )
  .map(([system, turns, last]): Message[] => [
    ...(system ? [system] : []),
    { role: 'user', parts: [{ type: 'text', text: 'Begin.' }] },
    ...turns.flat(),
    { role: 'user', parts: [last] },
  ]);
const tool = fc.record({
  name: word,
  description: maybe(text),
  parameters: fc.constant({
    type: 'object',
    properties: { x: { type: 'string' } },
    required: ['x'],
  }),
});
const request: fc.Arbitrary<ModelRequest> = fc.record({
  operation: fc.constant('generate' as const),
  model: word,
  stream: fc.boolean(),
  messages,
  tools: fc.uniqueArray(tool, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
  providerTools: fc.constant([]),
  toolChoice: maybe(
    fc.record({ mode: fc.constantFrom('auto' as const, 'none' as const, 'required' as const) }),
  ),
  output: maybe(
    fc.constant({
      format: 'json_schema' as const,
      name: 'answer',
      schema: { type: 'object', properties: { y: { type: 'integer' } }, required: ['y'] },
    }),
  ),
  maxTokens: fc.integer({ min: 16, max: 9_000 }),
  temperature: maybe(fc.constantFrom(0, 0.5, 1)),
  topP: maybe(fc.constantFrom(0.5, 1)),
});

for (const protocol of PROTOCOLS) {
  test(`${protocol}: what every protocol can say comes through, and nothing is dropped`, () => {
    fc.assert(
      fc.property(request, (given) => {
        const dropped = new Set<string>();
        const result = carried(protocols[protocol], given, dropped);
        assert.deepEqual(said(result), said(given));
        assert.deepEqual([...dropped], []);
        assert.equal(result.stream, given.stream);
      }),
      { numRuns: 200 },
    );
  });
}

const finishes = fc.constantFrom('stop' as const, 'length' as const);
const answer: fc.Arbitrary<Answer> = fc
  .tuple(
    fc.array(textPart, { minLength: 1, maxLength: 1 }),
    fc.array(fc.tuple(word, json), { maxLength: 3 }),
    finishes,
    fc.nat({ max: 1_000 }),
  )
  .map(([texts, calls, reason, tokens]) => ({
    id: 'answer1',
    model: 'm',
    parts: [
      ...texts,
      ...calls.map(
        ([name, value], i): Part => ({
          type: 'tool_call',
          id: `call_${i}`,
          name,
          arguments: JSON.stringify(value),
        }),
      ),
    ],
    finish: { reason: calls.length > 0 ? 'tool_calls' : reason },
    usage: { inputTokens: tokens, outputTokens: tokens + 1 },
  }));

function told({ parts, finish, usage }: Pick<Answer, 'parts' | 'finish' | 'usage'>): unknown {
  const tokens = [usage?.inputTokens, usage?.outputTokens];
  const all = { parts: parts.map(contentOf), reason: finish.reason, tokens };
  return JSON.parse(JSON.stringify(all));
}

function asked(protocol: (typeof PROTOCOLS)[number]): ModelRequest {
  const wire = protocols[protocol];
  const messagesOnly: ModelRequest = {
    operation: 'generate',
    model: 'm',
    stream: true,
    messages: [{ role: 'user', parts: [{ type: 'text', text: 'x' }] }],
    tools: [],
    providerTools: [],
  };
  return carried(wire, messagesOnly, new Set());
}

for (const protocol of PROTOCOLS) {
  const wire = protocols[protocol];
  test(`${protocol}: an answer says the same after it was encoded and decoded`, () => {
    fc.assert(
      fc.property(answer, (given) => {
        const dropped = new Set<string>();
        const body = wire.encodeAnswer(given, asked(protocol), dropped);
        const again = wire.decodeAnswer(parseJsonText(JSON.stringify(body)));
        assert.deepEqual(told(again), told(given));
        assert.deepEqual([...dropped, ...(again.dropped ?? [])], []);
      }),
      { numRuns: 200 },
    );
  });

  test(`${protocol}: a streamed answer says the same after it was encoded and decoded`, () => {
    fc.assert(
      fc.property(answer, fc.array(fc.nat({ max: 20 }), { maxLength: 5 }), (given, cuts) => {
        const encoder = wire.streamEncoder({ request: asked(protocol) });
        const decoder = wire.streamDecoder();
        const reader = sseReader(1 << 20);
        const bytes = Buffer.from(
          eventsOf(given, cuts)
            .map((event) => encoder.push(event))
            .join(''),
        );
        const events = reader.push(bytes).flatMap((event) => decoder.push(event));
        events.push(...decoder.end());
        const last = events.at(-1);
        assert.equal(last?.type, 'finish', JSON.stringify(last));
        const parts = events.flatMap((event) => (event.type === 'part_end' ? [event.part] : []));
        if (last?.type === 'finish') assert.deepEqual(told({ ...last, parts }), told(given));
        assert.deepEqual([...encoder.dropped], []);
      }),
      { numRuns: 200 },
    );
  });
}

/** The answer as it streams, its texts cut at some places. */
function eventsOf(given: Answer, cuts: readonly number[]): AnswerEvent[] {
  const events: AnswerEvent[] = [{ type: 'start', id: given.id, model: given.model }];
  given.parts.forEach((part, index) => {
    // By characters: half of one is no text.
    const whole = Array.from(part.type === 'tool_call' ? part.arguments : textOf(part));
    const begun = part.type === 'tool_call' ? { ...part, arguments: '' } : { ...part, text: '' };
    events.push({ type: 'part_start', index, part: begun as Part });
    let from = 0;
    for (const cut of cuts.toSorted((a, b) => a - b)) {
      events.push({
        type: 'part_delta',
        index,
        text: whole.slice(from, Math.max(cut, from)).join(''),
      });
      from = Math.max(cut, from);
    }
    events.push({ type: 'part_delta', index, text: whole.slice(from).join('') });
    events.push({ type: 'part_end', index, part });
  });
  return [...events, { type: 'finish', finish: given.finish, usage: given.usage }];
}
