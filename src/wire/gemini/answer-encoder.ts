/** Answer → the response of a call that was not streamed; its pieces serve the stream too. */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Answer, Finish, ModelRequest, Part, Usage } from '../exchange.ts';
import { fieldsOf, GEMINI } from './native.ts';
import { argsOf, encodeMedia } from './outgoing.ts';

type Fields = { [key: string]: JsonValue };

export function encodeAnswer(
  answer: Answer,
  _request: ModelRequest,
  dropped: Set<string>,
): JsonObject {
  const parts: JsonValue[] = [];
  let isMalformed = false;
  for (const part of answer.parts) {
    const encoded = encodePart(part, dropped);
    if (encoded) parts.push(encoded);
    else if (part.type === 'tool_call') isMalformed = true;
  }
  const end = encodeEnd(answer.finish, fieldsOf(answer), isMalformed);
  const body: Fields = { ...end.response };
  if (!end.isBlocked) {
    const content = { role: 'model', parts: parts.length > 0 ? parts : [{ text: '' }] };
    body['candidates'] = [{ content, ...end.candidate }];
  }
  if (answer.usage) body['usageMetadata'] = encodeUsage(answer.usage);
  body['modelVersion'] = answer.model;
  body['responseId'] = answer.id;
  return body;
}

/** `undefined` for what cannot be carried; its name is in `dropped`. */
export function encodePart(part: Part, dropped: Set<string>): JsonObject | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal': {
      const fields = part.type === 'text' ? fieldsOf(part) : undefined;
      return { text: part.text, ...fields };
    }
    case 'reasoning':
      return { text: part.text, thought: true, ...fieldsOf(part) };
    case 'tool_call': {
      const args = argsOf(part);
      if (!args) {
        // Other arguments than those that were decided must not be delivered.
        dropped.add('tool_call');
        return undefined;
      }
      const { id, ...extras } = fieldsOf(part) ?? {};
      const functionCall: Fields = { name: part.name, args };
      if (id !== null) functionCall['id'] = part.id;
      return { functionCall, ...extras };
    }
    case 'native': {
      const fields = fieldsOf(part);
      if (!fields) dropped.add(part.label);
      return fields;
    }
    case 'tool_result':
      dropped.add('tool_result');
      return undefined;
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      if (part.source.kind === 'id' && part.native?.protocol !== GEMINI) {
        dropped.add(`answer.${part.type}`);
        return undefined;
      }
      return encodeMedia(part, dropped);
  }
}

export interface EncodedEnd {
  readonly candidate: JsonObject;
  readonly response: JsonObject;
  /** The prompt was refused: there is no candidate at all. */
  readonly isBlocked: boolean;
}

export function encodeEnd(
  finish: Finish,
  native: JsonObject | undefined,
  isMalformed: boolean,
): EncodedEnd {
  const { candidate: own, ...response } = native ?? {};
  const feedback = response['promptFeedback'];
  const finishReason = isMalformed ? 'MALFORMED_FUNCTION_CALL' : reasonOf(finish);
  return {
    candidate: { finishReason, index: 0, ...(own as JsonObject | undefined) },
    response,
    isBlocked: isObject(feedback) && feedback['blockReason'] !== undefined,
  };
}

/** The API's own finish reasons. */
const WORDS = new Set(
  `STOP MAX_TOKENS SAFETY RECITATION LANGUAGE OTHER BLOCKLIST PROHIBITED_CONTENT SPII
  MALFORMED_FUNCTION_CALL IMAGE_SAFETY UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS
  IMAGE_PROHIBITED_CONTENT NO_IMAGE IMAGE_RECITATION IMAGE_OTHER CONTINUATION`.split(/\s+/),
);

function reasonOf(finish: Finish): string {
  switch (finish.reason) {
    case 'stop':
    case 'tool_calls':
      return 'STOP';
    case 'length':
      return 'MAX_TOKENS';
    case 'refusal':
      return finish.wireReason !== undefined && WORDS.has(finish.wireReason)
        ? finish.wireReason
        : 'SAFETY';
    case 'pause':
      return 'CONTINUATION';
    case 'other':
      return finish.wireReason !== undefined && WORDS.has(finish.wireReason)
        ? finish.wireReason
        : 'OTHER';
  }
}

export function encodeUsage(usage: Usage): JsonObject {
  const fields = fieldsOf(usage);
  const byTools = fields?.['toolUsePromptTokenCount'];
  const reasoning = usage.reasoningTokens ?? 0;
  const out: Fields = {
    ...fields,
    promptTokenCount: usage.inputTokens - (typeof byTools === 'number' ? byTools : 0),
    candidatesTokenCount: usage.outputTokens - reasoning,
    totalTokenCount: usage.inputTokens + usage.outputTokens,
  };
  if (reasoning > 0) out['thoughtsTokenCount'] = reasoning;
  if (usage.cacheReadTokens) out['cachedContentTokenCount'] = usage.cacheReadTokens;
  return out;
}
