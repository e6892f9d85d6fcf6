/** A recording carried as the gateway carries it: decoded, gated, encoded for the caller. */

import { type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import { StreamGate } from '#gateway/gate.ts';
import type { AnswerEvent, ModelRequest, Part, Protocol } from '#wire/exchange.ts';
import type { WireProtocol } from '#wire/protocol.ts';
import { protocols } from '#wire/protocols.ts';
import { sseReader } from '#wire/sse.ts';

const EVENT_BYTES_MAX = 16 * 1024 * 1024;

/** @param cuts where the bytes are split, ascending */
export function decoded(
  protocol: Protocol,
  bytes: Uint8Array,
  cuts: readonly number[] = [],
): readonly AnswerEvent[] {
  const reader = sseReader(EVENT_BYTES_MAX);
  const decoder = protocols[protocol].streamDecoder();
  const events: AnswerEvent[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    for (const event of reader.push(bytes.subarray(from, cut))) events.push(...decoder.push(event));
    from = cut;
  }
  for (const event of reader.end()) events.push(...decoder.push(event));
  events.push(...decoder.end());
  return events;
}

/** What breaks the order of events that `AnswerEvent` promises, if anything does. */
export function disorder(events: readonly AnswerEvent[]): string | undefined {
  const open = new Map<number, Part>();
  let next = 0;
  let isOver = false;
  for (const [i, event] of events.entries()) {
    if (isOver) return `an event after the end: ${event.type}`;
    if (i === 0 && event.type !== 'start' && event.type !== 'error') return 'no start';
    switch (event.type) {
      case 'start':
        if (i > 0) return 'a second start';
        break;
      case 'part_start':
        if (event.index !== next++) return `part ${event.index} out of turn`;
        if (event.part.type !== 'tool_call') {
          for (const part of open.values()) {
            if (part.type !== 'tool_call') return 'two parts open beside each other';
          }
        }
        open.set(event.index, event.part);
        break;
      case 'part_delta':
        if (!open.has(event.index)) return `a delta for part ${event.index}, which is not open`;
        break;
      case 'part_end':
        if (!open.delete(event.index)) return `an end of part ${event.index}, which is not open`;
        break;
      case 'finish':
        if (open.size > 0) return 'a finish with open parts';
        isOver = true;
        break;
      case 'error':
        isOver = true;
    }
  }
  return isOver ? undefined : 'no end';
}

/** Each tool call permitted, and so given whole, one after another. */
export async function gated(events: readonly AnswerEvent[]): Promise<readonly AnswerEvent[]> {
  const out: AnswerEvent[] = [];
  await new Promise<void>((resolve) => {
    const gate = new StreamGate(
      (part) => part.type === 'tool_call',
      () => Promise.resolve(undefined),
      (given) => {
        out.push(...given);
        const last = out.at(-1)?.type;
        if (last === 'finish' || last === 'error') resolve();
      },
      () => {},
    );
    gate.push(events);
  });
  return out;
}

/** @param tools those that the answer says the request had, in the words of `protocol` */
export function encoded(
  protocol: Protocol,
  events: readonly AnswerEvent[],
  tools: readonly JsonValue[] = [],
): Buffer {
  const encoder = protocols[protocol].streamEncoder({ request: requestOf(protocol, tools) });
  let text = '';
  for (const event of events) text += encoder.push(event);
  return Buffer.from(text);
}

const BODIES = {
  'openai-chat': {
    model: 'm',
    messages: [{ role: 'user', content: 'x' }],
    stream: true,
    stream_options: { include_usage: true },
  },
  'openai-responses': { model: 'm', input: 'x', stream: true },
  anthropic: {
    model: 'm',
    max_tokens: 1,
    messages: [{ role: 'user', content: 'x' }],
    stream: true,
  },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'x' }] }] },
} as const;

/** Whether the body, as the SDK would send it, is a request; throws where it is refused. */
export function understand(protocol: Protocol, body: unknown): void {
  protocols[protocol].decodeRequest(parseJsonText(JSON.stringify(body)) as JsonObject, OPTIONS);
}

const OPTIONS = {
  route: { operation: 'generate', model: 'm', stream: true },
  allowedFields: new Set<string>(),
} as const;

/** The smallest request that asks for a stream with its usage. */
function requestOf(protocol: Protocol, tools: readonly JsonValue[]): ModelRequest {
  const wire: WireProtocol = protocols[protocol];
  const body: JsonObject = BODIES[protocol];
  const asked = tools.length === 0 ? body : { ...body, tools };
  return wire.decodeRequest(asked, OPTIONS) as ModelRequest;
}
