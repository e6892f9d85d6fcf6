/** Exchange → the request that is sent. INVARIANT (1): from the exchange that was decided alone. */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type {
  CountRequest,
  MediaPart,
  Message,
  ModelRequest,
  Part,
  ToolCallPart,
  ToolResultPart,
} from '../exchange.ts';
import { ownFields } from '../native.ts';
import type { WireCall } from '../protocol.ts';
import { encodeConfig } from './config.ts';
import { modelPath } from './models.ts';
import { fieldsOf, GEMINI } from './native.ts';
import { encodeToolConfig, encodeTools } from './tools.ts';

type Fields = { [key: string]: JsonValue };

/** What Google documents for calls that another model made: Gemini 3 refuses calls without one. */
const NO_SIGNATURE = 'skip_thought_signature_validator';

/** Throws `cannot_carry` for what would change the meaning; the rest is named in `dropped`. */
export function encodeRequest(request: ModelRequest, dropped: Set<string>): WireCall {
  const path = modelPath(request.model);
  return {
    path: request.stream ? `${path}:streamGenerateContent?alt=sse` : `${path}:generateContent`,
    body: encodeBody(request, dropped),
  };
}

export function encodeCountRequest(count: CountRequest, dropped: Set<string>): WireCall {
  const path = modelPath(count.model);
  const { contents = [], ...rest } = encodeBody(count.request, dropped);
  const body: Fields = { contents };
  for (const _ in rest) {
    const model = path.slice('/v1beta/'.length);
    return {
      path: `${path}:countTokens`,
      body: { generateContentRequest: { model, ...body, ...rest } },
    };
  }
  return { path: `${path}:countTokens`, body };
}

function encodeBody(request: ModelRequest, dropped: Set<string>): JsonObject {
  const native = ownFields(request.native, GEMINI, dropped);
  const system: JsonValue[] = [];
  const body: Fields = { contents: encodeContents(request, system, dropped) };
  if (system.length > 0) body['systemInstruction'] = { parts: system };
  const tools = encodeTools(request, dropped);
  if (tools.length > 0) body['tools'] = tools;
  const toolConfig = encodeToolConfig(request);
  if (toolConfig) body['toolConfig'] = toolConfig;
  const config = encodeConfig(request, dropped);
  if (config) body['generationConfig'] = config;
  if (request.parallelToolCalls === false) dropped.add('parallel_tool_calls');
  for (const key in native) if (!(key in body)) body[key] = native[key] as JsonValue;
  return body;
}

function encodeContents(
  request: ModelRequest,
  system: JsonValue[],
  dropped: Set<string>,
): JsonValue[] {
  const contents: JsonValue[] = [];
  const names = new Map<string, string>();
  const needsSignature = /gemini-3/.test(request.model);
  let results: JsonValue[] | undefined;
  for (const message of request.messages) {
    if (message.name !== undefined) dropped.add('message.name');
    ownFields(message.native, GEMINI, dropped);
    if (message.role === 'system' || message.role === 'developer') {
      // There is one place for instructions, before everything else.
      if (contents.length > 0) dropped.add('system.position');
      for (const part of message.parts) system.push(encodePart(part, names, dropped));
      continue;
    }
    const parts: JsonValue[] = [];
    if (message.role === 'assistant') encodeTurn(message, parts, names, needsSignature, dropped);
    else for (const part of message.parts) parts.push(encodePart(part, names, dropped));
    if (parts.length === 0) continue;
    // The results of one turn's calls belong in one content.
    if (message.role === 'tool' && results) results.push(...parts);
    else {
      contents.push({ role: message.role === 'assistant' ? 'model' : 'user', parts });
      results = message.role === 'tool' ? parts : undefined;
    }
  }
  return contents;
}

function encodeTurn(
  message: Message,
  parts: JsonValue[],
  names: Map<string, string>,
  needsSignature: boolean,
  dropped: Set<string>,
): void {
  let isFirstCall = true;
  for (const part of message.parts) {
    switch (part.type) {
      case 'reasoning': {
        const fields = fieldsOf(part);
        // Opaque to everyone but the model that made it.
        if (fields) parts.push({ text: part.text, thought: true, ...fields });
        else dropped.add('reasoning');
        break;
      }
      case 'tool_call': {
        names.set(part.id, part.name);
        const call = encodeCall(part, dropped);
        if (isFirstCall && needsSignature && call['thoughtSignature'] === undefined) {
          parts.push({ ...call, thoughtSignature: NO_SIGNATURE });
        } else parts.push(call);
        isFirstCall = false;
        break;
      }
      case 'native': {
        const fields = fieldsOf(part);
        if (fields) parts.push(fields);
        else dropped.add(part.label);
        break;
      }
      case 'text':
      case 'refusal':
      case 'tool_result':
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
        parts.push(encodePart(part, names, dropped));
    }
  }
}

