/**
 * Tool calls hidden in an answer: in older fields, in odd orders, in pieces, after the end. Whatever
 * a provider sends, the calls that a caller sees are the ones that were decided, to the letter.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { modelOf, toolDecisions } from '../harness/gateway.ts';
import { bodyOf, pathOf, post, streamedBody, toolsOf } from '../harness/raw.ts';
import { chatDelta } from '../harness/said/chat.ts';
import { geminiAnswer } from '../harness/said/gemini.ts';
import { numbered } from '../harness/said/responses.ts';
import { frame, namedFrame, type WireEvent } from '../harness/said/said.ts';
import { speak } from '../harness/said/speak.ts';
import { json, type Script, sse } from '../harness/upstream.ts';

const attack = arena();

/** In the arguments of every call that must not come through. */
const MARK = 'the-old-pier';
const LOOK = { id: 'call_look', name: 'find_berth', arguments: '{"metres":12.5}' };
const FIRE = { id: 'call_fire', name: 'fire_weapon', arguments: `{"at":"${MARK}"}` };
const TOOLS = toolsOf('openai-chat', 'find_berth', 'fire_weapon');

interface Delivered {
  readonly name: string;
  readonly arguments: string;
}

interface Heard {
  readonly status: number;
  readonly text: string;
  readonly calls: readonly Delivered[];
}

/**
 * Asks as a Chat Completions client, which reads calls in pieces, and holds what it saw against the
 * ledger.
 */
async function heardFrom(protocolOut: Protocol, script: Script, streams = true): Promise<Heard> {
  attack.upstream.answer(script);
  const from = await attack.proviso.settled();
  const fields = { model: modelOf(protocolOut), ...TOOLS };
  const body = (streams ? streamedBody : bodyOf)('openai-chat', 'Do it.', fields);
  const { status, text } = await post(attack.proviso, pathOf('openai-chat'), body);
  const calls = streams ? streamedCalls(text) : wholeCalls(text);
  const entries = await attack.proviso.entries(from);
  const permitted = toolDecisions(entries, from)
    .filter(({ effect }) => effect === 'permit')
    .map(({ tool, arguments: decided }) => ({ name: tool, arguments: decided }));
  for (const call of calls) {
    assert.ok(
      permitted.some((one) => one.name === call.name && one.arguments === call.arguments),
      `${JSON.stringify(call)} was delivered; permitted: ${JSON.stringify(permitted)}`,
    );
  }
  return { status, text, calls };
}

interface ChatCall {
  readonly index: number;
  readonly function: { readonly name?: string; readonly arguments?: string };
}

function streamedCalls(text: string): readonly Delivered[] {
  const calls: { name: string; arguments: string }[] = [];
  for (const [, data = ''] of text.matchAll(/^data: (\{.*\})$/gm)) {
    const { choices = [] } = JSON.parse(data) as {
      choices?: readonly { readonly delta: { readonly tool_calls?: readonly ChatCall[] } }[];
    };
    for (const { index, function: piece } of choices[0]?.delta.tool_calls ?? []) {
      const call = (calls[index] ??= { name: '', arguments: '' });
      call.name += piece.name ?? '';
      call.arguments += piece.arguments ?? '';
    }
  }
  return calls;
}

function wholeCalls(text: string): readonly Delivered[] {
  const { choices = [] } = JSON.parse(text) as {
    choices?: readonly { readonly message: { readonly tool_calls?: readonly ChatCall[] } }[];
  };
  return (choices[0]?.message.tool_calls ?? []).map(({ function: { name = '', ...rest } }) => ({
    name,
    arguments: rest.arguments ?? '',
  }));
}

const DONE = 'data: [DONE]\n\n';
const FINISH = chatDelta({}, 'tool_calls');

function chatCall(index: number, id: string | undefined, name: string | undefined, args: string) {
  const fields = { ...(name === undefined ? {} : { name }), arguments: args };
  return chatDelta({
    tool_calls: [
      { index, ...(id === undefined ? {} : { id, type: 'function' }), function: fields },
    ],
  });
}

