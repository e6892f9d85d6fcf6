/** Token counts of Chat Completions, where reasoning is sometimes counted beside the completion. */
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Usage } from '../exchange.ts';
import { nativeOf, ownFieldsOnly } from '../native.ts';
import { CHAT } from './shapes.ts';

export function decodeUsage(value: JsonValue | undefined): Usage | undefined {
  if (!isObject(value)) return undefined;
  const inputTokens = count(value['prompt_tokens']) ?? 0;
  const completion = count(value['completion_tokens']) ?? 0;
  const inputDetails = details(value['prompt_tokens_details']);
  const outputDetails = details(value['completion_tokens_details']);
  const reasoningTokens = count(outputDetails['reasoning_tokens']);
  const total = count(value['total_tokens']);
  // xAI leaves reasoning out of `completion_tokens` and has it in `total_tokens`.
  const isBeside =
    reasoningTokens !== undefined && total === inputTokens + completion + reasoningTokens;
  return {
    inputTokens,
    outputTokens: isBeside ? completion + reasoningTokens : completion,
    reasoningTokens,
    cacheReadTokens:
      count(inputDetails['cached_tokens']) ?? count(value['prompt_cache_hit_tokens']),
    cacheWriteTokens: count(inputDetails['cache_write_tokens']),
    native: nativeOf(CHAT, rest(inputDetails, outputDetails)),
  };
}

export function encodeUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, reasoningTokens, cacheReadTokens, cacheWriteTokens } = usage;
  const own = ownFieldsOnly(usage.native, CHAT);
  const input: Counts = { ...details(own?.['prompt_tokens_details']) };
  const output: Counts = { ...details(own?.['completion_tokens_details']) };
  if (cacheReadTokens !== undefined) input['cached_tokens'] = cacheReadTokens;
  if (cacheWriteTokens !== undefined) input['cache_write_tokens'] = cacheWriteTokens;
  if (reasoningTokens !== undefined) output['reasoning_tokens'] = reasoningTokens;
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
    prompt_tokens_details: input,
    completion_tokens_details: output,
  };
}

type Counts = { [key: string]: JsonValue };

const INPUT_REST = ['audio_tokens'];
const OUTPUT_REST = ['audio_tokens', 'accepted_prediction_tokens', 'rejected_prediction_tokens'];

/** The counts that the exchange has no words for. */
function rest(input: JsonObject, output: JsonObject): Counts {
  const fields: Counts = {};
  const ofInput = picked(input, INPUT_REST);
  const ofOutput = picked(output, OUTPUT_REST);
  if (ofInput) fields['prompt_tokens_details'] = ofInput;
  if (ofOutput) fields['completion_tokens_details'] = ofOutput;
  return fields;
}

function picked(from: JsonObject, keys: readonly string[]): JsonObject | undefined {
  let out: Counts | undefined;
  for (const key of keys) {
    const value = count(from[key]);
    if (value !== undefined) (out ??= {})[key] = value;
  }
  return out;
}

function details(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function count(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' && value >= 0 ? value : undefined;
}
