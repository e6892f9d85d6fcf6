/** Fields of Chat Completions that are carried as they are, by the official SDK's types. */
import type { Shape } from '../shape.ts';

export const CHAT = 'openai-chat';

export const CACHE_BREAKPOINT: Shape = { fields: { mode: 'string' } };

export const ANNOTATIONS: Shape = {
  list: {
    fields: {
      type: 'string',
      url_citation: {
        fields: { start_index: 'number', end_index: 'number', title: 'string', url: 'string' },
      },
    },
  },
};

export const WEB_SEARCH_OPTIONS: Shape = {
  fields: {
    search_context_size: 'string',
    user_location: {
      fields: {
        type: 'string',
        approximate: {
          fields: { city: 'string', country: 'string', region: 'string', timezone: 'string' },
        },
      },
    },
  },
};

export const CUSTOM_TOOL: Shape = {
  fields: {
    name: 'string',
    description: 'string',
    format: {
      fields: {
        type: 'string',
        grammar: { fields: { definition: 'string', syntax: 'string' } },
      },
    },
  },
};

const MODERATION_MODE: Shape = { fields: { mode: 'string' } };

/** Top-level request fields that only this protocol has. */
export const NATIVE_FIELDS: { readonly [key: string]: Shape } = {
  logit_bias: { map: 'number' },
  logprobs: 'boolean',
  top_logprobs: 'number',
  metadata: { map: 'string' },
  modalities: { list: 'string' },
  moderation: {
    fields: {
      model: 'string',
      policy: { fields: { input: MODERATION_MODE, output: MODERATION_MODE } },
    },
  },
  prediction: {
    fields: {
      type: 'string',
      content: {
        either: [
          'string',
          {
            list: {
              fields: {
                type: 'string',
                text: 'string',
                prompt_cache_breakpoint: CACHE_BREAKPOINT,
              },
            },
          },
        ],
      },
    },
  },
  prompt_cache_key: 'string',
  prompt_cache_options: { fields: { mode: 'string', ttl: 'string' } },
  prompt_cache_retention: 'string',
  safety_identifier: 'string',
  service_tier: 'string',
  store: 'boolean',
  stream_options: { fields: { include_usage: 'boolean', include_obfuscation: 'boolean' } },
  user: 'string',
  verbosity: 'string',
};
