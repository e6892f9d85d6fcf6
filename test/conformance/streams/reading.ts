/** What each vendor's official SDK makes of the bytes of a stream. */
import Anthropic from '@anthropic-ai/sdk';
import { type GenerateContentResponse, GoogleGenAI, type Part } from '@google/genai';
import OpenAI from 'openai';
import type { FinishReason, Protocol } from '#wire/exchange.ts';
import { PartialCall } from './partial-call.ts';

export interface ReadCall {
  readonly id: string | undefined;
  readonly name: string;
  /** The arguments as text, where the protocol has them as text. */
  readonly text: string | undefined;
  readonly value: unknown;
}

export interface Reading {
  readonly text: string;
  readonly refusal: string;
  readonly calls: readonly ReadCall[];
  readonly finish: FinishReason;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  /** Kinds of blocks or items: all that the same protocol must keep. */
  readonly blocks: readonly string[];
  /** The body of a caller's next request, with the answer sent back as the SDK gave it, if whole. */
  readonly next: unknown;
}

const ASKED = { role: 'user', content: 'x' };

export type Read =
  | { readonly reading: Reading }
  | { readonly error: string; readonly isApi: boolean };

/** @param bytes as they come over the wire */
export async function read(protocol: Protocol, bytes: Uint8Array): Promise<Read> {
  const fetch = () =>
    Promise.resolve(
      new Response(new Uint8Array(bytes), { headers: { 'content-type': 'text/event-stream' } }),
    );
  try {
    return { reading: await READERS[protocol](fetch) };
  } catch (thrown) {
    const error = thrown as Error & { status?: number };
    const isApi =
      error instanceof OpenAI.APIError ||
      error instanceof Anthropic.APIError ||
      error.constructor.name === 'ApiError' ||
      error.message.startsWith('got status');
    return { error: `${error.constructor.name}: ${error.message}`.slice(0, 200), isApi };
  }
}

type Fetch = typeof globalThis.fetch;

const READERS: Readonly<Record<Protocol, (fetch: Fetch) => Promise<Reading>>> = {
  'openai-chat': readChat,
  'openai-responses': readResponses,
  anthropic: readAnthropic,
  gemini: readGemini,
};

const silent = { error() {}, warn() {}, info() {}, debug() {} };

function openai(fetch: Fetch): OpenAI {
  return new OpenAI({ apiKey: 'none', fetch, maxRetries: 0, logger: silent });
}

type ChatSnapshot = OpenAI.ChatCompletion & { x_groq?: { usage?: OpenAI.CompletionUsage } };
type ChunkCall = OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall & {
  custom?: { name?: string; input?: string };
};

async function readChat(fetch: Fetch): Promise<Reading> {
  const stream = openai(fetch).chat.completions.stream({ model: 'm', messages: [] });
  const custom = new Map<number, { id: string; name: string; text: string }>();
  let last: unknown;
  stream.on('chunk', (chunk, snapshot) => {
    last = snapshot;
    for (const call of chunk.choices[0]?.delta?.tool_calls ?? []) keepCustom(custom, call);
  });
  const completion = (await stream.finalChatCompletion().catch((thrown: Error) => {
    // The helper reads the chunks of custom tools, but has no words for them at its end.
    if (custom.size > 0 && thrown.message.includes('function.name')) return last;
    throw thrown;
  })) as ChatSnapshot;
  const choice = completion.choices[0];
  if (!choice) throw new Error('the answer has no choice');
  const calls: ReadCall[] = [];
  for (const call of choice.message.tool_calls ?? []) {
    if (call.type === 'function') {
      calls.push(called(call.id, call.function.name, call.function.arguments));
    }
  }
  for (const { id, name, text } of custom.values()) calls.push({ id, name, text, value: text });
  const legacy = choice.message.function_call;
  if (legacy) calls.push(called(undefined, legacy.name, legacy.arguments));
  const refusal = choice.message.refusal ?? '';
  const text = choice.message.content ?? '';
  return {
    text,
    refusal,
    calls,
    finish: finishOf(choice.finish_reason, calls, refusal),
    ...chatUsage(completion.usage ?? completion.x_groq?.usage),
    blocks: [],
    next: custom.size > 0 ? undefined : { model: 'm', messages: [ASKED, choice.message] },
  };
}

