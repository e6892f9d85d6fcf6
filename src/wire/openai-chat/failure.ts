/** Errors in OpenAI's shape: `{ "error": { "message", "type", "code", "param" } }`. */
import type { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { AnswerError } from '../exchange.ts';
import { kindOfStatus } from '../failure.ts';

export function encodeError(error: ProvisoError): JsonObject {
  const { code, at, facts, status } = error;
  return {
    error: {
      message: error.publicMessage,
      type: typeOfStatus(status),
      code,
      param: at ?? null,
      facts,
    },
  };
}

/** What a provider sent in the middle of a stream, passed on. */
export function encodeAnswerError(error: AnswerError): JsonObject {
  const { kind, message, wireCode } = error;
  return { error: { message, type: TYPES[kind], code: wireCode ?? null, param: null } };
}

/** Reads the shapes of OpenAI and its imitators: `error` an object or text, `message`, `detail`. */
export function decodeError(status: number, body: JsonValue | undefined): AnswerError {
  const outer = isObject(body) ? body : {};
  const inner = isObject(outer['error']) ? outer['error'] : outer;
  const message = firstText(inner['message'], outer['error'], outer['detail'], outer['message']);
  const wireCode = firstText(inner['code'], inner['type']);
  return {
    kind: kindOf(status, wireCode),
    message: message ?? `The provider answered with status ${status}.`,
    wireCode,
  };
}

const TYPES: Readonly<Record<AnswerError['kind'], string>> = {
  invalid_request: 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  not_found: 'not_found_error',
  rate_limit: 'rate_limit_error',
  too_large: 'invalid_request_error',
  overloaded: 'server_error',
  timeout: 'server_error',
  server: 'server_error',
};

function typeOfStatus(status: number): string {
  if (status === 401) return TYPES.authentication;
  if (status === 403) return TYPES.permission;
  if (status === 404) return TYPES.not_found;
  if (status === 429) return TYPES.rate_limit;
  return status < 500 ? TYPES.invalid_request : TYPES.server;
}

function firstText(...values: (JsonValue | undefined)[]): string | undefined {
  for (const value of values) {
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number') return String(value);
  }
  return undefined;
}

/** @param status of the HTTP answer, or 200 where the error came in a stream */
function kindOf(status: number, wireCode: string | undefined): AnswerError['kind'] {
  return kindOfStatus(status === 200 ? statusOfCode(wireCode) : status);
}

function statusOfCode(code: string | undefined): number {
  switch (code) {
    case 'invalid_request_error':
      return 400;
    case 'authentication_error':
    case 'invalid_api_key':
      return 401;
    case 'permission_error':
      return 403;
    case 'not_found_error':
    case 'model_not_found':
      return 404;
    case 'rate_limit_error':
    case 'rate_limit_exceeded':
    case 'insufficient_quota':
      return 429;
    case undefined:
      return 500;
    default:
      return Number(code) || 500;
  }
}
