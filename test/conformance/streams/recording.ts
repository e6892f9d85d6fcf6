/** A recorded answer, one JSON event a line → the bytes that its provider sends. */
import type { JsonValue } from '#base/json.ts';
import type { Protocol } from '#wire/exchange.ts';

type Json = Record<string, unknown>;

/** What the lines speak, told from their content; undefined for none of the four protocols. */
export function protocolOf(lines: readonly string[]): Protocol | undefined {
  for (const line of lines) {
    const event = parsed(line);
    if (!event) continue;
    const type = typeof event['type'] === 'string' ? event['type'] : '';
    if (type.startsWith('response.')) return 'openai-responses';
    if (type === 'message_start' || type.startsWith('content_block_')) return 'anthropic';
    if (Array.isArray(event['candidates']) || event['promptFeedback']) return 'gemini';
    const choices = event['choices'];
    if (Array.isArray(choices) && choices.some((choice: Json) => choice['delta'])) {
      return 'openai-chat';
    }
  }
  return undefined;
}

/** The events of a recording, which may have kept the framing that they came in. */
export function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !/^(:|event:|data: ?\[DONE\])/.test(line))
    .map((line) => line.replace(/^data: ?/, ''));
}

/** The tools of xAI that run inside it, which a Responses answer repeats from its request. */
export function searchesOfX(lines: readonly string[]): readonly JsonValue[] {
  for (const line of lines) {
    const response = parsed(line)?.['response'] as { tools?: { type: string }[] } | undefined;
    const found = response?.tools?.filter((tool) => tool.type === 'x_search');
    if (found) return found.map(({ type }) => ({ type }));
  }
  return [];
}

/** Whether the answer says, whole or cut off, why it ended. */
export function saysItsEnd(text: string, protocol: Protocol): boolean {
  return ENDS[protocol].test(text) || (protocol === 'anthropic' && /"stop_reason":\s*"/.test(text));
}

/** Some recordings hold the answers of several turns, one after another. */
export function answersOf(lines: readonly string[], protocol: Protocol): string[][] {
  const answers: string[][] = [[]];
  let isEnded = false;
  let id: unknown;
  for (const line of lines) {
    const event = parsed(line) ?? {};
    const newId = event['id'] ?? event['responseId'];
    const begins = BEGINNINGS.has(event['type']) || (newId !== undefined && newId !== id);
    if (isEnded && begins) {
      answers.push([]);
      isEnded = false;
    }
    id = newId ?? id;
    answers.at(-1)?.push(line);
    isEnded ||= ENDS[protocol].test(line);
  }
  return answers;
}

const BEGINNINGS: ReadonlySet<unknown> = new Set(['message_start', 'response.created']);

const ENDS: Readonly<Record<Protocol, RegExp>> = {
  'openai-chat': /"finish_reason":\s*"/,
  'openai-responses': /"type":\s*"response\.(completed|incomplete|failed)"/,
  anthropic: /"type":\s*"message_stop"/,
  gemini: /"(finishReason|blockReason)":\s*"/,
};

export function bytesOf(lines: readonly string[], protocol: Protocol | undefined): Buffer {
  let text = '';
  for (const line of lines) text += sse(line, protocol);
  const isEnded = lines.some((line) => ENDS['openai-chat'].test(line));
  if (protocol === 'openai-chat' && isEnded) text += 'data: [DONE]\n\n';
  return Buffer.from(text);
}

function sse(line: string, protocol: Protocol | undefined): string {
  if (protocol === 'gemini') return `data: ${line}\r\n\r\n`;
  if (protocol === 'openai-chat') return `data: ${line}\n\n`;
  const type = parsed(line)?.['type'];
  return typeof type === 'string' ? `event: ${type}\ndata: ${line}\n\n` : `data: ${line}\n\n`;
}

/**
 * The lines as the official SDK can read them, where a provider departs from the protocol: missing
 * indexes, types and roles, content in lists, a start sent twice, events that the SDK has no name for.
 *
 * @param problem what the SDK said of the lines as they are, if it could not read them
 */
export function mended(
  lines: readonly string[],
  protocol: Protocol,
  problem: string | undefined,
): readonly string[] {
  const once = lines.filter((line, i) => line !== lines[i - 1] || !line.includes('message_start'));
  if (protocol === 'openai-chat') return mendedChunks(once);
  if (problem?.includes('missing output at index')) return renumbered(once);
  const unknown = /Unhandled response stream event: .*?"type":"([^"]+)"/.exec(problem ?? '')?.[1];
  return unknown === undefined ? once : once.filter((line) => parsed(line)?.['type'] !== unknown);
}

/** Output items numbered without gaps. */
function renumbered(lines: readonly string[]): string[] {
  const places = new Map<unknown, number>();
  return lines.map((line) => {
    const event = parsed(line);
    if (event?.['output_index'] === undefined) return line;
    const place = places.get(event['output_index']) ?? places.size;
    places.set(event['output_index'], place);
    return JSON.stringify({ ...event, output_index: place });
  });
}

function mendedChunks(lines: readonly string[]): string[] {
  let hasRole = false;
  return lines.map((line) => {
    const chunk = parsed(line);
    if (!chunk) return line;
    for (const choice of (chunk['choices'] ?? []) as Json[]) {
      const delta = choice['delta'] as Json | undefined;
      if (!delta) continue;
      if (!delta['role'] && !hasRole) delta['role'] = 'assistant';
      hasRole = true;
      if (Array.isArray(delta['content'])) delta['content'] = textOfList(delta['content']);
      ((delta['tool_calls'] ?? []) as Json[]).forEach((call, i) => {
        call['index'] ??= i;
        if (call['id']) call['type'] ??= 'function';
      });
    }
    return JSON.stringify(chunk);
  });
}

function textOfList(content: Json[]): string {
  return content.map((item) => (item['type'] === 'text' ? item['text'] : '')).join('');
}

export function parsed(line: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
