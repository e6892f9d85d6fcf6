/**
 * The Responses API's fields that no other protocol has, by name and type: top-level settings, the
 * vendor's tools, and the items that such tools leave in a conversation.
 *
 * https://platform.openai.com/docs/api-reference/responses
 */
import type { ProviderToolKind } from '../exchange.ts';
import type { Shape } from '../shape.ts';

const strings: Shape = { list: 'string' };
const mode: Shape = { fields: { mode: 'string' } };
const caller: Shape = { fields: { type: 'string', caller_id: 'string' } };
const location: Shape = {
  fields: {
    type: 'string',
    city: 'string',
    country: 'string',
    region: 'string',
    timezone: 'string',
  },
};
const networkPolicy: Shape = {
  fields: {
    type: 'string',
    allowed_domains: strings,
    domain_secrets: { list: { fields: { domain: 'string', name: 'string', value: 'string' } } },
  },
};
const skill: Shape = {
  fields: {
    type: 'string',
    name: 'string',
    description: 'string',
    path: 'string',
    skill_id: 'string',
    version: 'string',
    source: { fields: { type: 'string', media_type: 'string', data: 'string' } },
  },
};
const environment: Shape = {
  fields: {
    type: 'string',
    container_id: 'string',
    file_ids: strings,
    memory_limit: 'string',
    network_policy: networkPolicy,
    skills: { list: skill },
  },
};
const toolFilter: Shape = { fields: { read_only: 'boolean', tool_names: strings } };

/** Top-level settings that are kept as they are for the same protocol. */
export const NATIVE_SETTINGS: { readonly [key: string]: Shape } = {
  context_management: { list: { fields: { type: 'string', compact_threshold: 'number' } } },
  frequency_penalty: 'number',
  include: strings,
  max_tool_calls: 'number',
  metadata: { map: 'string' },
  moderation: {
    fields: { model: 'string', policy: { fields: { input: mode, output: mode } } },
  },
  personality: 'string',
  presence_penalty: 'number',
  prompt_cache_key: 'string',
  prompt_cache_options: { fields: { mode: 'string', ttl: 'string' } },
  prompt_cache_retention: 'string',
  safety_identifier: 'string',
  service_tier: 'string',
  store: 'boolean',
  stream_options: { fields: { include_obfuscation: 'boolean' } },
  top_logprobs: 'number',
  truncation: 'string',
  user: 'string',
};

export interface VendorTool {
  readonly kind: ProviderToolKind;
  readonly runsAt: 'provider' | 'caller';
  readonly fields: { readonly [key: string]: Shape };
}

const webSearch: VendorTool = {
  kind: 'web_search',
  runsAt: 'provider',
  fields: {
    type: 'string',
    // The last four are xAI's.
    filters: { fields: { allowed_domains: strings, excluded_domains: strings } },
    search_context_size: 'string',
    search_content_types: strings,
    user_location: location,
    external_web_access: 'boolean',
    allowed_domains: strings,
    excluded_domains: strings,
    enable_image_understanding: 'boolean',
  },
};
const computer: VendorTool = {
  kind: 'computer_use',
  runsAt: 'caller',
  fields: {
    type: 'string',
    display_height: 'number',
    display_width: 'number',
    environment: 'string',
  },
};

/** Tools of the vendor's making, by `type`. */
export const VENDOR_TOOLS: { readonly [type: string]: VendorTool } = {
  web_search: webSearch,
  web_search_2025_08_26: webSearch,
  web_search_preview: webSearch,
  web_search_preview_2025_03_11: webSearch,
  /** xAI: posts on X. */
  x_search: {
    kind: 'web_search',
    runsAt: 'provider',
    fields: {
      type: 'string',
      allowed_x_handles: strings,
      excluded_x_handles: strings,
      from_date: 'string',
      to_date: 'string',
      enable_image_understanding: 'boolean',
      enable_video_understanding: 'boolean',
    },
  },
  file_search: {
    kind: 'file_search',
    runsAt: 'provider',
    fields: {
      type: 'string',
      vector_store_ids: strings,
      filters: 'any',
      max_num_results: 'number',
      ranking_options: {
        fields: {
          ranker: 'string',
          score_threshold: 'number',
          hybrid_search: { fields: { embedding_weight: 'number', text_weight: 'number' } },
        },
      },
    },
  },
  code_interpreter: {
    kind: 'code_execution',
    runsAt: 'provider',
    fields: {
      type: 'string',
      allowed_callers: strings,
      container: { either: ['string', environment] },
    },
  },
  programmatic_tool_calling: {
    kind: 'code_execution',
    runsAt: 'provider',
    fields: { type: 'string' },
  },
  image_generation: {
    kind: 'image_generation',
    runsAt: 'provider',
    fields: {
      type: 'string',
      action: 'string',
      background: 'string',
      input_fidelity: 'string',
      input_image_mask: { fields: { file_id: 'string', image_url: 'string' } },
      model: 'string',
      moderation: 'string',
      output_compression: 'number',
      output_format: 'string',
      partial_images: 'number',
      quality: 'string',
      size: 'string',
    },
  },
  mcp: {
    kind: 'remote_mcp',
    runsAt: 'provider',
    fields: {
      type: 'string',
      server_label: 'string',
      server_url: 'string',
      server_description: 'string',
      connector_id: 'string',
      tunnel_id: 'string',
      authorization: 'string',
      headers: { map: 'string' },
      allowed_callers: strings,
      allowed_tools: { either: [strings, toolFilter] },
      defer_loading: 'boolean',
      require_approval: {
        either: ['string', { fields: { always: toolFilter, never: toolFilter } }],
      },
    },
  },
  computer,
  computer_use: computer,
  computer_use_preview: computer,
  local_shell: { kind: 'shell', runsAt: 'caller', fields: { type: 'string' } },
  /** Runs at the provider when its environment is a container. */
  shell: {
    kind: 'shell',
    runsAt: 'caller',
    fields: { type: 'string', allowed_callers: strings, environment },
  },
  apply_patch: {
    kind: 'text_editor',
    runsAt: 'caller',
    fields: { type: 'string', allowed_callers: strings },
  },
  /** Runs at the provider unless `execution` is `client`. */
  tool_search: {
    kind: 'tool_search',
    runsAt: 'provider',
    fields: { type: 'string', description: 'string', execution: 'string', parameters: 'any' },
  },
};

