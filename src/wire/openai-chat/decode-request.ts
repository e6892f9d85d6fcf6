/**
 * A chat completion request → the exchange.
 * https://platform.openai.com/docs/api-reference/chat/create, as the official SDK types it.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type {
  ModelRequest,
  OutputFormat,
  ProviderTool,
  Reasoning,
  Tool,
  ToolChoice,
} from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  asWord,
  invalid,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalObject,
  optionalString,
  optionalStrings,
  optionalWord,
  unknownField,
  unsupported,
} from '../fields.ts';
import { nativeOf } from '../native.ts';
import type { DecodeOptions } from '../protocol.ts';
import { shaped, shapedObject } from '../shape.ts';
import { decodeMessages } from './decode-messages.ts';
import { CHAT, CUSTOM_TOOL, NATIVE_FIELDS, WEB_SEARCH_OPTIONS } from './shapes.ts';

const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;

/** What is being put together: the request's fields, writable. */
type Draft = { -readonly [K in keyof ModelRequest]: ModelRequest[K] };

/** Throws `unknown_field`, `invalid_request` or `unsupported`, each naming the field. */
export function decodeChatRequest(body: JsonObject, options: DecodeOptions): ModelRequest {
  const tools: Tool[] = [];
  const providerTools: ProviderTool[] = [];
  const native: { [key: string]: JsonValue } = {};
  const draft: Draft = {
    operation: 'generate',
    model: '',
    stream: false,
    messages: [],
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
  let allowed: readonly string[] | undefined;
  for (const key in body) {
    const value = body[key] as JsonValue;
    switch (key) {
      case 'model':
      case 'messages':
        break;
      case 'tools':
        if (value !== null) decodeTools(value, tools, providerTools);
        break;
      case 'tool_choice':
        if (value !== null) allowed = decodeToolChoice(value, draft);
        break;
      case 'web_search_options':
        if (value !== null) providerTools.push(webSearch(value));
        break;
      default:
        if (!readSetting(draft, key, value)) readNative(native, key, value, options);
    }
  }
  // After the fields that are there: a required one that is misspelt is told as what it is.
  draft.model = asString(body['model'], '', 'model');
  draft.messages = decodeMessages(body['messages']);
  if (allowed) keepAllowed(draft, allowed);
  draft.native = nativeOf(CHAT, native);
  return draft;
}

/** False where the field is none of the settings that the exchange has words for. */
function readSetting(draft: Draft, key: string, value: JsonValue): boolean {
  switch (key) {
    case 'stream':
      draft.stream = optionalBoolean(value, '', key) ?? false;
      return true;
    case 'parallel_tool_calls':
      draft.parallelToolCalls = optionalBoolean(value, '', key);
      return true;
    case 'response_format':
      if (value !== null) draft.output = decodeFormat(asObject(value, '', key));
      return true;
    case 'max_tokens':
    case 'max_completion_tokens':
      readMaxTokens(draft, key, optionalInteger(value, '', key));
      return true;
    case 'temperature':
      draft.temperature = optionalNumber(value, '', key);
      return true;
    case 'top_p':
      draft.topP = optionalNumber(value, '', key);
      return true;
    case 'seed':
      draft.seed = optionalInteger(value, '', key);
      return true;
    case 'stop':
      draft.stop = typeof value === 'string' ? [value] : optionalStrings(value, '', key);
      return true;
    case 'presence_penalty':
      draft.presencePenalty = optionalNumber(value, '', key);
      return true;
    case 'frequency_penalty':
      draft.frequencyPenalty = optionalNumber(value, '', key);
      return true;
    case 'reasoning_effort':
      draft.reasoning = decodeReasoning(value);
      return true;
    default:
      return refuseUncarried(key, value);
  }
}

function refuseUncarried(key: string, value: JsonValue): boolean {
  switch (key) {
    case 'n':
      if ((optionalInteger(value, '', key) ?? 1) === 1) return true;
      throw unsupported('', key, 'one answer for each call.');
    case 'audio':
      if (value === null) return true;
      throw unsupported('', key, 'audio answers are not carried.');
    case 'functions':
    case 'function_call':
      if (value === null) return true;
      throw unsupported('', key, 'use `tools` and `tool_choice`.');
    case 'modalities':
      if (!(optionalStrings(value, '', key) ?? []).includes('audio')) return false;
      throw unsupported('', key, 'audio answers are not carried.');
    default:
      return false;
  }
}

function readNative(
  native: { [key: string]: JsonValue },
  key: string,
  value: JsonValue,
  options: DecodeOptions,
): void {
  const shape = Object.hasOwn(NATIVE_FIELDS, key) ? NATIVE_FIELDS[key] : undefined;
  if (shape === undefined && !options.allowedFields.has(key)) throw unknownField('', key);
  if (value !== null) native[key] = shape === undefined ? value : shaped(value, shape, key);
}

function readMaxTokens(draft: Draft, key: string, value: number | undefined): void {
  if (value === undefined) return;
  if (draft.maxTokens !== undefined && draft.maxTokens !== value) {
    throw invalid('', key, 'the same as the other limit on tokens');
  }
  draft.maxTokens = value;
  // With both given, the newer name is sent.
  draft.maxTokensField =
    key === 'max_tokens' && draft.maxTokensField === undefined ? key : undefined;
}

function decodeReasoning(value: JsonValue): Reasoning | undefined {
  const effort = optionalWord(value, '', 'reasoning_effort', EFFORTS);
  return effort === undefined ? undefined : { effort };
}

function decodeFormat(object: JsonObject): OutputFormat {
  const at = 'response_format';
  const type = asWord(object['type'], at, 'type', ['text', 'json_object', 'json_schema']);
  for (const key in object) {
    if (key !== 'type' && !(key === 'json_schema' && type === key)) throw unknownField(at, key);
  }
  if (type === 'text') return { format: 'text' };
  if (type === 'json_object') return { format: 'json' };
  return decodeSchema(asObject(object['json_schema'], at, 'json_schema'));
}

function decodeSchema(object: JsonObject): OutputFormat {
  const at = 'response_format.json_schema';
  let schema: JsonObject | undefined;
  let description: string | undefined;
  let strict: boolean | undefined;
  for (const key in object) {
    const value = object[key];
    if (key === 'schema') schema = optionalObject(value, at, key);
    else if (key === 'description') description = optionalString(value, at, key);
    else if (key === 'strict') strict = optionalBoolean(value, at, key);
    else if (key !== 'name') throw unknownField(at, key);
  }
  const name = asString(object['name'], at, 'name');
  return { format: 'json_schema', schema: schema ?? {}, name, description, strict };
}

function webSearch(value: JsonValue): ProviderTool {
  const fields = shapedObject(value, WEB_SEARCH_OPTIONS, 'web_search_options');
  return {
    kind: 'web_search',
    wireType: 'web_search_options',
    runsAt: 'provider',
    native: { protocol: CHAT, fields },
  };
}

function decodeTools(value: JsonValue, tools: Tool[], providerTools: ProviderTool[]): void {
  const items = asArray(value, '', 'tools');
  for (let i = 0; i < items.length; i++) {
    const object = asObject(items[i], 'tools', i);
    const at = `tools[${i}]`;
    const type = object['type'];
    if (type !== 'function' && type !== 'custom') {
      throw unsupported(at, 'type', 'only `function` and `custom` tools are known.');
    }
    for (const key in object) if (key !== 'type' && key !== type) throw unknownField(at, key);
    if (type === 'function') {
      tools.push(decodeFunction(asObject(object[type], at, type), `${at}.function`));
    } else {
      const fields = shapedObject(object[type], CUSTOM_TOOL, `${at}.custom`);
      asString(fields['name'], `${at}.custom`, 'name');
      const native = { protocol: CHAT, fields } as const;
      providerTools.push({ kind: 'other', wireType: 'custom', runsAt: 'caller', native });
    }
  }
}

function decodeFunction(object: JsonObject, at: string): Tool {
  let name: string | undefined;
  let description: string | undefined;
  let parameters: JsonObject | undefined;
  let strict: boolean | undefined;
  for (const key in object) {
    const value = object[key];
    switch (key) {
      case 'name':
        name = asString(value, at, key);
        break;
      case 'description':
        description = optionalString(value, at, key);
        break;
      case 'parameters':
        parameters = optionalObject(value, at, key);
        break;
      case 'strict':
        strict = optionalBoolean(value, at, key);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  return { name: asString(name, at, 'name'), description, parameters, strict };
}

/** Sets the choice; returns the names of the only tools that may be used, where it lists them. */
function decodeToolChoice(value: JsonValue, draft: Draft): readonly string[] | undefined {
  const at = 'tool_choice';
  if (typeof value === 'string') {
    draft.toolChoice = { mode: asWord(value, '', at, ['none', 'auto', 'required']) };
    return undefined;
  }
  const object = asObject(value, '', at);
  const type = asWord(object['type'], at, 'type', ['function', 'custom', 'allowed_tools']);
  for (const key in object) if (key !== 'type' && key !== type) throw unknownField(at, key);
  const inner = asObject(object[type], at, type);
  if (type !== 'allowed_tools') {
    draft.toolChoice = { mode: 'tool', name: onlyName(inner, `${at}.${type}`) };
    return undefined;
  }
  const path = `${at}.allowed_tools`;
  for (const key in inner) if (key !== 'mode' && key !== 'tools') throw unknownField(path, key);
  const mode = asWord(inner['mode'], path, 'mode', ['auto', 'required']);
  draft.toolChoice = { mode } satisfies ToolChoice;
  return asArray(inner['tools'], path, 'tools').map((item, i) => {
    const tool = asObject(item, `${path}.tools`, i);
    const kind = asWord(tool['type'], `${path}.tools[${i}]`, 'type', ['function', 'custom']);
    return onlyName(asObject(tool[kind], `${path}.tools[${i}]`, kind), `${path}.tools[${i}]`);
  });
}

function onlyName(object: JsonObject, at: string): string {
  for (const key in object) if (key !== 'name') throw unknownField(at, key);
  return asString(object['name'], at, 'name');
}

/** A tool that may not be used is left out: every protocol can carry that, and it means the same. */
function keepAllowed(draft: Draft, allowed: readonly string[]): void {
  const isAllowed = (name: JsonValue | undefined) => allowed.includes(name as string);
  draft.tools = draft.tools.filter((tool) => isAllowed(tool.name));
  draft.providerTools = draft.providerTools.filter(
    (tool) => tool.wireType !== 'custom' || isAllowed(tool.native.fields['name']),
  );
  const known =
    draft.tools.length + draft.providerTools.filter((t) => t.wireType === 'custom').length;
  if (known < new Set(allowed).size) {
    throw invalid('tool_choice.allowed_tools', 'tools', 'names of tools in `tools`');
  }
}
