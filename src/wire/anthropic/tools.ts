/**
 * Tools of an Anthropic request: the caller's own, and those of Anthropic's making. Those that run at
 * Anthropic never come back as a call, so each is named in `providerTools` to be decided beforehand.
 */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { ProviderTool, ProviderToolKind, Tool } from '../exchange.ts';
import {
  asArray,
  asObject,
  asString,
  optionalBoolean,
  optionalString,
  pathOf,
  unknownField,
  unsupported,
} from '../fields.ts';
import { nativeOf } from '../native.ts';
import { type Shape, shaped, shapedObject } from '../shape.ts';
import { ANTHROPIC, CACHE_CONTROL, CITATIONS_CONFIG, MCP_SERVER } from './shapes.ts';

export function decodeTools(value: JsonValue, tools: Tool[], providerTools: ProviderTool[]): void {
  const items = asArray(value, '', 'tools');
  for (let i = 0; i < items.length; i++) {
    const object = asObject(items[i], 'tools', i);
    const type = object['type'] ?? 'custom';
    const at = `tools[${i}]`;
    if (type === 'custom') tools.push(decodeTool(object, at));
    else providerTools.push(decodeProviderTool(object, asString(type, at, 'type'), at));
  }
}

/** Each server is a tool of its own: Anthropic's machines connect to it. */
export function decodeMcpServers(value: JsonValue): readonly ProviderTool[] {
  return asArray(value, '', 'mcp_servers').map((item, i) => {
    const fields = shapedObject(item, MCP_SERVER, `mcp_servers[${i}]`);
    return providerTool('remote_mcp', 'mcp_servers', 'provider', fields);
  });
}

export function providerTool(
  kind: ProviderToolKind,
  wireType: string,
  runsAt: 'provider' | 'caller',
  fields: JsonObject,
): ProviderTool {
  return { kind, wireType, runsAt, native: { protocol: ANTHROPIC, fields } };
}

/** Fields that most tools may have. */
const COMMON: { readonly [key: string]: Shape } = {
  type: 'string',
  name: 'string',
  cache_control: CACHE_CONTROL,
  allowed_callers: { list: 'string' },
  defer_loading: 'boolean',
  strict: 'boolean',
};

function decodeTool(object: JsonObject, at: string): Tool {
  const native: { [key: string]: JsonValue } = {};
  let name: string | undefined;
  let description: string | undefined;
  let parameters: JsonObject | undefined;
  let strict: boolean | undefined;
  for (const key in object) {
    const value = object[key] as JsonValue;
    switch (key) {
      case 'name':
        name = asString(value, at, key);
        break;
      case 'description':
        description = optionalString(value, at, key);
        break;
      case 'input_schema':
        parameters = asObject(value, at, key);
        break;
      case 'strict':
        strict = optionalBoolean(value, at, key);
        break;
      case 'type':
        break;
      case 'cache_control':
      case 'defer_loading':
      case 'allowed_callers':
        if (value !== null) native[key] = shaped(value, COMMON[key] as Shape, pathOf(at, key));
        break;
      case 'eager_input_streaming':
        if (value !== null) native[key] = shaped(value, 'boolean', pathOf(at, key));
        break;
      case 'input_examples':
        if (value !== null) native[key] = shaped(value, { list: { map: 'any' } }, pathOf(at, key));
        break;
      default:
        throw unknownField(at, key);
    }
  }
  return {
    name: asString(name, at, 'name'),
    description,
    parameters: asObject(parameters, at, 'input_schema'),
    strict,
    native: nativeOf(ANTHROPIC, native),
  };
}

interface Kind {
  readonly kind: ProviderToolKind;
  readonly runsAt: 'provider' | 'caller';
  readonly shape: Shape;
}

function kind(
  name: ProviderToolKind,
  runsAt: 'provider' | 'caller',
  fields: { readonly [key: string]: Shape } = {},
): Kind {
  return { kind: name, runsAt, shape: { fields: { ...COMMON, ...fields } } };
}

const EXAMPLES: { readonly [key: string]: Shape } = { input_examples: { list: { map: 'any' } } };

