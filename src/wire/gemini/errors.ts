/**
 * Errors in the shape that the official SDK reads, both ways.
 *
 * https://cloud.google.com/apis/design/errors
 */
import type { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { AnswerError } from '../exchange.ts';
import { kindOfStatus } from '../failure.ts';
import { sseText } from '../sse.ts';

type Kind = AnswerError['kind'];

export function encodeError(error: ProvisoError): JsonObject {
  const metadata: { [key: string]: string } = {};
  if (error.at !== undefined) metadata['at'] = error.at;
  for (const key in error.facts) metadata[key] = String(error.facts[key]);
  return {
    error: {
      code: error.status,
      message: error.publicMessage,
      status: wordOfStatus(error.status),
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: error.code,
          domain: 'proviso',
          metadata,
        },
      ],
    },
  };
}

/** The SDK raises an event that has an `error` with a status between 400 and 599. */
export function encodeStreamError(error: ProvisoError): string {
  return sseText(JSON.stringify(encodeError(error)));
}

function wordOfStatus(status: number): string {
  switch (status) {
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
      return 'NOT_FOUND';
    case 429:
      return 'RESOURCE_EXHAUSTED';
    case 500:
    case 502:
      return 'INTERNAL';
    case 503:
    case 529:
      return 'UNAVAILABLE';
    case 504:
      return 'DEADLINE_EXCEEDED';
    default:
      return status >= 500 ? 'INTERNAL' : 'INVALID_ARGUMENT';
  }
}

/** An error that came with the answer's status; in a stream's place it stands in an array. */
export function decodeError(status: number, body: JsonValue | undefined): AnswerError {
  const first = Array.isArray(body) ? (body as readonly JsonValue[])[0] : (body as JsonValue);
  const error = isObject(first) ? first['error'] : undefined;
  const kind = kindOfStatus(status);
  if (typeof error === 'string') return { kind, message: error };
  if (!isObject(error)) return { kind, message: `The provider answered with status ${status}.` };
  return { ...errorOf(error), kind };
}

/** An error within a stream, by its own code. */
export function errorOf(error: JsonObject): AnswerError {
  const { code, message, status } = error;
  return {
    kind: kindOfStatus(typeof code === 'number' ? code : 500),
    message: typeof message === 'string' ? message : 'The provider failed without saying why.',
    ...(typeof status === 'string' && { wireCode: status }),
  };
}

const STATUSES: { readonly [K in Kind]: number } = {
  invalid_request: 400,
  authentication: 401,
  permission: 403,
  not_found: 404,
  rate_limit: 429,
  too_large: 413,
  overloaded: 503,
  timeout: 504,
  server: 500,
};

/** A provider's failure in mid-stream, as this protocol's own error. */
export function wireErrorOf(error: AnswerError): JsonObject {
  const code = STATUSES[error.kind];
  return { error: { code, message: error.message, status: wordOfStatus(code) } };
}
