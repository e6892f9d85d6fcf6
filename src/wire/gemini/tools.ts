/** Tool definitions and the choice among them, both ways. */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { ModelRequest, ProviderTool, Tool, ToolChoice } from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  invalid,
  optionalBoolean,
  optionalString,
  optionalStrings,
  optionalWord,
  pathOf,
  protoName,
  unknownField,
} from '../fields.ts';
import { ownFields } from '../native.ts';
import { type Shape, shaped } from '../shape.ts';
import { fieldsOf, GEMINI, native } from './native.ts';
import { checkedSchema, toJsonSchema } from './schema.ts';
import { VENDOR_TOOLS } from './shapes.ts';

type Fields = { [key: string]: JsonValue };

export interface DecodedTools {
  tools: Tool[];
  providerTools: ProviderTool[];
}

/** Throws `unknown_field`: a tool that is not known is not offered to the model. */
export function decodeTools(value: JsonValue, at: string): DecodedTools {
  const decoded: DecodedTools = { tools: [], providerTools: [] };
  const list = asArray(value, '', at);
  for (let i = 0; i < list.length; i++) {
    const tool = asObject(list[i], at, i);
    const toolAt = pathOf(at, i);
    for (const key in tool) {
      const member = tool[key] as JsonValue;
      if (member === null) continue;
      const name = protoName(tool, key, toolAt);
      const path = pathOf(toolAt, name);
      if (name === 'functionDeclarations') {
        const declarations = asArray(member, toolAt, name);
        for (let j = 0; j < declarations.length; j++) {
          decoded.tools.push(decodeTool(asObject(declarations[j], path, j), pathOf(path, j)));
        }
        continue;
      }
      const vendorTool = Object.hasOwn(VENDOR_TOOLS, name) ? VENDOR_TOOLS[name] : undefined;
      if (!vendorTool) throw unknownField(toolAt, key);
      decoded.providerTools.push({
        kind: vendorTool.kind,
        wireType: name,
        runsAt: vendorTool.runsAt,
        native: {
          protocol: GEMINI,
          fields: { [name]: shaped(member, vendorTool.shape, path, 'proto') },
        },
      });
    }
  }
  return decoded;
}

function decodeTool(declaration: JsonObject, at: string): Tool {
  const kept: Fields = {};
  let name = '';
  let description: string | undefined;
  let parameters: JsonObject | undefined;
  for (const key in declaration) {
    const value = declaration[key] as JsonValue;
    if (value === null) continue;
    const field = protoName(declaration, key, at);
    switch (field) {
      case 'name':
        name = asString(value, at, field);
        break;
      case 'description':
        description = optionalString(value, at, field);
        break;
      case 'parameters':
        if (parameters) throw invalid(at, field, 'absent where `parametersJsonSchema` is set');
        kept[field] = checkedSchema(value, pathOf(at, field));
        parameters = toJsonSchema(kept[field]);
        break;
      case 'parametersJsonSchema':
        if (parameters) throw invalid(at, field, 'absent where `parameters` is set');
        parameters = asObject(value, at, field);
        break;
      case 'response':
        kept[field] = checkedSchema(value, pathOf(at, field));
        break;
      case 'responseJsonSchema':
        kept[field] = value;
        break;
      case 'behavior':
        kept[field] = asString(value, at, field);
        break;
      default:
        throw unknownField(at, key);
    }
  }
  if (name === '') asString(declaration['name'], at, 'name');
  return { name, description, parameters, ...native(kept) };
}

export interface DecodedChoice {
  choice: ToolChoice | undefined;
  /** The only functions that may be offered. */
  allowed: readonly string[] | undefined;
  native: JsonObject;
}

const latLng: Shape = { fields: { latitude: 'number', longitude: 'number' } };
const MODES = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'] as const;