const USER_LOCATION: Shape = {
  fields: {
    type: 'string',
    city: 'string',
    country: 'string',
    region: 'string',
    timezone: 'string',
  },
};

const WEB_SEARCH = kind('web_search', 'provider', {
  allowed_domains: { list: 'string' },
  blocked_domains: { list: 'string' },
  max_uses: 'number',
  response_inclusion: 'string',
  user_location: USER_LOCATION,
});

const URL_SOURCE: Shape = {
  fields: { type: 'string', tools: { list: { fields: { type: 'string', name: 'string' } } } },
};

const WEB_FETCH = kind('web_fetch', 'provider', {
  allowed_domains: { list: 'string' },
  blocked_domains: { list: 'string' },
  citations: CITATIONS_CONFIG,
  max_content_tokens: 'number',
  max_uses: 'number',
  response_inclusion: 'string',
  url_sources: {
    fields: {
      client_tool_results: URL_SOURCE,
      server_tool_results: URL_SOURCE,
      user_input: URL_SOURCE,
    },
  },
  use_cache: 'boolean',
});

const CODE_EXECUTION = kind('code_execution', 'provider');
const TOOL_SEARCH = kind('tool_search', 'provider');
const SHELL = kind('shell', 'caller', EXAMPLES);
const MEMORY = kind('memory', 'caller', EXAMPLES);
const TEXT_EDITOR = kind('text_editor', 'caller', { ...EXAMPLES, max_characters: 'number' });

const COMPUTER = kind('computer_use', 'caller', {
  ...EXAMPLES,
  display_height_px: 'number',
  display_width_px: 'number',
  display_number: 'number',
  enable_zoom: 'boolean',
});

const TOGGLES: Shape = { fields: { enabled: 'boolean', defer_loading: 'boolean' } };
const TOOLSET = kind('computer_use', 'caller', { configs: { map: TOGGLES } });

const KINDS: { readonly [wireType: string]: Kind } = {
  web_search_20250305: WEB_SEARCH,
  web_search_20260209: WEB_SEARCH,
  web_search_20260318: WEB_SEARCH,
  web_fetch_20250910: WEB_FETCH,
  web_fetch_20260209: WEB_FETCH,
  web_fetch_20260309: WEB_FETCH,
  web_fetch_20260318: WEB_FETCH,
  code_execution_20250522: CODE_EXECUTION,
  code_execution_20250825: CODE_EXECUTION,
  code_execution_20260120: CODE_EXECUTION,
  code_execution_20260521: CODE_EXECUTION,
  tool_search_tool_bm25: TOOL_SEARCH,
  tool_search_tool_bm25_20251119: TOOL_SEARCH,
  tool_search_tool_regex: TOOL_SEARCH,
  tool_search_tool_regex_20251119: TOOL_SEARCH,
  bash_20241022: SHELL,
  bash_20250124: SHELL,
  text_editor_20241022: TEXT_EDITOR,
  text_editor_20250124: TEXT_EDITOR,
  text_editor_20250429: TEXT_EDITOR,
  text_editor_20250728: TEXT_EDITOR,
  computer_20241022: COMPUTER,
  computer_20250124: COMPUTER,
  computer_20251124: COMPUTER,
  computer_toolset_20260801: TOOLSET,
  browser_toolset_20260801: TOOLSET,
  memory_20250818: MEMORY,
  // Another model at Anthropic reads the conversation and advises.
  advisor_20260301: kind('other', 'provider', {
    model: 'string',
    caching: CACHE_CONTROL,
    max_tokens: 'number',
    max_uses: 'number',
  }),
  mcp_toolset: kind('remote_mcp', 'provider', {
    mcp_server_name: 'string',
    configs: { map: TOGGLES },
    default_config: TOGGLES,
    tools: { list: { fields: { name: 'string', description: 'string', input_schema: 'any' } } },
  }),
};

function decodeProviderTool(object: JsonObject, type: string, at: string): ProviderTool {
  const known = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (!known) throw unsupported(at, 'type', `the tool \`${type}\` is not known.`);
  return providerTool(known.kind, type, known.runsAt, shapedObject(object, known.shape, at));
}
