/** Answer → the response object of a call that was not streamed. */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Answer, ModelRequest, Part, ReasoningPart } from '../exchange.ts';
import { madeUp } from './answer.ts';
import { fieldsOf, isSameItem, itemOfCall } from './items.ts';
import { reasoningItem } from './outgoing.ts';
import { encodeOutputText } from './part-events.ts';
import { hasRefusal, responseEnd, responseHead } from './response.ts';

export function encodeAnswer(
  answer: Answer,
  request: ModelRequest,
  dropped: Set<string>,
): JsonObject {
  const output = encodeOutput(answer.parts, dropped);
  return {
    ...responseHead(answer, request),
    ...responseEnd(answer.finish, hasRefusal(answer.parts), output, answer.usage, fieldsOf(answer)),
  };
}

function encodeOutput(parts: readonly Part[], dropped: Set<string>): JsonValue[] {
  const items: JsonValue[] = [];
  for (let i = 0; i < parts.length; ) {
    const part = parts[i] as Part;
    let end = i + 1;
    switch (part.type) {
      case 'text':
      case 'refusal':
        while (joinsMessage(part, parts[end])) end++;
        items.push(messageItem(parts.slice(i, end)));
        break;
      case 'reasoning':
        while (joinsReasoning(part, parts[end])) end++;
        items.push(ownReasoning(parts.slice(i, end) as ReasoningPart[]));
        break;
      case 'tool_call':
        items.push(itemOfCall(part, `${part.free ? 'ctc' : 'fc'}_${madeUp()}`));
        break;
      case 'native': {
        const fields = fieldsOf(part);
        if (fields) items.push(fields);
        else dropped.add(part.label);
        break;
      }
      case 'tool_result':
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
        dropped.add(`answer.${part.type}`);
    }
    i = end;
  }
  return items;
}

function joinsMessage(first: Part, next: Part | undefined): boolean {
  if (next?.type === 'refusal') return true;
  return next?.type === 'text' && isSameItem(first, next);
}

function joinsReasoning(first: ReasoningPart, next: Part | undefined): boolean {
  if (next?.type !== 'reasoning') return false;
  return fieldsOf(first)?.['id'] !== undefined && isSameItem(first, next);
}

function messageItem(parts: readonly Part[]): JsonObject {
  const [first] = parts;
  const fields = first?.type === 'text' ? fieldsOf(first) : undefined;
  return {
    id: fields?.['id'] ?? `msg_${madeUp()}`,
    type: 'message',
    status: 'completed',
    role: 'assistant',
    ...(fields?.['phase'] !== undefined && { phase: fields['phase'] }),
    content: parts.map((part) =>
      part.type === 'text'
        ? encodeOutputText(part, part.text)
        : { type: 'refusal', refusal: part.type === 'refusal' ? part.text : '' },
    ),
  };
}

function ownReasoning(parts: readonly ReasoningPart[]): JsonObject {
  const id = fieldsOf(parts[0] as ReasoningPart)?.['id'];
  return reasoningItem(parts, typeof id === 'string' ? id : `rs_${madeUp()}`);
}