export function decodeToolConfig(value: JsonObject): DecodedChoice {
  const at = 'toolConfig';
  const decoded: DecodedChoice = { choice: undefined, allowed: undefined, native: {} };
  const kept: Fields = {};
  for (const key in value) {
    const member = value[key] as JsonValue;
    if (member === null) continue;
    const name = protoName(value, key, at);
    switch (name) {
      case 'functionCallingConfig':
        decodeCalling(asObject(member, at, name), pathOf(at, name), decoded, kept);
        break;
      case 'retrievalConfig':
        kept[name] = shaped(
          member,
          { fields: { languageCode: 'string', latLng } },
          pathOf(at, name),
          'proto',
        );
        break;
      case 'includeServerSideToolInvocations':
        kept[name] = shaped(member, 'boolean', pathOf(at, name));
        break;
      default:
        throw unknownField(at, key);
    }
  }
  decoded.native = kept;
  return decoded;
}

function decodeCalling(value: JsonObject, at: string, decoded: DecodedChoice, kept: Fields): void {
  let mode: (typeof MODES)[number] | undefined;
  for (const key in value) {
    const name = protoName(value, key, at);
    switch (name) {
      case 'mode':
        mode = optionalWord(value[key], at, name, MODES);
        break;
      case 'allowedFunctionNames':
        decoded.allowed = optionalStrings(value[key], at, name);
        break;
      case 'streamFunctionCallArguments': {
        const isStreamed = optionalBoolean(value[key], at, name);
        if (isStreamed !== undefined) kept['functionCallingConfig'] = { [name]: isStreamed };
        break;
      }
      default:
        throw unknownField(at, key);
    }
  }
  const [only, ...more] = decoded.allowed ?? [];
  if (mode === 'NONE') decoded.choice = { mode: 'none' };
  else if (mode === 'ANY') {
    decoded.choice =
      only !== undefined && more.length === 0 ? { mode: 'tool', name: only } : { mode: 'required' };
  } else if (mode === 'AUTO' || mode === 'VALIDATED') decoded.choice = { mode: 'auto' };
  if (mode === 'VALIDATED') {
    kept['functionCallingConfig'] = {
      ...(kept['functionCallingConfig'] as JsonObject | undefined),
      mode,
    };
  }
}

/** Throws `cannot_carry` for what the API has no place for. */
export function encodeTools(request: ModelRequest, dropped: Set<string>): JsonValue[] {
  const out: JsonValue[] = [];
  if (request.tools.length > 0) {
    out.push({ functionDeclarations: request.tools.map((tool) => encodeTool(tool, dropped)) });
  }
  for (const tool of request.providerTools) {
    if (tool.native.protocol !== GEMINI) {
      throw new ProvisoError(
        'cannot_carry',
        `The tool \`${tool.wireType}\` exists only in the protocol \`${tool.native.protocol}\`.`,
        { at: 'tools' },
      );
    }
    out.push(tool.native.fields);
  }
  return out;
}

function encodeTool(tool: Tool, dropped: Set<string>): JsonObject {
  if (tool.free) {
    throw new ProvisoError(
      'cannot_carry',
      `The tool \`${tool.name}\` takes free text, which Gemini’s functions cannot.`,
      { at: 'tools' },
    );
  }
  if (tool.strict !== undefined) dropped.add('tool.strict');
  const kept = ownFields(tool.native, GEMINI, dropped);
  const out: Fields = { name: tool.name };
  if (tool.description !== undefined) out['description'] = tool.description;
  if (tool.parameters !== undefined && kept?.['parameters'] === undefined) {
    out['parametersJsonSchema'] = tool.parameters;
  }
  return { ...out, ...kept };
}

export function encodeToolConfig(request: ModelRequest): JsonObject | undefined {
  const kept = fieldsOf(request)?.['toolConfig'] as JsonObject | undefined;
  const own = kept?.['functionCallingConfig'] as JsonObject | undefined;
  const calling: Fields = {};
  const choice = request.toolChoice;
  switch (choice?.mode) {
    case undefined:
      break;
    case 'auto':
      calling['mode'] = 'AUTO';
      break;
    case 'none':
      calling['mode'] = 'NONE';
      break;
    case 'required':
      calling['mode'] = 'ANY';
      break;
    case 'tool':
      calling['mode'] = 'ANY';
      calling['allowedFunctionNames'] = [choice.name];
      break;
  }
  if (choice === undefined && !own) return kept;
  return { ...kept, functionCallingConfig: { ...calling, ...own } };
}
