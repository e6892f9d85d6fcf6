/** The official SDK as the caller, without a network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FunctionCallingConfigMode,
  type GenerateContentResponse,
  GoogleGenAI,
} from '@google/genai';
import { ProvisoError } from '#base/errors.ts';
import { type JsonObject, parseJsonText } from '#base/json.ts';
import type {
  Answer,
  AnswerEvent,
  EmbedRequest,
  ExchangeRequest,
  ModelRequest,
  Part,
} from '../exchange.ts';
import type { WireRoute } from '../protocol.ts';
import { gemini } from './protocol.ts';

const REQUEST: ModelRequest = {
  operation: 'generate',
  model: 'm',
  stream: true,
  messages: [],
  tools: [],
  providerTools: [],
};

/** A client whose server answers with this, and the request that it made. */
function client(
  answer: (route: WireRoute, request: ExchangeRequest | undefined) => string | [number, string],
) {
  const seen: { request?: ExchangeRequest | undefined } = {};
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const sent = new Request(input, init);
    const url = new URL(sent.url);
    const route = gemini.route({ method: sent.method, path: url.pathname });
    assert.ok(route, url.pathname);
    if (sent.method === 'POST') {
      const body = parseJsonText(await sent.text()) as JsonObject;
      seen.request = gemini.decodeRequest(body, { route, allowedFields: new Set() });
    }
    const given = answer(route, seen.request);
    const [status, text] = typeof given === 'string' ? [200, given] : given;
    const type = text.startsWith('{') ? 'application/json' : 'text/event-stream';
    return new Response(text, { status, headers: { 'content-type': type } });
  };
  return { seen, ai: new GoogleGenAI({ apiKey: 'k', httpOptions: { fetch } }) };
}

function streamed(events: readonly AnswerEvent[]): string {
  const encoder = gemini.streamEncoder({ request: REQUEST });
  return events.map((event) => encoder.push(event)).join('');
}

function eventsOf(answer: Answer): AnswerEvent[] {
  const events: AnswerEvent[] = [{ type: 'start', id: answer.id, model: answer.model }];
  for (const [index, part] of answer.parts.entries()) {
    if ('text' in part) {
      events.push({ type: 'part_start', index, part: { ...part, text: '' } });
      for (const text of part.text.match(/.{1,3}/gsu) ?? []) {
        events.push({ type: 'part_delta', index, text });
      }
    } else events.push({ type: 'part_start', index, part });
    events.push({ type: 'part_end', index, part });
  }
  const { finish, usage, native } = answer;
  return [...events, { type: 'finish', finish, usage, native }];
}

const ANSWER: Answer = {
  id: 'r-1',
  model: 'gemini-x',
  parts: [
    {
      type: 'reasoning',
      text: 'Let me see.',
      native: { protocol: 'gemini', fields: { thoughtSignature: 'c2ln' } },
    },
    { type: 'text', text: 'I look — twice.' },
    { type: 'tool_call', id: 'call_1', name: 'look', arguments: '{"n": 1}' },
    { type: 'tool_call', id: 'call_2', name: 'look', arguments: '' },
  ],
  finish: { reason: 'tool_calls' },
  usage: { inputTokens: 9, outputTokens: 5, reasoningTokens: 2, cacheReadTokens: 4 },
};

function check(responses: readonly GenerateContentResponse[]): void {
  const parts = responses.flatMap((response) => response.candidates?.[0]?.content?.parts ?? []);
  const textOf = (isThought: boolean) =>
    parts.map((part) => ((part.thought ?? false) === isThought ? (part.text ?? '') : '')).join('');
  assert.equal(textOf(true), 'Let me see.');
  assert.equal(textOf(false), 'I look — twice.');
  assert.equal(
    parts.find((part) => part.thought && part.thoughtSignature)?.thoughtSignature,
    'c2ln',
  );
  assert.deepEqual(
    responses.flatMap((response) => response.functionCalls ?? []),
    [
      { id: 'call_1', name: 'look', args: { n: 1 } },
      { id: 'call_2', name: 'look', args: {} },
    ],
  );
  const last = responses.at(-1);
  assert.equal(last?.candidates?.[0]?.finishReason, 'STOP');
  assert.equal(last?.modelVersion, 'gemini-x');
  const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount, totalTokenCount } =
    last?.usageMetadata ?? {};
  assert.deepEqual(
    [promptTokenCount, candidatesTokenCount, thoughtsTokenCount, totalTokenCount],
    [9, 3, 2, 14],
  );
}

