/**
 * Answers with tool calls as no honest provider sends them, and what a caller's client makes of them,
 * held against the ledger.
 */
import assert from 'node:assert/strict';
import type { Protocol } from '#wire/exchange.ts';
import type { Arena } from '../harness/attack.ts';
import { modelOf, toolDecisions } from '../harness/gateway.ts';
import { bodyOf, pathOf, post, streamedBody, toolsOf } from '../harness/raw.ts';
import { chatDelta } from '../harness/said/chat.ts';
import { numbered } from '../harness/said/responses.ts';
import { namedFrame, type WireEvent } from '../harness/said/said.ts';
import { speak } from '../harness/said/speak.ts';
import type { Script } from '../harness/upstream.ts';

/** In the arguments of every call that must not come through. */
export const MARK = 'the-old-pier';
export const LOOK = { id: 'call_look', name: 'find_berth', arguments: '{"metres":12.5}' };
export const FIRE = { id: 'call_fire', name: 'fire_weapon', arguments: `{"at":"${MARK}"}` };
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
export async function heardFrom(
  attack: Arena,
  protocolOut: Protocol,
  script: Script,
  streams = true,
): Promise<Heard> {
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

export const DONE = 'data: [DONE]\n\n';
export const FINISH = chatDelta({}, 'tool_calls');

export function chatCall(
  index: number,
  id: string | undefined,
  name: string | undefined,
  args: string,
) {
  const fields = { ...(name === undefined ? {} : { name }), arguments: args };
  return chatDelta({
    tool_calls: [
      { index, ...(id === undefined ? {} : { id, type: 'function' }), function: fields },
    ],
  });
}

export function anthropicBlock(content_block: object, pieces: readonly string[]): string[] {
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

export function responsesCall(name: string, args: string): object {
  return { type: 'function_call', id: 'fc_0', call_id: 'call_0', name, arguments: args };
}

export function responsesItem(
  added: object,
  done: object,
  between: readonly WireEvent[] = [],
): string[] {
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
