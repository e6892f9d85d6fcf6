/** Gemini, as its provider writes it: by the API's reference. https://ai.google.dev/api/generate-content */
import { frame, MODEL_SAID, pieces, type Said, type Spoken, USAGE } from './said.ts';

const FINISH_REASON = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tool_calls: 'STOP',
  refusal: 'SAFETY',
} as const;

/** Thoughts are counted apart. */
const COUNTS = {
  promptTokenCount: USAGE.input,
  cachedContentTokenCount: USAGE.cached,
  candidatesTokenCount: USAGE.output - USAGE.reasoning,
  thoughtsTokenCount: USAGE.reasoning,
  totalTokenCount: USAGE.input + USAGE.output,
};

export function geminiSays(said: Said): Spoken {
  const finishReason = FINISH_REASON[said.finish ?? 'stop'];
  const text = said.text ?? said.refusal ?? '';
  const calls = (said.calls ?? []).map(({ id, name, arguments: json }) => ({
    functionCall: { id, name, args: JSON.parse(json) as unknown },
  }));
  const { reasoning = '', afterwards = '' } = said;
  const whole = [...thoughts([reasoning]), ...texts([text]), ...calls, ...texts([afterwards])];
  const streamed = [
    ...thoughts(pieces(reasoning)),
    ...texts(pieces(text)),
    ...calls,
    ...texts(pieces(afterwards)),
  ];
  const last = streamed.pop() ?? { text: '' };
  return {
    whole: geminiAnswer(whole, finishReason),
    frames: [
      ...streamed.map((part) => frame(geminiAnswer([part]))),
      frame(geminiAnswer([last], finishReason)),
    ],
  };
}

export function geminiAnswer(parts: readonly object[], finishReason?: string): object {
  const content = { role: 'model', parts };
  return {
    candidates: [{ index: 0, content, ...(finishReason === undefined ? {} : { finishReason }) }],
    modelVersion: MODEL_SAID,
    responseId: 'gem_1',
    usageMetadata: COUNTS,
  };
}

function thoughts(all: readonly string[]): object[] {
  return all.filter((text) => text !== '').map((text) => ({ text, thought: true }));
}

function texts(all: readonly string[]): object[] {
  return all.filter((text) => text !== '').map((text) => ({ text }));
}
