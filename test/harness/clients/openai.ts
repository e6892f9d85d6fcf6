/** The official OpenAI client, which speaks two protocols. */
import OpenAI from 'openai';
import type { ChatCompletionStreamParams } from 'openai/lib/ChatCompletionStream';
import {
  type Client,
  type Connect,
  type Failure,
  type Heard,
  type Place,
  type Question,
  TOKENS_MAX,
  type Turn,
} from './question.ts';

export function openaiClient({ address, key, headers }: Place): OpenAI {
  return new OpenAI({
    baseURL: `${address}/v1`,
    apiKey: key,
    organization: null,
    project: null,
    maxRetries: 0,
    logLevel: 'off',
    ...(headers && { defaultHeaders: headers }),
  });
}

export const connectChat: Connect = (place) => {
  const client = openaiClient(place);
  const ask: Client['ask'] = async (question, streams) => {
    const body = chatBody(question);
    if (!streams) {
      const { data, response } = await client.chat.completions.create(body).withResponse();
      return heardCompletion(data, response.headers);
    }
    const streamed: unknown = { ...body, stream_options: { include_usage: true } };
    const stream = client.chat.completions.stream(streamed as ChatCompletionStreamParams);
    let reasoning = '';
    stream.on('chunk', ({ choices }) => {
      const delta = choices[0]?.delta as { reasoning_content?: string } | undefined;
      reasoning += delta?.reasoning_content ?? '';
    });
    const completion = await stream.finalChatCompletion();
    return { ...heardCompletion(completion, new Headers()), reasoning };
  };
  return { ask, failureOf };
};

function chatBody(question: Question): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { model, system, turns, tools, choice, schema, stop, effort } = question;
  return {
    model,
    messages: [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...turns.flatMap(chatMessages),
    ],
    max_completion_tokens: TOKENS_MAX,
    ...(tools && { tools: tools.map((tool) => ({ type: 'function' as const, function: tool })) }),
    ...(choice && {
      tool_choice:
        typeof choice === 'string'
          ? choice
          : { type: 'function' as const, function: { name: choice.only } },
    }),
    ...(schema && {
      response_format: {
        type: 'json_schema' as const,
        json_schema: { name: 'answer', schema, strict: true },
      },
    }),
    ...(stop && { stop: [...stop] }),
    ...(effort && { reasoning_effort: effort }),
    ...sampling(question),
  };
}

function sampling({ temperature, topP }: Question) {
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
  };
}

function chatMessages(turn: Turn): OpenAI.ChatCompletionMessageParam[] {
  if ('results' in turn) {
    return turn.results.map(({ id, text }) => ({ role: 'tool', tool_call_id: id, content: text }));
  }
  if ('user' in turn) {
    if (turn.png === undefined) return [{ role: 'user', content: turn.user }];
    const url = `data:image/png;base64,${turn.png}`;
    return [
      {
        role: 'user',
        content: [
          { type: 'text', text: turn.user },
          { type: 'image_url', image_url: { url } },
        ],
      },
    ];
  }
  const tool_calls = (turn.calls ?? []).map(({ id, name, arguments: json }) => ({
    id,
    type: 'function' as const,
    function: { name, arguments: json },
  }));
  return [
    { role: 'assistant', content: turn.assistant, ...(tool_calls.length > 0 && { tool_calls }) },
  ];
}

function heardCompletion(completion: OpenAI.ChatCompletion, headers: Headers): Heard {
  const [choice] = completion.choices;
  if (!choice) throw new Error('the answer has no choice');
  const { message, finish_reason } = choice;
  const { usage } = completion;
  return {
    text: message.content ?? '',
    refusal: message.refusal ?? '',
    reasoning: (message as { reasoning_content?: string }).reasoning_content ?? '',
    calls: (message.tool_calls ?? []).map((call) => {
      if (call.type !== 'function') throw new Error(`a call of type ${call.type}`);
      const { name, arguments: json } = call.function;
      return { id: call.id, name, arguments: JSON.parse(json) as unknown };
    }),
    finish: message.refusal || finish_reason === 'content_filter' ? 'refusal' : finish_reason,
    usage: {
      input: usage?.prompt_tokens,
      output: usage?.completion_tokens,
      cached: usage?.prompt_tokens_details?.cached_tokens,
      reasoning: usage?.completion_tokens_details?.reasoning_tokens,
    },
    model: completion.model,
    headers,
  };
}