/** Streams whose calls must all be held back. */
const HIDDEN: Readonly<Record<string, readonly [Protocol, readonly string[]]>> = {
  'the older function_call': [
    'openai-chat',
    [
      chatDelta({ function_call: { name: 'fire_weapon', arguments: '' } }),
      ...Array.from(FIRE.arguments, (letter) =>
        chatDelta({ function_call: { arguments: letter } }),
      ),
      chatDelta({}, 'function_call'),
      DONE,
    ],
  ],
  'a finish that denies that there was a call': [
    'openai-chat',
    [chatCall(0, 'a', 'fire_weapon', FIRE.arguments), chatDelta({}, 'stop'), DONE],
  ],
  'a call under the name of another that came before it': [
    'openai-chat',
    [
      chatCall(0, 'a', 'find_berth', ''),
      chatCall(0, 'a', 'fire_weapon', FIRE.arguments),
      FINISH,
      DONE,
    ],
  ],
  'a call with the id and index of one that was whole': [
    'openai-chat',
    [
      chatCall(0, 'a', 'find_berth', LOOK.arguments),
      chatCall(0, 'a', 'fire_weapon', FIRE.arguments),
      FINISH,
      DONE,
    ],
  ],
  'a call that nothing ends': ['openai-chat', [chatCall(0, 'a', 'fire_weapon', FIRE.arguments)]],
  'a call that ends in the middle of its arguments': [
    'openai-chat',
    [chatCall(0, 'a', 'find_berth', `{"at":"${MARK}"`), FINISH, DONE],
  ],
  'a call after [DONE]': [
    'openai-chat',
    [
      chatDelta({ content: 'x' }),
      chatDelta({}, 'stop'),
      DONE,
      chatCall(0, 'a', 'find_berth', FIRE.arguments),
      FINISH,
      DONE,
    ],
  ],
  'arguments with a key twice': [
    'openai-chat',
    [chatCall(0, 'a', 'find_berth', `{"at":"here","at":"${MARK}"}`), FINISH, DONE],
  ],
  'arguments with a key twice, once in escapes': [
    'openai-chat',
    [chatCall(0, 'a', 'find_berth', `{"at":"here","\\u0061t":"${MARK}"}`), FINISH, DONE],
  ],
  'arguments that are two objects': [
    'openai-chat',
    [chatCall(0, 'a', 'find_berth', `{}{"at":"${MARK}"}`), FINISH, DONE],
  ],
  'a call in a second choice': [
    'openai-chat',
    [
      chatDelta({ content: 'x' }),
      chatCall(0, 'a', 'find_berth', FIRE.arguments).replace(
        '"index":0,"delta"',
        '"index":1,"delta"',
      ),
      chatDelta({}, 'stop'),
      DONE,
    ],
  ],
  'a message in the place of a delta': [
    'openai-chat',
    [chatCall(0, 'a', 'fire_weapon', FIRE.arguments).replace('"delta"', '"message"'), FINISH, DONE],
  ],
  'input that stands in the block’s start': [
    'anthropic',
    anthropicBlock({ type: 'tool_use', id: 'a', name: 'fire_weapon', input: { at: MARK } }, []),
  ],
  'a block that is never closed': [
    'anthropic',
    anthropicBlock({ type: 'tool_use', id: 'a', name: 'fire_weapon', input: {} }, [
      FIRE.arguments,
    ]).filter((text) => !text.includes('content_block_stop')),
  ],
  'a call of a server’s tool that nobody offered': [
    'anthropic',
    anthropicBlock({ type: 'mcp_tool_use', id: 'a', name: 'x', server_name: 'y', input: {} }, [
      FIRE.arguments,
    ]),
  ],
  'a call after message_stop': [
    'anthropic',
    [
      ...speak('anthropic', { text: 'x' }).frames,
      ...speak('anthropic', { calls: [FIRE] }).frames.slice(1),
    ],
  ],
  'a call in a second candidate': [
    'gemini',
    [
      frame(geminiAnswer([{ text: 'x' }], 'STOP')).replace(
        '"candidates":[',
        `"candidates":[{"index":1,"content":{"parts":[{"functionCall":{"name":"fire_weapon","args":${FIRE.arguments}}}]}},`,
      ),
    ],
  ],
  'a call in a thought': [
    'gemini',
    [
      frame(
        geminiAnswer(
          [{ thought: true, functionCall: { name: 'fire_weapon', args: { at: MARK } } }],
          'STOP',
        ),
      ),
    ],
  ],
  'code that nobody offered to run': [
    'gemini',
    [frame(geminiAnswer([{ executableCode: { language: 'PYTHON', code: MARK } }], 'STOP'))],
  ],
  'a call that stands only in the end’s own list': [
    'openai-responses',
    speak('openai-responses', { text: 'x' }).frames.map((text) =>
      text.includes('response.completed')
        ? text.replace(
            '"output":[',
            `"output":[${JSON.stringify(responsesCall('fire_weapon', FIRE.arguments))},`,
          )
        : text,
    ),
  ],
  'a server’s call that nobody offered': [
    'openai-responses',
    responsesItem(
      { type: 'mcp_call', id: 'mcp_1', name: 'x', server_label: 'y', arguments: '' },
      { type: 'mcp_call', id: 'mcp_1', name: 'x', server_label: 'y', arguments: FIRE.arguments },
    ),
  ],
};

