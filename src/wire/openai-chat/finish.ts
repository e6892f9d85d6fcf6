/** Why an answer ended, in the words of Chat Completions and of those that imitate it. */
import type { Finish, FinishReason } from '../exchange.ts';

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  model_length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'refusal',
};

/** Some servers say `stop` after tool calls; clients that loop over tools need to know. */
export function decodeFinish(word: string, hasToolCalls: boolean, hasRefusal: boolean): Finish {
  const reason = Object.hasOwn(REASONS, word) ? REASONS[word] : undefined;
  if (reason === 'stop' && hasToolCalls) return { reason: 'tool_calls', wireReason: word };
  if (reason === 'stop' && hasRefusal) return { reason: 'refusal', wireReason: word };
  return { reason: reason ?? 'other', wireReason: word };
}

/** A refusal that was told in the message ends with `stop`, as OpenAI has it. */
export function encodeFinish(finish: Finish, toldRefusal: boolean): string {
  switch (finish.reason) {
    case 'length':
      return 'length';
    case 'tool_calls':
      return 'tool_calls';
    case 'refusal':
      return toldRefusal ? 'stop' : 'content_filter';
    case 'stop':
    case 'pause':
    case 'other':
      return 'stop';
  }
}
