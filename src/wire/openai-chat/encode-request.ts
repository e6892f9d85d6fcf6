/** The exchange → a chat completion request to a provider. INVARIANT (1): from the exchange alone. */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { ModelRequest, OutputFormat, Tool, ToolChoice } from '../exchange.ts';
import { ownFields } from '../native.ts';
import type { Dialect } from '../protocol.ts';
import { encodeMessages } from './encode-messages.ts';
import { CHAT } from './shapes.ts';

type Body = { [key: string]: JsonValue };

/** Adds to `dropped` what the protocol lacks; throws `cannot_carry` where meaning would be lost. */
export function encodeChatRequest(
  request: ModelRequest,
  dropped: Set<string>,
  dialect: Dialect = {},
): JsonObject {
  const body: Body = {
    model: request.model,
    messages: encodeMessages(request.messages, dropped, dialect),
    ...ownFields(request.native, CHAT, dropped),
  };
  putStream(body, request, dialect);
  putTools(body, request, dropped);
  const maxTokensField =
    request.maxTokensField ?? dialect.maxTokensField ?? 'max_completion_tokens';
  if (request.maxTokens !== undefined) body[maxTokensField] = request.maxTokens;
  if (request.output) body['response_format'] = encodeFormat(request.output);
  if (request.temperature !== undefined) body['temperature'] = request.temperature;
  if (request.topP !== undefined) body['top_p'] = request.topP;
  if (request.topK !== undefined) dropped.add('top_k');
  if (request.seed !== undefined) body['seed'] = request.seed;
  if (request.stop) body['stop'] = request.stop;
  if (request.presencePenalty !== undefined) body['presence_penalty'] = request.presencePenalty;
  if (request.frequencyPenalty !== undefined) body['frequency_penalty'] = request.frequencyPenalty;
  putReasoning(body, request, dropped);
  return body;
}

/** Usage is always asked for, since the record needs it; the caller sees it only on request. */
function putStream(body: Body, request: ModelRequest, dialect: Dialect): void {
  if (!request.stream) {
    delete body['stream_options'];
    return;
  }
  body['stream'] = true;
  if (dialect.refusesStreamOptions) delete body['stream_options'];
  else {
    const asked = body['stream_options'] as JsonObject | undefined;
    body['stream_options'] = { ...asked, include_usage: true };
  }
}

function putTools(body: Body, request: ModelRequest, dropped: Set<string>): void {
  const tools: JsonObject[] = [];
  for (const tool of request.tools) tools.push(encodeTool(tool, dropped));
  const custom = new Set<JsonValue | undefined>();
  for (const { native, wireType } of request.providerTools) {
    if (native.protocol !== CHAT) {
      throw new ProvisoError(
        'cannot_carry',
        `The tool \`${wireType}\` exists only in the protocol \`${native.protocol}\`.`,
        { at: 'tools' },
      );
    }
    if (wireType === 'custom') {
      tools.push({ type: 'custom', custom: native.fields });
      custom.add(native.fields['name']);
    } else body[wireType] = native.fields;
  }
  if (tools.length > 0) body['tools'] = tools;
  if (request.toolChoice) body['tool_choice'] = encodeToolChoice(request.toolChoice, custom);
  if (request.parallelToolCalls !== undefined) {
    body['parallel_tool_calls'] = request.parallelToolCalls;
  }
}

function encodeTool(tool: Tool, dropped: Set<string>): JsonObject {
  ownFields(tool.native, CHAT, dropped);
  const fields: Body = { name: tool.name };
  if (tool.description !== undefined) fields['description'] = tool.description;
  if (tool.parameters !== undefined) fields['parameters'] = tool.parameters;
  if (tool.strict !== undefined) fields['strict'] = tool.strict;
  return { type: 'function', function: fields };
}

function encodeToolChoice(choice: ToolChoice, custom: ReadonlySet<unknown>): JsonValue {
  if (choice.mode !== 'tool') return choice.mode;
  const type = custom.has(choice.name) ? 'custom' : 'function';
  return { type, [type]: { name: choice.name } };
}

function encodeFormat(output: OutputFormat): JsonObject {
  if (output.format !== 'json_schema') {
    return { type: output.format === 'text' ? 'text' : 'json_object' };
  }
  const schema: Body = { name: output.name ?? 'answer', schema: output.schema };
  if (output.description !== undefined) schema['description'] = output.description;
  if (output.strict !== undefined) schema['strict'] = output.strict;
  return { type: 'json_schema', json_schema: schema };
}

/** A budget has no word here; the nearest effort stands in for it. */
function putReasoning(body: Body, request: ModelRequest, dropped: Set<string>): void {
  const { reasoning } = request;
  if (!reasoning) return;
  const { effort, budgetTokens, summary } = reasoning;
  if (summary !== undefined) dropped.add('reasoning.summary');
  if (effort !== undefined) {
    body['reasoning_effort'] = effort;
    if (budgetTokens !== undefined) dropped.add('reasoning.budget_tokens');
  } else if (budgetTokens !== undefined && budgetTokens >= 0) {
    body['reasoning_effort'] = effortOf(budgetTokens);
  }
}

function effortOf(budgetTokens: number): string {
  if (budgetTokens === 0) return 'none';
  if (budgetTokens <= 2_048) return 'low';
  return budgetTokens <= 16_384 ? 'medium' : 'high';
}