function keepCustom(
  custom: Map<number, { id: string; name: string; text: string }>,
  call: ChunkCall,
): void {
  if (!call.custom) return;
  const kept = custom.get(call.index) ?? { id: '', name: '', text: '' };
  kept.id ||= call.id ?? '';
  kept.name ||= call.custom.name ?? '';
  kept.text += call.custom.input ?? '';
  custom.set(call.index, kept);
}

/** Some vendors count reasoning beside the completion, which the total then shows. */
function chatUsage(usage: OpenAI.CompletionUsage | undefined) {
  if (!usage) return { inputTokens: undefined, outputTokens: undefined };
  const { prompt_tokens, completion_tokens, total_tokens, completion_tokens_details } = usage;
  const reasoning = completion_tokens_details?.reasoning_tokens ?? 0;
  const isBeside = total_tokens === prompt_tokens + completion_tokens + reasoning;
  return {
    inputTokens: prompt_tokens,
    outputTokens: isBeside ? completion_tokens + reasoning : completion_tokens,
  };
}

async function readResponses(fetch: Fetch): Promise<Reading> {
  const stream = openai(fetch).responses.stream({ model: 'm', input: 'x' });
  const streamed = new Map<string, string>();
  stream.on('response.output_text.delta', ({ item_id, content_index, delta }) => {
    const key = `${item_id} ${content_index}`;
    streamed.set(key, (streamed.get(key) ?? '') + delta);
  });
  const response = await stream.finalResponse();
  if (response.status !== 'completed' && response.status !== 'incomplete') {
    throw new Error(`the response is ${response.status ?? 'without an end'}`);
  }
  let text = '';
  let refusal = '';
  const calls: ReadCall[] = [];
  for (const item of response.output) {
    if (item.type === 'function_call') calls.push(called(item.call_id, item.name, item.arguments));
    else if (item.type === 'custom_tool_call') {
      if (isSearchOfX(item.name, response.tools)) continue;
      calls.push({ id: item.call_id, name: item.name, text: item.input, value: item.input });
    } else if (item.type !== 'message') {
      const call = vendorCall(item as unknown as VendorItem);
      if (call) calls.push(call);
    } else {
      item.content.forEach((part, i) => {
        if (part.type === 'refusal') refusal += part.refusal;
        // What was streamed cannot be taken back, where the item's end says something else.
        else {
          const before = streamed.get(`${item.id} ${i}`) ?? '';
          text += part.text.startsWith(before) ? part.text : before;
        }
      });
    }
  }
  const reason = response.incomplete_details?.reason;
  return {
    text,
    refusal,
    calls,
    finish: finishOf(response.status === 'completed' ? 'completed' : reason, calls, refusal),
    inputTokens: response.usage?.input_tokens,
    outputTokens: response.usage?.output_tokens,
    blocks: response.output.map((item) => item.type),
    next: { model: 'm', input: [ASKED, ...response.output] },
  };
}

/** xAI runs these inside, though they look like the caller's custom tools. */
function isSearchOfX(name: string, tools: readonly { type: string; name?: string }[]): boolean {
  const isCallers = tools.some((tool) => tool.type === 'custom' && tool.name === name);
  return !isCallers && tools.some((tool) => tool.type === 'x_search');
}

interface VendorItem {
  readonly type: string;
  readonly id?: string;
  readonly call_id?: string;
  readonly execution?: string;
  readonly environment?: { readonly type?: string } | null;
  readonly action?: unknown;
  readonly actions?: unknown;
  readonly operation?: unknown;
  readonly arguments?: unknown;
}

/** Calls of tools that the vendor made and the caller runs: calls in all but their form. */
function vendorCall(item: VendorItem): ReadCall | undefined {
  if (!VENDOR_CALLS.has(item.type)) return undefined;
  if (item.environment?.type?.startsWith('container')) return undefined;
  if (item.type === 'tool_search_call' && item.execution !== 'client') return undefined;
  const { action, actions } = item;
  const isComputer = item.type === 'computer_call';
  const value = isComputer
    ? actions
      ? { actions }
      : { action }
    : (item.operation ?? action ?? item.arguments);
  const name = item.type.slice(0, -'_call'.length);
  return { id: item.call_id ?? item.id, name, text: undefined, value };
}

const VENDOR_CALLS: ReadonlySet<string> = new Set([
  'apply_patch_call',
  'computer_call',
  'local_shell_call',
  'shell_call',
  'tool_search_call',
]);

