/**
 * The bytes of the benchmark: one small chat request as a caller would send it, and the answer of
 * the static upstream, whole or as a stream. The load generator holds what comes back through a
 * proxy against the same text, so that a proxy which loses or doubles a token fails the run.
 */

export const MODEL = 'bench-small';
export const PATH = '/v1/chat/completions';
export const TOKENS_PER_STREAM = 100;

/** One streamed token. Plain letters, so that no proxy has a reason to escape it differently. */
export const TOKEN = ' harbour';
export const ANSWER_TEXT =
  'The ferry to the northern island leaves at 07:40, 11:15 and 16:30 on working days, and at 09:00 ' +
  'and 15:00 on Sundays. The crossing takes fifty minutes, bicycles travel free, and the timetable ' +
  'changes on the first of October; the harbour office keeps the list of cancelled sailings.';

const CREATED_AT = 1_760_000_000;
const USAGE = { prompt_tokens: 96, completion_tokens: TOKENS_PER_STREAM, total_tokens: 196 };

export function requestBody(stream: boolean): string {
  return JSON.stringify({
    model: MODEL,
    messages: [
      {
        role: 'system',
        content:
          'You answer questions of travellers about ferries. Use the timetable that you were given, ' +
          'say so where it does not hold the answer, and keep to three sentences.',
      },
      {
        role: 'user',
        content:
          'When does the ferry to the northern island leave on a working day, how long does the ' +
          'crossing take, and may I bring a bicycle?',
      },
    ],
    temperature: 0.2,
    max_tokens: 400,
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  });
}

export function wholeAnswer(): string {
  return JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: CREATED_AT,
    model: MODEL,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: ANSWER_TEXT, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: USAGE,
  });
}

/** The SSE events of a streamed answer: the role, the tokens, the finish with usage and the end. */
export function streamEvents(): { first: string; token: string; last: string } {
  return {
    first: chunk({ role: 'assistant', content: '' }, null),
    token: chunk({ content: TOKEN }, null),
    last: `${chunk({}, 'stop')}${usageChunk()}data: [DONE]\n\n`,
  };
}

function chunk(delta: object, finishReason: string | null): string {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  return `data: ${JSON.stringify({ ...chunkHead(), choices })}\n\n`;
}

function usageChunk(): string {
  return `data: ${JSON.stringify({ ...chunkHead(), choices: [], usage: USAGE })}\n\n`;
}

function chunkHead(): object {
  return {
    id: 'chatcmpl-bench',
    object: 'chat.completion.chunk',
    created: CREATED_AT,
    model: MODEL,
  };
}
