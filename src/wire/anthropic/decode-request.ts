/**
 * An Anthropic Messages request, or one that counts its tokens → the exchange.
 * https://docs.claude.com/en/api/messages, as the official SDK types it, beta fields included.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type {
  CountRequest,
  Message,
  ModelRequest,
  OutputFormat,
  ProviderTool,
  Reasoning,
  Tool,
} from '../exchange.ts';
import {
  asObject,
  asString,
  asWord,
  invalid,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalStrings,
  optionalWord,
  unknownField,
  unsupported,
} from '../fields.ts';
import { nativeOf } from '../native.ts';
import type { DecodeOptions } from '../protocol.ts';
import { shaped } from '../shape.ts';
import { decodeMessages, decodeSystem } from './decode-messages.ts';
import { ANTHROPIC, CONTAINER, NATIVE_FIELDS } from './shapes.ts';
import { decodeMcpServers, decodeTools, providerTool } from './tools.ts';

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;

/** What is being put together: the request's fields, writable. */
type Draft = { -readonly [K in keyof ModelRequest]: ModelRequest[K] };
type Extra = { [key: string]: JsonValue };

export function decodeCountRequest(body: JsonObject, options: DecodeOptions): CountRequest {
  const request = decodeFields(body, options);
  return { operation: 'count_tokens', model: request.model, request };
}

/** Throws `unknown_field`, `invalid_request` or `unsupported`, each naming the field. */
export function decodeMessagesRequest(body: JsonObject, options: DecodeOptions): ModelRequest {
  const request = decodeFields(body, options);
  if (request.maxTokens === undefined) throw invalid('', 'max_tokens', 'a whole number');
  return request;
}

function decodeFields(body: JsonObject, options: DecodeOptions): ModelRequest {
  const messages: Message[] = [];
  const tools: Tool[] = [];
  const providerTools: ProviderTool[] = [];
  const native: Extra = {};
  const draft: Draft = {
    operation: 'generate',
    model: '',
    stream: false,
    messages,
    tools,
    providerTools,
    toolChoice: undefined,
    parallelToolCalls: undefined,
    output: undefined,
    maxTokens: undefined,
    maxTokensField: undefined,
    temperature: undefined,
    topP: undefined,
    topK: undefined,
    seed: undefined,
    stop: undefined,
    presencePenalty: undefined,
    frequencyPenalty: undefined,
    reasoning: undefined,
    native: undefined,
  };
  for (const key in body) {
    const value = body[key] as JsonValue;
    if (value === null && key !== 'max_tokens' && isKnown(key)) continue;
    switch (key) {
      case 'model':
      case 'messages':
      case 'system':
        break;
      case 'tools':
        decodeTools(value, tools, providerTools);
        break;
      case 'mcp_servers':
        providerTools.push(...decodeMcpServers(value));
        break;
      case 'container': {
        const container = shaped(value, CONTAINER, key);
        providerTools.push(providerTool('code_execution', key, 'provider', { container }));
        break;
      }
      default:
        if (!readSetting(draft, native, key, value)) readNative(native, key, value, options);
    }
  }
  // After the fields that are there: a required one that is misspelt is told as what it is.
  draft.model = asString(body['model'], '', 'model');
  const system = body['system'];
  if (system !== undefined && system !== null) messages.push(decodeSystem(system));
  decodeMessages(body['messages'], messages);
  settleDisabled(draft, native);
  if (options.betas && options.betas.length > 0) native['betas'] = options.betas;
  draft.native = nativeOf(ANTHROPIC, native);
  return draft;
}

const REFUSED: Readonly<Record<string, string>> = {
  fallbacks: 'the answer would come from a model that was not decided on.',
  fallback_credit_token: 'see `fallbacks`.',
  thread: 'the conversation would be one that was not decided on.',
  billing_policy: 'who pays is the operator’s to say.',
};

const SETTINGS: readonly string[] = [
  'model',
  'messages',
  'system',
  'tools',
  'mcp_servers',
  'container',
  'stream',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
];

function isKnown(key: string): boolean {
  return SETTINGS.includes(key) || Object.hasOwn(NATIVE_FIELDS, key) || Object.hasOwn(REFUSED, key);
}

