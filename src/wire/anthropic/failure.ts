/** Errors in Anthropic's shape: `{ "type": "error", "error": { "type", "message", "details" } }`. */
import type { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { AnswerError } from '../exchange.ts';
import { kindOfStatus } from '../failure.ts';

/** The official SDK shows `details.error_code` as the error's `errorCode`. */
export function encodeError(error: ProvisoError): JsonObject {
  const { code, at, facts, status } = error;
  const details: { [key: string]: JsonValue } = { error_code: code };
  if (at !== undefined) details['at'] = at;
  return {
    type: 'error',
    error: {
      type: TYPES[kindOfStatus(status)],
      message: error.publicMessage,
      details: { ...details, ...facts },
    },
  };
}

export function encodeAnswerError({ kind, message, wireCode }: AnswerError): JsonObject {
  const details = wireCode === undefined ? {} : { details: { error_code: wireCode } };
  return { type: 'error', error: { type: TYPES[kind], message, ...details } };
}

/** @param status of the HTTP answer, or 200 where the error came in a stream */
export function decodeError(status: number, body: JsonValue | undefined): AnswerError {
  const outer = isObject(body) ? body : {};
  const inner = isObject(outer['error']) ? outer['error'] : outer;
  const { message, type, details } = inner as { [key: string]: JsonValue | undefined };
  const wireCode = isObject(details) ? details['error_code'] : undefined;
  return {
    kind: kindOfType(type) ?? kindOfStatus(status === 200 ? 500 : status),
    message: typeof message === 'string' ? message : `The provider answered with status ${status}.`,
    wireCode: typeof wireCode === 'string' ? wireCode : undefined,
  };
}

type Kind = AnswerError['kind'];

const TYPES: Readonly<Record<Kind, string>> = {
  invalid_request: 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  not_found: 'not_found_error',
  rate_limit: 'rate_limit_error',
  too_large: 'request_too_large',
  overloaded: 'overloaded_error',
  timeout: 'timeout_error',
  server: 'api_error',
};

function kindOfType(type: JsonValue | undefined): Kind | undefined {
  if (type === 'billing_error') return 'permission';
  for (const kind of Object.keys(TYPES) as Kind[]) if (TYPES[kind] === type) return kind;
  return undefined;
}
