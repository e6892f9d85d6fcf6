/** Tool calls hidden in an answer: in older fields, in pieces, in second answers, after the end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Protocol } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { chatDelta } from '../harness/said/chat.ts';
import { geminiAnswer } from '../harness/said/gemini.ts';
import { frame } from '../harness/said/said.ts';
import { speak } from '../harness/said/speak.ts';
import { json, sse } from '../harness/upstream.ts';
import {
  anthropicBlock,
  chatCall,
  DONE,
  FINISH,
  FIRE,
  heardFrom,
  LOOK,
  MARK,
  responsesCall,
  responsesItem,
} from './misspoken.ts';

const attack = arena();

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

for (const [what, [protocol, frames]] of Object.entries(HIDDEN)) {
  test(`${protocol}: ${what} does not come through`, async () => {
    const { text, calls } = await heardFrom(attack, protocol, sse(frames.join('')));
    assert.deepEqual(calls, []);
    assert.doesNotMatch(text, new RegExp(MARK));
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
    const { text, calls } = await heardFrom(attack, protocol, json(JSON.parse(body)), false);
    assert.deepEqual(calls, []);
    assert.doesNotMatch(text, new RegExp(MARK));
  });
}
