/** `generationConfig` ↔ the exchange's settings. */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { ModelRequest, OutputFormat, Reasoning } from '../exchange.ts';
import {
  asObject,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalString,
  optionalStrings,
  optionalWord,
  pathOf,
  protoName,
  unknownField,
  unsupported,
} from '../fields.ts';
import { shaped } from '../shape.ts';
import { fieldsOf } from './native.ts';
import { checkedSchema, toJsonSchema } from './schema.ts';
import { NATIVE_CONFIG } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

/** The settings that the exchange has names for, and the rest. */
export interface DecodedConfig {
  temperature?: number | undefined;
  topP?: number | undefined;
  topK?: number | undefined;
  maxTokens?: number | undefined;
  stop?: readonly string[] | undefined;
  presencePenalty?: number | undefined;
  frequencyPenalty?: number | undefined;
  seed?: number | undefined;
  output?: OutputFormat | undefined;
  reasoning?: Reasoning | undefined;
  native: JsonObject;
}

const AT = 'generationConfig';
const LEVELS = ['THINKING_LEVEL_UNSPECIFIED', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'] as const;

export function decodeConfig(config: JsonObject): DecodedConfig {
  const kept: Fields = {};
  const decoded: DecodedConfig = { native: kept };
  let mimeType: string | undefined;
  let schema: JsonObject | undefined;
  for (const key in config) {
    const value = config[key] as JsonValue;
    if (value === null) continue;
    const name = protoName(config, key, AT);
    switch (name) {
      case 'temperature':
        decoded.temperature = optionalNumber(value, AT, name);
        break;
      case 'topP':
        decoded.topP = optionalNumber(value, AT, name);
        break;
      case 'topK':
        decoded.topK = optionalNumber(value, AT, name);
        break;
      case 'maxOutputTokens':
        decoded.maxTokens = optionalInteger(value, AT, name);
        break;
      case 'stopSequences':
        decoded.stop = optionalStrings(value, AT, name);
        break;
      case 'presencePenalty':
        decoded.presencePenalty = optionalNumber(value, AT, name);
        break;
      case 'frequencyPenalty':
        decoded.frequencyPenalty = optionalNumber(value, AT, name);
        break;
      case 'seed':
        decoded.seed = optionalInteger(value, AT, name);
        break;
      case 'candidateCount':
        if (optionalInteger(value, AT, name) !== 1) {
          throw unsupported(AT, name, 'one answer is decided and recorded for one request.');
        }
        break;
      case 'routingConfig':
      case 'modelSelectionConfig':
        throw unsupported(AT, name, 'the model would be another than the one that was decided on.');
      case 'responseMimeType':
        mimeType = optionalString(value, AT, name);
        break;
      case 'responseSchema':
        kept[name] = checkedSchema(value, pathOf(AT, name));
        schema ??= toJsonSchema(kept[name]);
        break;
      case 'responseJsonSchema':
      case '_responseJsonSchema':
        schema = asObject(value, AT, name);
        break;
      case 'responseFormat':
        throw unsupported(AT, name, 'use `responseMimeType` and `responseJsonSchema`.');
      case 'thinkingConfig':
        decoded.reasoning = decodeThinking(asObject(value, AT, name));
        break;
      default: {
        const shape = Object.hasOwn(NATIVE_CONFIG, name) ? NATIVE_CONFIG[name] : undefined;
        if (shape === undefined) throw unknownField(AT, key);
        kept[name] = shaped(value, shape, pathOf(AT, name), 'proto');
      }
    }
  }
  decoded.output = outputOf(mimeType, schema, kept);
  return decoded;
}

function outputOf(
  mimeType: string | undefined,
  schema: JsonObject | undefined,
  kept: Fields,
): OutputFormat | undefined {
  switch (mimeType) {
    case undefined:
      return undefined;
    case 'text/plain':
      return { format: 'text' };
    case 'application/json':
      return schema ? { format: 'json_schema', schema } : { format: 'json' };
    default:
      // One word of an enumeration, or another form that no other protocol has.
      kept['responseMimeType'] = mimeType;
      if (schema && kept['responseSchema'] === undefined) kept['responseJsonSchema'] = schema;
      return undefined;
  }
}

function decodeThinking(config: JsonObject): Reasoning {
  const at = `${AT}.thinkingConfig`;
  const out: { -readonly [K in keyof Reasoning]: Reasoning[K] } = {};
  for (const key in config) {
    const name = protoName(config, key, at);
    switch (name) {
      case 'includeThoughts':
        out.summary = optionalBoolean(config[key], at, name);
        break;
      case 'thinkingBudget':
        out.budgetTokens = optionalInteger(config[key], at, name);
        break;
      case 'thinkingLevel': {
        const level = optionalWord(config[key], at, name, LEVELS);
        if (level === undefined || level === 'THINKING_LEVEL_UNSPECIFIED') break;
        out.effort = level.toLowerCase() as 'minimal' | 'low' | 'medium' | 'high';
        break;
      }
      default:
        throw unknownField(at, key);
    }
  }
  return out;
}

export function encodeConfig(request: ModelRequest, dropped: Set<string>): JsonObject | undefined {
  const kept = fieldsOf(request)?.[AT] as JsonObject | undefined;
  const out: Fields = {};
  if (request.temperature !== undefined) out['temperature'] = request.temperature;
  if (request.topP !== undefined) out['topP'] = request.topP;
  if (request.topK !== undefined) out['topK'] = request.topK;
  if (request.maxTokens !== undefined) out['maxOutputTokens'] = request.maxTokens;
  if (request.stop !== undefined) out['stopSequences'] = request.stop;
  if (request.presencePenalty !== undefined) out['presencePenalty'] = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) out['frequencyPenalty'] = request.frequencyPenalty;
  if (request.seed !== undefined) out['seed'] = request.seed;
  const { output } = request;
  if (output) {
    out['responseMimeType'] = output.format === 'text' ? 'text/plain' : 'application/json';
    if (output.format === 'json_schema' && kept?.['responseSchema'] === undefined) {
      out['responseJsonSchema'] = output.schema;
    }
  }
  const thinking = encodeThinking(request, dropped);
  if (thinking) out['thinkingConfig'] = thinking;
  Object.assign(out, kept);
  for (const _ in out) return out;
  return undefined;
}

/** Budgets for the models that know no levels: those of Google's own OpenAI endpoint. */
const BUDGETS = {
  none: 0,
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
} as const;

function encodeThinking(request: ModelRequest, dropped: Set<string>): JsonObject | undefined {
  const { reasoning } = request;
  if (!reasoning) return undefined;
  const out: Fields = {};
  if (reasoning.summary !== undefined) out['includeThoughts'] = reasoning.summary;
  if (reasoning.budgetTokens !== undefined) out['thinkingBudget'] = reasoning.budgetTokens;
  const { effort } = reasoning;
  if (effort !== undefined) {
    const isAbove = effort === 'xhigh' || effort === 'max';
    if (isAbove) dropped.add(`reasoning.effort:${effort}`);
    if (effort === 'none' || /gemini-2/.test(request.model)) {
      out['thinkingBudget'] ??= BUDGETS[effort];
    } else out['thinkingLevel'] = isAbove ? 'HIGH' : effort.toUpperCase();
  }
  return out;
}
