import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { AnswerEvent, Part } from '../exchange.ts';
import { partialArgs } from './partial-args.ts';
import { gemini } from './protocol.ts';

const HEAD = { modelVersion: 'gemini-x', responseId: 'r-1', createTime: '2026-01-01T00:00:00Z' };
const USAGE = {
  promptTokenCount: 9,
  candidatesTokenCount: 3,
  thoughtsTokenCount: 2,
  totalTokenCount: 14,
};
const chunk = (parts: JsonObject[], more: JsonObject = {}): JsonObject => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
  ...HEAD,
});
const last = (finishReason = 'STOP', parts: JsonObject[] = [{ text: '' }]) => ({
  ...chunk(parts, { finishReason }),
  usageMetadata: USAGE,
});
const call = (fields: JsonObject, more: JsonObject = {}) =>
  chunk([{ functionCall: fields, ...more }]);
const piece = (jsonPath: string, stringValue: string, willContinue = false) => ({
  jsonPath,
  stringValue,
  willContinue,
});

function decode(chunks: readonly (JsonValue | undefined)[]): AnswerEvent[] {
  const decoder = gemini.streamDecoder();
  const out: AnswerEvent[] = [];
  for (const data of chunks) {
    out.push(
      ...decoder.push({ event: 'message', data: data === undefined ? '{' : JSON.stringify(data) }),
    );
  }
  return [...out, ...decoder.end()];
}

function partsOf(events: readonly AnswerEvent[]): Part[] {
  return events.filter((event) => event.type === 'part_end').map((event) => event.part);
}

function callsOf(events: readonly AnswerEvent[]): string[] {
  return partsOf(events).flatMap((part) =>
    part.type === 'tool_call' ? [`${part.name} ${part.arguments}`] : [],
  );
}

function finishOf(events: readonly AnswerEvent[]) {
  const end = events.at(-1);
  assert.equal(end?.type, 'finish', JSON.stringify(end));
  return end;
}

test('a text with its usage: thoughts are part of the output', () => {
  const signed = { thoughtSignature: 'c2ln' };
  const events = decode([
    chunk([{ text: 'hm', thought: true }]),
    chunk([{ text: 'Hel' }]),
    chunk([{ text: 'lo' }]),
    last('STOP', [{ text: '', ...signed }]),
  ]);
  const native = { protocol: 'gemini', fields: signed };
  assert.deepEqual(events, [
    { type: 'start', id: 'r-1', model: 'gemini-x', createdAt: 1767225600 },
    { type: 'part_start', index: 0, part: { type: 'reasoning', text: '' } },
    { type: 'part_delta', index: 0, text: 'hm' },
    {
      type: 'part_end',
      index: 0,
      part: { type: 'reasoning', text: 'hm', native: { protocol: 'gemini', fields: {} } },
    },
    { type: 'part_start', index: 1, part: { type: 'text', text: '' } },
    { type: 'part_delta', index: 1, text: 'Hel' },
    { type: 'part_delta', index: 1, text: 'lo' },
    { type: 'part_end', index: 1, part: { type: 'text', text: 'Hello', native } },
    {
      type: 'finish',
      finish: { reason: 'stop', wireReason: 'STOP' },
      usage: { inputTokens: 9, outputTokens: 5, reasoningTokens: 2, cacheReadTokens: undefined },
      native: { protocol: 'gemini', fields: { createTime: HEAD.createTime } },
    },
  ]);
});

test('several calls in one chunk, without ids', () => {
  const events = decode([
    chunk([
      { functionCall: { name: 'a', args: { n: 1 } } },
      { text: 'x' },
      { functionCall: { name: 'a', args: { n: 1 } } },
    ]),
    last(),
  ]);
  assert.deepEqual(callsOf(events), ['a {"n":1}', 'a {"n":1}']);
  const ids = partsOf(events).flatMap((part) => (part.type === 'tool_call' ? [part.id] : []));
  assert.deepEqual(ids, ['call_r-1_0', 'call_r-1_1']);
  assert.equal(finishOf(events).finish.reason, 'tool_calls');
});

test('long numbers in arguments stay as they are', () => {
  const decoder = gemini.streamDecoder();
  const data = JSON.stringify(call({ name: 'f', args: {} })).replace(
    '"args":{}',
    '"args":{"n":12345678901234567890}',
  );
  const events = decoder.push({ event: 'message', data });
  assert.deepEqual(callsOf(events), ['f {"n":12345678901234567890}']);
});

