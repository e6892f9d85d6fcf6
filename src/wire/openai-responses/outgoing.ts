/** Exchange → the request that is sent. INVARIANT (1): from the exchange that was decided alone. */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type {
  CountRequest,
  Message,
  ModelRequest,
  Part,
  ReasoningPart,
  ToolResultPart,
} from '../exchange.ts';
import { ownFields } from '../native.ts';
import type { WireCall } from '../protocol.ts';
import { encodeInputPart, encodeOutput } from './content.ts';
import { fieldsOf, isSameItem, itemOfCall, RESPONSES } from './items.ts';
import { encodeToolChoice, encodeTools } from './tools.ts';

type Fields = { [key: string]: JsonValue };

/** Settings of a request that have no meaning when only its tokens are counted. */
const NOT_COUNTED = ['max_output_tokens', 'temperature', 'top_p', 'store', 'include', 'stream'];
const COUNTED_NATIVE = new Set(['personality', 'truncation', 'text', 'reasoning', 'tool_choice']);

/** Throws `cannot_carry` for what would change the meaning; the rest is named in `dropped`. */
export function encodeRequest(request: ModelRequest, dropped: Set<string>): WireCall {
  return { path: '/responses', body: encodeBody(request, dropped) };
}

export function encodeCountRequest(count: CountRequest, dropped: Set<string>): WireCall {
  const { request } = count;
  const fields = Object.entries(fieldsOf(request) ?? {});
  const native = Object.fromEntries(fields.filter(([key]) => COUNTED_NATIVE.has(key)));
  const counted: ModelRequest = {
    ...request,
    stream: false,
    native: { protocol: 'openai-responses', fields: native },
  };
  const body: Fields = { ...encodeBody(counted, dropped) };
  for (const key of NOT_COUNTED) delete body[key];
  return { path: '/responses/input_tokens', body };
}

function encodeBody(request: ModelRequest, dropped: Set<string>): JsonObject {
  const native = ownFields(request.native, RESPONSES, dropped);
  const body: Fields = { model: request.model };
  const [first, ...rest] = request.messages;
  const instructions = first && instructionsOf(first);
  if (instructions !== undefined) body['instructions'] = instructions;
  body['input'] = encodeInput(instructions === undefined ? request.messages : rest, dropped);
  if (request.stream) body['stream'] = true;
  if (request.tools.length > 0 || request.providerTools.length > 0) {
    body['tools'] = encodeTools(request, dropped);
  }
  const choice = encodeToolChoice(request);
  if (choice !== undefined) body['tool_choice'] = choice;
  if (request.parallelToolCalls !== undefined) {
    body['parallel_tool_calls'] = request.parallelToolCalls;
  }
  if (request.maxTokens !== undefined) body['max_output_tokens'] = request.maxTokens;
  if (request.temperature !== undefined) body['temperature'] = request.temperature;
  if (request.topP !== undefined) body['top_p'] = request.topP;
  const text = encodeText(request);
  if (text) body['text'] = text;
  const reasoning = encodeReasoning(request, dropped);
  if (reasoning) body['reasoning'] = reasoning;
  dropSettings(request, dropped);
  if (native) {
    for (const key in native) if (!(key in body)) body[key] = native[key] as JsonValue;
  } else {
    // Other protocols keep nothing at the provider; this one would.
    body['store'] = false;
  }
  return body;
}

/** A leading system message of plain text. */
function instructionsOf(message: Message): string | undefined {
  const [part, ...more] = message.parts;
  if (message.role !== 'system' || more.length > 0) return undefined;
  return part?.type === 'text' && !part.native ? part.text : undefined;
}

function dropSettings(request: ModelRequest, dropped: Set<string>): void {
  if (request.stop !== undefined && request.stop.length > 0) {
    throw new ProvisoError(
      'cannot_carry',
      'The OpenAI Responses protocol has no stop sequences. Remove them, or choose another model.',
      { at: 'stop' },
    );
  }
  if (request.topK !== undefined) dropped.add('top_k');
  if (request.seed !== undefined) dropped.add('seed');
  if (request.presencePenalty !== undefined) dropped.add('presence_penalty');
  if (request.frequencyPenalty !== undefined) dropped.add('frequency_penalty');
}

