/**
 * A provider's whole answer → exchange. What the provider adds over time is left out by name and
 * never fatal; only what could be a call of a tool is never left out.
 */
import { randomUUID } from 'node:crypto';
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Answer, Finish, Native, Part, ToolCallPart, Usage } from '../exchange.ts';
import { callPart, native, providerPart } from './items.ts';
import { CALLER_CALLS, PROVIDER_ITEMS } from './shapes.ts';
import { isHosted } from './tools.ts';
import { unwrapCalls } from './wrapper.ts';

type Fields = { [key: string]: JsonValue };

/** Fields of a response that say what was asked, and those that are read one by one. */
const READ = new Set(
  `id object created_at status error incomplete_details model output output_text usage background
  conversation frequency_penalty instructions max_output_tokens max_tool_calls metadata
  parallel_tool_calls presence_penalty previous_response_id prompt reasoning store temperature text
  tool_choice tools top_logprobs top_p truncation user stream input content_filters`.split(/\s+/),
);
/** Fields of a response that are kept for callers of the same protocol. */
const KEPT = new Set(
  `billing completed_at moderation prompt_cache_key prompt_cache_options prompt_cache_retention
  safety_identifier service_tier tool_usage`.split(/\s+/),
);

/** Throws `upstream_invalid`, and `upstream_failed` where the answer says that it failed. */
export function decodeAnswer(body: JsonValue): Answer {
  if (!isObject(body) || !Array.isArray(body['output'])) {
    throw new ProvisoError('upstream_invalid', 'The provider’s answer is not a response object.');
  }
  const status = body['status'];
  if (status === 'failed' || isObject(body['error'])) {
    const message = isObject(body['error']) ? body['error']['message'] : undefined;
    throw new ProvisoError(
      'upstream_failed',
      typeof message === 'string' ? message : 'The provider says that it failed.',
    );
  }
  const dropped = new Set<string>();
  const context = { response: body, dropped, madeUp: 0 };
  const parts: Part[] = [];
  for (const item of body['output'] as readonly JsonValue[]) {
    if (isObject(item)) parts.push(...partsOfItem(item, context));
  }
  return {
    ...headOf(body),
    parts,
    finish: finishOf(body, parts),
    usage: usageOf(body['usage']),
    native: settingsOf(body, dropped),
    ...(dropped.size > 0 && { dropped: [...dropped] }),
  };
}

export function headOf(response: JsonObject): Pick<Answer, 'id' | 'model' | 'createdAt'> {
  const { id, model, created_at } = response;
  return {
    id: typeof id === 'string' && id !== '' ? id : `resp_${madeUp()}`,
    model: typeof model === 'string' ? model : '',
    createdAt: typeof created_at === 'number' ? created_at : undefined,
  };
}

/** What is known around an item while an answer is read. */
export interface AnswerContext {
  /** The object around the item, whose `tools` say what the provider runs. */
  response: JsonObject;
  readonly dropped: Set<string>;
  /** How many ids were made up. */
  madeUp: number;
}

/** Unique in the conversation, as the answer's own id is. */
export function madeUpCallId(context: AnswerContext): string {
  const { id } = context.response;
  const owner = typeof id === 'string' ? id.replace(/[^\w-]/g, '').slice(-48) : madeUp();
  return `call_${owner}_${context.madeUp++}`;
}

export function partsOfItem(item: JsonObject, context: AnswerContext): Part[] {
  const type = typeof item['type'] === 'string' ? item['type'] : '';
  switch (type) {
    case 'message':
      return partsOfMessage(item, context);
    case 'reasoning':
      return partsOfReasoning(item);
    case 'function_call':
    case 'custom_tool_call':
      return isProvidersOwn(item, context.response)
        ? [ranInside(item)]
        : unwrapCalls(toolCall(item, madeUpCallId(context)));
    default:
      return partsOfVendorItem(item, type, context);
  }
}

/** `id` and `phase` go with each text, so that the message can be put together again. */
export function messageFields(item: JsonObject): Fields {
  const fields: Fields = {};
  if (typeof item['id'] === 'string') fields['id'] = item['id'];
  if (typeof item['phase'] === 'string') fields['phase'] = item['phase'];
  return fields;
}

