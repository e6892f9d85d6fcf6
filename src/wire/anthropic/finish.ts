/** Why an answer ended, in Anthropic's words. */
import type { JsonValue } from '#base/json.ts';
import type { Finish, FinishReason } from '../exchange.ts';

const REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  pause_turn: 'pause',
  refusal: 'refusal',
  compaction: 'other',
};

export function decodeFinish(
  word: JsonValue | undefined,
  sequence: JsonValue | undefined,
  hasToolCalls: boolean,
): Finish {
  const stopSequence = typeof sequence === 'string' ? sequence : undefined;
  if (typeof word !== 'string') return { reason: hasToolCalls ? 'tool_calls' : 'other' };
  const reason = Object.hasOwn(REASONS, word) ? REASONS[word] : undefined;
  return { reason: reason ?? 'other', wireReason: word, stopSequence };
}

export function encodeFinish(finish: Finish): string {
  switch (finish.reason) {
    case 'stop':
      return finish.stopSequence === undefined ? 'end_turn' : 'stop_sequence';
    case 'tool_calls':
      return 'tool_use';
    case 'refusal':
      return 'refusal';
    case 'pause':
      return 'pause_turn';
    case 'length':
    case 'other':
      return ownWord(finish) ?? (finish.reason === 'length' ? 'max_tokens' : 'end_turn');
  }
}

function ownWord({ wireReason, reason }: Finish): string | undefined {
  if (wireReason === undefined || !Object.hasOwn(REASONS, wireReason)) return undefined;
  return REASONS[wireReason] === reason ? wireReason : undefined;
}
