/** Fields and blocks of Anthropic Messages that are carried as they are, by the SDK's types. */
import type { Shape } from '../shape.ts';

export const ANTHROPIC = 'anthropic';

export const CACHE_CONTROL: Shape = { fields: { type: 'string', ttl: 'string' } };

export const CITATIONS: Shape = {
  list: {
    fields: {
      type: 'string',
      cited_text: 'string',
      document_index: 'number',
      document_title: 'string',
      file_id: 'string',
      start_char_index: 'number',
      end_char_index: 'number',
      start_page_number: 'number',
      end_page_number: 'number',
      start_block_index: 'number',
      end_block_index: 'number',
      search_result_index: 'number',
      source: 'string',
      title: 'string',
      encrypted_index: 'string',
      url: 'string',
    },
  },
};

export const CITATIONS_CONFIG: Shape = { fields: { enabled: 'boolean' } };
export const CALLER: Shape = { fields: { type: 'string', tool_id: 'string' } };

const TEXT: Shape = {
  fields: { type: 'string', text: 'string', citations: CITATIONS, cache_control: CACHE_CONTROL },
};

const SOURCE_FIELDS = {
  type: 'string',
  media_type: 'string',
  data: 'string',
  url: 'string',
  file_id: 'string',
} as const;

const IMAGE: Shape = {
  fields: { type: 'string', source: { fields: SOURCE_FIELDS }, cache_control: CACHE_CONTROL },
};

const TEXT_OR_IMAGE: Shape = {
  fields: {
    ...(TEXT as { fields: object }).fields,
    ...(IMAGE as { fields: object }).fields,
  },
};

/** A document whose source is a list of blocks; the other sources have words in the exchange. */
const DOCUMENT: Shape = {
  fields: {
    type: 'string',
    source: {
      fields: { ...SOURCE_FIELDS, content: { either: ['string', { list: TEXT_OR_IMAGE }] } },
    },
    title: 'string',
    context: 'string',
    citations: CITATIONS_CONFIG,
    cache_control: CACHE_CONTROL,
  },
};

function result(content: Shape): Shape {
  return {
    fields: {
      type: 'string',
      tool_use_id: 'string',
      content,
      caller: CALLER,
      cache_control: CACHE_CONTROL,
    },
  };
}

const EXECUTION_RESULT = result({
  fields: {
    type: 'string',
    error_code: 'string',
    stdout: 'string',
    encrypted_stdout: 'string',
    abort_reason: 'string',
    stderr: 'string',
    return_code: 'number',
    content: { list: { fields: { type: 'string', file_id: 'string' } } },
  },
});

/** Blocks that only this protocol has: calls of tools that run at Anthropic, and what came of them. */
export const NATIVE_BLOCKS: { readonly [type: string]: Shape } = {
  document: DOCUMENT,
  search_result: {
    fields: {
      type: 'string',
      source: 'string',
      title: 'string',
      content: { list: TEXT },
      citations: CITATIONS_CONFIG,
      cache_control: CACHE_CONTROL,
    },
  },
  server_tool_use: {
    fields: {
      type: 'string',
      id: 'string',
      name: 'string',
      input: 'any',
      caller: CALLER,
      cache_control: CACHE_CONTROL,
    },
  },
  mcp_tool_use: {
    fields: {
      type: 'string',
      id: 'string',
      name: 'string',
      server_name: 'string',
      input: 'any',
      cache_control: CACHE_CONTROL,
    },
  },
  mcp_tool_result: {
    fields: {
      type: 'string',
      tool_use_id: 'string',
      is_error: 'boolean',
      content: { either: ['string', { list: TEXT }] },
      cache_control: CACHE_CONTROL,
    },
  },
  mcp_tool_listing: {
    fields: {
      type: 'string',
      mcp_server_name: 'string',
      tools: { list: { fields: { name: 'string', description: 'string', input_schema: 'any' } } },
    },
  },
  web_search_tool_result: result({
    either: [
      {
        list: {
          fields: {
            type: 'string',
            url: 'string',
            title: 'string',
            encrypted_content: 'string',
            page_age: 'string',
          },
        },
      },
      { fields: { type: 'string', error_code: 'string' } },
    ],
  }),
  web_fetch_tool_result: result({
    fields: {
      type: 'string',
      error_code: 'string',
      url: 'string',
      retrieved_at: 'string',
      content: DOCUMENT,
    },
  }),
  code_execution_tool_result: EXECUTION_RESULT,
  bash_code_execution_tool_result: EXECUTION_RESULT,
  text_editor_code_execution_tool_result: result({
    fields: {
      type: 'string',
      error_code: 'string',
      error_message: 'string',
      content: 'string',
      file_type: 'string',
      num_lines: 'number',
      start_line: 'number',
      total_lines: 'number',
      is_file_update: 'boolean',
      lines: { list: 'string' },
      new_lines: 'number',
      new_start: 'number',
      old_lines: 'number',
      old_start: 'number',
    },
  }),
  tool_search_tool_result: result({
    fields: {
      type: 'string',
      error_code: 'string',
      error_message: 'string',
      tool_references: { list: { fields: { type: 'string', tool_name: 'string' } } },
    },
  }),
  advisor_tool_result: result({
    fields: {
      type: 'string',
      error_code: 'string',
      text: 'string',
      encrypted_content: 'string',
      stop_reason: 'string',
    },
  }),
  container_upload: {
    fields: { type: 'string', file_id: 'string', cache_control: CACHE_CONTROL },
  },
  compaction: {
    fields: {
      type: 'string',
      content: 'string',
      encrypted_content: 'string',
      signature: 'string',
      cache_control: CACHE_CONTROL,
    },
  },
  fallback: {
    fields: {
      type: 'string',
      from: { fields: { model: 'string' } },
      to: { fields: { model: 'string' } },
      trigger: { fields: { type: 'string', category: 'string' } },
    },
  },
};

const COUNT: Shape = { fields: { type: 'string', value: 'number' } };

/** Top-level request fields that only this protocol has. */
export const NATIVE_FIELDS: { readonly [key: string]: Shape } = {
  cache_control: CACHE_CONTROL,
  compaction: { fields: { type: 'string', instructions: 'string' } },
  context_management: {
    fields: {
      edits: {
        list: {
          fields: {
            type: 'string',
            clear_at_least: COUNT,
            clear_tool_inputs: { either: ['boolean', { list: 'string' }] },
            exclude_tools: { list: 'string' },
            keep: { either: ['string', COUNT] },
            trigger: COUNT,
            instructions: 'string',
            pause_after_compaction: 'boolean',
          },
        },
      },
    },
  },
  diagnostics: { fields: { previous_message_id: 'string' } },
  inference_geo: 'string',
  metadata: { fields: { user_id: 'string' } },
  service_tier: 'string',
  speed: 'string',
};

export const CONTAINER: Shape = {
  either: [
    'string',
    {
      fields: {
        id: 'string',
        skills: { list: { fields: { type: 'string', skill_id: 'string', version: 'string' } } },
      },
    },
  ],
};

export const MCP_SERVER: Shape = {
  fields: {
    type: 'string',
    name: 'string',
    url: 'string',
    authorization_token: 'string',
    tool_configuration: { fields: { allowed_tools: { list: 'string' }, enabled: 'boolean' } },
  },
};
