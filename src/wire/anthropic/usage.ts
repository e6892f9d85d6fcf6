/** Token counts of Anthropic, whose `input_tokens` leave out what the cache read and wrote. */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Usage } from '../exchange.ts';
import { nativeOf, ownFieldsOnly } from '../native.ts';
import { ANTHROPIC } from './shapes.ts';

type Counts = { [key: string]: JsonValue };

/** A stream counts twice; what the later count leaves out stands as it was. */
export function mergedUsage(
  earlier: JsonObject | undefined,
  later: JsonValue | undefined,
): JsonObject | undefined {
  if (!isObject(later)) return earlier;
  if (!earlier) return later;
  const merged: Counts = { ...earlier };
  for (const key in later) {
    const value = later[key];
    if (value !== undefined && value !== null) merged[key] = value;
  }
  return merged;
}

export function decodeUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const cacheReadTokens = count(value['cache_read_input_tokens']);
  const cacheWriteTokens = count(value['cache_creation_input_tokens']);
  const details = value['output_tokens_details'];
  return {
    inputTokens:
      (count(value['input_tokens']) ?? 0) + (cacheReadTokens ?? 0) + (cacheWriteTokens ?? 0),
    outputTokens: count(value['output_tokens']) ?? 0,
    reasoningTokens: isObject(details) ? count(details['thinking_tokens']) : undefined,
    cacheReadTokens,
    cacheWriteTokens,
    native: nativeOf(ANTHROPIC, rest(value)),
  };
}

const REST = [
  'cache_creation',
  'server_tool_use',
  'service_tier',
  'inference_geo',
  'iterations',
  'speed',
  'fallback_credit',
];

function rest(value: JsonObject): Counts {
  const fields: Counts = {};
  for (const key of REST) {
    const member = value[key];
    if (member !== undefined && member !== null) fields[key] = member;
  }
  return fields;
}

export function encodeUsage(usage: Usage | undefined): JsonObject {
  if (!usage) return { input_tokens: 0, output_tokens: 0 };
  const { inputTokens, outputTokens, reasoningTokens, cacheReadTokens, cacheWriteTokens } = usage;
  const fields: Counts = {
    input_tokens: Math.max(inputTokens - (cacheReadTokens ?? 0) - (cacheWriteTokens ?? 0), 0),
    output_tokens: outputTokens,
  };
  if (cacheReadTokens !== undefined) fields['cache_read_input_tokens'] = cacheReadTokens;
  if (cacheWriteTokens !== undefined) fields['cache_creation_input_tokens'] = cacheWriteTokens;
  if (reasoningTokens !== undefined) {
    fields['output_tokens_details'] = { thinking_tokens: reasoningTokens };
  }
  return { ...fields, ...ownFieldsOnly(usage.native, ANTHROPIC) };
}

function count(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}
