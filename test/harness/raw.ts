/** Requests as bytes: for what no well-behaved client sends. */
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Protocol } from '#wire/exchange.ts';
import { modelOf, type TestGateway } from './gateway.ts';

/** The smallest question of each protocol, with any fields over it. */
export function bodyOf(protocol: Protocol, text: string, fields: JsonObject = {}): JsonObject {
  const model = modelOf(protocol);
  switch (protocol) {
    case 'openai-chat':
      return { model, messages: [{ role: 'user', content: text }], ...fields };
    case 'openai-responses':
      return { model, input: text, ...fields };
    case 'anthropic':
      return { model, max_tokens: 400, messages: [{ role: 'user', content: text }], ...fields };
    case 'gemini':
      return { contents: [{ role: 'user', parts: [{ text }] }], ...fields };
  }
}

/** As `bodyOf`, for an answer that streams. */
export function streamedBody(protocol: Protocol, text: string, fields: JsonObject = {}) {
  return bodyOf(protocol, text, protocol === 'gemini' ? fields : { stream: true, ...fields });
}

export function pathOf(protocol: Protocol, streams = false, model = modelOf(protocol)): string {
  switch (protocol) {
    case 'openai-chat':
      return '/v1/chat/completions';
    case 'openai-responses':
      return '/v1/responses';
    case 'anthropic':
      return '/v1/messages';
    case 'gemini':
      return `/v1beta/models/${model}:${streams ? 'streamGenerateContent?alt=sse' : 'generateContent'}`;
  }
}

/** The field by which each protocol names tools that the caller runs. */
export function toolsOf(protocol: Protocol, ...names: readonly string[]): JsonObject {
  const parameters = { type: 'object', properties: {} };
  const description = 'A tool of the harbour.';
  const of = (define: (name: string) => JsonValue) => names.map(define);
  switch (protocol) {
    case 'openai-chat':
      return {
        tools: of((name) => ({ type: 'function', function: { name, description, parameters } })),
      };
    case 'openai-responses':
      return { tools: of((name) => ({ type: 'function', name, description, parameters })) };
    case 'anthropic':
      return { tools: of((name) => ({ name, description, input_schema: parameters })) };
    case 'gemini':
      return {
        tools: [
          {
            functionDeclarations: of((name) => ({
              name,
              description,
              parametersJsonSchema: parameters,
            })),
          },
        ],
      };
  }
}

export interface Posted {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** @param body JSON, or bytes as they are */
export async function post(
  proviso: TestGateway,
  path: string,
  body: JsonObject | string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const response = await open(proviso, path, body, headers);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** As `post`, with the answer's body still to come. */
export function open(
  { address, key }: TestGateway,
  path: string,
  body: JsonObject | string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<Response> {
  const isBytes = typeof body === 'string' || body instanceof Uint8Array;
  return fetch(address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: isBytes ? body : JSON.stringify(body),
    signal: signal ?? null,
  });
}

/** Proviso's code of a refusal, which every protocol has as a header too. */
export function codeOf({ headers }: Posted): string | null {
  return headers.get('proviso-code');
}