test('a call in pieces, with and without a chunk that ends it', () => {
  const begin = call({ name: 'f', willContinue: true }, { thoughtSignature: 'c2ln' });
  const pieces = [
    call({ partialArgs: [piece('$.a[0].b', 'Bos', true)], willContinue: true }),
    call({ partialArgs: [piece('$.a[0].b', 'ton')], willContinue: true }),
    call({
      partialArgs: [
        { jsonPath: '$.a[1]', numberValue: 0.5 },
        { jsonPath: "$['c d']", boolValue: true },
      ],
      willContinue: true,
    }),
  ];
  const lastPiece = (willContinue: boolean) =>
    call({
      partialArgs: [{ jsonPath: '$.e', nullValue: 'NULL_VALUE' }],
      ...(willContinue && { willContinue }),
    });
  const wanted = ['f {"a":[{"b":"Boston"},0.5],"c d":true,"e":null}'];
  for (const chunks of [
    [begin, ...pieces, lastPiece(true), call({}), last()],
    [begin, ...pieces, lastPiece(false), last()],
    [begin, ...pieces, lastPiece(true), last()],
  ]) {
    const events = decode(chunks);
    assert.deepEqual(callsOf(events), wanted);
    const deltas = events.filter((event) => event.type === 'part_delta').map((event) => event.text);
    assert.deepEqual(
      deltas.map((text) => `f ${text}`),
      wanted,
    );
    assert.deepEqual(partsOf(events)[0]?.type === 'tool_call' && partsOf(events)[0], {
      type: 'tool_call',
      id: 'call_r-1_0',
      name: 'f',
      arguments: wanted[0]?.slice(2),
      native: { protocol: 'gemini', fields: { thoughtSignature: 'c2ln' } },
    });
  }
  const two = decode([
    begin,
    lastPiece(true),
    call({ name: 'g', willContinue: true }),
    call({}),
    last(),
  ]);
  assert.deepEqual(callsOf(two), ['f {"e":null}', 'g {}']);
});

test('a call that the model had no room to finish is not acted upon', () => {
  const events = decode([
    call({ name: 'f', willContinue: true }),
    call({ partialArgs: [piece('$.a', 'x', true)], willContinue: true }),
    last('MAX_TOKENS'),
  ]);
  assert.deepEqual(callsOf(events), []);
  assert.equal(finishOf(events).finish.reason, 'length');
  assert.deepEqual(finishOf(events).dropped, ['functionCall.unfinished']);
});

test('pieces that cannot be placed, and calls without a name, end the answer', () => {
  const begin = call({ name: 'f', willContinue: true });
  for (const jsonPath of ['', '$', '$.a[', '$.a[100000]', '$..a', '$.a[*]']) {
    const events = decode([
      begin,
      call({ partialArgs: [piece(jsonPath, 'x')], willContinue: true }),
      last(),
    ]);
    assert.equal(events.at(-1)?.type, 'error', jsonPath);
    assert.deepEqual(callsOf(events), []);
  }
  for (const nameless of [
    { args: {} },
    { partialArgs: [piece('$.a', 'x')] },
    { willContinue: true },
  ]) {
    assert.equal(decode([call(nameless), last()]).at(-1)?.type, 'error', JSON.stringify(nameless));
  }
});

test('arguments in pieces add up to the object, whatever its keys', () => {
  const key = fc.oneof(
    fc.string({ minLength: 1, maxLength: 4 }),
    fc.constantFrom('__proto__', 'constructor', "it's"),
  );
  const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.oneof(fc.string(), fc.boolean(), fc.integer(), fc.constant(null)),
      fc.array(tie('value'), { minLength: 1, maxLength: 3 }),
      fc
        .array(fc.tuple(key, tie('value')), { minLength: 1, maxLength: 3 })
        .map((entries) => Object.fromEntries(entries)),
    ),
  }));
  const pathStep = (name: string) => `['${name.replace(/[\\']/g, '\\$&')}']`;
  function* piecesOf(node: JsonValue, jsonPath: string): Generator<JsonObject> {
    if (typeof node === 'string') {
      const half = Math.floor(node.length / 2);
      yield { jsonPath, stringValue: node.slice(0, half), willContinue: true };
      yield { jsonPath, stringValue: node.slice(half) };
    } else if (typeof node === 'number') yield { jsonPath, numberValue: node };
    else if (typeof node === 'boolean') yield { jsonPath, boolValue: node };
    else if (node === null) yield { jsonPath, nullValue: 'NULL_VALUE' };
    else if (Array.isArray(node)) {
      for (const [i, item] of (node as readonly JsonValue[]).entries())
        yield* piecesOf(item, `${jsonPath}[${i}]`);
    } else {
      for (const [name, member] of Object.entries(node))
        yield* piecesOf(member, jsonPath + pathStep(name));
    }
  }
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 3 }), (entries) => {
      const object: JsonObject = Object.fromEntries(entries);
      const args = partialArgs();
      for (const one of piecesOf(object, '$')) args.add([one]);
      assert.deepEqual(JSON.parse(args.text()), JSON.parse(JSON.stringify(object)));
    }),
  );
});

