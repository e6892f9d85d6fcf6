/**
 * A provider's whole answer → exchange. What the provider adds over time is left out by name and
 * never fatal; only what could be a call of a tool is never left out.
 */
import { randomUUID } from 'node:crypto';
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Answer, Finish, Part, Usage } from '../exchange.ts';
import { mediaKind, mediaOfUri } from './media.ts';
import { GEMINI, native, ownReasoning } from './native.ts';
import { NATIVE_PARTS, PART_EXTRAS } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

/** Fields of a candidate, and of the response, that callers of the same protocol get back. */
const CANDIDATE = new Set(
  `avgLogprobs citationMetadata finishMessage groundingMetadata logprobsResult safetyRatings
  tokenCount urlContextMetadata`.split(/\s+/),
);
const RESPONSE = new Set(['createTime', 'modelStatus', 'promptFeedback']);
const READ = new Set(
  'candidates modelVersion responseId usageMetadata error content finishReason index'.split(' '),
);

/** Throws `upstream_invalid` where the answer is none. */
export function decodeAnswer(body: JsonValue): Answer {
  if (!isObject(body)) throw unreadable();
  const { candidate, isBlocked } = firstCandidate(body);
  if (!candidate && !isBlocked) throw unreadable();
  const dropped = new Set<string>();
  const parts: Part[] = [];
  const context = { id: idOf(body), dropped, madeUp: 0 };
  for (const part of partsOf(candidate)) parts.push(...decodeParts(part, context));
  const kept: Fields = {};
  keep(body, candidate, kept, dropped);
  return {
    id: context.id,
    model: typeof body['modelVersion'] === 'string' ? body['modelVersion'] : '',
    createdAt: timeOf(body['createTime']),
    parts,
    finish: finishOf(candidate?.['finishReason'], body, parts.some(isCall)),
    usage: usageOf(body['usageMetadata']),
    ...native(kept),
    ...(dropped.size > 0 && { dropped: [...dropped] }),
  };
}

function isCall(part: Part): boolean {
  return part.type === 'tool_call';
}

export function firstCandidate(body: JsonObject): {
  candidate: JsonObject | undefined;
  isBlocked: boolean;
} {
  const list = body['candidates'];
  const first = Array.isArray(list) ? (list as readonly JsonValue[])[0] : undefined;
  const feedback = body['promptFeedback'];
  return {
    candidate: isObject(first) ? first : undefined,
    isBlocked: isObject(feedback) && typeof feedback['blockReason'] === 'string',
  };
}

export function partsOf(candidate: JsonObject | undefined): readonly JsonObject[] {
  const content = candidate?.['content'];
  const parts = isObject(content) ? content['parts'] : undefined;
  return Array.isArray(parts) ? (parts as readonly JsonValue[]).filter(isObject) : [];
}

export function idOf(body: JsonObject): string {
  const id = body['responseId'];
  return typeof id === 'string' && id !== '' ? id : `resp_${randomUUID()}`;
}

export function timeOf(value: JsonValue | undefined): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}

/** What is known around a part while an answer is read. */
export interface AnswerContext {
  /** The answer's own id. */
  id: string;
  readonly dropped: Set<string>;
  /** How many ids were made up. */
  madeUp: number;
}

/** Unique in the conversation, as the answer's own id is. */
export function madeUpCallId(context: AnswerContext): string {
  return `call_${context.id.replace(/[^\w-]/g, '').slice(-48)}_${context.madeUp++}`;
}

/** One part of the wire may hold several things; each is given. */
export function decodeParts(part: JsonObject, context: AnswerContext): Part[] {
  const extras = extrasOf(part);
  const out: Part[] = [];
  for (const key in part) {
    const value = part[key] as JsonValue;
    if (value === null) continue;
    switch (key) {
      case 'thought':
        break;
      case 'text':
        if (typeof value !== 'string') break;
        if (part['thought'] === true) out.push(ownReasoning(value, extras));
        else out.push({ type: 'text', text: value, ...native(extras) });
        break;
      case 'functionCall':
        if (isObject(value)) out.push(callOf(value, extras, context));
        break;
      case 'inlineData':
      case 'fileData':
        if (isObject(value)) out.push(mediaOf(value, extras));
        break;
      default:
        if (Object.hasOwn(PART_EXTRAS, key)) break;
        out.push(...otherPart(key, value, extras, context));
    }
  }
  // A signature alone belongs to a thought that shows nothing.
  if (out.length === 0 && extras['thoughtSignature'] !== undefined) {
    if (part['thought'] === true) out.push(ownReasoning('', extras));
    else out.push({ type: 'text', text: '', ...native(extras) });
  }
  return out;
}

export function extrasOf(part: JsonObject): JsonObject {
  const extras: Fields = {};
  for (const key in part) {
    if (Object.hasOwn(PART_EXTRAS, key)) extras[key] = part[key] as JsonValue;
  }
  return extras;
}

function callOf(call: JsonObject, extras: JsonObject, context: AnswerContext): Part {
  const { id, name, args } = call;
  return {
    type: 'tool_call',
    id: typeof id === 'string' && id !== '' ? id : madeUpCallId(context),
    name: typeof name === 'string' ? name : '',
    arguments: JSON.stringify(isObject(args) ? args : {}),
    ...native(extras),
  };
}

