/**
 * The input items of a request → messages. What one assistant turn left (reasoning, text, calls) is
 * one message; each result is one of its own.
 *
 * Items that bring in content which is kept at the provider are refused: it was never decided here.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { MediaPart, Message, Part, Role, TextPart, ToolResultPart } from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  asWord,
  invalid,
  optionalString,
  pathOf,
  unknownField,
  unsupported,
} from '../fields.ts';
import { shapedObject } from '../shape.ts';
import { decodeContent, decodeContentPart, resultContent } from './content.ts';
import { callPart, native, providerPart } from './items.ts';
import { CALLER_CALLS, INPUT_ITEMS, PROVIDER_ITEMS } from './shapes.ts';
import { checkCallerTools, isHosted } from './tools.ts';

type Fields = { [key: string]: JsonValue };

/** Throws `unknown_field`, `invalid_request` and `unsupported`, each with the path. */
export function decodeInput(input: JsonValue, messages: Message[]): void {
  if (typeof input === 'string') {
    messages.push({ role: 'user', parts: [{ type: 'text', text: input }] });
    return;
  }
  let turn: Part[] | undefined;
  const hosted = new Set<JsonValue | undefined>();
  const items = asArray(input, '', 'input');
  for (let i = 0; i < items.length; i++) {
    const at = pathOf('input', i);
    const item = asObject(items[i], 'input', i);
    const message = decodeItem(item, at, hosted);
    if (message.role !== 'assistant') turn = undefined;
    else if (turn) {
      turn.push(...message.parts);
      continue;
    } else {
      turn = [...message.parts];
      messages.push({ role: 'assistant', parts: turn });
      continue;
    }
    messages.push(message);
  }
}

/** @param hosted the ids of calls that ran in a container at the provider, as their results did */
function decodeItem(item: JsonObject, at: string, hosted: Set<JsonValue | undefined>): Message {
  const type = item['type'] ?? (item['role'] === undefined ? 'item_reference' : 'message');
  switch (asString(type, at, 'type')) {
    case 'message':
      return decodeMessage(item, at);
    case 'function_call':
    case 'custom_tool_call':
      return { role: 'assistant', parts: [decodeCall(item, at)] };
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { role: 'tool', parts: [decodeResult(item, at)] };
    case 'reasoning':
      return { role: 'assistant', parts: decodeReasoning(item, at) };
    case 'item_reference':
      throw unsupported(at, 'type', 'an item kept at the provider was not decided here. Send it.');
    default:
      return decodeVendorItem(item, type as string, at, hosted);
  }
}