export const connectResponses: Connect = (place) => {
  const client = openaiClient(place);
  const ask: Client['ask'] = async (question, streams) => {
    const body = responsesBody(question);
    if (streams) {
      const stream = client.responses.stream({ ...body, stream: true });
      return heardResponse(await stream.finalResponse(), new Headers());
    }
    const { data, response } = await client.responses.create(body).withResponse();
    return heardResponse(data, response.headers);
  };
  return { ask, failureOf };
};

function responsesBody(question: Question): OpenAI.Responses.ResponseCreateParamsNonStreaming {
  const { model, system, turns, tools, choice, schema, effort } = question;
  if (question.stop) throw new Error('this protocol has no stop sequences');
  return {
    model,
    ...(system !== undefined && { instructions: system }),
    input: turns.flatMap(responsesItems),
    max_output_tokens: TOKENS_MAX,
    ...(tools && {
      tools: tools.map((tool) => ({ type: 'function' as const, ...tool, strict: false })),
    }),
    ...(choice && {
      tool_choice:
        typeof choice === 'string' ? choice : { type: 'function' as const, name: choice.only },
    }),
    ...(schema && {
      text: { format: { type: 'json_schema' as const, name: 'answer', schema, strict: true } },
    }),
    ...(effort && { reasoning: { effort } }),
    ...sampling(question),
  };
}

function responsesItems(turn: Turn): OpenAI.Responses.ResponseInputItem[] {
  if ('results' in turn) {
    return turn.results.map(({ id, text }) => ({
      type: 'function_call_output',
      call_id: id,
      output: text,
    }));
  }
  if ('user' in turn) {
    const content: OpenAI.Responses.ResponseInputContent[] = [
      { type: 'input_text', text: turn.user },
    ];
    if (turn.png !== undefined) {
      const image_url = `data:image/png;base64,${turn.png}`;
      content.push({ type: 'input_image', detail: 'auto', image_url });
    }
    return [{ type: 'message', role: 'user', content }];
  }
  const items: OpenAI.Responses.ResponseInputItem[] = [];
  if (turn.assistant !== '') {
    const text = { type: 'output_text', text: turn.assistant, annotations: [] };
    // As the API gives it back, but for the id, which only the API can make.
    const message: unknown = { type: 'message', role: 'assistant', content: [text] };
    items.push(message as OpenAI.Responses.ResponseInputItem);
  }
  for (const { id, name, arguments: json } of turn.calls ?? []) {
    items.push({ type: 'function_call', call_id: id, name, arguments: json });
  }
  return items;
}

function heardResponse(
  response: Omit<OpenAI.Responses.Response, 'output_text'>,
  headers: Headers,
): Heard {
  const { output, usage, status, incomplete_details } = response;
  const contents = output.flatMap((item) => (item.type === 'message' ? item.content : []));
  const calls = output.flatMap((item) =>
    item.type === 'function_call'
      ? [{ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) as unknown }]
      : [],
  );
  const refusal = contents.map((part) => (part.type === 'refusal' ? part.refusal : '')).join('');
  const finish = {
    completed: calls.length > 0 ? 'tool_calls' : 'stop',
    incomplete: incomplete_details?.reason === 'max_output_tokens' ? 'length' : 'refusal',
  }[String(status)];
  return {
    text: contents.map((part) => (part.type === 'output_text' ? part.text : '')).join(''),
    refusal,
    reasoning: output
      .flatMap((item) => (item.type === 'reasoning' ? item.summary : []))
      .map(({ text }) => text)
      .join(''),
    calls,
    finish: refusal === '' ? (finish ?? String(status)) : 'refusal',
    usage: {
      input: usage?.input_tokens,
      output: usage?.output_tokens,
      cached: usage?.input_tokens_details.cached_tokens,
      reasoning: usage?.output_tokens_details.reasoning_tokens,
    },
    model: response.model,
    headers,
  };
}

function failureOf(thrown: unknown): Failure | undefined {
  if (!(thrown instanceof OpenAI.APIError)) return undefined;
  const { status, code, message, constructor } = thrown;
  return {
    type: constructor.name,
    status: status as number | undefined,
    code: code ?? undefined,
    message,
  };
}
