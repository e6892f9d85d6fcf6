/** Errors in the shape that the official SDK reads, both ways. */
import type { ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { AnswerError } from '../exchange.ts';
import { kindOfStatus } from '../failure.ts';
import { sseText } from '../sse.ts';

type Kind = AnswerError['kind'];

export function encodeError(error: ProvisoError): JsonObject {
  return { error: errorFields(error) };
}

/** The SDK raises the first event that has an `error`, whatever came before. */
export function encodeStreamError(error: ProvisoError): string {
  return errorEvent(errorFields(error), 0);
}

export function errorEvent(error: JsonObject, sequenceNumber: number): string {
  const { message = '', code = null, param = null } = error;
  const event = { type: 'error', sequence_number: sequenceNumber, code, message, param, error };
  return sseText(JSON.stringify(event), 'error');
}

function errorFields(error: ProvisoError): JsonObject {
  return {
    message: error.publicMessage,
    type: typeOfStatus(error.status),
    code: error.code,
    param: error.at ?? null,
    facts: error.facts,
  };
}

function typeOfStatus(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** An error that came with the answer's status, in any of the shapes that servers send. */
export function decodeError(status: number, body: JsonValue | undefined): AnswerError {
  const error = isObject(body) ? (body['error'] ?? body) : body;
  const kind = kindOfStatus(status);
  if (typeof error === 'string') return { kind, message: error };
  if (!isObject(error)) return { kind, message: `The provider answered with status ${status}.` };
  return { ...errorOf(error), kind };
}

/** An error within a stream: there is no status, so its words must tell. */
export function errorOf(error: JsonObject): AnswerError {
  const { message, code, type } = error;
  const word = typeof code === 'string' ? code : typeof type === 'string' ? type : undefined;
  return {
    kind: kindOfWord(word ?? ''),
    message: typeof message === 'string' ? message : 'The provider failed without saying why.',
    ...(word !== undefined && { wireCode: word }),
  };
}

function kindOfWord(word: string): Kind {
  const kind = KINDS[word];
  if (kind !== undefined && Object.hasOwn(KINDS, word)) return kind;
  return FAULTS.test(word) ? 'invalid_request' : 'server';
}

const KINDS: { readonly [word: string]: Kind } = {
  rate_limit_exceeded: 'rate_limit',
  insufficient_quota: 'rate_limit',
  rate_limit_error: 'rate_limit',
  invalid_api_key: 'authentication',
  authentication_error: 'authentication',
  permission_error: 'permission',
  model_not_found: 'not_found',
  not_found_error: 'not_found',
  server_is_overloaded: 'overloaded',
  overloaded_error: 'overloaded',
};

/** Words for what is wrong with the request. */
const FAULTS = /^(invalid|image|unsupported|bio|context_length|empty|failed_to_download)/;

/** A provider's failure in mid-stream, as this protocol's own error. */
export function wireErrorOf(error: AnswerError): JsonObject {
  const code = error.wireCode ?? WORDS[error.kind];
  return { type: WORDS[error.kind], code, message: error.message, param: null };
}

const WORDS: { readonly [K in Kind]: string } = {
  invalid_request: 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  not_found: 'not_found_error',
  rate_limit: 'rate_limit_exceeded',
  too_large: 'invalid_request_error',
  overloaded: 'server_is_overloaded',
  timeout: 'server_error',
  server: 'server_error',
};