/** Types of items that are a call of a vendor's tool which the caller runs: where its arguments are. */
export const CALLER_CALLS: { readonly [type: string]: { name: string; field: string } } = {
  local_shell_call: { name: 'local_shell', field: 'action' },
  shell_call: { name: 'shell', field: 'action' },
  apply_patch_call: { name: 'apply_patch', field: 'operation' },
  tool_search_call: { name: 'tool_search', field: 'arguments' },
  computer_call: { name: 'computer', field: 'actions' },
};

/** Types of items that tools leave which ran inside the provider, and the tool's name. */
export const PROVIDER_ITEMS: { readonly [type: string]: string | undefined } = {
  web_search_call: 'web_search',
  file_search_call: 'file_search',
  code_interpreter_call: 'code_interpreter',
  image_generation_call: 'image_generation',
  mcp_call: 'mcp',
  mcp_approval_request: 'mcp',
  mcp_approval_response: 'mcp',
  program: 'programmatic_tool_calling',
  mcp_list_tools: undefined,
  program_output: undefined,
  compaction: undefined,
  compaction_trigger: undefined,
  additional_tools: undefined,
  tool_search_output: undefined,
};

const safetyChecks: Shape = {
  list: { fields: { id: 'string', code: 'string', message: 'string' } },
};
const id = 'string';
const status = 'string';

/** Fields of input items, beside `type`, for those that are not decoded one by one. */
export const INPUT_ITEMS: { readonly [type: string]: { readonly [key: string]: Shape } } = {
  web_search_call: {
    id,
    status,
    action: 'any',
    // xAI's form
    arguments: 'string',
    call_id: 'string',
    name: 'string',
  },
  file_search_call: { id, status, queries: strings, results: 'any' },
  code_interpreter_call: { id, status, code: 'string', container_id: 'string', outputs: 'any' },
  image_generation_call: {
    id,
    status,
    result: 'string',
    revised_prompt: 'string',
    background: 'string',
    output_format: 'string',
    quality: 'string',
    size: 'string',
    action: 'string',
    prompt: 'string',
  },
  mcp_list_tools: {
    id,
    server_label: 'string',
    error: 'any',
    tools: {
      list: {
        fields: { name: 'string', description: 'string', input_schema: 'any', annotations: 'any' },
      },
    },
  },
  mcp_approval_request: { id, name: 'string', arguments: 'string', server_label: 'string' },
  mcp_approval_response: {
    id,
    approval_request_id: 'string',
    approve: 'boolean',
    reason: 'string',
  },
  mcp_call: {
    id,
    status,
    name: 'string',
    arguments: 'string',
    server_label: 'string',
    approval_request_id: 'string',
    output: 'string',
    error: 'any',
  },
  program: { id, call_id: 'string', code: 'string', fingerprint: 'string' },
  program_output: { id, status, call_id: 'string', result: 'string' },
  compaction: { id, encrypted_content: 'string', created_by: 'string' },
  compaction_trigger: {},
  local_shell_call: {
    id,
    status,
    call_id: 'string',
    action: {
      fields: {
        type: 'string',
        command: strings,
        env: { map: 'string' },
        timeout_ms: 'number',
        user: 'string',
        working_directory: 'string',
      },
    },
  },
  shell_call: {
    id,
    status,
    call_id: 'string',
    caller,
    environment,
    created_by: 'string',
    action: {
      fields: { commands: strings, max_output_length: 'number', timeout_ms: 'number' },
    },
  },
  apply_patch_call: {
    id,
    status,
    call_id: 'string',
    caller,
    created_by: 'string',
    operation: { fields: { type: 'string', path: 'string', diff: 'string' } },
  },
  tool_search_call: {
    id,
    status,
    call_id: 'string',
    execution: 'string',
    arguments: 'any',
    created_by: 'string',
  },
  computer_call: {
    id,
    status,
    call_id: 'string',
    action: 'any',
    actions: 'any',
    pending_safety_checks: safetyChecks,
  },
  local_shell_call_output: { id, status, call_id: 'string', output: 'string' },
  shell_call_output: {
    id,
    status,
    call_id: 'string',
    caller,
    max_output_length: 'number',
    created_by: 'string',
    output: {
      list: {
        fields: {
          stdout: 'string',
          stderr: 'string',
          outcome: { fields: { type: 'string', exit_code: 'number' } },
          created_by: 'string',
        },
      },
    },
  },
  apply_patch_call_output: { id, status, call_id: 'string', caller, output: 'string' },
  computer_call_output: {
    id,
    status,
    call_id: 'string',
    acknowledged_safety_checks: safetyChecks,
    output: {
      fields: { type: 'string', image_url: 'string', file_id: 'string', detail: 'string' },
    },
  },
};
