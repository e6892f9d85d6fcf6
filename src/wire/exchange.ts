/**
 * The exchange: one request and its answer in Proviso's own form, whatever the wire protocol.
 *
 *   caller's bytes → parseJson → decodeRequest → ModelRequest → encodeRequest → provider's bytes
 *   provider's bytes → decoder → AnswerEvent* → (gate) → encoder → caller's bytes
 *
 * Everything that is sent is encoded from these types and from nothing else: INVARIANT (1). What a
 * protocol has and the others lack is `native`: named, kept for the same protocol, and counted as
 * dropped on the way to another.
 */
import type { JsonObject } from '#base/json.ts';

export const PROTOCOLS = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

/** Fields by their wire name, which mean something to `protocol` only. */
export interface Native {
  readonly protocol: Protocol;
  readonly fields: JsonObject;
}

export interface TextPart {
  readonly type: 'text';
  readonly text: string;
  readonly native?: Native | undefined;
}

export interface MediaPart {
  readonly type: 'image' | 'audio' | 'video' | 'file';
  readonly source:
    | { readonly kind: 'base64'; readonly mediaType: string; readonly base64: string }
    /** Fetched by the provider, never by Proviso. */
    | { readonly kind: 'url'; readonly url: string; readonly mediaType?: string | undefined }
    /** An upload known to one vendor: the part's `native` names its protocol, no other carries it. */
    | { readonly kind: 'id'; readonly id: string }
    | { readonly kind: 'text'; readonly mediaType: string; readonly text: string };
  readonly name?: string | undefined;
  readonly native?: Native | undefined;
}

export interface ToolCallPart {
  readonly type: 'tool_call';
  /** Made up by the decoder where the protocol has none, and unique within the exchange. */
  readonly id: string;
  readonly name: string;
  /** JSON text of an object, exactly as the model wrote it; `{}` when it wrote nothing. A custom tool's free text has `free: true`. */
  readonly arguments: string;
  readonly free?: boolean | undefined;
  readonly native?: Native | undefined;
}

export interface ToolResultPart {
  readonly type: 'tool_result';
  readonly callId: string;
  readonly name?: string | undefined;
  readonly content: readonly (TextPart | MediaPart)[];
  readonly isError?: boolean | undefined;
  readonly native?: Native | undefined;
}

export interface ReasoningPart {
  readonly type: 'reasoning';
  /** Empty where the provider shows none of it. */
  readonly text: string;
  /** Opaque to us, checked by the provider that made it: signature, encrypted content, id. */
  readonly native?: Native | undefined;
}

export interface RefusalPart {
  readonly type: 'refusal';
  readonly text: string;
}

/** A block that only `native.protocol` has, such as the result of a tool that ran inside the provider. */
export interface NativePart {
  readonly type: 'native';
  /** The block's own type on the wire, for the list of what was dropped. */
  readonly label: string;
  readonly native: Native;
  /** Set where the block is a call of a tool that runs inside the provider. */
  readonly providerTool?: string | undefined;
}

export type Part =
  | TextPart
  | MediaPart
  | ToolCallPart
  | ToolResultPart
  | ReasoningPart
  | RefusalPart
  | NativePart;

/** Tool results stand in messages of role `tool`, one or more in each, in the order they came. */
export interface Message {
  readonly role: Role;
  readonly parts: readonly Part[];
  readonly name?: string | undefined;
  readonly native?: Native | undefined;
}

/** A tool that the caller runs. */
export interface Tool {
  readonly name: string;
  readonly description?: string | undefined;
  /** JSON Schema of the arguments. */
  readonly parameters?: JsonObject | undefined;
  readonly strict?: boolean | undefined;
  /** Takes free text instead of JSON arguments (OpenAI's custom tools). */
  readonly free?: boolean | undefined;
  readonly native?: Native | undefined;
}

/** What a tool that runs inside the provider does, across vendors. */
export const PROVIDER_TOOL_KINDS = [
  'web_search',
  'web_fetch',
  'code_execution',
  'computer_use',
  'shell',
  'file_search',
  'image_generation',
  'remote_mcp',
  'text_editor',
  'memory',
  'maps',
  'tool_search',
  'other',
] as const;
export type ProviderToolKind = (typeof PROVIDER_TOOL_KINDS)[number];

/**
 * A tool of the vendor's making: it runs inside the provider, or is the vendor's schema for the
 * caller to run (`runsAt`). Those that run inside never come back to us, so they are decided at
 * request time, each as a tool call of its own.
 */
export interface ProviderTool {
  readonly kind: ProviderToolKind;
  /** The name on the wire, such as `web_search_20250305` or `googleSearch`. */
  readonly wireType: string;
  readonly runsAt: 'provider' | 'caller';
  readonly native: Native;
}