const encodeAnswer = (answer: Answer) =>
  JSON.stringify(gemini.encodeAnswer(answer, REQUEST, new Set()));

test('a call that is not streamed', async () => {
  const { ai, seen } = client(() => encodeAnswer(ANSWER));
  const response = await ai.models.generateContent({
    model: 'gemini-3-pro',
    contents: 'Hello',
    config: {
      systemInstruction: 'Be brief.',
      temperature: 0.5,
      stopSequences: ['END'],
      thinkingConfig: { thinkingBudget: 100, includeThoughts: true },
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object' },
      tools: [
        { functionDeclarations: [{ name: 'look', parametersJsonSchema: { type: 'object' } }] },
        { googleSearch: {} },
      ],
      toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
      automaticFunctionCalling: { disable: true },
    },
  });
  check([response]);
  const request = seen.request as ModelRequest;
  assert.equal(request.model, 'gemini-3-pro');
  assert.equal(request.stream, false);
  assert.deepEqual(
    request.messages.map((message) => message.role),
    ['system', 'user'],
  );
  assert.deepEqual(request.reasoning, { budgetTokens: 100, summary: true });
  assert.deepEqual(request.output, { format: 'json_schema', schema: { type: 'object' } });
  assert.deepEqual(request.toolChoice, { mode: 'required' });
  assert.deepEqual(
    request.providerTools.map((tool) => tool.wireType),
    ['googleSearch'],
  );
});

test('a call that is streamed', async () => {
  const { ai, seen } = client(() => streamed(eventsOf(ANSWER)));
  const responses: GenerateContentResponse[] = [];
  for await (const response of await ai.models.generateContentStream({
    model: 'm',
    contents: 'x',
  })) {
    responses.push(response);
  }
  check(responses);
  assert.ok(responses.length > 5);
  assert.equal((seen.request as ModelRequest).stream, true);
});

test('a chat that goes on after a streamed answer', async () => {
  const text: Answer = {
    ...ANSWER,
    parts: [{ type: 'text', text: 'I look — twice.' }],
    finish: { reason: 'stop' },
  };
  const { ai, seen } = client(() => streamed(eventsOf(text)));
  const chat = ai.chats.create({ model: 'm' });
  for (const message of ['one', 'two']) {
    for await (const _ of await chat.sendMessageStream({ message })) continue;
  }
  const { messages } = seen.request as ModelRequest;
  assert.deepEqual(
    messages.map((message) => message.role),
    ['user', 'assistant', 'user'],
  );
  assert.deepEqual(messages[1]?.parts, [{ type: 'text', text: 'I look — twice.' }]);
});

test('why it ended', async () => {
  const ended = async (finish: Answer['finish'], parts: Part[] = []) => {
    const { ai } = client((route) => {
      const answer = { ...ANSWER, parts, finish };
      return route.stream ? streamed(eventsOf(answer)) : encodeAnswer(answer);
    });
    const whole = await ai.models.generateContent({ model: 'm', contents: 'x' });
    let last: GenerateContentResponse | undefined;
    for await (const response of await ai.models.generateContentStream({
      model: 'm',
      contents: 'x',
    }))
      last = response;
    assert.equal(last?.candidates?.[0]?.finishReason, whole.candidates?.[0]?.finishReason);
    return whole.candidates?.[0]?.finishReason;
  };
  assert.equal(await ended({ reason: 'stop' }), 'STOP');
  assert.equal(await ended({ reason: 'length' }), 'MAX_TOKENS');
  assert.equal(await ended({ reason: 'refusal', wireReason: 'content_filter' }), 'SAFETY');
  assert.equal(await ended({ reason: 'refusal', wireReason: 'RECITATION' }), 'RECITATION');
  assert.equal(await ended({ reason: 'other' }), 'OTHER');
  assert.equal(await ended({ reason: 'pause' }), 'CONTINUATION');
});

test('a call whose arguments are no object is not delivered as another one', async () => {
  for (const text of ['{"n":', '[1]', '"x"']) {
    const parts: Part[] = [{ type: 'tool_call', id: 'c', name: 'f', arguments: text }];
    const answer: Answer = { ...ANSWER, parts };
    const dropped = new Set<string>();
    const body = gemini.encodeAnswer(answer, REQUEST, dropped);
    assert.deepEqual([...dropped], ['tool_call']);
    assert.ok(!JSON.stringify(body).includes('functionCall"'));
    const { ai } = client(() => streamed(eventsOf(answer)));
    for await (const response of await ai.models.generateContentStream({
      model: 'm',
      contents: 'x',
    })) {
      assert.equal(response.functionCalls, undefined);
      assert.equal(response.candidates?.[0]?.finishReason, 'MALFORMED_FUNCTION_CALL');
    }
  }
});

