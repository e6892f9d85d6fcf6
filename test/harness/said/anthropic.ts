/** Anthropic Messages, as its provider writes it: by the official SDK's types. */
import type Anthropic from '@anthropic-ai/sdk';
import {
  MODEL_SAID,
  namedFrame,
  pieces,
  type Said,
  type SaidCall,
  type Spoken,
  USAGE,
  type WireEvent,
} from './said.ts';

type Block = Pick<Anthropic.TextBlock, 'type' | 'text'> | Anthropic.ThinkingBlock | ToolUse;
type ToolUse = Pick<Anthropic.ToolUseBlock, 'type' | 'id' | 'name' | 'input'>;

const STOP_REASON = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  refusal: 'refusal',
} as const satisfies Record<string, Anthropic.StopReason>;

/** Cached input is counted apart. */
const COUNTS = {
  input_tokens: USAGE.input - USAGE.cached,
  cache_read_input_tokens: USAGE.cached,
  cache_creation_input_tokens: 0,
  output_tokens: USAGE.output,
  output_tokens_details: { thinking_tokens: USAGE.reasoning },
  service_tier: 'standard',
} as const satisfies Partial<Anthropic.Usage>;

export function anthropicSays(said: Said): Spoken {
  const stop_reason = STOP_REASON[said.finish ?? 'stop'];
  const whole = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: MODEL_SAID,
    content: blocksOf(said),
    stop_reason,
    stop_sequence: null,
    usage: COUNTS,
  };
  const message = {
    ...whole,
    content: [],
    stop_reason: null,
    usage: { ...COUNTS, output_tokens: 1 },
  };
  const events: WireEvent[] = [
    { type: 'message_start', message },
    { type: 'ping' },
    ...whole.content.flatMap((block, i) => eventsOf(block, i, said.calls ?? [])),
    {
      type: 'message_delta',
      delta: { stop_reason, stop_sequence: null },
      usage: {
        output_tokens: USAGE.output,
        output_tokens_details: COUNTS.output_tokens_details,
      },
    },
    { type: 'message_stop' },
  ];
  return { whole, frames: events.map(namedFrame) };
}

function blocksOf({ reasoning, text, refusal, calls = [], afterwards }: Said): Block[] {
  const blocks: Block[] = [];
  if (reasoning !== undefined) {
    blocks.push({ type: 'thinking', thinking: reasoning, signature: 'c2lnbmVk' });
  }
  const shown = text ?? refusal;
  if (shown !== undefined) blocks.push({ type: 'text', text: shown });
  for (const { id, name, arguments: json } of calls) {
    blocks.push({ type: 'tool_use', id, name, input: JSON.parse(json) as unknown });
  }
  if (afterwards !== undefined) blocks.push({ type: 'text', text: afterwards });
  return blocks;
}

function eventsOf(block: Block, index: number, calls: readonly SaidCall[]): WireEvent[] {
  const delta = (fields: object) => ({ type: 'content_block_delta', index, delta: fields });
  const around = (content_block: object, inner: WireEvent[]): WireEvent[] => [
    { type: 'content_block_start', index, content_block },
    ...inner,
    { type: 'content_block_stop', index },
  ];
  switch (block.type) {
    case 'thinking':
      return around({ type: 'thinking', thinking: '', signature: '' }, [
        ...pieces(block.thinking).map((thinking) => delta({ type: 'thinking_delta', thinking })),
        delta({ type: 'signature_delta', signature: block.signature }),
      ]);
    case 'text':
      return around(
        { type: 'text', text: '' },
        pieces(block.text).map((text) => delta({ type: 'text_delta', text })),
      );
    case 'tool_use': {
      const json = calls.find(({ id }) => id === block.id)?.arguments ?? '';
      return around({ ...block, input: {} }, [
        delta({ type: 'input_json_delta', partial_json: '' }),
        ...pieces(json).map((partial_json) => delta({ type: 'input_json_delta', partial_json })),
      ]);
    }
  }
}