export function encodeText(request: ModelRequest): JsonObject | undefined {
  const native = fieldsOf(request)?.['text'] as JsonObject | undefined;
  const { output } = request;
  if (!output) return native;
  if (output.format !== 'json_schema') {
    return { ...native, format: { type: output.format === 'json' ? 'json_object' : 'text' } };
  }
  const format: Fields = {
    type: 'json_schema',
    name: output.name ?? 'answer',
    schema: output.schema,
  };
  if (output.description !== undefined) format['description'] = output.description;
  if (output.strict !== undefined) format['strict'] = output.strict;
  return { ...native, format };
}

function encodeReasoning(request: ModelRequest, dropped: Set<string>): JsonObject | undefined {
  const { reasoning } = request;
  const native = fieldsOf(request)?.['reasoning'] as JsonObject | undefined;
  if (!reasoning) return native;
  const out: Fields = {};
  if (reasoning.effort !== undefined) out['effort'] = reasoning.effort;
  else if (reasoning.budgetTokens !== undefined) {
    // A budget in tokens is an effort here, in thirds of what models usually allow.
    dropped.add('reasoning.budget_tokens');
    if (reasoning.budgetTokens === 0) out['effort'] = 'none';
    else if (reasoning.budgetTokens > 0) out['effort'] = effortOf(reasoning.budgetTokens);
  }
  if (reasoning.summary) out['summary'] = 'auto';
  return { ...out, ...native };
}

function effortOf(budgetTokens: number): string {
  if (budgetTokens <= 4096) return 'low';
  return budgetTokens <= 16_384 ? 'medium' : 'high';
}

function encodeInput(messages: readonly Message[], dropped: Set<string>): JsonValue[] {
  const items: JsonValue[] = [];
  for (const message of messages) {
    if (message.name !== undefined) dropped.add('message.name');
    ownFields(message.native, RESPONSES, dropped);
    for (const part of message.parts) nameForeign(part, dropped);
    if (message.role === 'assistant') encodeTurn(message.parts, items, dropped);
    else encodeMessage(message, items, dropped);
  }
  return items;
}

/** Names what another protocol alone knows of a part; blocks that are dropped whole are named so. */
function nameForeign(part: Part, dropped: Set<string>): void {
  if (part.type === 'refusal' || part.type === 'native' || part.type === 'reasoning') return;
  ownFields(part.native, RESPONSES, dropped);
  if (part.type !== 'tool_result') return;
  for (const content of part.content) ownFields(content.native, RESPONSES, dropped);
}

/** A message of a user or above. Results that stand in it become items of their own, in order. */
function encodeMessage(message: Message, items: JsonValue[], dropped: Set<string>): void {
  let content: JsonValue[] = [];
  const flush = (): void => {
    const role = message.role === 'tool' ? 'user' : message.role;
    if (content.length > 0) items.push({ type: 'message', role, content });
    content = [];
  };
  for (const part of message.parts) {
    switch (part.type) {
      case 'tool_result':
        flush();
        items.push(encodeResult(part, dropped));
        break;
      case 'native': {
        const fields = fieldsOf(part);
        flush();
        if (fields) items.push(fields);
        else dropped.add(part.label);
        break;
      }
      case 'text':
      case 'refusal':
      case 'reasoning':
      case 'tool_call':
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
        content.push(encodeInputPart(part));
    }
  }
  flush();
}

function encodeResult(part: ToolResultPart, dropped: Set<string>): JsonObject {
  const { type: kind, ...fields } = fieldsOf(part) ?? {};
  const type = typeof kind === 'string' ? kind : 'function_call_output';
  if (part.isError) dropped.add('tool_result.is_error');
  const item: Fields = { type, call_id: part.callId, ...fields };
  if (item['call_id'] === null) delete item['call_id'];
  const output = encodeOutput(part, type);
  if (output !== null) item['output'] = output;
  return item;
}

