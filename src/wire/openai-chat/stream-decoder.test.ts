import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { AnswerEvent, Part } from '../exchange.ts';
import { sseReader } from '../sse.ts';
import { openaiChat } from './protocol.ts';

const HEAD = { id: 'c-1', object: 'chat.completion.chunk', created: 7, model: 'm' };

function chunk(delta: JsonObject, rest: JsonObject = {}, top: JsonObject = {}): JsonObject {
  return { ...HEAD, choices: [{ index: 0, delta, ...rest }], ...top };
}

const end = (finish_reason = 'stop') => chunk({}, { finish_reason });
const call = (fields: JsonObject) => chunk({ tool_calls: [fields] });

function bytesOf(chunks: readonly JsonValue[], done = true): Buffer {
  const lines = chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`);
  return Buffer.from(lines.join('') + (done ? 'data: [DONE]\n\n' : ''));
}

function decode(bytes: Uint8Array, cuts: readonly number[] = []): AnswerEvent[] {
  const reader = sseReader(1 << 20);
  const decoder = openaiChat.streamDecoder();
  const events: AnswerEvent[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    for (const event of reader.push(bytes.subarray(from, cut))) events.push(...decoder.push(event));
    from = cut;
  }
  for (const event of reader.end()) events.push(...decoder.push(event));
  return [...events, ...decoder.end()];
}

const decodeAll = (...chunks: readonly JsonValue[]) => decode(bytesOf(chunks));

/** The parts as they ended, in short. */
function parts(events: readonly AnswerEvent[]): JsonValue[] {
  return events.flatMap((event) => (event.type === 'part_end' ? [short(event.part)] : []));
}

function short(part: Part): JsonValue {
  if (part.type === 'tool_call') return [part.id, part.name, part.arguments];
  return part.type === 'native' ? part.label : `${part.type}:${'text' in part ? part.text : ''}`;
}

function finish(events: readonly AnswerEvent[]) {
  const last = events.at(-1);
  return last?.type === 'finish' ? last : assert.fail(`ends with ${JSON.stringify(last)}`);
}

function failure(events: readonly AnswerEvent[]) {
  assert.equal(events.filter(({ type }) => type === 'error' || type === 'finish').length, 1);
  const last = events.at(-1);
  return last?.type === 'error' ? last.error : assert.fail(`ends with ${JSON.stringify(last)}`);
}

test('text, reasoning and refusals are parts of their own, one after another', () => {
  const events = decodeAll(
    chunk({ role: 'assistant', content: '' }),
    chunk({ reasoning_content: 'Let ' }),
    chunk({ reasoning_content: 'me see.' }),
    chunk({ content: 'Hello' }),
    chunk({ content: ' there' }),
    chunk({ refusal: 'No.' }),
    end(),
  );
  assert.deepEqual(events[0], {
    type: 'start',
    id: 'c-1',
    model: 'm',
    createdAt: 7,
    native: undefined,
  });
  assert.deepEqual(parts(events), ['reasoning:Let me see.', 'text:Hello there', 'refusal:No.']);
  assert.deepEqual(finish(events).finish, { reason: 'refusal', wireReason: 'stop' });
});

test('tool calls come in every way that servers send them', () => {
  const ways: Readonly<Record<string, readonly [JsonObject[], JsonValue[]]>> = {
    'in pieces': [
      [
        call({ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
        call({ index: 0, function: { arguments: '{"x"' } }),
        call({ index: 0, function: { arguments: ':1}' } }),
      ],
      [['a', 'f', '{"x":1}']],
    ],
    'in turns': [
      [
        call({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x":' } }),
        call({ index: 1, id: 'b', function: { name: 'g', arguments: '{"y"' } }),
        call({ index: 0, function: { arguments: '1}' } }),
        call({ index: 1, function: { arguments: ':2}' } }),
      ],
      [
        ['a', 'f', '{"x":1}'],
        ['b', 'g', '{"y":2}'],
      ],
    ],
    'whole, without indexes': [
      [
        chunk({
          tool_calls: [
            { id: 'a', function: { name: 'f', arguments: '{}' } },
            { id: 'b', function: { name: 'f', arguments: '{"y":2}' } },
          ],
        }),
      ],
      [
        ['a', 'f', '{}'],
        ['b', 'f', '{"y":2}'],
      ],
    ],
    'whole, all with the index 0': [
      [
        call({ index: 0, id: 'a', function: { name: 'f', arguments: '{}' } }),
        call({ index: 0, id: 'b', function: { name: 'g', arguments: '{}' } }),
      ],
      [
        ['a', 'f', '{}'],
        ['b', 'g', '{}'],
      ],
    ],
    'with a new id for each piece': [
      [
        call({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } }),
        call({ index: 0, id: 'b', function: { arguments: ':1}' } }),
      ],
      [['a', 'f', '{"x":1}']],
    ],
    'with the name once more': [
      [
        call({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } }),
        call({ index: 0, id: 'a', function: { name: 'f', arguments: ':1}' } }),
        call({ index: 0, id: '', function: { name: '', arguments: '' } }),
      ],
      [['a', 'f', '{"x":1}']],
    ],
    'with the name after the first arguments': [
      [
        call({ index: 0, id: 'a', function: { arguments: '{"x"' } }),
        call({ index: 0, function: { name: 'f', arguments: ':1}' } }),
      ],
      [['a', 'f', '{"x":1}']],
    ],
    'without ids': [
      [
        call({ index: 0, function: { name: 'f', arguments: '{}' } }),
        call({ index: 1, function: { name: 'g' } }),
      ],
      [
        ['call_c1_0', 'f', '{}'],
        ['call_c1_1', 'g', '{}'],
      ],
    ],
    'in the older form': [
      [
        chunk({ function_call: { name: 'f', arguments: '{"x"' } }),
        chunk({ function_call: { arguments: ':1}' } }),
      ],
      [['call_c1_0', 'f', '{"x":1}']],
    ],
    'with arguments that are an object': [
      [call({ index: 0, id: 'a', function: { name: 'f', arguments: { x: 1 } } })],
      [['a', 'f', '{"x":1}']],
    ],
    'of custom tools': [
      [
        call({ index: 0, id: 'a', type: 'custom', custom: { name: 'sql', input: 'SELECT' } }),
        call({ index: 0, custom: { input: ' 1' } }),
      ],
      [['a', 'sql', 'SELECT 1']],
    ],
  };
  for (const [way, [chunks, expected]] of Object.entries(ways)) {
    const events = decodeAll(...chunks, end('tool_calls'));
    assert.deepEqual(parts(events), expected, way);
    assert.equal(finish(events).finish.reason, 'tool_calls', way);
    assert.deepEqual(parts(decodeAll(...chunks)), expected, `${way}, without a finish reason`);
  }
});

test('tool calls stay open beside text, and end before the finish', () => {
  const events = decodeAll(
    call({ index: 0, id: 'a', function: { name: 'f', arguments: '{' } }),
    chunk({ content: 'Meanwhile' }),
    call({ index: 0, function: { arguments: '}' } }),
    end(),
  );
  assert.deepEqual(
    events.map((event) => ('index' in event ? `${event.type} ${event.index}` : event.type)),
    [
      'start',
      'part_start 0',
      'part_delta 0',
      'part_start 1',
      'part_delta 1',
      'part_end 1',
      'part_delta 0',
      'part_end 0',
      'finish',
    ],
  );
  assert.deepEqual(finish(events).finish, { reason: 'tool_calls', wireReason: 'stop' });
});

test('the usage is found wherever servers put it', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
  const places: Readonly<Record<string, JsonObject[]>> = {
    'in a chunk of its own': [end(), { ...HEAD, choices: [], usage }],
    'in the last chunk': [{ ...end(), usage }],
    'in each chunk': [
      { ...chunk({ content: 'x' }), usage: { prompt_tokens: 1 } },
      { ...end(), usage },
    ],
    'in x_groq': [{ ...end(), x_groq: { id: 'r', usage } }],
    'in the choice': [chunk({}, { finish_reason: 'stop', usage })],
    'followed by null': [
      end(),
      { ...HEAD, choices: [], usage },
      { ...HEAD, choices: [], usage: null },
    ],
  };
  for (const [place, chunks] of Object.entries(places)) {
    const found = finish(decodeAll(...chunks)).usage;
    assert.deepEqual([found?.inputTokens, found?.outputTokens], [3, 4], place);
  }
});

test('reasoning that is counted beside the completion becomes part of the output', () => {
  const usage = (total_tokens: number) => ({
    prompt_tokens: 10,
    completion_tokens: 2,
    total_tokens,
    completion_tokens_details: { reasoning_tokens: 5 },
  });
  const output = (total: number) => finish(decodeAll({ ...end(), usage: usage(total) })).usage;
  assert.equal(output(17)?.outputTokens, 7);
  assert.equal(output(12)?.outputTokens, 2);
  assert.equal(output(17)?.reasoningTokens, 5);
});

test('Azure’s first chunk, without choices and id, is no start', () => {
  const first = { choices: [], created: 0, id: '', model: '', prompt_filter_results: [] };
  const events = decodeAll(first, chunk({ content: 'x' }), end());
  const [start] = events;
  assert.equal(start?.type === 'start' && start.id, 'c-1');
  assert.deepEqual(finish(events).dropped, ['prompt_filter_results']);
});

test('Mistral’s lists of thinking and text are reasoning and text', () => {
  const thinking = [{ type: 'text', text: 'Hm' }];
  const events = decodeAll(
    chunk({ content: [{ type: 'thinking', thinking }] }),
    chunk({
      content: [
        { type: 'text', text: 'Yes' },
        { type: 'reference', ids: [1] },
      ],
    }),
    end(),
  );
  assert.deepEqual(parts(events), ['reasoning:Hm', 'text:Yes']);
  assert.deepEqual(finish(events).dropped, ['content.reference']);
});

test('log probabilities and annotations are kept with their text', () => {
  const logprobs = (token: string) => ({ content: [{ token, logprob: -1 }], refusal: null });
  const citation = { start_index: 0, end_index: 1, title: 't', url: 'https://a.example/' };
  const annotation = { type: 'url_citation', url_citation: citation };
  const events = decodeAll(
    chunk({ content: 'x' }, { logprobs: logprobs('x') }),
    chunk({ content: 'y' }, { logprobs: logprobs('y') }),
    chunk({ annotations: [{ ...annotation, tracking: 1 }] }),
    end(),
  );
  const text = events.find((event) => event.type === 'part_end')?.part;
  assert.deepEqual(text?.type === 'text' && text.native?.fields, {
    annotations: [annotation],
    logprobs: { content: [...logprobs('x').content, ...logprobs('y').content], refusal: null },
  });
  assert.deepEqual(finish(events).dropped, ['delta.annotations[].tracking']);
});

test('reasoning under two names is read once', () => {
  const events = decodeAll(chunk({ reasoning: 'a', reasoning_content: 'a' }), end());
  assert.deepEqual(parts(events), ['reasoning:a']);
});

test('what is not known is named as dropped', () => {
  const events = decodeAll(
    chunk({ content: 'x', actions: [1] }, { extra: 1 }, { provider: 'p', obfuscation: 'zz' }),
    { ...HEAD, choices: [{ index: 1, delta: { content: 'other' } }] },
    end(),
  );
  assert.deepEqual(finish(events).dropped, ['provider', 'delta.actions', 'extra', 'choices[1]']);
  assert.deepEqual(parts(events), ['text:x']);
});

test('a stream that cannot be read ends in one error', () => {
  const good = chunk({ content: 'x' });
  const open = call({ index: 0, id: 'a', function: { name: 'f', arguments: '{"x"' } });
  const streams: Readonly<Record<string, Uint8Array>> = {
    empty: Buffer.alloc(0),
    'ended before it began': bytesOf([]),
    'broken off': bytesOf([good], false),
    'broken off within a call': bytesOf([open], false),
    'broken off within a chunk': bytesOf([good, good]).subarray(0, -40),
    'not JSON': Buffer.from('data: <html>\n\n'),
    'a list': bytesOf([[1]]),
    'another protocol': bytesOf([{ type: 'message_start', message: {} }]),
    'the older protocol': bytesOf([{ ...HEAD, choices: [{ index: 0, text: 'x' }] }]),
    'calls that are no list': bytesOf([chunk({ tool_calls: { id: 'a' } })]),
    'a call that is no object': bytesOf([chunk({ tool_calls: ['a'] })]),
    'arguments that are a number': bytesOf([
      call({ index: 0, id: 'a', function: { name: 'f', arguments: 7 } }),
    ]),
    'a call without a name': bytesOf([
      call({ index: 0, id: 'a', function: { arguments: '{}' } }),
      end(),
    ]),
    'a call that goes on after its end': bytesOf([
      open,
      end('tool_calls'),
      call({ index: 0, function: { arguments: ',"y":2}' } }),
    ]),
  };
  for (const [name, bytes] of Object.entries(streams)) {
    assert.equal(failure(decode(bytes)).kind, 'server', name);
  }
});

test('an error from the provider keeps its meaning, and nothing follows it', () => {
  const error = { message: 'Slow down.', type: 'rate_limit_error', code: 'rate_limit_exceeded' };
  const events = decodeAll(chunk({ content: 'x' }), { error }, chunk({ content: 'y' }), end());
  assert.deepEqual(failure(events), {
    kind: 'rate_limit',
    message: 'Slow down.',
    wireCode: 'rate_limit_exceeded',
  });
});

test('a finish reason without [DONE] is an end', () => {
  const events = decode(bytesOf([chunk({ content: 'x' }), end('length')], false));
  assert.deepEqual(finish(events).finish, { reason: 'length', wireReason: 'length' });
});

const step = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((content) => chunk({ content })),
  fc.string().map((reasoning_content) => chunk({ reasoning_content })),
  fc
    .tuple(fc.nat({ max: 2 }), fc.string())
    .map(([index, text]) =>
      call({ index, id: `id${index}`, function: { name: `f${index}`, arguments: text } }),
    ),
);

test('cut at any bytes, a stream gives the same events, in the order that is promised', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 12 }),
      fc.array(fc.nat({ max: 3_000 }), { maxLength: 10 }),
      (steps, at) => {
        const bytes = bytesOf([...steps, end()]);
        const cuts = at.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b);
        const events = decode(bytes, cuts);
        assert.deepEqual(events, decode(bytes));
        const open = new Set<number>();
        let texts = 0;
        for (const event of events) {
          if (event.type === 'part_start') {
            open.add(event.index);
            if (event.part.type !== 'tool_call') assert.equal(++texts, 1);
          } else if (event.type === 'part_delta') assert.ok(open.has(event.index));
          else if (event.type === 'part_end') {
            assert.ok(open.delete(event.index));
            if (event.part.type !== 'tool_call') texts--;
          }
        }
        assert.equal(open.size, 0);
        const deltas = events.flatMap((event) => (event.type === 'part_delta' ? [event] : []));
        for (const event of events) {
          if (event.type !== 'part_end') continue;
          const own = deltas.filter(({ index }) => index === event.index);
          const text = own.map((delta) => delta.text).join('');
          const { part } = event;
          const whole = part.type === 'tool_call' ? part.arguments : 'text' in part && part.text;
          assert.equal(text === '' && part.type === 'tool_call' ? '{}' : text, whole);
        }
      },
    ),
  );
});
