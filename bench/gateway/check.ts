/** What must be true of an answer that came through a proxy, whatever the proxy. */
import { ANSWER_TEXT, TOKEN, TOKENS_PER_STREAM } from './traffic.ts';

/** What is wrong with a whole answer, or `undefined`. `text` is the HTTP response, byte for char. */
export function wholeProblem(
  text: string,
  bodyStart: number,
  thorough: boolean,
): string | undefined {
  if (!text.startsWith('HTTP/1.1 200 ')) return `not a 200: ${text.slice(0, 600)}`;
  if (!text.includes(ANSWER_TEXT, bodyStart)) return 'the answer’s text is missing';
  if (!thorough) return undefined;
  const body = JSON.parse(bodyOf(text, bodyStart)) as WholeAnswer;
  const choice = body.choices[0];
  if (choice?.message.content !== ANSWER_TEXT) return 'the answer’s text is in the wrong place';
  if (choice.finish_reason !== 'stop') return 'the answer’s finish reason is lost';
  if (body.usage.completion_tokens !== TOKENS_PER_STREAM) return 'the answer’s usage is lost';
  return undefined;
}

/** What is wrong with a streamed answer, from its status to its last chunk, or `undefined`. */
export function streamProblem(
  text: string,
  bodyStart: number,
  thorough: boolean,
): string | undefined {
  if (!text.startsWith('HTTP/1.1 200 ')) return `not a 200: ${text.slice(0, 600)}`;
  const body = bodyOf(text, bodyStart);
  if (!body.trimEnd().endsWith('data: [DONE]')) return 'the stream has no end';
  const tokens = occurrences(body, TOKEN);
  if (tokens !== TOKENS_PER_STREAM) return `the stream has ${tokens} tokens`;
  return thorough ? eventsProblem(body) : undefined;
}

function eventsProblem(body: string): string | undefined {
  let answer = '';
  let finishReason: string | null = null;
  let outputTokens = 0;
  for (const line of body.split('\n')) {
    if (!line.startsWith('data: {')) continue;
    const event = JSON.parse(line.slice('data: '.length)) as StreamedChunk;
    answer += event.choices[0]?.delta.content ?? '';
    finishReason = event.choices[0]?.finish_reason ?? finishReason;
    outputTokens = event.usage?.completion_tokens ?? outputTokens;
  }
  if (answer !== TOKEN.repeat(TOKENS_PER_STREAM)) return 'the stream’s text is not what was sent';
  if (finishReason !== 'stop') return 'the stream’s finish reason is lost';
  if (outputTokens !== TOKENS_PER_STREAM) return 'the stream’s usage is lost';
  return undefined;
}

/** The body without its chunked coding. */
function bodyOf(text: string, bodyStart: number): string {
  if (!/\r\ntransfer-encoding: *chunked/i.test(text.slice(0, bodyStart))) {
    return text.slice(bodyStart);
  }
  let body = '';
  let at = bodyStart;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const length = Number.parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd < 0 || !(length > 0)) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + length);
    at = lineEnd + 2 + length + 2;
  }
}

function occurrences(text: string, word: string): number {
  let count = 0;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) count++;
  return count;
}

interface WholeAnswer {
  readonly choices: readonly { message: { content: string }; finish_reason: string }[];
  readonly usage: { completion_tokens: number };
}

interface StreamedChunk {
  readonly choices: readonly { delta: { content?: string }; finish_reason?: string | null }[];
  readonly usage?: { completion_tokens: number } | null;
}
