/** JSON-RPC messages of MCP: which are known, and how Proviso says no to one. */
import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  RequestId,
} from '@modelcontextprotocol/sdk/types.js';
import { type ErrorCode, ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import { type Definition, definitionOf } from '#tools/definition.ts';
import type { Method } from './methods.ts';

/** In `_meta` of a request: the id of an approved hold. It goes no further than Proviso. */
export const HOLD_META = 'proviso/hold';

/**
 * INVARIANT (2): what the table does not have is refused.
 * @throws ProvisoError `unsupported`, `unknown_field`
 */
export function methodOf(
  message: JSONRPCRequest | JSONRPCNotification,
  methods: Readonly<Record<string, Method>>,
): Method {
  const name = message.method;
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  if (!method) throw new ProvisoError('unsupported', `Proviso does not carry \`${name}\`.`);
  const unknown = unknownParam(message, method);
  if (unknown === undefined) return method;
  throw new ProvisoError('unknown_field', `Proviso does not know \`${unknown}\` in \`${name}\`.`, {
    at: `params.${unknown}`,
  });
}

/**
 * What a message may carry beside what is decided: where to report progress, trace headers, and the
 * approved hold that it repeats.
 */
const META = ['progressToken', 'traceparent', 'tracestate', 'baggage', HOLD_META];

function unknownParam(
  { params = {} }: JSONRPCRequest | JSONRPCNotification,
  method: Method,
): string | undefined {
  for (const name in params) if (name !== '_meta' && !method.params.includes(name)) return name;
  for (const name in params._meta) if (!META.includes(name)) return `_meta.${name}`;
  return undefined;
}

/** What of it goes on to the other side. */
export function metaOf(params: JsonObject): JsonObject {
  if (!isObject(params['_meta'])) return {};
  const { [HOLD_META]: _, ...rest } = params['_meta'];
  return rest;
}

/** @throws ProvisoError `invalid_request` */
export function holdIn({ _meta: meta }: JsonObject): string | undefined {
  const hold = isObject(meta) ? meta[HOLD_META] : undefined;
  if (hold === undefined || typeof hold === 'string') return hold;
  throw new ProvisoError('invalid_request', `\`_meta.${HOLD_META}\` must be the id of a hold.`);
}

/** With those capabilities alone that Proviso carries. */
export function withCapabilities(message: JsonObject, carried: readonly string[]): JsonObject {
  const given = message['capabilities'];
  if (!isObject(given)) return message;
  const kept = Object.entries(given).filter(([name]) => carried.includes(name));
  return { ...message, capabilities: Object.fromEntries(kept) };
}

/** The tools in a page of a list. */
export function toolsIn(result: JsonObject): Definition[] {
  const { tools } = result;
  return Array.isArray(tools) ? (tools as JsonValue[]).filter(isObject).flatMap(definitionOf) : [];
}

/** Of a tool's call, as a result that a model reads; of anything else, as an error. */
export function refusalOf({ id, method }: JSONRPCRequest, error: ProvisoError): JSONRPCMessage {
  if (method !== 'tools/call' || codeOf(error.code) !== REFUSED) return errorOf(id, error);
  const result = {
    content: [{ type: 'text', text: error.publicMessage }],
    isError: true,
    _meta: { proviso: dataOf(error) },
  };
  return { jsonrpc: '2.0', id, result };
}

export function errorOf(id: RequestId, error: ProvisoError): JSONRPCErrorResponse {
  const { code, publicMessage: message } = error;
  return { jsonrpc: '2.0', id, error: { code: codeOf(code), message, data: dataOf(error) } };
}

/** JSON-RPC's own codes, and the one that Proviso refuses with. */
const METHOD_UNKNOWN = -32601;
const PARAMS_INVALID = -32602;
const REFUSED = -32001;

function codeOf(code: ErrorCode): number {
  if (code === 'unsupported') return METHOD_UNKNOWN;
  return code === 'unknown_field' || code === 'invalid_request' ? PARAMS_INVALID : REFUSED;
}

function dataOf({ code, facts }: ProvisoError): JsonObject {
  return { code, ...facts };
}
