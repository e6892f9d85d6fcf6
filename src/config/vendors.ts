/**
 * What is known of each vendor: protocol, address, how its key travels, which model names it serves.
 * A provider in proviso.yaml names its `kind` and overrides what differs. Base URLs are given as the
 * vendor's own SDK takes them. Facts from the vendors' public API references.
 */
import type { Protocol } from '#wire/exchange.ts';

export type AuthStyle = 'bearer' | 'x-api-key' | 'x-goog-api-key' | 'api-key';

export interface Vendor {
  readonly protocol: Protocol;
  /** Protocols at the same address beside `protocol`. */
  readonly alsoSpeaks: readonly Protocol[];
  /** Absent where each customer has an address of its own. */
  readonly baseUrl?: string;
  readonly auth: AuthStyle;
  /** Names or patterns with one `*`; empty where the operator must say. */
  readonly models: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** Whether calls without a key make sense. */
  readonly isKeyless: boolean;
  /** How its Chat Completions differ from those of the protocol's own vendor. */
  readonly dialect: Dialect;
}

export interface Dialect {
  readonly maxTokensField?: 'max_tokens';
  readonly refusesStreamOptions?: boolean;
}

/** Never resolved: the gateway puts the sandbox's own loopback address here when it starts it. */
const SANDBOX_URL = 'http://sandbox.invalid';

export const VENDORS = {
  openai: chat('https://api.openai.com/v1', {
    alsoSpeaks: ['openai-responses'],
    models: ['gpt-*', 'chatgpt-*', 'o1*', 'o3*', 'o4*', 'codex-*', 'text-embedding-*'],
  }),
  azure: chat(undefined, { alsoSpeaks: ['openai-responses'], auth: 'api-key' }),
  anthropic: {
    ...chat('https://api.anthropic.com', { auth: 'x-api-key', models: ['claude-*'] }),
    protocol: 'anthropic',
    headers: { 'anthropic-version': '2023-06-01' },
  },
  gemini: {
    ...chat('https://generativelanguage.googleapis.com', {
      auth: 'x-goog-api-key',
      models: ['gemini-*', 'gemma-*'],
    }),
    protocol: 'gemini',
  },
  xai: chat('https://api.x.ai/v1', { models: ['grok-*'] }),
  mistral: chat('https://api.mistral.ai/v1', {
    models: [
      'mistral-*',
      'ministral-*',
      'magistral-*',
      'codestral-*',
      'devstral-*',
      'pixtral-*',
      'open-mistral-*',
    ],
    dialect: { maxTokensField: 'max_tokens', refusesStreamOptions: true },
  }),
  groq: chat('https://api.groq.com/openai/v1', {
    models: ['llama-*', 'meta-llama/*', 'qwen/*', 'openai/gpt-oss-*', 'groq/*'],
  }),
  deepseek: chat('https://api.deepseek.com/v1', {
    models: ['deepseek-*'],
    dialect: { maxTokensField: 'max_tokens' },
  }),
  openrouter: chat('https://openrouter.ai/api/v1', { models: ['*'] }),
  ollama: chat('http://127.0.0.1:11434/v1', {
    models: ['*'],
    isKeyless: true,
    dialect: { maxTokensField: 'max_tokens' },
  }),
  vllm: chat('http://127.0.0.1:8000/v1', { models: ['*'], isKeyless: true }),
  sandbox: chat(SANDBOX_URL, { models: ['sandbox', '*'], isKeyless: true }),
  compatible: chat(undefined, { isKeyless: true }),
} as const satisfies Record<string, Vendor>;

export type VendorKind = keyof typeof VENDORS;
export const VENDOR_KINDS = Object.keys(VENDORS) as readonly VendorKind[];

/** Which environment variable brings which vendor, in the order in which they are asked. */
export const VENDOR_KEYS: readonly {
  readonly kind: VendorKind;
  readonly keys: readonly string[];
  /** The variable with the customer's own address, where the vendor needs one. */
  readonly endpoint?: string;
}[] = [
  { kind: 'openai', keys: ['OPENAI_API_KEY'] },
  { kind: 'anthropic', keys: ['ANTHROPIC_API_KEY'] },
  { kind: 'gemini', keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'] },
  { kind: 'xai', keys: ['XAI_API_KEY'] },
  { kind: 'mistral', keys: ['MISTRAL_API_KEY'] },
  { kind: 'groq', keys: ['GROQ_API_KEY'] },
  { kind: 'deepseek', keys: ['DEEPSEEK_API_KEY'] },
  { kind: 'azure', keys: ['AZURE_OPENAI_API_KEY'], endpoint: 'AZURE_OPENAI_ENDPOINT' },
  { kind: 'openrouter', keys: ['OPENROUTER_API_KEY'] },
];

/** Azure's resource address → the base URL of its OpenAI-compatible v1 API. */
export function azureBaseUrl(endpoint: string): string {
  const trimmed = endpoint.replace(/\/+$/, '');
  return trimmed.endsWith('/openai/v1') ? trimmed : `${trimmed}/openai/v1`;
}

function chat<U extends string | undefined>(
  baseUrl: U,
  more: Partial<Omit<Vendor, 'baseUrl' | 'protocol'>>,
): Vendor {
  return {
    protocol: 'openai-chat',
    alsoSpeaks: more.alsoSpeaks ?? [],
    ...(baseUrl === undefined ? {} : { baseUrl }),
    auth: more.auth ?? 'bearer',
    models: more.models ?? [],
    headers: more.headers ?? {},
    isKeyless: more.isKeyless ?? false,
    dialect: more.dialect ?? {},
  };
}