function anthropicBlock(content_block: object, pieces: readonly string[]): string[] {
  const { frames } = speak('anthropic', { finish: 'tool_calls' });
  const events: WireEvent[] = [
    { type: 'content_block_start', index: 0, content_block },
    ...pieces.map((partial_json) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'input_json_delta', partial_json },
    })),
    { type: 'content_block_stop', index: 0 },
  ];
  return [...frames.slice(0, 2), ...events.map(namedFrame), ...frames.slice(2)];
}

function responsesCall(name: string, args: string): object {
  return { type: 'function_call', id: 'fc_0', call_id: 'call_0', name, arguments: args };
}

function responsesItem(added: object, done: object, between: readonly WireEvent[] = []): string[] {
  const { frames } = speak('openai-responses', {});
  const [begin = '', , end = ''] = frames;
  return [
    begin,
    ...numbered([
      { type: 'response.output_item.added', output_index: 0, item: added },
      ...between,
      { type: 'response.output_item.done', output_index: 0, item: done },
    ]),
    end.replace('"output":[]', `"output":[${JSON.stringify(done)}]`),
  ];
}

for (const [what, [protocol, frames]] of Object.entries(HIDDEN)) {
  test(`${protocol}: ${what} does not come through`, async () => {
    const { text, calls } = await heardFrom(protocol, sse(frames.join('')));
    assert.deepEqual(calls, []);
    assert.doesNotMatch(text, new RegExp(MARK));
  });
}

/** A call whose later events say something else than its earlier ones. */
const CHANGED: Readonly<Record<string, readonly [Protocol, readonly string[]]>> = {
  'arguments that the end says otherwise': [
    'openai-responses',
    responsesItem(responsesCall('find_berth', ''), responsesCall('find_berth', LOOK.arguments), [
      {
        type: 'response.function_call_arguments.delta',
        item_id: 'fc_0',
        output_index: 0,
        delta: FIRE.arguments,
      },
      {
        type: 'response.function_call_arguments.done',
        item_id: 'fc_0',
        output_index: 0,
        name: 'find_berth',
        arguments: LOOK.arguments,
      },
    ]),
  ],
  'a name that the end says otherwise': [
    'openai-responses',
    responsesItem(responsesCall('find_berth', ''), responsesCall('fire_weapon', FIRE.arguments)),
  ],
  'input at the start and other input after it': [
    'anthropic',
    anthropicBlock({ type: 'tool_use', id: 'a', name: 'find_berth', input: { at: MARK } }, [
      LOOK.arguments,
    ]),
  ],
  'a second block at the same index': [
    'anthropic',
    anthropicBlock({ type: 'tool_use', id: 'a', name: 'find_berth', input: {} }, [
      LOOK.arguments,
    ]).flatMap((text) =>
      text.includes('content_block_stop')
        ? [text, ...speak('anthropic', { calls: [FIRE] }).frames.slice(2, -2)]
        : [text],
    ),
  ],
  'calls in turns': [
    'openai-chat',
    [
      chatCall(0, 'a', 'find_berth', ''),
      chatCall(1, 'b', 'fire_weapon', ''),
      ...Array.from({ length: 30 }, (_, i) => [
        chatCall(0, undefined, undefined, LOOK.arguments[i] ?? ''),
        chatCall(1, undefined, undefined, FIRE.arguments[i] ?? ''),
      ]).flat(),
      FINISH,
      DONE,
    ],
  ],
  'a name in pieces': [
    'openai-chat',
    [
      chatCall(0, 'a', 'fire_', ''),
      chatCall(0, undefined, 'wea', ''),
      chatCall(0, undefined, 'pon', FIRE.arguments),
      FINISH,
      DONE,
    ],
  ],
  'another call after the finish': [
    'openai-chat',
    [
      chatCall(0, 'a', 'find_berth', LOOK.arguments),
      FINISH,
      chatCall(1, 'b', 'fire_weapon', FIRE.arguments),
      FINISH,
      DONE,
    ],
  ],
  'more arguments after the finish': [
    'openai-chat',
    [
      chatCall(0, 'a', 'find_berth', '{}'),
      FINISH,
      chatCall(0, undefined, undefined, FIRE.arguments),
      DONE,
    ],
  ],
};