test('what ran inside the provider is a block of its own kind', () => {
  const events = decode([
    chunk([
      { executableCode: { language: 'PYTHON', code: 'x' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK' } },
    ]),
    chunk([{ toolCall: { toolType: 'GOOGLE_SEARCH_WEB', id: 't' } }]),
    last(),
  ]);
  assert.deepEqual(
    partsOf(events).map((part) => part.type === 'native' && [part.label, part.providerTool]),
    [
      ['executableCode', 'codeExecution'],
      ['codeExecutionResult', undefined],
      ['toolCall', 'GOOGLE_SEARCH_WEB'],
    ],
  );
});

test('a call in an unexpected place is a call, anything else unknown is named', () => {
  const events = decode([
    chunk([{ serverFunctionCall: { name: 'fire', args: { n: 1 } } }, { sparkle: 1 }]),
    last(),
  ]);
  assert.deepEqual(callsOf(events), ['fire {"n":1}']);
  assert.deepEqual(finishOf(events).dropped, ['part.sparkle']);
});

test('a prompt that was blocked is a refusal', () => {
  const events = decode([
    {
      promptFeedback: { blockReason: 'PROHIBITED_CONTENT' },
      usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
      ...HEAD,
    },
  ]);
  assert.deepEqual(
    events.map((event) => event.type),
    ['start', 'finish'],
  );
  assert.deepEqual(finishOf(events).finish, {
    reason: 'refusal',
    wireReason: 'PROHIBITED_CONTENT',
  });
});

test('why it ended', () => {
  const reason = (word: string) =>
    finishOf(decode([chunk([{ text: 'x' }]), last(word)])).finish.reason;
  const words = [
    'STOP',
    'MAX_TOKENS',
    'SAFETY',
    'RECITATION',
    'SPII',
    'IMAGE_SAFETY',
    'OTHER',
    'MALFORMED_FUNCTION_CALL',
    'CONTINUATION',
    'NEW_WORD',
  ];
  assert.deepEqual(words.map(reason), [
    'stop',
    'length',
    'refusal',
    'refusal',
    'refusal',
    'refusal',
    'other',
    'other',
    'pause',
    'other',
  ]);
});

test('counts that come in a chunk of their own', () => {
  const events = decode([
    chunk([{ text: 'x' }], { finishReason: 'STOP' }),
    { usageMetadata: USAGE, ...HEAD },
  ]);
  assert.equal(finishOf(events).usage?.outputTokens, 5);
});

test('a stream that breaks off, or cannot be read, ends in one error', () => {
  for (const chunks of [
    [],
    [chunk([{ text: 'x' }])],
    [chunk([{ text: 'x' }]), undefined],
    [{ serverContent: {} }],
  ]) {
    const events = decode(chunks);
    assert.equal(events.at(-1)?.type, 'error');
    assert.equal(events.filter((event) => event.type === 'error').length, 1);
  }
  const error = { error: { code: 429, message: 'Later.', status: 'RESOURCE_EXHAUSTED' } };
  const wanted = {
    type: 'error',
    error: { kind: 'rate_limit', message: 'Later.', wireCode: 'RESOURCE_EXHAUSTED' },
  };
  assert.deepEqual(decode([error]), [wanted]);
  assert.deepEqual(decode([[error]]), [wanted]);
  assert.deepEqual(decode([chunk([{ text: 'x' }]), error]).at(-1), wanted);
});

test('a picture', () => {
  const events = decode([
    chunk([{ text: 'Here' }]),
    chunk([{ inlineData: { mimeType: 'image/png', data: 'iVBORw==' } }]),
    last(),
  ]);
  assert.deepEqual(partsOf(events)[1], {
    type: 'image',
    source: { kind: 'base64', mediaType: 'image/png', base64: 'iVBORw==' },
  });
});
