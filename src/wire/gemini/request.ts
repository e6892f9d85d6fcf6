/**
 * A caller's request → exchange. Every field of the API is mapped, kept as `native` for the same
 * protocol, or refused; nothing else passes (INVARIANT (2)). The model stands in the path.
 *
 * https://ai.google.dev/api/generate-content
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { CountRequest, ExchangeRequest, Message, ModelRequest } from '../exchange.ts';
import {
  asObject,
  invalid,
  optionalString,
  pathOf,
  protoName,
  unknownField,
  unsupported,
} from '../fields.ts';
import type { DecodeOptions } from '../protocol.ts';
import { shaped } from '../shape.ts';
import { type DecodedConfig, decodeConfig } from './config.ts';
import { decodeContents, decodeSystem } from './contents.ts';
import { decodeEmbedRequest } from './embeddings.ts';
import { modelName } from './models.ts';
import { NATIVE_SETTINGS } from './shapes.ts';
import { type DecodedChoice, type DecodedTools, decodeToolConfig, decodeTools } from './tools.ts';

type Fields = { [key: string]: JsonValue };

const STORED = 'content kept at the provider was not decided here. Send it in `contents`.';

export function decodeRequest(body: JsonObject, options: DecodeOptions): ExchangeRequest {
  switch (options.route.operation) {
    case 'embed':
      return decodeEmbedRequest(body, options);
    case 'count_tokens':
      return decodeCount(body, options);
    case 'generate':
    case 'list_models':
    case 'get_model':
      return decodeGenerate(body, options);
  }
}

/** Either the contents alone, or a whole request whose tokens are counted. */
function decodeCount(body: JsonObject, options: DecodeOptions): CountRequest {
  const model = options.route.model ?? '';
  for (const key in body) {
    if (protoName(body, key, '') !== 'generateContentRequest') continue;
    for (const other in body) {
      if (other !== key) throw invalid('', other, 'absent where `generateContentRequest` is set');
    }
    const request = decodeGenerate(asObject(body[key], '', key), options);
    return { operation: 'count_tokens', model, request };
  }
  return { operation: 'count_tokens', model, request: decodeGenerate(body, options) };
}

function decodeGenerate(body: JsonObject, options: DecodeOptions): ModelRequest {
  const kept: Fields = {};
  const messages: Message[] = [];
  let system: Message | undefined;
  let decoded: DecodedTools = { tools: [], providerTools: [] };
  let choice: DecodedChoice | undefined;
  let config: DecodedConfig | undefined;
  let hasContents = false;
  for (const key in body) {
    const value = body[key] as JsonValue;
    const name = protoName(body, key, '');
    if (value === null && name in KNOWN) continue;
    switch (name) {
      case 'contents':
        decodeContents(value, messages, name);
        hasContents = true;
        break;
      case 'systemInstruction':
        system = decodeSystem(value, name);
        break;
      case 'tools':
        decoded = decodeTools(value, name);
        break;
      case 'toolConfig':
        choice = decodeToolConfig(asObject(value, '', name));
        for (const _ in choice.native) kept[name] = choice.native;
        break;
      case 'generationConfig':
        config = decodeConfig(asObject(value, '', name));
        for (const _ in config.native) kept[name] = config.native;
        break;
      case 'model':
        checkModel(value, options);
        break;
      case 'cachedContent':
      case 'continuationToken':
        throw unsupported('', name, STORED);
      case 'generationOutputConfig':
        throw unsupported('', name, 'its answer is written past any decision.');
      default:
        decodeNative(value, name, key, options, kept);
    }
  }
  if (!hasContents) throw invalid('', 'contents', 'an array');
  if (system) messages.unshift(system);
  if (choice?.allowed && choice.allowed.length > 0 && restricts(choice)) {
    // What is not allowed is not offered: the same in every protocol.
    const allowed = new Set(choice.allowed);
    decoded.tools = decoded.tools.filter((tool) => allowed.has(tool.name));
  }
  const { native: _, ...settings } = config ?? { native: {} };
  return {
    operation: 'generate',
    model: options.route.model ?? '',
    stream: options.route.stream ?? false,
    messages,
    tools: decoded.tools,
    providerTools: decoded.providerTools,
    toolChoice: choice?.choice,
    ...settings,
    native: { protocol: 'gemini', fields: kept },
  };
}

/** The choice of one tool needs no shorter list. */
function restricts({ choice }: DecodedChoice): boolean {
  return choice?.mode !== 'none' && choice?.mode !== 'tool';
}

const KNOWN: { readonly [name: string]: true } = {
  contents: true,
  systemInstruction: true,
  tools: true,
  toolConfig: true,
  generationConfig: true,
  model: true,
  cachedContent: true,
  continuationToken: true,
  generationOutputConfig: true,
};

/** The name in the body must be the one in the path, by which the call was routed. */
function checkModel(value: JsonValue, options: DecodeOptions): void {
  const name = optionalString(value, '', 'model');
  if (name !== undefined && modelName(name) !== options.route.model) {
    throw invalid('', 'model', 'the model of the path');
  }
}

function decodeNative(
  value: JsonValue,
  name: string,
  key: string,
  options: DecodeOptions,
  kept: Fields,
): void {
  const shape = Object.hasOwn(NATIVE_SETTINGS, name) ? NATIVE_SETTINGS[name] : undefined;
  if (shape !== undefined) {
    if (value !== null) kept[name] = shaped(value, shape, pathOf('', name), 'proto');
  } else if (options.allowedFields.has(key)) kept[key] = value;
  else throw unknownField('', key);
}
