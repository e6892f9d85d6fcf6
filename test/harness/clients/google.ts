/** The official Google Gen AI client. */
import {
  ApiError,
  type Content,
  FunctionCallingConfigMode,
  type GenerateContentConfig,
  type GenerateContentResponse,
  GoogleGenAI,
  type Part,
  ThinkingLevel,
} from '@google/genai';
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

export function googleClient({ address, key, headers }: Place): GoogleGenAI {
  return new GoogleGenAI({
    apiKey: key,
    vertexai: false,
    httpOptions: { baseUrl: address, ...(headers && { headers: { ...headers } }) },
  });
}

export const connectGoogle: Connect = (place) => {
  const { models } = googleClient(place);
  const ask: Client['ask'] = async (question, streams) => {
    const asked = {
      model: question.model,
      contents: question.turns.map(contentOf),
      config: configOf(question),
    };
    const answers = streams
      ? await Array.fromAsync(await models.generateContentStream(asked))
      : [await models.generateContent(asked)];
    return heardAnswers(answers);
  };
  return { ask, failureOf };
};

function configOf(question: Question): GenerateContentConfig {
  const { system, tools, choice, schema, stop, effort, temperature, topP } = question;
  return {
    maxOutputTokens: TOKENS_MAX,
    ...(system !== undefined && { systemInstruction: system }),
    ...(tools && {
      tools: [
        {
          functionDeclarations: tools.map(({ name, description, parameters }) => ({
            name,
            description,
            parametersJsonSchema: parameters,
          })),
        },
      ],
    }),
    ...(choice && { toolConfig: { functionCallingConfig: callingOf(choice) } }),
    ...(schema && { responseMimeType: 'application/json', responseJsonSchema: schema }),
    ...(stop && { stopSequences: [...stop] }),
    ...(effort && {
      thinkingConfig: { thinkingLevel: effort === 'high' ? ThinkingLevel.HIGH : ThinkingLevel.LOW },
    }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
  };
}

function callingOf(choice: NonNullable<Question['choice']>) {
  const { ANY, AUTO, NONE } = FunctionCallingConfigMode;
  if (typeof choice === 'object') return { mode: ANY, allowedFunctionNames: [choice.only] };
  return { mode: { auto: AUTO, none: NONE, required: ANY }[choice] };
}

function contentOf(turn: Turn): Content {
  if ('results' in turn) {
    const parts = turn.results.map(({ id, name, text }) => ({
      functionResponse: { id, name, response: { output: text } },
    }));
    return { role: 'user', parts };
  }
  if ('user' in turn) {
    const parts: Part[] = [{ text: turn.user }];
    if (turn.png !== undefined)
      parts.push({ inlineData: { mimeType: 'image/png', data: turn.png } });
    return { role: 'user', parts };
  }
  const parts: Part[] = turn.assistant === '' ? [] : [{ text: turn.assistant }];
  for (const { id, name, arguments: json } of turn.calls ?? []) {
    const args = JSON.parse(json) as Record<string, unknown>;
    parts.push({ functionCall: { id, name, args } });
  }
  return { role: 'model', parts };
}

const FINISH: Readonly<Record<string, string>> = {
  STOP: 'stop',
  MAX_TOKENS: 'length',
  SAFETY: 'refusal',
};

function heardAnswers(answers: readonly GenerateContentResponse[]): Heard {
  const parts = answers.flatMap((answer) => answer.candidates?.[0]?.content?.parts ?? []);
  const reason = answers.map((answer) => answer.candidates?.[0]?.finishReason).findLast(Boolean);
  const usage = answers.map((answer) => answer.usageMetadata).findLast(Boolean);
  const calls = parts.flatMap(({ functionCall: call }) =>
    call ? [{ id: call.id ?? '', name: call.name ?? '', arguments: call.args }] : [],
  );
  const joined = (isThought: boolean) =>
    parts
      .filter(({ thought = false }) => thought === isThought)
      .map(({ text = '' }) => text)
      .join('');
  const finish = FINISH[String(reason)] ?? String(reason);
  const thoughts = usage?.thoughtsTokenCount;
  return {
    text: joined(false),
    refusal: '',
    reasoning: joined(true),
    calls,
    finish: finish === 'stop' && calls.length > 0 ? 'tool_calls' : finish,
    usage: {
      input: usage?.promptTokenCount,
      output: usage && (usage.candidatesTokenCount ?? 0) + (thoughts ?? 0),
      cached: usage?.cachedContentTokenCount,
      reasoning: thoughts,
    },
    model: answers[0]?.modelVersion ?? '',
    headers: new Headers(answers[0]?.sdkHttpResponse?.headers),
  };
}

/** Google's client has the error's body as its message, with some words before it in a stream. */
function failureOf(thrown: unknown): Failure | undefined {
  if (!(thrown instanceof ApiError)) return undefined;
  const { status, message } = thrown;
  const { error } = JSON.parse(message.slice(message.indexOf('{'))) as {
    error?: { status?: string; message?: string; details?: { reason?: string }[] };
  };
  return {
    type: 'ApiError',
    status,
    code: error?.details?.[0]?.reason ?? error?.status,
    message: error?.message ?? '',
  };
}