function decodeMessage(item: JsonObject, at: string): Message {
  const kept: Fields = {};
  for (const key in item) {
    switch (key) {
      case 'type':
      case 'role':
      case 'content':
        break;
      case 'id':
      case 'status':
      case 'phase':
        if (item[key] !== null) kept[key] = asString(item[key], at, key);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  const role: Role = asWord(item['role'], at, 'role', ['user', 'assistant', 'system', 'developer']);
  const content = item['content'];
  if (role !== 'assistant') {
    // An id or a status on such an item is the provider's bookkeeping and says nothing to a model.
    return { role, parts: decodeContent(content, at, 'content') };
  }
  if (typeof content === 'string') {
    return { role, parts: [{ type: 'text', text: content, ...native(kept) }] };
  }
  const list = asArray(content, at, 'content');
  const contentAt = pathOf(at, 'content');
  const parts = list.map((part, i) =>
    decodeContentPart(asObject(part, contentAt, i), pathOf(contentAt, i), kept),
  );
  return { role, parts };
}

function decodeCall(item: JsonObject, at: string): Part {
  const isCustom = item['type'] === 'custom_tool_call';
  const argumentsKey = isCustom ? 'input' : 'arguments';
  const kept: Fields = {};
  for (const key in item) {
    switch (key) {
      case 'type':
      case 'call_id':
      case 'name':
      case argumentsKey:
        break;
      case 'parsed_arguments':
        // What the official SDK's helpers add to an answer: a copy of `arguments`.
        if (isCustom) throw unknownField(at, key);
        break;
      case 'id':
      case 'status':
      case 'namespace':
      case 'created_by':
        if (item[key] !== null) kept[key] = asString(item[key], at, key);
        break;
      case 'caller':
        if (item[key] !== null) kept[key] = decodeCaller(item[key] as JsonValue, at);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  return {
    type: 'tool_call',
    id: asString(item['call_id'], at, 'call_id'),
    name: asString(item['name'], at, 'name'),
    arguments: asString(item[argumentsKey], at, argumentsKey) || (isCustom ? '' : '{}'),
    ...(isCustom && { free: true }),
    ...native(kept),
  };
}

function decodeCaller(value: JsonValue, at: string): JsonObject {
  const fields = { type: 'string', caller_id: 'string' } as const;
  return shapedObject(value, { fields }, pathOf(at, 'caller'));
}

function decodeResult(item: JsonObject, at: string): ToolResultPart {
  const kept: Fields = {};
  for (const key in item) {
    switch (key) {
      case 'call_id':
      case 'output':
        break;
      case 'type':
        if (item[key] === 'custom_tool_call_output') kept[key] = 'custom_tool_call_output';
        break;
      case 'id':
      case 'status':
      case 'created_by':
        if (item[key] !== null) kept[key] = asString(item[key], at, key);
        break;
      case 'caller':
        if (item[key] !== null) kept[key] = decodeCaller(item[key] as JsonValue, at);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  return {
    type: 'tool_result',
    callId: asString(item['call_id'], at, 'call_id'),
    content: decodeContent(item['output'], at, 'output') as (TextPart | MediaPart)[],
    ...native(kept),
  };
}

/** One part for each piece of text, all with the item's id, so that the item can be put together. */
function decodeReasoning(item: JsonObject, at: string): Part[] {
  const kept: Fields = {};
  for (const key in item) {
    switch (key) {
      case 'type':
      case 'summary':
      case 'content':
        break;
      case 'id':
      case 'status':
      case 'encrypted_content':
        if (item[key] !== null) kept[key] = asString(item[key], at, key);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  const parts: Part[] = [];
  for (const [key, type] of [
    ['summary', 'summary_text'],
    ['content', 'reasoning_text'],
  ] as const) {
    if (item[key] === undefined || item[key] === null) continue;
    const list = asArray(item[key], at, key);
    const listAt = pathOf(at, key);
    for (let i = 0; i < list.length; i++) {
      const partAt = pathOf(listAt, i);
      const part = asObject(list[i], listAt, i);
      for (const field in part) {
        if (field !== 'type' && field !== 'text') throw unknownField(partAt, field);
      }
      asWord(part['type'], partAt, 'type', [type]);
      const text = asString(part['text'], partAt, 'text');
      parts.push({ type: 'reasoning', text, ...native({ ...kept, type }) });
    }
  }
  if (parts.length === 0) parts.push({ type: 'reasoning', text: '', ...native(kept) });
  return parts;
}

function decodeVendorItem(
  item: JsonObject,
  type: string,
  at: string,
  hosted: Set<JsonValue | undefined>,
): Message {
  const shape = Object.hasOwn(INPUT_ITEMS, type) ? INPUT_ITEMS[type] : undefined;
  if (!shape) {
    if (type === 'tool_search_output' || type === 'additional_tools') return loadedTools(item, at);
    throw unsupported(at, 'type', `the item type \`${type}\` is not known.`);
  }
  const fields = shapedObject(item, { fields: { type: 'string', ...shape } }, at);
  if (type.endsWith('_call_output')) {
    return hosted.has(fields['call_id'])
      ? { role: 'assistant', parts: [providerPart(fields, type)] }
      : { role: 'tool', parts: [vendorResult(fields, type, at)] };
  }
  if (Object.hasOwn(PROVIDER_ITEMS, type)) {
    const role = type === 'mcp_approval_response' ? 'user' : 'assistant';
    return { role, parts: [providerPart(fields, type)] };
  }
  if (!Object.hasOwn(CALLER_CALLS, type)) throw invalid(at, 'type', 'a known item type');
  const isInside =
    type === 'tool_search_call'
      ? fields['execution'] !== 'client'
      : isHosted(fields['environment']);
  if (isInside) {
    if (type === 'shell_call') hosted.add(fields['call_id']);
    return { role: 'assistant', parts: [providerPart(fields, type)] };
  }
  asString(fields['call_id'], at, 'call_id');
  return { role: 'assistant', parts: [callPart(fields, type)] };
}

/** The tools that a search found or that a developer adds in mid-conversation. */
function loadedTools(item: JsonObject, at: string): Message {
  const type = item['type'] as string;
  for (const key in item) {
    switch (key) {
      case 'type':
      case 'tools':
        break;
      case 'id':
      case 'role':
      case 'call_id':
      case 'execution':
      case 'status':
      case 'created_by':
        optionalString(item[key], at, key);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  checkCallerTools(item['tools'], at, 'tools');
  return {
    role: type === 'additional_tools' ? 'developer' : 'assistant',
    parts: [providerPart(item, type)],
  };
}

/** The result of a vendor's tool that the caller ran. */
function vendorResult(fields: JsonObject, type: string, at: string): ToolResultPart {
  const { output, call_id, ...kept } = fields;
  // A local shell's result names its call by the item's own id.
  const callId = call_id ?? (type === 'local_shell_call_output' ? fields['id'] : undefined);
  const key = call_id === undefined ? 'id' : 'call_id';
  return {
    type: 'tool_result',
    callId: asString(callId, at, key),
    content: resultContent(output ?? null, type),
    ...native({ ...kept, type, ...(call_id === undefined && { call_id: null }) }),
  };
}
