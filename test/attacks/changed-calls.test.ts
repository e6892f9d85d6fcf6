/**
 * Tool calls that an answer changes after it began them, and answers in disorder: the calls that a
 * caller sees are the ones that were decided, to the letter.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { speak } from '../harness/said/speak.ts';
import { sse } from '../harness/upstream.ts';
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
    const { calls } = await heardFrom(attack, protocol, sse(frames.join('')));
    for (const { name } of calls) assert.notEqual(name, 'fire_weapon');
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
          const heard = await heardFrom(attack, protocol, sse(text));
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