export function textFields(part: JsonObject): Fields {
  const fields: Fields = {};
  for (const key of ['annotations', 'logprobs'] as const) {
    const list = part[key];
    if (Array.isArray(list) && list.length > 0) fields[key] = list as readonly JsonValue[];
  }
  return fields;
}

function partsOfMessage(item: JsonObject, context: AnswerContext): Part[] {
  const parts: Part[] = [];
  const content = Array.isArray(item['content']) ? (item['content'] as readonly JsonValue[]) : [];
  for (const part of content) {
    if (!isObject(part)) continue;
    parts.push(...partsOfContent(part, item, context));
  }
  return parts;
}

export function partsOfContent(part: JsonObject, item: JsonObject, context: AnswerContext): Part[] {
  const { type, text, refusal } = part;
  if ((type === 'output_text' || type === 'text') && typeof text === 'string') {
    return [{ type: 'text', text, ...native({ ...messageFields(item), ...textFields(part) }) }];
  }
  if (type === 'refusal' && typeof refusal === 'string')
    return [{ type: 'refusal', text: refusal }];
  return unknownBlock(part, typeof type === 'string' ? type : 'content', context);
}

function partsOfReasoning(item: JsonObject): Part[] {
  const kept = reasoningFields(item);
  const parts: Part[] = [];
  for (const key of ['summary', 'content'] as const) {
    const list = Array.isArray(item[key]) ? (item[key] as readonly JsonValue[]) : [];
    for (const part of list) {
      if (!isObject(part) || typeof part['text'] !== 'string') continue;
      const type = key === 'summary' ? 'summary_text' : 'reasoning_text';
      parts.push({ type: 'reasoning', text: part['text'], ...native({ ...kept, type }) });
    }
  }
  return parts.length > 0 ? parts : [{ type: 'reasoning', text: '', ...native(kept) }];
}

export function reasoningFields(item: JsonObject): Fields {
  const fields: Fields = {};
  if (typeof item['id'] === 'string') fields['id'] = item['id'];
  if (typeof item['encrypted_content'] === 'string') {
    fields['encrypted_content'] = item['encrypted_content'];
  }
  return fields;
}

/** @param madeUpId for a call that came without an id */
export function toolCall(item: JsonObject, madeUpId: string): ToolCallPart {
  const isFree = item['type'] === 'custom_tool_call';
  const { id, call_id, name, caller, namespace } = item;
  const value = isFree ? item['input'] : item['arguments'];
  const fields: Fields = {};
  if (typeof id === 'string') fields['id'] = id;
  if (isObject(caller)) fields['caller'] = caller;
  if (typeof namespace === 'string') fields['namespace'] = namespace;
  const text = typeof value === 'string' ? value : JSON.stringify(value ?? {});
  return {
    type: 'tool_call',
    id: firstId(call_id) ?? madeUpId,
    name: typeof name === 'string' ? name : '',
    arguments: text === '' && !isFree ? '{}' : text,
    ...(isFree && { free: true }),
    ...native(fields),
  };
}

/**
 * xAI reports the steps of its search on X as calls of custom tools that nobody declared. They ran
 * inside the provider; the response repeats the tools that were declared.
 */
export function isProvidersOwn(item: JsonObject, response: JsonObject): boolean {
  if (item['type'] !== 'custom_tool_call' || !Array.isArray(response['tools'])) return false;
  let hasSearch = false;
  for (const tool of response['tools'] as readonly JsonValue[]) {
    if (!isObject(tool)) continue;
    if (tool['type'] === 'x_search') hasSearch = true;
    if (tool['type'] === 'custom' && tool['name'] === item['name']) return false;
  }
  return hasSearch && typeof item['name'] === 'string' && /^(x_|view_)/.test(item['name']);
}

function ranInside(item: JsonObject): Part {
  return { ...providerPart(item, 'custom_tool_call'), providerTool: 'x_search' };
}