export type ToolChoice =
  | { readonly mode: 'auto' | 'none' | 'required' }
  | { readonly mode: 'tool'; readonly name: string };

export type OutputFormat =
  | { readonly format: 'text' | 'json' }
  | {
      readonly format: 'json_schema';
      readonly schema: JsonObject;
      readonly name?: string | undefined;
      readonly description?: string | undefined;
      readonly strict?: boolean | undefined;
    };

export interface Reasoning {
  readonly effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max' | undefined;
  /** Tokens; −1 where the model may choose. */
  readonly budgetTokens?: number | undefined;
  readonly summary?: boolean | undefined;
}

export interface ModelRequest {
  readonly operation: 'generate';
  readonly model: string;
  readonly stream: boolean;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly providerTools: readonly ProviderTool[];
  readonly toolChoice?: ToolChoice | undefined;
  readonly parallelToolCalls?: boolean | undefined;
  readonly output?: OutputFormat | undefined;
  readonly maxTokens?: number | undefined;
  /** Set where the caller used Chat Completions' older name, which some servers alone know. */
  readonly maxTokensField?: 'max_tokens' | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly presencePenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly reasoning?: Reasoning | undefined;
  /** Known to the caller's protocol only; also those unknown ones that the configuration lists. */
  readonly native?: Native | undefined;
}

export interface EmbedRequest {
  readonly operation: 'embed';
  readonly model: string;
  readonly inputs: readonly (string | readonly number[])[];
  readonly dimensions?: number | undefined;
  readonly encoding?: 'float' | 'base64' | undefined;
  readonly native?: Native | undefined;
}

/** Counts the input tokens of what would be sent. */
export interface CountRequest {
  readonly operation: 'count_tokens';
  readonly model: string;
  readonly request: ModelRequest;
}

export type ExchangeRequest = ModelRequest | EmbedRequest | CountRequest;

/** Inclusive totals: cached tokens are part of `inputTokens`, reasoning is part of `outputTokens`. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
  readonly native?: Native | undefined;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'refusal' | 'pause' | 'other';

export interface Finish {
  readonly reason: FinishReason;
  /** The provider's own word, where it says more. */
  readonly wireReason?: string | undefined;
  readonly stopSequence?: string | undefined;
}

/** What a provider answered. The answer's parts are of role `assistant`. */
export interface Answer {
  readonly id: string;
  /** The model that the provider says answered. */
  readonly model: string;
  /** Seconds since 1970. */
  readonly createdAt?: number | undefined;
  readonly parts: readonly Part[];
  readonly finish: Finish;
  readonly usage?: Usage | undefined;
  readonly native?: Native | undefined;
  /** What the provider sent and this version does not carry, by name. */
  readonly dropped?: readonly string[] | undefined;
}

export interface EmbedAnswer {
  readonly model: string;
  readonly embeddings: readonly (readonly number[] | string)[];
  readonly inputTokens?: number | undefined;
}

/**
 * An answer as it streams. A decoder yields, whatever the provider sent:
 *   start, then parts (each: part_start, part_delta*, part_end), then exactly one finish or error.
 * At most one part that is not a tool call is open at a time; tool calls may be open beside it and
 * beside each other. The gate then gives each tool call whole, so that encoders see parts strictly
 * one after another. `index` counts parts from 0 in the order of their start.
 */
export type AnswerEvent =
  | {
      readonly type: 'start';
      readonly id: string;
      readonly model: string;
      readonly createdAt?: number | undefined;
      /** What is known of the input at the start (Anthropic counts it first). */
      readonly usage?: Usage | undefined;
      readonly native?: Native | undefined;
    }
  | {
      readonly type: 'part_start';
      readonly index: number;
      /** The part as far as it is known: empty text, empty arguments. */
      readonly part: Part;
    }
  /** Text, reasoning text, refusal text, or a piece of the arguments' JSON text. */
  | { readonly type: 'part_delta'; readonly index: number; readonly text: string }
  /** The part as a whole, with what came last (signatures, citations). */
  | { readonly type: 'part_end'; readonly index: number; readonly part: Part }
  | {
      readonly type: 'finish';
      readonly finish: Finish;
      readonly usage?: Usage | undefined;
      readonly native?: Native | undefined;
      readonly dropped?: readonly string[] | undefined;
    }
  | { readonly type: 'error'; readonly error: AnswerError };

/** A provider's error in neutral words. */
export interface AnswerError {
  readonly kind:
    | 'invalid_request'
    | 'authentication'
    | 'permission'
    | 'not_found'
    | 'rate_limit'
    | 'too_large'
    | 'overloaded'
    | 'timeout'
    | 'server';
  readonly message: string;
  readonly wireCode?: string | undefined;
}
