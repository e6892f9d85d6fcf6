/**
 * A caller's request → exchange. Every field of the API is mapped, kept as `native` for the same
 * protocol, or refused; nothing else passes (INVARIANT (2)).
 *
 * https://platform.openai.com/docs/api-reference/responses/create
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type {
  CountRequest,
  Message,
  ModelRequest,
  OutputFormat,
  Reasoning,
  ToolChoice,
} from '../exchange.ts';
import {
  asObject,
  asString,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  optionalWord,
  unknownField,
  unsupported,
} from '../fields.ts';
import type { DecodeOptions } from '../protocol.ts';
import { shaped } from '../shape.ts';
import { decodeInput } from './input.ts';
import { NATIVE_SETTINGS } from './shapes.ts';
import { type DecodedTools, decodeToolChoice, decodeTools, keepAllowed } from './tools.ts';

type Fields = { [key: string]: JsonValue };

const STORED = 'content kept at the provider was not decided here. Send it in `input`.';
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

export function decodeRequest(
  body: JsonObject,
  options: DecodeOptions,
): ModelRequest | CountRequest {
  const native: Fields = {};
  const messages: Message[] = [];
  let model = '';
  let stream = false;
  let decoded: DecodedTools = { tools: [], providerTools: [] };
  let allowed: readonly JsonObject[] | undefined;
  let toolChoice: ToolChoice | undefined;
  let parallelToolCalls: boolean | undefined;
  let output: OutputFormat | undefined;
  let maxTokens: number | undefined;
  let temperature: number | undefined;
  let topP: number | undefined;
  let reasoning: Reasoning | undefined;

  const instructions = optionalString(body['instructions'], '', 'instructions');
  if (instructions !== undefined) {
    messages.push({ role: 'system', parts: [{ type: 'text', text: instructions }] });
  }
  for (const key in body) {
    const value = body[key] as JsonValue;
    switch (key) {
      case 'instructions':
        break;
      case 'model':
        model = asString(value, '', key);
        break;
      case 'input':
        if (value !== null) decodeInput(value, messages);
        break;
      case 'stream':
        stream = optionalBoolean(value, '', key) ?? false;
        break;
      case 'tools':
        if (value !== null) decoded = decodeTools(value, key);
        break;
      case 'tool_choice': {
        if (value === null) break;
        const choice = decodeToolChoice(value);
        toolChoice = choice.choice;
        allowed = choice.allowed;
        if (choice.native !== undefined) native[key] = choice.native;
        break;
      }
      case 'parallel_tool_calls':
        parallelToolCalls = optionalBoolean(value, '', key);
        break;
      case 'text':
        if (value !== null) output = decodeText(asObject(value, '', key), native);
        break;
      case 'max_output_tokens':
        maxTokens = optionalInteger(value, '', key);
        break;
      case 'temperature':
        temperature = optionalNumber(value, '', key);
        break;
      case 'top_p':
        topP = optionalNumber(value, '', key);
        break;
      case 'reasoning':
        if (value !== null) reasoning = decodeReasoning(asObject(value, '', key), native);
        break;
      case 'previous_response_id':
      case 'conversation':
      case 'prompt':
        if (value !== null) throw unsupported('', key, STORED);
        break;
      case 'background':
        if (optionalBoolean(value, '', key)) {
          throw unsupported('', key, 'its answer is fetched later, past any decision.');
        }
        break;
      default:
        decodeNative(value, key, options, native);
    }
  }
  if (model === '') asString(body['model'], '', 'model');
  if (allowed) decoded = keepAllowed(decoded, allowed);
  const request: ModelRequest = {
    operation: 'generate',
    model,
    stream,
    messages,
    tools: decoded.tools,
    providerTools: decoded.providerTools,
    toolChoice,
    parallelToolCalls,
    output,
    maxTokens,
    temperature,
    topP,
    reasoning,
    // Always set: it tells the encoder that the caller speaks this protocol too.
    native: { protocol: 'openai-responses', fields: native },
  };
  if (options.route.operation !== 'count_tokens') return request;
  return { operation: 'count_tokens', model, request };
}

function decodeNative(value: JsonValue, key: string, options: DecodeOptions, native: Fields): void {
  const shape = Object.hasOwn(NATIVE_SETTINGS, key) ? NATIVE_SETTINGS[key] : undefined;
  if (shape !== undefined) {
    if (value !== null) native[key] = shaped(value, shape, key);
  } else if (options.allowedFields.has(key)) native[key] = value;
  else throw unknownField('', key);
}

function decodeText(text: JsonObject, native: Fields): OutputFormat | undefined {
  for (const key in text) {
    if (key !== 'format' && key !== 'verbosity') throw unknownField('text', key);
  }
  const verbosity = optionalString(text['verbosity'], 'text', 'verbosity');
  if (verbosity !== undefined) native['text'] = { verbosity };
  const format = optionalObject(text['format'], 'text', 'format');
  if (!format) return undefined;
  const at = 'text.format';
  const type = asString(format['type'], at, 'type');
  switch (type) {
    case 'text':
    case 'json_object':
      for (const key in format) if (key !== 'type') throw unknownField(at, key);
      return { format: type === 'text' ? 'text' : 'json' };
    case 'json_schema':
      for (const key in format) {
        if (!['type', 'name', 'schema', 'description', 'strict'].includes(key)) {
          throw unknownField(at, key);
        }
      }
      return {
        format: 'json_schema',
        schema: asObject(format['schema'], at, 'schema'),
        name: asString(format['name'], at, 'name'),
        description: optionalString(format['description'], at, 'description'),
        strict: optionalBoolean(format['strict'], at, 'strict'),
      };
    default:
      throw unsupported(at, 'type', `the format \`${type}\` is not known.`);
  }
}

function decodeReasoning(value: JsonObject, native: Fields): Reasoning {
  const at = 'reasoning';
  const kept: Fields = {};
  let effort: Reasoning['effort'];
  let summary: boolean | undefined;
  for (const key in value) {
    switch (key) {
      case 'effort':
        effort = optionalWord(value[key], at, key, EFFORTS);
        break;
      case 'summary':
      case 'generate_summary':
      case 'context':
      case 'mode': {
        const word = optionalString(value[key], at, key);
        if (word === undefined) break;
        kept[key] = word;
        if (key === 'summary' || key === 'generate_summary') summary = true;
        break;
      }
      default:
        throw unknownField(at, key);
    }
  }
  for (const _ in kept) native[at] = kept;
  return { effort, summary };
}
