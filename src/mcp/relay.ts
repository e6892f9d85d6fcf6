/**
 * One client's session with one server: messages go through by the table in `methods.ts`, and what
 * makes something happen is decided first. INVARIANT (1): a decided call is sent on as it was
 * decided, written anew, never as the client's own bytes.
 *
 *   client ── requests ──▶ decide ──▶ server        server ── answers ──▶ detectors ──▶ client
 *   client ◀── decide ◀── requests ── server        (sampling, elicitation, roots)
 *
 * Requests travel under numbers of the relay's own, so that neither side can answer or cancel what
 * it was not asked.
 */
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type {
  JSONRPCErrorResponse,
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  JSONRPCResultResponse,
  RequestId,
} from '@modelcontextprotocol/sdk/types.js';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Definition } from '#tools/definition.ts';
import type { Asker } from './asker.ts';
import type { Guard, Use } from './guard.ts';
import {
  errorOf,
  holdIn,
  metaOf,
  methodOf,
  refusalOf,
  toolsIn,
  withCapabilities,
} from './message.ts';
import {
  CLIENT_CAPABILITIES,
  CLIENT_NOTIFICATIONS,
  CLIENT_REQUESTS,
  type Method,
  SERVER_CAPABILITIES,
  SERVER_NOTIFICATIONS,
  SERVER_REQUESTS,
  toolNameOf,
} from './methods.ts';

/** A request that is under way. */
interface Open {
  /** As the side that asked numbers it. */
  readonly id: RequestId;
  readonly method: string;
  readonly progressToken: RequestId | undefined;
  readonly answered: (result: JsonObject) => Promise<JsonObject> | JsonObject;
}

export class Relay {
  readonly #front: Transport;
  readonly #back: Transport;
  readonly #guard: Guard;
  /** Requests that the server has, by the relay's number. */
  readonly #asked = new Map<RequestId, Open>();
  /** Requests that the client has. */
  readonly #askedBack = new Map<RequestId, Open>();
  /** The client's requests that are being decided, to be dropped when they are cancelled. */
  readonly #deciding = new Map<RequestId, AbortController>();
  /** What the relay itself asks of the server. */
  readonly #own = new Map<RequestId, (message: JSONRPCMessage) => void>();
  #tools: Promise<ReadonlyMap<string, Definition>> | undefined;
  #asker: Asker | undefined;
  #number = 0;
  #isClosed = false;

  constructor(front: Transport, back: Transport, guard: Guard) {
    this.#front = front;
    this.#back = back;
    this.#guard = guard;
  }

  /** Both transports are started, and end together. */
  async start(onEnd: () => void): Promise<void> {
    const end = (): void => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      for (const deciding of this.#deciding.values()) deciding.abort();
      void Promise.allSettled([this.#front.close(), this.#back.close()]);
      onEnd();
    };
    this.#front.onclose = end;
    this.#back.onclose = end;
    this.#front.onmessage = (message, extra) => {
      this.#asker = (extra?.authInfo?.extra?.['asker'] as Asker | undefined) ?? this.#asker;
      void this.#fromClient(message, this.#asker);
    };
    this.#back.onmessage = (message) => void this.#fromServer(message);
    await this.#back.start();
    await this.#front.start();
  }

  close(): Promise<void> {
    return this.#front.close();
  }

  async #fromClient(message: JSONRPCMessage, asker: Asker | undefined): Promise<void> {
    if ('method' in message && 'id' in message) return this.#clientRequest(message, asker);
    if ('method' in message) return this.#clientNotification(message);
    await this.#answer(message, this.#askedBack, (answer) => this.#toServer(answer));
  }