/** False where the field is none of the settings that the exchange has words for. */
function readSetting(draft: Draft, native: Extra, key: string, value: JsonValue): boolean {
  switch (key) {
    case 'stream':
      draft.stream = optionalBoolean(value, '', key) ?? false;
      return true;
    case 'max_tokens':
      draft.maxTokens = optionalInteger(value, '', key);
      return true;
    case 'temperature':
      draft.temperature = optionalNumber(value, '', key);
      return true;
    case 'top_p':
      draft.topP = optionalNumber(value, '', key);
      return true;
    case 'top_k':
      draft.topK = optionalInteger(value, '', key);
      return true;
    case 'stop_sequences':
      draft.stop = optionalStrings(value, '', key);
      return true;
    case 'tool_choice':
      readToolChoice(draft, asObject(value, '', key));
      return true;
    case 'thinking':
      readThinking(draft, native, asObject(value, '', key));
      return true;
    case 'output_config':
      readOutputConfig(draft, native, asObject(value, '', key));
      return true;
    case 'output_format':
      draft.output = decodeFormat(asObject(value, '', key), key);
      return true;
    default:
      return false;
  }
}

function readNative(native: Extra, key: string, value: JsonValue, options: DecodeOptions): void {
  const refused = Object.hasOwn(REFUSED, key) ? REFUSED[key] : undefined;
  if (refused !== undefined) throw unsupported('', key, refused);
  const shape = Object.hasOwn(NATIVE_FIELDS, key) ? NATIVE_FIELDS[key] : undefined;
  if (shape === undefined && !options.allowedFields.has(key)) throw unknownField('', key);
  native[key] = shape === undefined ? value : shaped(value, shape, key);
}

function readToolChoice(draft: Draft, object: JsonObject): void {
  const at = 'tool_choice';
  const type = asWord(object['type'], at, 'type', ['auto', 'any', 'tool', 'none']);
  for (const key in object) {
    const value = object[key];
    if (key === 'disable_parallel_tool_use' && type !== 'none') {
      const disabled = optionalBoolean(value, at, key);
      if (disabled !== undefined) draft.parallelToolCalls = !disabled;
    } else if (key !== 'type' && !(key === 'name' && type === 'tool')) throw unknownField(at, key);
  }
  if (type === 'tool') {
    draft.toolChoice = { mode: 'tool', name: asString(object['name'], at, 'name') };
  } else draft.toolChoice = { mode: type === 'any' ? 'required' : type };
}

/** A budget of −1 lets the model choose. What has no word in the exchange is kept as it is. */
function readThinking(draft: Draft, native: Extra, object: JsonObject): void {
  const at = 'thinking';
  const types = ['enabled', 'disabled', 'adaptive', 'between_tools'] as const;
  const type = asWord(object['type'], at, 'type', types);
  let budgetTokens: number | undefined;
  let display: string | undefined;
  for (const key in object) {
    const value = object[key];
    if (key === 'budget_tokens' && type === 'enabled')
      budgetTokens = optionalInteger(value, at, key);
    else if (key === 'display' && (type === 'enabled' || type === 'adaptive')) {
      display = optionalWord(value, at, key, ['summarized', 'omitted']);
    } else if (key !== 'type') throw unknownField(at, key);
  }
  if (type === 'between_tools' || type === 'disabled') {
    native[at] = { type };
    return;
  }
  if (type === 'enabled' && budgetTokens === undefined) {
    throw invalid(at, 'budget_tokens', 'a whole number');
  }
  const reasoning: Reasoning = { ...draft.reasoning, budgetTokens: budgetTokens ?? -1 };
  draft.reasoning =
    display === undefined ? reasoning : { ...reasoning, summary: display === 'summarized' };
}

/** Thinking that is switched off is the effort `none`, unless the effort is another. */
function settleDisabled(draft: Draft, native: Extra): void {
  const thinking = native['thinking'] as JsonObject | undefined;
  if (thinking?.['type'] !== 'disabled' || draft.reasoning?.effort !== undefined) return;
  delete native['thinking'];
  draft.reasoning = { effort: 'none' };
}

function readOutputConfig(draft: Draft, native: Extra, object: JsonObject): void {
  const at = 'output_config';
  for (const key in object) {
    const value = object[key] as JsonValue;
    if (key === 'effort') {
      const effort = optionalWord(value, at, key, EFFORTS);
      if (effort !== undefined) draft.reasoning = { ...draft.reasoning, effort };
    } else if (key === 'format') {
      if (value !== null) draft.output = decodeFormat(asObject(value, at, key), `${at}.format`);
    } else if (key === 'task_budget') {
      const shape = { fields: { type: 'string', total: 'number', remaining: 'number' } } as const;
      if (value !== null) native[at] = { [key]: shaped(value, shape, `${at}.${key}`) };
    } else throw unknownField(at, key);
  }
}

function decodeFormat(object: JsonObject, at: string): OutputFormat {
  for (const key in object) if (key !== 'type' && key !== 'schema') throw unknownField(at, key);
  asWord(object['type'], at, 'type', ['json_schema']);
  return { format: 'json_schema', schema: asObject(object['schema'], at, 'schema') };
}