for (const [what, [protocol, frames]] of Object.entries(CHANGED)) {
  test(`${protocol}: ${what}: what is delivered is what was decided`, async () => {
    const { calls } = await heardFrom(protocol, sse(frames.join('')));
    for (const { name } of calls) assert.notEqual(name, 'fire_weapon');
  });
}

/** The same in answers that are not streamed. */
const WHOLE: Readonly<Record<string, readonly [Protocol, (body: string) => string]>> = {
  'the older function_call': [
    'openai-chat',
    (body) => body.replace('"content"', `"function_call":${functionOf(FIRE)},"content"`),
  ],
  'a call in a second choice': [
    'openai-chat',
    (body) =>
      body.replace(
        '"choices":[',
        `"choices":[{"index":1,"message":{"tool_calls":[{"id":"a","type":"function","function":${functionOf(FIRE)}}]}},`,
      ),
  ],
  'a call in a second candidate': [
    'gemini',
    (body) =>
      body.replace(
        '"candidates":[',
        `"candidates":[{"index":1,"content":{"parts":[{"functionCall":{"name":"fire_weapon","args":${FIRE.arguments}}}]}},`,
      ),
  ],
  'a block of a server that nobody offered': [
    'anthropic',
    (body) =>
      body.replace(
        '"content":[',
        `"content":[{"type":"mcp_tool_use","id":"a","name":"x","server_name":"y","input":${FIRE.arguments}},`,
      ),
  ],
  'a server’s call that nobody offered': [
    'openai-responses',
    (body) =>
      body.replace(
        '"output":[',
        `"output":[{"type":"mcp_call","id":"a","name":"x","server_label":"y","arguments":${JSON.stringify(FIRE.arguments)}},`,
      ),
  ],
};

function functionOf({ name, arguments: args }: typeof FIRE): string {
  return JSON.stringify({ name, arguments: args });
}

for (const [what, [protocol, hide]] of Object.entries(WHOLE)) {
  test(`${protocol}, not streamed: ${what} does not come through`, async () => {
    const body = hide(JSON.stringify(speak(protocol, { text: 'x' }).whole));
    const { text, calls } = await heardFrom(protocol, json(JSON.parse(body)), false);
    assert.deepEqual(calls, []);
    assert.doesNotMatch(text, new RegExp(MARK));
  });
}

for (const protocol of PROTOCOLS) {
  test(`${protocol}: events lost, doubled and out of order deliver nothing that was not decided`, async () => {
    const said = {
      text: 'Now.',
      calls: [LOOK, FIRE],
      afterwards: 'So.',
      finish: 'tool_calls',
    } as const;
    const { frames } = speak(protocol, said);
    const places = fc.array(fc.nat(frames.length - 1), { maxLength: frames.length * 2 });
    const swaps = fc.array(fc.tuple(fc.nat(frames.length - 1), fc.nat(frames.length - 1)));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          places,
          swaps.map((pairs) => swapped(frames.length, pairs)),
        ),
        async (order) => {
          const text = order.map((i) => frames[i]).join('');
          const heard = await heardFrom(protocol, sse(text));
          for (const { name } of heard.calls) assert.notEqual(name, 'fire_weapon');
        },
      ),
      { numRuns: 60 },
    );
  });
}

/** All places in order, but for some pairs that changed theirs. */
function swapped(length: number, pairs: readonly (readonly [number, number])[]): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (const [a, b] of pairs) [order[a], order[b]] = [order[b] ?? 0, order[a] ?? 0];
  return order;
}