function partsOfVendorItem(item: JsonObject, type: string, context: AnswerContext): Part[] {
  if (Object.hasOwn(PROVIDER_ITEMS, type)) return [providerPart(item, type)];
  if (Object.hasOwn(CALLER_CALLS, type)) {
    const isInside =
      type === 'tool_search_call' ? item['execution'] !== 'client' : isHosted(item['environment']);
    if (isInside) return [providerPart(item, type)];
    const part = callPart(item, type);
    return [part.id === '' ? { ...part, id: madeUpCallId(context) } : part];
  }
  if (type.endsWith('_call_output')) return [providerPart(item, type)];
  return unknownBlock(item, type, context);
}

/** A block of an unknown type: what looks like a call is one, so that it is decided like one. */
function unknownBlock(block: JsonObject, type: string, context: AnswerContext): Part[] {
  const looksLikeCall =
    /(call|tool|function|command|exec)/i.test(type) ||
    block['call_id'] !== undefined ||
    (block['name'] !== undefined && (block['arguments'] ?? block['input']) !== undefined);
  if (!looksLikeCall) {
    context.dropped.add(`output.${type === '' ? 'untyped' : type}`);
    return [];
  }
  const { type: _, id, call_id, name, arguments: value, status: __, ...rest } = block;
  const content = value ?? rest;
  return unwrapCalls({
    type: 'tool_call',
    id: firstId(call_id, id) ?? madeUpCallId(context),
    name: typeof name === 'string' && name !== '' ? name : type,
    arguments: typeof content === 'string' ? content : JSON.stringify(content),
  });
}

function firstId(...ids: (JsonValue | undefined)[]): string | undefined {
  for (const id of ids) if (typeof id === 'string' && id !== '') return id;
  return undefined;
}

export function finishOf(response: JsonObject, parts: readonly Part[]): Finish {
  const details = response['incomplete_details'];
  const reason = isObject(details) ? details['reason'] : undefined;
  if (response['status'] === 'incomplete' || typeof reason === 'string') {
    const wireReason = typeof reason === 'string' ? reason : 'incomplete';
    if (reason === 'max_output_tokens') return { reason: 'length', wireReason };
    if (reason === 'content_filter') return { reason: 'refusal', wireReason };
    return { reason: reason === 'pause' ? 'pause' : 'other', wireReason };
  }
  let hasRefusal = false;
  for (const part of parts) {
    if (part.type === 'tool_call') return { reason: 'tool_calls', wireReason: 'completed' };
    if (part.type === 'refusal') hasRefusal = true;
  }
  return { reason: hasRefusal ? 'refusal' : 'stop', wireReason: 'completed' };
}

/** Totals include what is cached and what was spent on reasoning, as in the exchange. */
export function usageOf(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const input = isObject(value['input_tokens_details']) ? value['input_tokens_details'] : {};
  const output = isObject(value['output_tokens_details']) ? value['output_tokens_details'] : {};
  const kept: Fields = {};
  for (const key in value) {
    if (!USAGE.has(key)) kept[key] = value[key] as JsonValue;
  }
  return {
    inputTokens: count(value['input_tokens']) ?? 0,
    outputTokens: count(value['output_tokens']) ?? 0,
    reasoningTokens: count(output['reasoning_tokens']),
    cacheReadTokens: count(input['cached_tokens']),
    cacheWriteTokens: count(input['cache_write_tokens']),
    ...native(kept),
  };
}

const USAGE = new Set(
  'input_tokens input_tokens_details output_tokens output_tokens_details total_tokens'.split(' '),
);

function count(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** What callers of the same protocol get back, and by name what is not known. */
export function settingsOf(response: JsonObject, dropped: Set<string>): Native | undefined {
  const fields: Fields = {};
  for (const key in response) {
    const value = response[key] as JsonValue;
    if (KEPT.has(key)) {
      if (value !== null) fields[key] = value;
    } else if (!READ.has(key) && value !== null) dropped.add(`response.${key}`);
  }
  return native(fields).native;
}

export function madeUp(): string {
  return randomUUID().replaceAll('-', '');
}