function encodePart(
  part: Part,
  names: ReadonlyMap<string, string>,
  dropped: Set<string>,
): JsonObject {
  switch (part.type) {
    case 'text': {
      const fields = ownFields(part.native, GEMINI, dropped);
      return fields ? { text: part.text, ...fields } : { text: part.text };
    }
    case 'refusal':
      return { text: part.text };
    case 'tool_result':
      return encodeResult(part, names, dropped);
    case 'native': {
      const fields = fieldsOf(part);
      if (fields) return fields;
      throw cannotCarry(`Gemini has no \`${part.label}\`.`);
    }
    case 'tool_call':
    case 'reasoning':
      throw cannotCarry(`Gemini takes no ${part.type} from a user.`);
    case 'image':
    case 'audio':
    case 'video':
    case 'file':
      return encodeMedia(part, dropped);
  }
}

/** INVARIANT (1): the arguments that were decided, as the object that they are the JSON of. */
function encodeCall(part: ToolCallPart, dropped: Set<string>): JsonObject {
  const { id, ...extras } = ownFields(part.native, GEMINI, dropped) ?? {};
  const args = argsOf(part);
  if (!args) throw cannotCarry(`The arguments of the call \`${part.id}\` are not a JSON object.`);
  const functionCall: Fields = id === null ? {} : { id: part.id };
  functionCall['name'] = part.name;
  functionCall['args'] = args;
  return { functionCall, ...extras };
}

/** Free text has no place of its own: it goes as the one argument `input`. */
export function argsOf(part: ToolCallPart): JsonObject | undefined {
  if (part.free) return { input: part.arguments };
  if (part.arguments === '' || part.arguments === '{}') return {};
  try {
    const args = parseJsonText(part.arguments);
    return isObject(args) ? args : undefined;
  } catch {
    return undefined;
  }
}

function encodeResult(
  part: ToolResultPart,
  names: ReadonlyMap<string, string>,
  dropped: Set<string>,
): JsonObject {
  const fields = ownFields(part.native, GEMINI, dropped);
  const { id, response: key, scheduling, willContinue, ...extras } = fields ?? {};
  const name = part.name ?? names.get(part.callId);
  if (name === undefined) {
    throw cannotCarry(`The result \`${part.callId}\` answers no call in the conversation.`);
  }
  const out: Fields = id === null ? {} : { id: part.callId };
  out['name'] = name;
  let text = '';
  const media: JsonValue[] = [];
  for (const content of part.content) {
    if (content.type === 'text') {
      ownFields(content.native, GEMINI, dropped);
      text += content.text;
    } else media.push(encodeMedia(content, dropped));
  }
  out['response'] = responseOf(text, key, part.isError === true);
  if (media.length > 0) out['parts'] = media;
  if (scheduling !== undefined) out['scheduling'] = scheduling;
  if (willContinue !== undefined) out['willContinue'] = willContinue;
  return { functionResponse: out, ...extras };
}

function responseOf(text: string, key: JsonValue | undefined, isError: boolean): JsonObject {
  if (key === '') {
    const whole = text === '' ? {} : parseJsonText(text);
    return isObject(whole) ? whole : { output: text };
  }
  return { [typeof key === 'string' ? key : isError ? 'error' : 'output']: text };
}

export function encodeMedia(part: MediaPart, dropped: Set<string>): JsonObject {
  const { mimeType, displayName, ...extras } = ownFields(part.native, GEMINI, dropped) ?? {};
  const { source } = part;
  const isOwn = part.native?.protocol === GEMINI;
  if (part.name !== undefined && displayName === undefined) dropped.add(`${part.type}.name`);
  const named = displayName === undefined ? {} : { displayName };
  switch (source.kind) {
    case 'base64':
      return {
        inlineData: { mimeType: source.mediaType, data: source.base64, ...named },
        ...extras,
      };
    case 'text': {
      const data = Buffer.from(source.text).toString('base64');
      return { inlineData: { mimeType: source.mediaType, data }, ...extras };
    }
    case 'url': {
      const type = source.mediaType ?? typeOfUrl(source.url);
      const typed = type === undefined ? {} : { mimeType: type };
      return { fileData: { fileUri: source.url, ...typed, ...named }, ...extras };
    }
    case 'id': {
      if (!isOwn) throw cannotCarry('An upload to one vendor cannot be read by another.');
      const typed = mimeType === undefined ? {} : { mimeType };
      return { fileData: { fileUri: source.id, ...typed, ...named }, ...extras };
    }
  }
}

const TYPES: { readonly [extension: string]: string } = {
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  pdf: 'application/pdf',
  png: 'image/png',
  webp: 'image/webp',
};

function typeOfUrl(url: string): string | undefined {
  const extension = /\.([a-z]+)(?:[?#]|$)/i.exec(url)?.[1]?.toLowerCase();
  return extension === undefined ? undefined : TYPES[extension];
}

function cannotCarry(message: string): ProvisoError {
  return new ProvisoError('cannot_carry', message, { at: 'messages' });
}