/** What one turn of the assistant left: parts of one item are put together again. */
function encodeTurn(parts: readonly Part[], items: JsonValue[], dropped: Set<string>): void {
  for (let i = 0; i < parts.length; ) {
    const part = parts[i] as Part;
    let end = i + 1;
    switch (part.type) {
      case 'text':
      case 'refusal':
        while (end < parts.length && isText(parts[end]) && isSameMessage(part, parts[end])) end++;
        items.push(encodeAssistantMessage(parts.slice(i, end)));
        break;
      case 'reasoning':
        while (isSameReasoning(part, parts[end])) end++;
        encodeReasoningItem(parts.slice(i, end) as ReasoningPart[], items, dropped);
        break;
      case 'tool_call':
        items.push(itemOfCall(part, undefined));
        break;
      case 'native': {
        const fields = fieldsOf(part);
        if (fields) items.push(fields);
        else dropped.add(part.label);
        break;
      }
      case 'tool_result':
        items.push(encodeResult(part, dropped));
        break;
      case 'image':
      case 'audio':
      case 'video':
      case 'file':
        // A picture that a model made cannot be given back as its own.
        dropped.add(`assistant.${part.type}`);
    }
    i = end;
  }
}

function isText(part: Part | undefined): boolean {
  return part?.type === 'text' || part?.type === 'refusal';
}

function isSameMessage(first: Part, next: Part | undefined): boolean {
  return next !== undefined && (next.type === 'refusal' || isSameItem(first, next));
}

function isSameReasoning(first: ReasoningPart, next: Part | undefined): boolean {
  return (
    next?.type === 'reasoning' && fieldsOf(first)?.['id'] !== undefined && isSameItem(first, next)
  );
}

function encodeAssistantMessage(parts: readonly Part[]): JsonObject {
  const [first] = parts;
  const fields = first?.type === 'text' ? fieldsOf(first) : undefined;
  const out: Fields = { type: 'message' };
  if (fields?.['id'] !== undefined) out['id'] = fields['id'];
  out['role'] = 'assistant';
  if (fields?.['status'] !== undefined) out['status'] = fields['status'];
  if (fields?.['phase'] !== undefined) out['phase'] = fields['phase'];
  out['content'] = parts.map((part): JsonObject => {
    if (part.type === 'refusal') return { type: 'refusal', refusal: part.text };
    const annotations = 'native' in part ? fieldsOf(part)?.['annotations'] : undefined;
    return {
      type: 'output_text',
      text: part.type === 'text' ? part.text : '',
      annotations: annotations ?? [],
    };
  });
  return out;
}

/** Reasoning is opaque to everyone but the model that made it: another vendor's is left out. */
function encodeReasoningItem(
  parts: readonly ReasoningPart[],
  items: JsonValue[],
  dropped: Set<string>,
): void {
  const fields = fieldsOf(parts[0] as ReasoningPart);
  if (!fields) {
    dropped.add('reasoning');
    return;
  }
  items.push(reasoningItem(parts, fields['id'] as string | undefined));
}

export function reasoningItem(parts: readonly ReasoningPart[], id: string | undefined): JsonObject {
  const summary: JsonValue[] = [];
  const content: JsonValue[] = [];
  const out: Fields = { type: 'reasoning' };
  if (id !== undefined) out['id'] = id;
  for (const part of parts) {
    const fields = fieldsOf(part);
    if (fields?.['type'] === 'reasoning_text') {
      content.push({ type: 'reasoning_text', text: part.text });
    } else if (part.text !== '' || fields?.['type'] === 'summary_text') {
      summary.push({ type: 'summary_text', text: part.text });
    }
    if (fields?.['encrypted_content'] !== undefined) {
      out['encrypted_content'] = fields['encrypted_content'];
    }
    if (fields?.['status'] !== undefined) out['status'] = fields['status'];
  }
  out['summary'] = summary;
  if (content.length > 0) out['content'] = content;
  return out;
}