function mediaOf(value: JsonObject, extras: JsonObject): Part {
  const mediaType = typeof value['mimeType'] === 'string' ? value['mimeType'] : undefined;
  if (typeof value['fileUri'] === 'string') return mediaOfUri(value['fileUri'], mediaType, extras);
  const type = mediaType ?? 'application/octet-stream';
  const base64 = typeof value['data'] === 'string' ? value['data'] : '';
  return {
    type: mediaKind(type),
    source: { kind: 'base64', mediaType: type, base64 },
    ...native(extras),
  };
}

/** What ran inside the provider stays its own; what is unknown and looks like a call is one. */
function otherPart(
  key: string,
  value: JsonValue,
  extras: JsonObject,
  context: AnswerContext,
): Part[] {
  if (Object.hasOwn(NATIVE_PARTS, key)) {
    const providerTool = providerToolOf(key, value);
    return [
      {
        type: 'native',
        label: key,
        native: { protocol: GEMINI, fields: { [key]: value, ...extras } },
        ...(providerTool !== undefined && { providerTool }),
      },
    ];
  }
  if (!/call|tool|function/i.test(key) || !isObject(value)) {
    context.dropped.add(`part.${key}`);
    return [];
  }
  const { name, args, id, ...rest } = value;
  return [
    {
      type: 'tool_call',
      id: typeof id === 'string' && id !== '' ? id : madeUpCallId(context),
      name: typeof name === 'string' ? name : key,
      arguments: JSON.stringify(isObject(args) ? args : rest),
    },
  ];
}

function providerToolOf(key: string, value: JsonValue): string | undefined {
  if (key === 'executableCode') return 'codeExecution';
  if (key !== 'toolCall') return undefined;
  return isObject(value) && typeof value['toolType'] === 'string' ? value['toolType'] : key;
}

const REFUSALS = new Set(
  `SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT
  IMAGE_RECITATION`.split(/\s+/),
);

export function finishOf(
  reason: JsonValue | undefined,
  body: JsonObject,
  hasToolCall: boolean,
): Finish {
  const feedback = body['promptFeedback'];
  if (typeof reason !== 'string') {
    const blocked = isObject(feedback) ? feedback['blockReason'] : undefined;
    if (typeof blocked === 'string') return { reason: 'refusal', wireReason: blocked };
    return { reason: hasToolCall ? 'tool_calls' : 'stop' };
  }
  return { reason: neutralReason(reason, hasToolCall), wireReason: reason };
}

function neutralReason(reason: string, hasToolCall: boolean): Finish['reason'] {
  switch (reason) {
    case 'STOP':
    case 'FINISH_REASON_UNSPECIFIED':
      return hasToolCall ? 'tool_calls' : 'stop';
    case 'MAX_TOKENS':
      return 'length';
    case 'CONTINUATION':
      return 'pause';
    default:
      return REFUSALS.has(reason) ? 'refusal' : 'other';
  }
}

const COUNTED = new Set(
  `promptTokenCount candidatesTokenCount thoughtsTokenCount cachedContentTokenCount
  totalTokenCount`.split(/\s+/),
);

/** Thoughts and what tools brought in are counted apart on the wire, and inside in the exchange. */
export function usageOf(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const count = (key: string): number | undefined => {
    const number = value[key];
    return typeof number === 'number' ? number : undefined;
  };
  const prompt = count('promptTokenCount');
  if (prompt === undefined && count('totalTokenCount') === undefined) return undefined;
  const thoughts = count('thoughtsTokenCount');
  const kept: Fields = {};
  for (const key in value) if (!COUNTED.has(key)) kept[key] = value[key] as JsonValue;
  return {
    inputTokens: (prompt ?? 0) + (count('toolUsePromptTokenCount') ?? 0),
    outputTokens: (count('candidatesTokenCount') ?? 0) + (thoughts ?? 0),
    reasoningTokens: thoughts,
    cacheReadTokens: count('cachedContentTokenCount'),
    ...native(kept),
  };
}

/** Adds what callers of the same protocol get back, and by name what is not known. */
export function keep(
  body: JsonObject,
  candidate: JsonObject | undefined,
  kept: Fields,
  dropped: Set<string>,
): void {
  for (const key in body) {
    if (RESPONSE.has(key)) kept[key] = body[key] as JsonValue;
    else if (!READ.has(key)) dropped.add(`response.${key}`);
  }
  const list = body['candidates'];
  if (Array.isArray(list) && list.length > 1) dropped.add('candidates[1]');
  if (!candidate) return;
  const own: Fields = { ...(kept['candidate'] as JsonObject | undefined) };
  for (const key in candidate) {
    if (CANDIDATE.has(key)) own[key] = candidate[key] as JsonValue;
    else if (!READ.has(key)) dropped.add(`candidate.${key}`);
  }
  for (const _ in own) kept['candidate'] = own;
}

function unreadable(): ProvisoError {
  return new ProvisoError('upstream_invalid', 'The provider’s answer has no candidate.');
}
