/** The response object around an answer: what was asked, repeated, and what came of it. */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Answer, Finish, ModelRequest, Part, Usage } from '../exchange.ts';
import { fieldsOf } from './items.ts';
import { encodeText } from './outgoing.ts';
import { encodeToolChoice, encodeTools } from './tools.ts';

type Fields = { [key: string]: JsonValue };

export type ResponseHead = Pick<Answer, 'id' | 'model' | 'createdAt'>;

/** The fields that do not change while the answer is made. */
export function responseHead(head: ResponseHead, request: ModelRequest): Fields {
  const native = fieldsOf(request) ?? {};
  const [first] = request.messages;
  const part = first?.role === 'system' ? first.parts[0] : undefined;
  return {
    id: head.id,
    object: 'response',
    created_at: head.createdAt ?? Math.floor(Date.now() / 1000),
    background: false,
    error: null,
    instructions: part?.type === 'text' ? part.text : null,
    max_output_tokens: request.maxTokens ?? null,
    metadata: native['metadata'] ?? {},
    model: head.model,
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: null },
    store: native['store'] ?? false,
    temperature: request.temperature ?? null,
    text: encodeText(request) ?? { format: { type: 'text' } },
    tool_choice: encodeToolChoice(request) ?? native['tool_choice'] ?? 'auto',
    tools: encodeTools(request, new Set()),
    top_p: request.topP ?? null,
    truncation: native['truncation'] ?? 'disabled',
    user: native['user'] ?? null,
  };
}

/** The fields that tell how it ended. */
export function responseEnd(
  finish: Finish,
  hasRefusal: boolean,
  output: readonly JsonValue[],
  usage: Usage | undefined,
  native: JsonObject | undefined,
): Fields & { readonly status: 'completed' | 'incomplete' } {
  const reason = incompleteReason(finish, hasRefusal);
  return {
    ...native,
    status: reason === undefined ? 'completed' : 'incomplete',
    incomplete_details: reason === undefined ? null : { reason },
    output,
    usage: encodeUsage(usage),
  };
}

function incompleteReason(finish: Finish, hasRefusal: boolean): string | undefined {
  switch (finish.reason) {
    case 'stop':
    case 'tool_calls':
      return undefined;
    case 'length':
      return 'max_output_tokens';
    case 'refusal':
      return hasRefusal ? undefined : 'content_filter';
    case 'pause':
      return 'pause';
    case 'other':
      return finish.wireReason ?? 'other';
  }
}

function encodeUsage(usage: Usage | undefined): JsonValue {
  if (!usage) return null;
  return {
    ...fieldsOf(usage),
    input_tokens: usage.inputTokens,
    input_tokens_details: {
      cached_tokens: usage.cacheReadTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? 0,
    },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

export function hasRefusal(parts: readonly Part[]): boolean {
  for (const part of parts) if (part.type === 'refusal') return true;
  return false;
}
