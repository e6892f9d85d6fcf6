/** Tool definitions and the choice among them, both ways. */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { ModelRequest, ProviderTool, Tool, ToolChoice } from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  asWord,
  invalid,
  optionalBoolean,
  optionalObject,
  optionalString,
  pathOf,
  unknownField,
  unsupported,
} from '../fields.ts';
import { ownFields } from '../native.ts';
import { type Shape, shaped, shapedObject } from '../shape.ts';
import { RESPONSES } from './items.ts';
import { VENDOR_TOOLS } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

export interface DecodedTools {
  tools: Tool[];
  providerTools: ProviderTool[];
}

/** Throws `unknown_field` and `unsupported`: a tool that is not known is not offered to the model. */
export function decodeTools(value: JsonValue, at: string): DecodedTools {
  const decoded: DecodedTools = { tools: [], providerTools: [] };
  const list = asArray(value, '', at);
  for (let i = 0; i < list.length; i++) {
    const toolAt = pathOf(at, i);
    const tool = asObject(list[i], at, i);
    const type = asString(tool['type'], toolAt, 'type');
    if (type === 'function' || type === 'custom') decoded.tools.push(decodeTool(tool, toolAt));
    else if (type === 'namespace') decodeNamespace(tool, toolAt, decoded.tools);
    else decoded.providerTools.push(decodeVendorTool(tool, type, toolAt));
  }
  return decoded;
}

/** `function`: arguments are JSON. `custom`: they are free text, perhaps under a grammar. */
function decodeTool(tool: JsonObject, at: string, namespace?: JsonObject): Tool {
  const native: Fields = namespace ? { namespace } : {};
  const isCustom = tool['type'] === 'custom';
  for (const key in tool) {
    const value = tool[key] as JsonValue;
    switch (key) {
      case 'type':
      case 'name':
      case 'description':
        break;
      case 'parameters':
      case 'strict':
        if (isCustom) throw unknownField(at, key);
        break;
      case 'allowed_callers':
        native[key] = shaped(value, { list: 'string' }, pathOf(at, key));
        break;
      case 'defer_loading':
        native[key] = shaped(value, 'boolean', pathOf(at, key));
        break;
      case 'output_schema':
        if (isCustom) throw unknownField(at, key);
        native[key] = value;
        break;
      case 'format':
        if (!isCustom) throw unknownField(at, key);
        native[key] = shaped(value, customFormat, pathOf(at, key));
        break;
      default:
        throw unknownField(at, key);
    }
  }
  return {
    name: asString(tool['name'], at, 'name'),
    description: optionalString(tool['description'], at, 'description'),
    parameters: optionalObject(tool['parameters'], at, 'parameters'),
    strict: optionalBoolean(tool['strict'], at, 'strict'),
    ...(isCustom && { free: true }),
    ...(Object.keys(native).length > 0 && {
      native: { protocol: RESPONSES, fields: native },
    }),
  };
}

const customFormat: Shape = {
  fields: { type: 'string', syntax: 'string', definition: 'string' },
};

function decodeNamespace(tool: JsonObject, at: string, tools: Tool[]): void {
  for (const key in tool) {
    if (!['type', 'name', 'description', 'tools'].includes(key)) throw unknownField(at, key);
  }
  const namespace = {
    name: asString(tool['name'], at, 'name'),
    description: asString(tool['description'], at, 'description'),
  };
  const list = asArray(tool['tools'], at, 'tools');
  const listAt = pathOf(at, 'tools');
  for (let i = 0; i < list.length; i++) {
    const member = asObject(list[i], listAt, i);
    const memberAt = pathOf(listAt, i);
    asWord(member['type'], memberAt, 'type', ['function', 'custom']);
    tools.push(decodeTool(member, memberAt, namespace));
  }
}

function decodeVendorTool(tool: JsonObject, type: string, at: string): ProviderTool {
  const vendorTool = Object.hasOwn(VENDOR_TOOLS, type) ? VENDOR_TOOLS[type] : undefined;
  if (!vendorTool) throw unsupported(at, 'type', `the tool type \`${type}\` is not known.`);
  const fields = shapedObject(tool, { fields: vendorTool.fields }, at);
  return {
    kind: vendorTool.kind,
    wireType: type,
    runsAt: runsAt(type, fields, vendorTool.runsAt),
    native: { protocol: RESPONSES, fields },
  };
}

function runsAt(type: string, tool: JsonObject, usually: 'provider' | 'caller') {
  if (type === 'shell') return isHosted(tool['environment']) ? 'provider' : 'caller';
  if (type === 'tool_search') return tool['execution'] === 'client' ? 'caller' : 'provider';
  return usually;
}

/** Whether a shell's environment is a container at the provider. */
export function isHosted(environment: JsonValue | undefined): boolean {
  return isObject(environment) && environment['type'] !== 'local';
}

