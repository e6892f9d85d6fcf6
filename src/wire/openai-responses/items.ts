/**
 * Calls and blocks that are items of their own: from the item to a part and back. A call that the
 * caller runs is a tool call, whatever the item's type; what ran inside the provider is a native
 * part. Used for items in a request and in an answer alike.
 */
import { isObject, type JsonObject, type JsonValue, parseJsonText } from '#base/json.ts';
import type { Native, NativePart, Part, ToolCallPart } from '../exchange.ts';
import { ownFieldsOnly } from '../native.ts';
import { CALLER_CALLS, PROVIDER_ITEMS } from './shapes.ts';

export const RESPONSES = 'openai-responses';

export function native(fields: JsonObject): { native?: Native } {
  for (const _ in fields) return { native: { protocol: RESPONSES, fields } };
  return {};
}

/** What this protocol itself left in a part. */
export function fieldsOf(part: { readonly native?: Native | undefined }): JsonObject | undefined {
  return ownFieldsOnly(part.native, RESPONSES);
}

/** A block of a tool that runs inside the provider. */
export function providerPart(item: JsonObject, type: string): NativePart {
  const tool = PROVIDER_ITEMS[type] ?? CALLER_CALLS[type]?.name;
  return {
    type: 'native',
    label: type,
    native: { protocol: RESPONSES, fields: item },
    ...(tool !== undefined && { providerTool: tool }),
  };
}

/** A call of a vendor's tool that the caller runs. The arguments are not kept anywhere else. */
export function callPart(item: JsonObject, type: string): ToolCallPart {
  const { name, field } = CALLER_CALLS[type] ?? { name: type, field: 'arguments' };
  const { call_id, [field]: value, ...kept } = item;
  let content = value;
  let rest: JsonObject = kept;
  if (type === 'computer_call') {
    // One action in the older form of a computer's call, a list in the newer.
    const { action, ...others } = kept;
    rest = others;
    content = value === undefined ? { action: action ?? null } : { actions: value };
  }
  return {
    type: 'tool_call',
    id: typeof call_id === 'string' ? call_id : '',
    name,
    arguments: typeof content === 'string' ? content : JSON.stringify(content ?? {}),
    ...native({ ...rest, type }),
  };
}

/** A tool call as an item. INVARIANT (1): from the arguments that were decided, and nothing else. */
export function itemOfCall(part: ToolCallPart, itemId: string | undefined): JsonObject {
  const fields = fieldsOf(part);
  const type = fields?.['type'];
  if (typeof type === 'string' && Object.hasOwn(CALLER_CALLS, type)) {
    const field = CALLER_CALLS[type]?.field ?? 'arguments';
    const content = parseJsonText(part.arguments);
    const own = type === 'computer_call' && isObject(content) ? content : { [field]: content };
    return { ...fields, ...own, call_id: part.id };
  }
  const { id, caller, namespace, status } = fields ?? {};
  const out: { [key: string]: JsonValue } = {
    type: part.free ? 'custom_tool_call' : 'function_call',
  };
  const ownId = id ?? itemId;
  if (ownId !== undefined) out['id'] = ownId;
  out['call_id'] = part.id;
  out['name'] = part.name;
  out[part.free ? 'input' : 'arguments'] = part.arguments;
  if (caller !== undefined) out['caller'] = caller;
  if (namespace !== undefined) out['namespace'] = namespace;
  if (itemId !== undefined || status !== undefined) out['status'] = status ?? 'completed';
  return out;
}

/** Whether two parts come from one item, or may stand in one. */
export function isSameItem(a: Part, b: Part): boolean {
  const idA = 'native' in a ? fieldsOf(a)?.['id'] : undefined;
  const idB = 'native' in b ? fieldsOf(b)?.['id'] : undefined;
  return idA === idB;
}