async function readAnthropic(fetch: Fetch): Promise<Reading> {
  const client = new Anthropic({ apiKey: 'none', fetch, maxRetries: 0, logger: silent });
  const stream = client.messages.stream({ model: 'm', max_tokens: 1, messages: [] });
  const inputs = new Map<number, string>();
  stream.on('streamEvent', (event) => {
    if (event.type !== 'content_block_delta' || event.delta.type !== 'input_json_delta') return;
    inputs.set(event.index, (inputs.get(event.index) ?? '') + event.delta.partial_json);
  });
  const message = await stream.finalMessage();
  if (message.stop_reason === null) throw new Error('the message has no end');
  let text = '';
  const calls: ReadCall[] = [];
  message.content.forEach((block, i) => {
    if (block.type === 'text') text += block.text;
    else if (block.type === 'tool_use') {
      calls.push(called(block.id, block.name, inputs.get(i) || JSON.stringify(block.input)));
    }
  });
  const { usage } = message;
  const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  return {
    text,
    refusal: '',
    calls,
    finish: finishOf(message.stop_reason, calls, ''),
    inputTokens: usage.input_tokens + cached,
    outputTokens: usage.output_tokens,
    blocks: message.content.map((block) => block.type),
    next: {
      model: 'm',
      max_tokens: 1,
      messages: [ASKED, { role: 'assistant', content: message.content }],
    },
  };
}

async function readGemini(fetch: Fetch): Promise<Reading> {
  const client = new GoogleGenAI({ apiKey: 'none', httpOptions: { fetch } });
  let text = '';
  let finish: string | undefined;
  let usage: GenerateContentResponse['usageMetadata'];
  const calls: ReadCall[] = [];
  const partial = new PartialCall();
  const blocks: string[] = [];
  const parts: Part[] = [];
  for await (const chunk of await client.models.generateContentStream({
    model: 'm',
    contents: 'x',
  })) {
    const candidate = chunk.candidates?.[0];
    for (const part of candidate?.content?.parts ?? []) {
      if (part.text !== undefined && !part.thought) text += part.text;
      parts.push(part);
      const call = part.functionCall;
      if (call) {
        const whole = partial.add(call);
        if (whole) calls.push({ ...whole, text: undefined });
      }
      for (const kind of GEMINI_BLOCKS) if (part[kind]) blocks.push(kind);
    }
    finish = candidate?.finishReason ?? finish ?? chunk.promptFeedback?.blockReason;
    usage = chunk.usageMetadata?.promptTokenCount === undefined ? usage : chunk.usageMetadata;
  }
  const rest = partial.end();
  if (rest) calls.push({ ...rest, text: undefined });
  if (finish === undefined) throw new Error('the answer has no end');
  return {
    text,
    refusal: '',
    calls,
    finish: finishOf(finish, calls, ''),
    inputTokens: usage && (usage.promptTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0),
    outputTokens: usage && (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0),
    blocks,
    next: {
      contents: [
        { role: 'user', parts: [{ text: 'x' }] },
        { role: 'model', parts },
      ],
    },
  };
}

const GEMINI_BLOCKS = ['inlineData', 'executableCode', 'codeExecutionResult'] as const;

function called(id: string | undefined, name: string, text: string): ReadCall {
  let value: unknown;
  try {
    value = text === '' ? {} : JSON.parse(text);
  } catch {
    value = text;
  }
  return { id: id === '' ? undefined : id, name, text: text === '' ? '{}' : text, value };
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  // Chat Completions
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'refusal',
  // Responses
  completed: 'stop',
  max_output_tokens: 'length',
  pause: 'pause',
  // Anthropic
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  pause_turn: 'pause',
  refusal: 'refusal',
  // Gemini
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'refusal',
  RECITATION: 'refusal',
  BLOCKLIST: 'refusal',
  PROHIBITED_CONTENT: 'refusal',
  SPII: 'refusal',
  IMAGE_SAFETY: 'refusal',
  IMAGE_PROHIBITED_CONTENT: 'refusal',
  IMAGE_RECITATION: 'refusal',
  CONTINUATION: 'pause',
};

/** Tool calls and refusals tell more than a plain stop does. */
function finishOf(
  word: string | undefined,
  calls: readonly ReadCall[],
  refusal: string,
): FinishReason {
  const reason = FINISH[word ?? ''] ?? 'other';
  if (reason === 'stop' && calls.length > 0) return 'tool_calls';
  return reason === 'stop' && refusal !== '' ? 'refusal' : reason;
}
