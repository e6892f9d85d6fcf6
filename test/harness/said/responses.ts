/** OpenAI Responses, as its provider writes it: by the official SDK's types. */
import type OpenAI from 'openai';
import {
  MODEL_SAID,
  namedFrame,
  pieces,
  type Said,
  SECONDS_SAID,
  type Spoken,
  USAGE,
  type WireEvent,
} from './said.ts';

type Response = Omit<OpenAI.Responses.Response, 'output_text'>;
type Item =
  | OpenAI.Responses.ResponseReasoningItem
  | OpenAI.Responses.ResponseOutputMessage
  | OpenAI.Responses.ResponseFunctionToolCall;

const COUNTS: OpenAI.Responses.ResponseUsage = {
  input_tokens: USAGE.input,
  input_tokens_details: { cached_tokens: USAGE.cached, cache_write_tokens: 0 },
  output_tokens: USAGE.output,
  output_tokens_details: { reasoning_tokens: USAGE.reasoning },
  total_tokens: USAGE.input + USAGE.output,
};

export function responsesSays(said: Said): Spoken {
  const isCut = said.finish === 'length';
  const output = itemsOf(said, isCut);
  const whole: Response = {
    id: 'resp_1',
    object: 'response',
    created_at: SECONDS_SAID,
    model: MODEL_SAID,
    status: isCut ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: isCut ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    metadata: {},
    output,
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    usage: COUNTS,
  };
  const { usage: _, ...uncounted } = whole;
  const begun = { ...uncounted, status: 'in_progress', output: [] };
  return {
    whole,
    frames: numbered([
      { type: 'response.created', response: begun },
      { type: 'response.in_progress', response: begun },
      ...output.flatMap(eventsOf),
      { type: isCut ? 'response.incomplete' : 'response.completed', response: whole },
    ]),
  };
}

export function numbered(events: readonly WireEvent[]): string[] {
  return events.map((event, i) => namedFrame({ ...event, sequence_number: i }));
}

function itemsOf(said: Said, isCut: boolean): Item[] {
  const items: Item[] = [];
  const { reasoning, text, refusal, calls = [] } = said;
  if (reasoning !== undefined) {
    items.push({
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: reasoning }],
    });
  }
  if (refusal !== undefined) items.push(message('msg_1', isCut, { type: 'refusal', refusal }));
  else if (text !== undefined) items.push(message('msg_1', isCut, outputText(text)));
  for (const [i, { id, name, arguments: json }] of calls.entries()) {
    items.push({
      type: 'function_call',
      id: `fc_${i}`,
      call_id: id,
      name,
      arguments: json,
      status: 'completed',
    });
  }
  if (said.afterwards !== undefined)
    items.push(message('msg_2', isCut, outputText(said.afterwards)));
  return items;
}

type Content = OpenAI.Responses.ResponseOutputMessage['content'][number];

function outputText(text: string): Content {
  return { type: 'output_text', text, annotations: [], logprobs: [] };
}

function message(id: string, isCut: boolean, content: Content): Item {
  const status = isCut ? 'incomplete' : 'completed';
  return { type: 'message', id, role: 'assistant', status, content: [content] };
}

function eventsOf(item: Item, output_index: number): WireEvent[] {
  switch (item.type) {
    case 'reasoning':
      return around(item, output_index, { ...item, summary: [] }, reasoningEvents(item));
    case 'message':
      return around(
        item,
        output_index,
        { ...item, status: 'in_progress', content: [] },
        messageEvents(item, output_index),
      );
    case 'function_call':
      return around(
        item,
        output_index,
        { ...item, status: 'in_progress', arguments: '' },
        callEvents(item, output_index),
      );
  }
}

function around(item: Item, output_index: number, begun: object, inner: WireEvent[]): WireEvent[] {
  return [
    { type: 'response.output_item.added', output_index, item: begun },
    ...inner,
    { type: 'response.output_item.done', output_index, item },
  ];
}

function reasoningEvents({ id, summary }: OpenAI.Responses.ResponseReasoningItem): WireEvent[] {
  const text = summary[0]?.text ?? '';
  const at = { item_id: id, output_index: 0, summary_index: 0 };
  const type = 'response.reasoning_summary';
  return [
    { type: `${type}_part.added`, ...at, part: { type: 'summary_text', text: '' } },
    ...pieces(text).map((delta) => ({ type: `${type}_text.delta`, ...at, delta })),
    { type: `${type}_text.done`, ...at, text },
    { type: `${type}_part.done`, ...at, part: { type: 'summary_text', text } },
  ];
}

function messageEvents(
  { id, content: [content] }: OpenAI.Responses.ResponseOutputMessage,
  output_index: number,
): WireEvent[] {
  if (!content) return [];
  const at = { item_id: id, output_index, content_index: 0 };
  const isRefusal = content.type === 'refusal';
  const text = isRefusal ? content.refusal : content.text;
  const empty = isRefusal ? { ...content, refusal: '' } : { ...content, text: '' };
  const type = isRefusal ? 'response.refusal' : 'response.output_text';
  const extra = isRefusal ? {} : { logprobs: [] };
  const whole = isRefusal ? { refusal: text } : { text };
  return [
    { type: 'response.content_part.added', ...at, part: empty },
    ...pieces(text).map((delta) => ({ type: `${type}.delta`, ...at, delta, ...extra })),
    { type: `${type}.done`, ...at, ...whole, ...extra },
    { type: 'response.content_part.done', ...at, part: content },
  ];
}

function callEvents(
  { id, name, arguments: json }: OpenAI.Responses.ResponseFunctionToolCall,
  output_index: number,
): WireEvent[] {
  const at = { item_id: id, output_index };
  const type = 'response.function_call_arguments';
  return [
    ...pieces(json).map((delta) => ({ type: `${type}.delta`, ...at, delta })),
    { type: `${type}.done`, ...at, name, arguments: json },
  ];
}