  async #fromServer(message: JSONRPCMessage): Promise<void> {
    if ('method' in message && 'id' in message) return this.#serverRequest(message);
    if ('method' in message) return this.#serverNotification(message);
    const own = message.id === undefined ? undefined : this.#own.get(message.id);
    if (own) return own(message);
    await this.#answer(message, this.#asked, (answer) => this.#toClient(answer));
  }

  async #clientRequest(request: JSONRPCRequest, asker: Asker | undefined): Promise<void> {
    const deciding = new AbortController();
    this.#deciding.set(request.id, deciding);
    try {
      const method = methodOf(request, CLIENT_REQUESTS);
      const { params, answered } = await this.#cleared(request, method, asker, deciding.signal);
      if (deciding.signal.aborted || this.#isClosed) return;
      await this.#ask(request, params, this.#asked, answered, (out) => this.#toServer(out));
    } catch (thrown) {
      if (deciding.signal.aborted) return;
      await this.#toClient(refusalOf(request, this.#errorOf(thrown)));
    } finally {
      this.#deciding.delete(request.id);
    }
  }

  /** What is sent on, and what is done with its result. Throws what refuses it. */
  async #cleared(
    request: JSONRPCRequest,
    method: Method,
    asker: Asker | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly params: JsonObject; readonly answered: Open['answered'] }> {
    const params = (request.params ?? {}) as JsonObject;
    if (method.treatment === 'pass') {
      return {
        params: this.#passed(request.method, params),
        answered: this.#passer(request.method),
      };
    }
    if (!asker) throw new ProvisoError('caller_unknown', 'Nobody is identified.');
    const use = await this.#useOf(request.method, params);
    const cleared = await this.#guard.decide(use, asker, signal);
    const sent = {
      ...cleared.params,
      ...(isObject(params['_meta']) || cleared.meta
        ? { _meta: { ...metaOf(params), ...cleared.meta } }
        : {}),
    };
    return { params: sent, answered: (result) => cleared.answered(result) };
  }

  #passed(method: string, params: JsonObject): JsonObject {
    return method === 'initialize' ? withCapabilities(params, CLIENT_CAPABILITIES) : params;
  }

  #passer(method: string): Open['answered'] {
    if (method === 'initialize') return (result) => this.#initialized(result);
    if (method === 'tools/list') return (result) => this.#listed(result);
    return (result) => result;
  }

  #initialized(result: JsonObject): JsonObject {
    const version = result['protocolVersion'];
    if (typeof version === 'string') this.#back.setProtocolVersion?.(version);
    return withCapabilities(result, SERVER_CAPABILITIES);
  }

  /** The tools of one page that may be offered, each with its classes. */
  async #listed(result: JsonObject): Promise<JsonObject> {
    const listed = toolsIn(result);
    return { ...result, tools: await this.#guard.offered(listed) };
  }

  async #useOf(method: string, params: JsonObject): Promise<Use> {
    const { _meta: _notDecided, ...decided } = params;
    const hold = holdIn(params);
    if (method !== 'tools/call') {
      const definition = () => Promise.resolve(undefined);
      return { method, tool: toolNameOf(method), params: decided, definition, hold };
    }
    const tool = params['name'];
    if (typeof tool !== 'string') {
      throw new ProvisoError('invalid_request', '`name` must be the name of a tool.', {
        at: 'params.name',
      });
    }
    let isFirst = true;
    const definition = async (): Promise<Definition | undefined> => {
      // Asked again, it is the server's word of now that counts.
      if (!isFirst) this.#tools = undefined;
      isFirst = false;
      this.#tools ??= this.#listAll();
      return (await this.#tools).get(tool);
    };
    return { method, tool, params: decided, definition, hold };
  }

  /** The server's tools, whether or not the client has asked for them. */
  async #listAll(): Promise<ReadonlyMap<string, Definition>> {
    const tools = new Map<string, Definition>();
    let cursor: JsonValue | undefined;
    do {
      const result = await this.#askOwn('tools/list', cursor === undefined ? {} : { cursor });
      for (const definition of toolsIn(result)) tools.set(definition.name, definition);
      cursor = result['nextCursor'];
    } while (typeof cursor === 'string');
    return tools;
  }

  async #askOwn(method: string, params: JsonObject): Promise<JsonObject> {
    const id = this.#number++;
    const answer = new Promise<JSONRPCMessage>((resolve) => this.#own.set(id, resolve));
    await this.#toServer({ jsonrpc: '2.0', id, method, params });
    const message = await answer;
    this.#own.delete(id);
    if ('result' in message) return message.result as JsonObject;
    throw new ProvisoError('upstream_failed', `The server refused \`${method}\`.`);
  }

  async #serverRequest(request: JSONRPCRequest): Promise<void> {
    const related = this.#latest();
    const { signal } = new AbortController();
    try {
      const method = methodOf(request, SERVER_REQUESTS);
      const { params, answered } = await this.#cleared(request, method, this.#asker, signal);
      await this.#ask(request, params, this.#askedBack, answered, (out) =>
        this.#toClient(out, related),
      );
    } catch (thrown) {
      await this.#toServer(errorOf(request.id, this.#errorOf(thrown)));
    }
  }

  async #clientNotification(notification: JSONRPCNotification): Promise<void> {
    const { method } = notification;
    if (!this.#isKnown(notification, CLIENT_NOTIFICATIONS)) return;
    if (method === 'notifications/cancelled') {
      const id = notification.params?.['requestId'] as RequestId;
      this.#deciding.get(id)?.abort();
      return this.#cancel(notification, id, this.#asked, (out) => this.#toServer(out));
    }
    await this.#toServer(notification);
  }

  async #serverNotification(notification: JSONRPCNotification): Promise<void> {
    const { method, params } = notification;
    if (!this.#isKnown(notification, SERVER_NOTIFICATIONS)) return;
    if (method === 'notifications/cancelled') {
      const id = params?.['requestId'] as RequestId;
      return this.#cancel(notification, id, this.#askedBack, (out) => this.#toClient(out));
    }
    if (method === 'notifications/tools/list_changed') this.#tools = undefined;
    if (method === 'notifications/progress') {
      const token = params?.['progressToken'];
      const open = [...this.#asked.values()].find(({ progressToken }) => progressToken === token);
      return open && this.#toClient(notification, open.id);
    }
    await this.#toClient(notification, this.#latest());
  }

  /** Sends a request on under a number of the relay's own. */
  async #ask(
    request: JSONRPCRequest,
    params: JsonObject,
    open: Map<RequestId, Open>,
    answered: Open['answered'],
    send: (message: JSONRPCMessage) => Promise<void>,
  ): Promise<void> {
    const number = this.#number++;
    const { id, method } = request;
    const progressToken = request.params?._meta?.progressToken;
    open.set(number, { id, method, progressToken, answered });
    await send({
      jsonrpc: '2.0',
      id: number,
      method,
      ...(Object.keys(params).length > 0 ? { params } : {}),
    });
  }

  async #answer(
    message: JSONRPCResultResponse | JSONRPCErrorResponse,
    open: Map<RequestId, Open>,
    send: (message: JSONRPCMessage) => Promise<void>,
  ): Promise<void> {
    const asked = message.id === undefined ? undefined : open.get(message.id);
    if (!asked || message.id === undefined) return;
    open.delete(message.id);
    if (!('result' in message)) return send({ ...message, id: asked.id });
    try {
      const result = await asked.answered(message.result as JsonObject);
      await send({ jsonrpc: '2.0', id: asked.id, result });
    } catch (thrown) {
      await send(errorOf(asked.id, this.#errorOf(thrown)));
    }
  }

  async #cancel(
    notification: JSONRPCNotification,
    id: RequestId,
    open: Map<RequestId, Open>,
    send: (message: JSONRPCMessage) => Promise<void>,
  ): Promise<void> {
    for (const [number, asked] of open) {
      if (asked.id !== id) continue;
      await send({ ...notification, params: { ...notification.params, requestId: number } });
    }
  }

  /** The request that the client waits for longest since: what the server says belongs to it. */
  #latest(): RequestId | undefined {
    return [...this.#asked.values()].at(-1)?.id;
  }

  async #toServer(message: JSONRPCMessage): Promise<void> {
    if (!this.#isClosed)
      await this.#back.send(message).catch((cause: unknown) => this.#lost(cause));
  }

  async #toClient(message: JSONRPCMessage, related?: RequestId): Promise<void> {
    if (this.#isClosed) return;
    const options = related === undefined ? {} : { relatedRequestId: related };
    await this.#front.send(message, options).catch((cause: unknown) => this.#guard.defect(cause));
  }

  /** A server that cannot be reached ends the session: its open requests have no answer. */
  #lost(cause: unknown): void {
    this.#guard.unreachable(cause);
    const error = new ProvisoError('upstream_failed', 'The MCP server could not be reached.');
    for (const [number, { id }] of this.#asked) {
      this.#asked.delete(number);
      void this.#toClient(errorOf(id, error));
    }
    for (const [number, answered] of this.#own) answered(errorOf(number, error));
  }

  /** Nobody waits for an answer to a notification: one that is not known goes no further. */
  #isKnown(notification: JSONRPCNotification, methods: Readonly<Record<string, Method>>): boolean {
    try {
      methodOf(notification, methods);
      return true;
    } catch (thrown) {
      this.#guard.dropped(this.#errorOf(thrown).publicMessage);
      return false;
    }
  }

  #errorOf(thrown: unknown): ProvisoError {
    const error = asProvisoError(thrown);
    if (error.code === 'internal') this.#guard.defect(error.cause);
    return error;
  }
}
