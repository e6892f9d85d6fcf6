/** Chat Completions, as its provider writes it: by the official SDK's types. */
import type OpenAI from 'openai';
import { frame, MODEL_SAID, pieces, type Said, SECONDS_SAID, type Spoken, USAGE } from './said.ts';

type Delta = OpenAI.ChatCompletionChunk.Choice.Delta & { reasoning_content?: string };

const HEAD = { id: 'chatcmpl-1', created: SECONDS_SAID, model: MODEL_SAID };
const COUNTS: OpenAI.CompletionUsage = {
  prompt_tokens: USAGE.input,
  completion_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.output,
  prompt_tokens_details: { cached_tokens: USAGE.cached },
  completion_tokens_details: { reasoning_tokens: USAGE.reasoning },
};

export function chatSays(said: Said): Spoken {
  const finish_reason = said.finish === 'refusal' ? 'stop' : (said.finish ?? 'stop');
  const whole: OpenAI.ChatCompletion = {
    ...HEAD,
    object: 'chat.completion',
    choices: [{ index: 0, finish_reason, logprobs: null, message: messageOf(said) }],
    usage: COUNTS,
  };
  return {
    whole,
    frames: [
      ...deltasOf(said).map((delta) => chunkFrame([{ index: 0, delta, finish_reason: null }])),
      chunkFrame([{ index: 0, delta: {}, finish_reason }]),
      chunkFrame([], COUNTS),
      'data: [DONE]\n\n',
    ],
  };
}

/** A chunk with any delta, also one that no well-behaved provider sends. */
export function chatDelta(delta: object, finish_reason: string | null = null): string {
  return frame({
    ...HEAD,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason }],
  });
}

function chunkFrame(
  choices: OpenAI.ChatCompletionChunk['choices'],
  usage: OpenAI.CompletionUsage | null = null,
): string {
  const chunk: OpenAI.ChatCompletionChunk = {
    ...HEAD,
    object: 'chat.completion.chunk',
    choices,
    usage,
  };
  return frame(chunk);
}

function messageOf(said: Said): OpenAI.ChatCompletionMessage {
  const { text, refusal, reasoning, calls = [], afterwards = '' } = said;
  const tool_calls = calls.map(({ id, name, arguments: json }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: json },
  }));
  return {
    role: 'assistant',
    // There is one place for text, whatever came after what.
    content: text === undefined ? afterwards || null : text + afterwards,
    refusal: refusal ?? null,
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(tool_calls.length === 0 ? {} : { tool_calls }),
  };
}

function deltasOf(said: Said): Delta[] {
  const { text = '', refusal = '', reasoning = '', calls = [], afterwards = '' } = said;
  return [
    { role: 'assistant', content: '' },
    ...pieces(reasoning).map((piece) => ({ reasoning_content: piece })),
    ...pieces(text).map((piece) => ({ content: piece })),
    ...pieces(refusal).map((piece) => ({ refusal: piece })),
    ...calls.flatMap(({ id, name, arguments: json }, index): Delta[] => [
      { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] },
      ...pieces(json).map((piece) => ({
        tool_calls: [{ index, function: { arguments: piece } }],
      })),
    ]),
    ...pieces(afterwards).map((piece) => ({ content: piece })),
  ];
}
