/** The contents of a request → messages. */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Message, Part } from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  invalid,
  optionalBoolean,
  optionalString,
  pathOf,
  protoName,
  unknownField,
  unsupported,
} from '../fields.ts';
import { shaped } from '../shape.ts';
import { type Calls, decodeCall, decodeResult, noCalls } from './calls.ts';
import { decodeFileData, decodeInlineData } from './media.ts';
import { GEMINI, native, ownReasoning } from './native.ts';
import { NATIVE_PARTS, PART_EXTRAS } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

/** Throws `unknown_field`, `invalid_request` and `unsupported`, each with the path. */
export function decodeContents(
  value: JsonValue | undefined,
  messages: Message[],
  at: string,
): void {
  const list = asArray(value, '', at);
  const calls = noCalls();
  let turn: Part[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const message = decodeContent(asObject(list[i], at, i), pathOf(at, i), calls);
    if (message.role !== 'assistant') turn = undefined;
    else if (turn) {
      join(turn, message.parts);
      continue;
    } else turn = message.parts;
    messages.push(message);
  }
}

/** The SDK's chats give back each chunk of a streamed answer as a content of its own. */
function join(turn: Part[], parts: readonly Part[]): void {
  for (const part of parts) {
    const last = turn.at(-1);
    const isPlain = part.type === 'text' && !part.native;
    if (isPlain && last?.type === 'text' && !last.native) {
      turn[turn.length - 1] = { type: 'text', text: last.text + part.text };
    } else if (!isPlain || part.text !== '') turn.push(part);
  }
}

export function decodeSystem(value: JsonValue, at: string): Message | undefined {
  if (typeof value === 'string') return { role: 'system', parts: [{ type: 'text', text: value }] };
  const message = decodeContent(asObject(value, '', at), at, noCalls());
  for (let i = 0; i < message.parts.length; i++) {
    if (message.parts[i]?.type !== 'text') throw unsupported(`${at}.parts`, i, 'it is not text.');
  }
  return message.parts.length === 0 ? undefined : { role: 'system', parts: message.parts };
}

function decodeContent(
  content: JsonObject,
  at: string,
  calls: Calls,
): Message & { readonly parts: Part[] } {
  let parts: Part[] = [];
  let role: string | undefined;
  for (const key in content) {
    const value = content[key] as JsonValue;
    switch (key) {
      case 'role':
        role = optionalString(value, at, key);
        break;
      case 'parts': {
        if (value === null) break;
        const path = pathOf(at, key);
        parts = asArray(value, at, key).map((part, i) =>
          decodePart(asObject(part, path, i), pathOf(path, i), calls),
        );
        break;
      }
      default:
        throw unknownField(at, key);
    }
  }
  if (role === 'model') return { role: 'assistant', parts };
  if (role !== undefined && !['', 'user', 'system', 'function', 'tool'].includes(role)) {
    throw invalid(at, 'role', '`user` or `model`');
  }
  const hasOnlyResults = parts.length > 0 && parts.every((part) => part.type === 'tool_result');
  return { role: hasOnlyResults ? 'tool' : 'user', parts };
}

function decodePart(part: JsonObject, at: string, calls: Calls): Part {
  const extras: Fields = {};
  let kind: string | undefined;
  let content: JsonValue = null;
  let isThought = false;
  for (const key in part) {
    const value = part[key] as JsonValue;
    if (value === null) continue;
    const name = protoName(part, key, at);
    switch (name) {
      case 'text':
      case 'inlineData':
      case 'fileData':
      case 'functionCall':
      case 'functionResponse':
        if (kind !== undefined) throw invalid(at, name, `absent where \`${kind}\` is set`);
        kind = name;
        content = value;
        break;
      case 'thought':
        isThought = optionalBoolean(value, at, name) ?? false;
        break;
      default: {
        const extra = Object.hasOwn(PART_EXTRAS, name) ? PART_EXTRAS[name] : undefined;
        if (extra !== undefined) {
          extras[name] = shaped(value, extra, pathOf(at, name), 'proto');
          break;
        }
        if (!Object.hasOwn(NATIVE_PARTS, name)) throw unknownField(at, key);
        if (kind !== undefined) throw invalid(at, name, `absent where \`${kind}\` is set`);
        kind = name;
        content = value;
      }
    }
  }
  if (isThought && kind !== 'text' && kind !== undefined) extras['thought'] = true;
  switch (kind) {
    case 'text': {
      const text = asString(content, at, kind);
      return isThought ? ownReasoning(text, extras) : { type: 'text', text, ...native(extras) };
    }
    case 'inlineData':
      return decodeInlineData(asObject(content, at, kind), pathOf(at, kind), extras);
    case 'fileData':
      return decodeFileData(asObject(content, at, kind), pathOf(at, kind), extras);
    case 'functionCall':
      return decodeCall(asObject(content, at, kind), pathOf(at, kind), extras, calls);
    case 'functionResponse':
      return decodeResult(asObject(content, at, kind), pathOf(at, kind), extras, calls);
    case undefined:
      // A thought that shows nothing, or a signature alone.
      return isThought ? ownReasoning('', extras) : { type: 'text', text: '', ...native(extras) };
    default: {
      const shape = NATIVE_PARTS[kind] ?? 'any';
      const fields = { [kind]: shaped(content, shape, pathOf(at, kind), 'proto'), ...extras };
      return { type: 'native', label: kind, native: { protocol: GEMINI, fields } };
    }
  }
}