test('a prompt that Gemini blocked is blocked to its own clients', async () => {
  const blocked = gemini.decodeAnswer({
    promptFeedback: { blockReason: 'SAFETY' },
    modelVersion: 'm',
  });
  for (const text of [encodeAnswer(blocked), streamed(eventsOf(blocked))]) {
    const { ai } = client(() => text);
    let response: GenerateContentResponse | undefined;
    if (text.startsWith('{'))
      response = await ai.models.generateContent({ model: 'm', contents: 'x' });
    else
      for await (const one of await ai.models.generateContentStream({ model: 'm', contents: 'x' }))
        response = one;
    assert.equal(response?.promptFeedback?.blockReason, 'SAFETY');
    assert.equal(response?.candidates, undefined);
  }
});

test('an error is raised as such, with its code and place, also in mid-stream', async () => {
  const denied = new ProvisoError('terms_denied', 'Rule `r1` forbids it.', {
    at: 'contents[0]',
    facts: { rule: 'r1' },
  });
  const body = gemini.encodeError(denied);
  const refused = client(() => [403, JSON.stringify(body)]);
  await assert.rejects(
    refused.ai.models.generateContent({ model: 'm', contents: 'x' }),
    (error: Error & { status: number }) => {
      assert.equal(error.name, 'ApiError');
      assert.equal(error.status, 403);
      const { error: told } = JSON.parse(error.message) as {
        error: { status: string; details: JsonObject[] };
      };
      assert.equal(told.status, 'PERMISSION_DENIED');
      assert.deepEqual(told.details[0]?.['reason'], 'terms_denied');
      assert.deepEqual(told.details[0]?.['metadata'], { at: 'contents[0]', rule: 'r1' });
      return true;
    },
  );
  const begun: AnswerEvent[] = [
    { type: 'start', id: 'r', model: 'm' },
    { type: 'part_start', index: 0, part: { type: 'text', text: '' } },
    { type: 'part_delta', index: 0, text: 'Hel' },
  ];
  const ends = [
    streamed(begun) + gemini.encodeStreamError(denied),
    streamed([...begun, { type: 'error', error: { kind: 'server', message: 'Gone.' } }]),
    streamed([{ type: 'error', error: { kind: 'overloaded', message: 'Busy.' } }]),
  ];
  for (const sse of ends) {
    const { ai } = client(() => sse);
    await assert.rejects(
      async () => {
        for await (const _ of await ai.models.generateContentStream({ model: 'm', contents: 'x' }))
          continue;
      },
      { name: 'ApiError' },
    );
  }
});

test('models, counts and embeddings', async () => {
  const models = [{ id: 'm-1', provider: 'p' }];
  const { ai, seen } = client((route, request) => {
    switch (route.operation) {
      case 'list_models':
        return JSON.stringify(gemini.encodeModels(models));
      case 'get_model':
        return JSON.stringify(gemini.encodeModel({ id: route.model ?? '', provider: 'p' }));
      case 'count_tokens':
        return JSON.stringify(gemini.encodeCount(7));
      case 'embed':
      case 'generate': {
        assert.ok(request?.operation === 'embed');
        const embeddings = request.inputs.map((_, i) => [i, 1]);
        return JSON.stringify(gemini.encodeEmbeddings({ model: 'e', embeddings }, request));
      }
    }
  });
  const names: (string | undefined)[] = [];
  for await (const model of await ai.models.list()) names.push(model.name);
  assert.deepEqual(names, ['models/m-1']);
  assert.equal((await ai.models.get({ model: 'm-2' })).name, 'models/m-2');
  assert.equal((await ai.models.countTokens({ model: 'm', contents: 'x' })).totalTokens, 7);
  const embedded = await ai.models.embedContent({
    model: 'e',
    contents: ['a', 'b'],
    config: { outputDimensionality: 2, taskType: 'CLUSTERING' },
  });
  assert.deepEqual(
    embedded.embeddings?.map((one) => one.values),
    [
      [0, 1],
      [1, 1],
    ],
  );
  assert.equal((seen.request as EmbedRequest).dimensions, 2);
});
