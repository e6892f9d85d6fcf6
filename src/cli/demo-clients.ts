/**
 * The vendors' own clients as the demo uses them: each asks in its own protocol, with nothing
 * changed but base URL and key, and reports what it understood.
 */
import Anthropic from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import type { JsonObject } from '#base/json.ts';
import type { Protocol } from '#wire/exchange.ts';

export interface Question {
  readonly model: string;
  readonly text: string;
  readonly streamed: boolean;
  /** A tool that the caller would run, by name, with a description. */
  readonly tool?: { readonly name: string; readonly description: string } | undefined;
  /** Adds the protocol's own tool that fetches addresses or calls servers inside the provider. */
  readonly reachesOut?: boolean | undefined;
}

/** What the client made of the answer. */
export interface Heard {
  readonly text: string;
  readonly toolCalls: readonly { readonly name: string; readonly arguments: unknown }[];
  /** The header `proviso-decision`: the number of the decision's entry in the ledger. */
  readonly entry: number;
  /** Proviso's code, where the client raised the vendor's own error. */
  readonly refusal?: string | undefined;
}

export interface DemoClient {
  readonly sdk: string;
  readonly protocol: Protocol;
  /** Whether the protocol has a tool that reaches out from inside the provider. */
  readonly canReachOut: boolean;
  ask(question: Question): Promise<Heard>;
}

const PARAMETERS = { type: 'object', properties: {}, additionalProperties: true } as const;
const WAIT_MS_MAX = 30_000;
const TOKENS_MAX = 1_000;

export function demoClients(address: string, key: string): readonly DemoClient[] {
  const openai = new OpenAI({
    baseURL: `${address}/v1`,
    apiKey: key,
    organization: null,
    project: null,
    maxRetries: 0,
    timeout: WAIT_MS_MAX,
  });
  const anthropic = new Anthropic({
    baseURL: address,
    apiKey: key,
    authToken: null,
    maxRetries: 0,
    timeout: WAIT_MS_MAX,
  });
  const google = new GoogleGenAI({
    apiKey: key,
    vertexai: false,
    httpOptions: { baseUrl: address, timeout: WAIT_MS_MAX },
  });
  return [
    {
      sdk: 'openai',
      protocol: 'openai-chat',
      canReachOut: false,
      ask: (question) => refusable(() => askChat(openai, question)),
    },
    {
      sdk: 'openai',
      protocol: 'openai-responses',
      canReachOut: true,
      ask: (question) => refusable(() => askResponses(openai, question)),
    },
    {
      sdk: '@anthropic-ai/sdk',
      protocol: 'anthropic',
      canReachOut: true,
      ask: (question) => refusable(() => askAnthropic(anthropic, question)),
    },
    {
      sdk: '@google/genai',
      protocol: 'gemini',
      canReachOut: true,
      ask: (question) => refusable(() => askGemini(google, question)),
    },
  ];
}

async function askChat(client: OpenAI, question: Question): Promise<Heard> {
  const { model, text, tool } = question;
  const body = {
    model,
    messages: [{ role: 'user' as const, content: text }],
    ...(tool
      ? { tools: [{ type: 'function' as const, function: { ...tool, parameters: PARAMETERS } }] }
      : {}),
  };
  if (question.streamed) {
    const call = client.chat.completions.create({ ...body, stream: true });
    const { data: stream, response } = await call.withResponse();
    return { entry: entryOf(response.headers), ...(await chatDeltas(stream)) };
  }
  const { data, response } = await client.chat.completions.create(body).withResponse();
  return { entry: entryOf(response.headers), ...chatMessage(data.choices[0]?.message) };
}

async function chatDeltas(stream: AsyncIterable<OpenAI.ChatCompletionChunk>) {
  let text = '';
  const calls: { name: string; json: string }[] = [];
  for await (const { choices } of stream) {
    const delta = choices[0]?.delta;
    text += delta?.content ?? '';
    for (const { index, function: piece } of delta?.tool_calls ?? []) {
      calls[index] ??= { name: '', json: '' };
      calls[index].name += piece?.name ?? '';
      calls[index].json += piece?.arguments ?? '';
    }
  }
  const toolCalls = calls.map(({ name, json }) => ({
    name,
    arguments: JSON.parse(json) as unknown,
  }));
  return { text, toolCalls };
}

function chatMessage(message: OpenAI.ChatCompletionMessage | undefined) {
  const calls = message?.tool_calls ?? [];
  return {
    text: message?.content ?? '',
    toolCalls: calls.flatMap((call) =>
      call.type === 'function'
        ? [{ name: call.function.name, arguments: JSON.parse(call.function.arguments) as unknown }]
        : [],
    ),
  };
}

