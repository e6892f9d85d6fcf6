/** The exchange → an Anthropic Messages request. INVARIANT (1): from the exchange alone. */
import { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { CountRequest, ModelRequest, Tool } from '../exchange.ts';
import { ownFields } from '../native.ts';
import { encodeConversation } from './encode-messages.ts';
import { ANTHROPIC } from './shapes.ts';

type Body = { [key: string]: JsonValue };

/** The API wants a limit; other protocols need none. */
const MAX_TOKENS_DEFAULT = 4_096;
/** The API's own bound. */
const BUDGET_TOKENS_MIN = 1_024;

export interface EncodedRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: JsonObject;
}

/** Adds to `dropped` what the protocol lacks; throws `cannot_carry` where meaning would be lost. */
export function encodeMessagesRequest(request: ModelRequest, dropped: Set<string>): EncodedRequest {
  const { body, headers } = encodeCounted(request, dropped);
  const maxTokens = request.maxTokens ?? MAX_TOKENS_DEFAULT + budgetOf(request);
  body['max_tokens'] = maxTokens;
  fitBudget(body, maxTokens, dropped);
  if (request.stream) body['stream'] = true;
  if (request.stop) body['stop_sequences'] = request.stop;
  if (request.temperature !== undefined) {
    // Other protocols go up to 2.
    if (request.temperature > 1) dropped.add('temperature above 1');
    body['temperature'] = Math.min(request.temperature, 1);
  }
  if (request.topP !== undefined) body['top_p'] = request.topP;
  if (request.topK !== undefined) body['top_k'] = request.topK;
  if (request.seed !== undefined) dropped.add('seed');
  if (request.presencePenalty !== undefined) dropped.add('presence_penalty');
  if (request.frequencyPenalty !== undefined) dropped.add('frequency_penalty');
  return { body, headers };
}

export function encodeCountRequest(request: CountRequest, dropped: Set<string>): EncodedRequest {
  return encodeCounted(request.request, dropped);
}

/** What both a message and the count of its tokens are made of. */
function encodeCounted(request: ModelRequest, dropped: Set<string>) {
  const { betas, thinking, output_config, ...own } =
    ownFields(request.native, ANTHROPIC, dropped) ?? {};
  const { system, messages } = encodeConversation(request.messages, dropped);
  const body: Body = { model: request.model, messages, ...own };
  if (system !== undefined) body['system'] = system;
  putTools(body, request, dropped);
  putThinking(body, request, thinking);
  putOutput(body, request, output_config, dropped);
  const headers: Record<string, string> = { 'anthropic-version': '2023-06-01' };
  if (Array.isArray(betas)) headers['anthropic-beta'] = betas.join(',');
  return { body, headers };
}

function putTools(body: Body, request: ModelRequest, dropped: Set<string>): void {
  const tools: JsonObject[] = [];
  const servers: JsonObject[] = [];
  for (const tool of request.tools) tools.push(encodeTool(tool, dropped));
  for (const { native, wireType } of request.providerTools) {
    if (native.protocol !== ANTHROPIC) {
      throw new ProvisoError(
        'cannot_carry',
        `The tool \`${wireType}\` exists only in the protocol \`${native.protocol}\`.`,
        { at: 'tools' },
      );
    }
    if (wireType === 'mcp_servers') servers.push(native.fields);
    else if (wireType === 'container') body['container'] = native.fields['container'] ?? null;
    else tools.push(native.fields);
  }
  if (tools.length > 0) body['tools'] = tools;
  if (servers.length > 0) body['mcp_servers'] = servers;
  const choice = encodeToolChoice(request);
  // Without tools the API takes no choice, and there is none to make.
  if (choice && tools.length > 0) body['tool_choice'] = choice;
}

function encodeTool(tool: Tool, dropped: Set<string>): JsonObject {
  const fields: Body = { name: tool.name };
  if (tool.description !== undefined) fields['description'] = tool.description;
  fields['input_schema'] = tool.parameters ?? { type: 'object', properties: {} };
  if (tool.strict !== undefined) fields['strict'] = tool.strict;
  return { ...fields, ...ownFields(tool.native, ANTHROPIC, dropped) };
}

function encodeToolChoice(request: ModelRequest): JsonObject | undefined {
  const { toolChoice, parallelToolCalls } = request;
  if (toolChoice?.mode === 'none') return { type: 'none' };
  if (!toolChoice && parallelToolCalls === undefined) return undefined;
  const mode = toolChoice?.mode ?? 'auto';
  const fields: Body = { type: mode === 'required' ? 'any' : mode };
  if (toolChoice?.mode === 'tool') fields['name'] = toolChoice.name;
  if (parallelToolCalls !== undefined) fields['disable_parallel_tool_use'] = !parallelToolCalls;
  return fields;
}

function budgetOf(request: ModelRequest): number {
  return Math.max(request.reasoning?.budgetTokens ?? 0, 0);
}

function putThinking(body: Body, request: ModelRequest, own: JsonValue | undefined): void {
  const { effort, budgetTokens, summary } = request.reasoning ?? {};
  if (own !== undefined) body['thinking'] = own;
  else if (budgetTokens === 0 || effort === 'none') body['thinking'] = { type: 'disabled' };
  else if (budgetTokens !== undefined || summary === true) {
    const isFixed = budgetTokens !== undefined && budgetTokens > 0;
    const fields: Body = isFixed
      ? { type: 'enabled', budget_tokens: budgetTokens }
      : { type: 'adaptive' };
    if (summary !== undefined) fields['display'] = summary ? 'summarized' : 'omitted';
    body['thinking'] = fields;
  }
}

/** The budget lies between the API's minimum and the limit on tokens; other protocols don’t say so. */
function fitBudget(body: Body, maxTokens: number, dropped: Set<string>): void {
  const { thinking } = body;
  if (!isObject(thinking) || thinking['type'] !== 'enabled') return;
  const budget = thinking['budget_tokens'] as number;
  const fitting = Math.min(Math.max(budget, BUDGET_TOKENS_MIN), maxTokens - 1);
  if (fitting < BUDGET_TOKENS_MIN) {
    delete body['thinking'];
    dropped.add('reasoning.budget_tokens');
  } else body['thinking'] = { ...thinking, budget_tokens: fitting };
}

function putOutput(
  body: Body,
  request: ModelRequest,
  own: JsonValue | undefined,
  dropped: Set<string>,
): void {
  const config: Body = isObject(own) ? { ...own } : {};
  const effort = request.reasoning?.effort;
  if (effort !== undefined && effort !== 'none') {
    config['effort'] = effort === 'minimal' ? 'low' : effort;
  }
  if (request.output?.format === 'json_schema') {
    config['format'] = { type: 'json_schema', schema: request.output.schema };
    if (request.output.description !== undefined) dropped.add('output.description');
  } else if (request.output?.format === 'json') dropped.add('output.json');
  for (const _key in config) {
    body['output_config'] = config;
    return;
  }
}
