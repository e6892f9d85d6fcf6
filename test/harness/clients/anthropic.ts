/** The official Anthropic client. */
import Anthropic from '@anthropic-ai/sdk';
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

export function anthropicClient({ address, key, headers }: Place): Anthropic {
  return new Anthropic({
    baseURL: address,
    apiKey: key,
    authToken: null,
    maxRetries: 0,
    logLevel: 'off',
    ...(headers && { defaultHeaders: headers }),
  });
}

export const connectAnthropic: Connect = (place) => {
  const client = anthropicClient(place);
  const ask: Client['ask'] = async (question, streams) => {
    const body = bodyOf(question);
    if (streams) {
      const stream = client.messages.stream(body);
      const { response } = await stream.withResponse();
      return heardMessage(await stream.finalMessage(), response.headers);
    }
    const { data, response } = await client.messages.create(body).withResponse();
    return heardMessage(data, response.headers);
  };
  return { ask, failureOf };
};

function bodyOf(question: Question): Anthropic.MessageCreateParamsNonStreaming {
  const { model, system, turns, tools, choice, schema, stop, effort, temperature, topP } = question;
  return {
    model,
    max_tokens: TOKENS_MAX,
    ...(system !== undefined && { system }),
    messages: turns.map(messageOf),
    ...(tools && {
      tools: tools.map(({ name, description, parameters }) => ({
        name,
        description,
        input_schema: parameters as Anthropic.Tool.InputSchema,
      })),
    }),
    ...(choice && { tool_choice: choiceOf(choice) }),
    ...((schema || effort) && {
      output_config: {
        ...(effort && { effort }),
        ...(schema && { format: { type: 'json_schema' as const, schema } }),
      },
    }),
    ...(stop && { stop_sequences: [...stop] }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
  };
}

function choiceOf(choice: NonNullable<Question['choice']>): Anthropic.ToolChoice {
  if (typeof choice === 'object') return { type: 'tool', name: choice.only };
  return { type: choice === 'required' ? 'any' : choice };
}

function messageOf(turn: Turn): Anthropic.MessageParam {
  if ('results' in turn) {
    return {
      role: 'user',
      content: turn.results.map(({ id, text }) => ({
        type: 'tool_result',
        tool_use_id: id,
        content: text,
      })),
    };
  }
  if ('user' in turn) {
    if (turn.png === undefined) return { role: 'user', content: turn.user };
    const source = { type: 'base64', media_type: 'image/png', data: turn.png } as const;
    return {
      role: 'user',
      content: [
        { type: 'text', text: turn.user },
        { type: 'image', source },
      ],
    };
  }
  if (turn.calls === undefined) return { role: 'assistant', content: turn.assistant };
  const content: Anthropic.ContentBlockParam[] = [];
  if (turn.assistant !== '') content.push({ type: 'text', text: turn.assistant });
  for (const { id, name, arguments: json } of turn.calls) {
    content.push({ type: 'tool_use', id, name, input: JSON.parse(json) as unknown });
  }
  return { role: 'assistant', content };
}

const FINISH: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
};

function heardMessage({ content, stop_reason, usage, model }: Anthropic.Message, headers: Headers) {
  const reason = String(stop_reason);
  const cached = (usage.cache_read_input_tokens ?? 0) + (usage.cache_creation_input_tokens ?? 0);
  const heard: Heard = {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    refusal: '',
    reasoning: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: block.input }] : [],
    ),
    finish: FINISH[reason] ?? reason,
    usage: {
      input: usage.input_tokens + cached,
      output: usage.output_tokens,
      cached,
      reasoning: usage.output_tokens_details?.thinking_tokens,
    },
    model,
    headers,
  };
  return heard;
}

function failureOf(thrown: unknown): Failure | undefined {
  if (!(thrown instanceof Anthropic.APIError)) return undefined;
  const { status, message, constructor, error } = thrown;
  const { error: inner } = error as { error?: { details?: { error_code?: string } } };
  return {
    type: constructor.name,
    status: status as number | undefined,
    code: inner?.details?.error_code,
    message,
  };
}