async function askResponses(client: OpenAI, question: Question): Promise<Heard> {
  const { model, text, tool, reachesOut } = question;
  const tools: OpenAI.Responses.Tool[] = [];
  if (tool) tools.push({ type: 'function', ...tool, parameters: PARAMETERS, strict: false });
  if (reachesOut) {
    tools.push({ type: 'mcp', server_label: 'elsewhere', server_url: 'https://mcp.example.org' });
  }
  const body = { model, input: text, tools };
  if (question.streamed) {
    const call = client.responses.create({ ...body, stream: true });
    const { data: stream, response } = await call.withResponse();
    let completed: OpenAI.Responses.Response | undefined;
    for await (const event of stream) {
      if (event.type === 'response.completed') completed = event.response;
    }
    return { entry: entryOf(response.headers), ...responseOutput(completed?.output ?? []) };
  }
  const { data, response } = await client.responses.create(body).withResponse();
  return { entry: entryOf(response.headers), ...responseOutput(data.output) };
}

function responseOutput(output: readonly OpenAI.Responses.ResponseOutputItem[]) {
  const parts = output.flatMap((item) => (item.type === 'message' ? item.content : []));
  return {
    text: parts.map((part) => (part.type === 'output_text' ? part.text : '')).join(''),
    toolCalls: output.flatMap((item) =>
      item.type === 'function_call'
        ? [{ name: item.name, arguments: JSON.parse(item.arguments) as unknown }]
        : [],
    ),
  };
}

async function askAnthropic(client: Anthropic, question: Question): Promise<Heard> {
  const { model, text, tool, reachesOut } = question;
  const tools: Anthropic.ToolUnion[] = [];
  if (tool) tools.push({ ...tool, input_schema: { type: 'object' } });
  if (reachesOut) tools.push({ type: 'web_fetch_20250910', name: 'web_fetch' });
  const body = {
    model,
    max_tokens: TOKENS_MAX,
    messages: [{ role: 'user' as const, content: text }],
    tools,
  };
  if (question.streamed) {
    const stream = client.messages.stream(body);
    const entry = entryOf((await stream.withResponse()).response.headers);
    return { entry, ...anthropicContent((await stream.finalMessage()).content) };
  }
  const { data, response } = await client.messages.create(body).withResponse();
  return { entry: entryOf(response.headers), ...anthropicContent(data.content) };
}

function anthropicContent(content: readonly Anthropic.ContentBlock[]) {
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    toolCalls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, arguments: block.input }] : [],
    ),
  };
}

async function askGemini(client: GoogleGenAI, question: Question): Promise<Heard> {
  const { model, text, tool, reachesOut } = question;
  const tools = [
    ...(tool ? [{ functionDeclarations: [{ ...tool, parametersJsonSchema: PARAMETERS }] }] : []),
    ...(reachesOut ? [{ urlContext: {} }] : []),
  ];
  const body = { model, contents: text, config: { tools } };
  const heard = { text: '', toolCalls: [] as { name: string; arguments: unknown }[], entry: -1 };
  const answers = question.streamed
    ? await client.models.generateContentStream(body)
    : [await client.models.generateContent(body)];
  for await (const answer of answers) {
    const headers = answer.sdkHttpResponse?.headers;
    if (headers) heard.entry = entryOf(new Headers(headers));
    for (const part of answer.candidates?.[0]?.content?.parts ?? []) {
      heard.text += part.text ?? '';
      const call = part.functionCall;
      if (call) heard.toolCalls.push({ name: call.name ?? '', arguments: call.args });
    }
  }
  return heard;
}

/** The vendor's own error class, as its client raised it, is an answer too. */
async function refusable(ask: () => Promise<Heard>): Promise<Heard> {
  try {
    return await ask();
  } catch (thrown) {
    const nothing = { text: '', toolCalls: [] };
    if (thrown instanceof OpenAI.APIError || thrown instanceof Anthropic.APIError) {
      const { headers } = thrown;
      const refusal = headers?.get('proviso-code') ?? undefined;
      if (headers && refusal !== undefined) return { ...nothing, entry: entryOf(headers), refusal };
    }
    if (thrown instanceof ApiError) {
      const { reason, metadata } = googleDetails(thrown);
      return { ...nothing, entry: Number(metadata?.['entry'] ?? -1), refusal: String(reason) };
    }
    throw thrown;
  }
}

/** Google's client gives the error's body as text. */
function googleDetails({ message }: ApiError): { reason?: string; metadata?: JsonObject } {
  const { error } = JSON.parse(message) as {
    error?: { details?: { reason?: string; metadata?: JsonObject }[] };
  };
  return error?.details?.[0] ?? {};
}

function entryOf(headers: Headers): number {
  const entry = headers.get('proviso-decision');
  return entry === null ? -1 : Number(entry);
}