/** Definitions that come with an input item: only those that the caller runs. */
export function checkCallerTools(value: JsonValue | undefined, at: string, key: string): void {
  const path = pathOf(at, key);
  const { providerTools } = decodeTools(asArray(value, at, key), path);
  const hosted = providerTools.find((tool) => tool.runsAt === 'provider');
  if (hosted) {
    throw unsupported(at, key, `\`${hosted.wireType}\` must stand in the request’s own \`tools\`.`);
  }
}

export interface DecodedChoice {
  readonly choice?: ToolChoice;
  /** The choice of a vendor's tool, kept for the same protocol. */
  readonly native?: JsonValue;
  /** The only tools that may be offered. */
  readonly allowed?: readonly JsonObject[];
}

export function decodeToolChoice(value: JsonValue): DecodedChoice {
  const at = 'tool_choice';
  if (typeof value === 'string') {
    return { choice: { mode: asWord(value, '', at, ['auto', 'none', 'required']) } };
  }
  const choice = asObject(value, '', at);
  const type = asString(choice['type'], at, 'type');
  switch (type) {
    case 'function':
    case 'custom':
      only(choice, at, ['type', 'name']);
      return { choice: { mode: 'tool', name: asString(choice['name'], at, 'name') } };
    case 'allowed_tools': {
      only(choice, at, ['type', 'mode', 'tools']);
      const tools = asArray(choice['tools'], at, 'tools');
      return {
        choice: { mode: asWord(choice['mode'], at, 'mode', ['auto', 'required']) },
        allowed: tools.map((tool, i) => asObject(tool, `${at}.tools`, i)),
      };
    }
    case 'mcp':
      only(choice, at, ['type', 'server_label', 'name']);
      return { native: choice };
    default:
      if (!Object.hasOwn(VENDOR_TOOLS, type)) throw invalid(at, 'type', 'a known tool type');
      only(choice, at, ['type']);
      return { native: choice };
  }
}

function only(object: JsonObject, at: string, known: readonly string[]): void {
  for (const key in object) if (!known.includes(key)) throw unknownField(at, key);
}

/**
 * What is not allowed is not offered: the same in every protocol, whether or not it has a list of
 * allowed tools.
 */
export function keepAllowed(decoded: DecodedTools, allowed: readonly JsonObject[]): DecodedTools {
  const keys = new Set(
    allowed.map(({ type, name, server_label }) => keyOf(type, name ?? server_label)),
  );
  return {
    tools: decoded.tools.filter((tool) =>
      keys.has(keyOf(tool.free ? 'custom' : 'function', tool.name)),
    ),
    providerTools: decoded.providerTools.filter(
      (tool) =>
        keys.has(keyOf(tool.wireType)) ||
        keys.has(keyOf(tool.wireType, tool.native.fields['server_label'])),
    ),
  };
}

function keyOf(type: JsonValue | undefined, name?: JsonValue): string {
  return JSON.stringify([type, name ?? null]);
}

/** Throws `cannot_carry` for a vendor's tool of another protocol. */
export function encodeTools(request: ModelRequest, dropped: Set<string>): JsonValue[] {
  const out: JsonValue[] = [];
  const namespaces = new Map<string, JsonValue[]>();
  const isOwn = request.native?.protocol === RESPONSES;
  for (const tool of request.tools) {
    const fields = ownFields(tool.native, RESPONSES, dropped);
    const namespace = fields?.['namespace'];
    const encoded = encodeTool(tool, fields, isOwn);
    if (!isObject(namespace)) {
      out.push(encoded);
      continue;
    }
    const name = namespace['name'] as string;
    const members = namespaces.get(name) ?? [];
    if (members.length === 0) {
      namespaces.set(name, members);
      out.push({ type: 'namespace', ...namespace, tools: members });
    }
    members.push(encoded);
  }
  for (const tool of request.providerTools) {
    if (tool.native.protocol !== RESPONSES) {
      throw new ProvisoError(
        'cannot_carry',
        `The tool \`${tool.wireType}\` exists at another vendor only. Remove it, or choose a model of that vendor.`,
        { at: 'tools' },
      );
    }
    out.push(tool.native.fields);
  }
  return out;
}

function encodeTool(tool: Tool, native: JsonObject | undefined, isOwn: boolean): JsonObject {
  const out: Fields = { type: tool.free ? 'custom' : 'function', name: tool.name };
  if (tool.description !== undefined) out['description'] = tool.description;
  if (!tool.free) {
    if (tool.parameters !== undefined) out['parameters'] = tool.parameters;
    else if (!isOwn) out['parameters'] = { type: 'object', properties: {} };
    // Strict unless told otherwise: the default of this protocol, and of no other.
    if (tool.strict !== undefined) out['strict'] = tool.strict;
    else if (!isOwn) out['strict'] = false;
  }
  for (const key in native) if (key !== 'namespace') out[key] = native[key] as JsonValue;
  return out;
}

export function encodeToolChoice(request: ModelRequest): JsonValue | undefined {
  const choice = request.toolChoice;
  if (!choice) return undefined;
  if (choice.mode !== 'tool') return choice.mode;
  const isFree = request.tools.some((tool) => tool.name === choice.name && tool.free);
  return { type: isFree ? 'custom' : 'function', name: choice.name };
}
