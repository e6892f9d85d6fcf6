/**
 * What each protocol module provides. One file (or folder) per protocol implements it and imports
 * nothing of the others; the gateway picks by name from `protocols.ts`.
 */
import type { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type {
  Answer,
  AnswerError,
  AnswerEvent,
  CountRequest,
  EmbedAnswer,
  EmbedRequest,
  ExchangeRequest,
  ModelRequest,
  Protocol,
} from './exchange.ts';
import type { SseEvent } from './sse.ts';

/** Method and path of an HTTP request, by which the protocols route. */
export interface WirePath {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
}

/** What a path asks for. `model` and `stream` are set where the path says them (Gemini). */
export interface WireRoute {
  readonly operation: ExchangeRequest['operation'] | 'list_models' | 'get_model';
  readonly model?: string | undefined;
  readonly stream?: boolean | undefined;
}

export interface DecodeOptions {
  readonly route: WireRoute;
  /** Unknown top-level fields that the configuration lets through to the same protocol. */
  readonly allowedFields: ReadonlySet<string>;
  /** Values of the `anthropic-beta` header: kept as native `betas` by that protocol. */
  readonly betas?: readonly string[] | undefined;
}

/**
 * An HTTP request to a provider. The path comes after the base URL, which is the one that the
 * vendor's official SDK takes: `https://…/v1` for OpenAI, the bare host for Anthropic and Gemini.
 */
export interface WireCall {
  readonly path: string;
  /** Beside those for authentication, such as `anthropic-version`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body: JsonObject;
}

/** How a server that is compatible with a vendor's protocol differs from the vendor's own. */
export interface Dialect {
  /** Chat Completions: the server knows `max_tokens` and not `max_completion_tokens`. */
  readonly maxTokensField?: 'max_tokens' | undefined;
  /** Chat Completions: the server refuses `stream_options`, and gives the usage unasked. */
  readonly refusesStreamOptions?: boolean | undefined;
  /** Chat Completions: the server wants reasoning back that the caller knows in another protocol. */
  readonly takesReasoning?: boolean | undefined;
}

export interface ListedModel {
  readonly id: string;
  readonly provider: string;
}

/** Turns a provider's SSE events into answer events. Stateful, one for each stream. */
export interface AnswerDecoder {
  /** Never throws for what a provider sends: an unreadable event becomes an `error` event. */
  push(event: SseEvent): readonly AnswerEvent[];
  /** The bytes ended. Yields the missing end (`error`, or `finish` where it was implied). */
  end(): readonly AnswerEvent[];
}

/** Turns answer events into the SSE text of one protocol. Stateful, one for each stream. */
export interface AnswerEncoder {
  /** SSE text, complete events only; may be empty. */
  push(event: AnswerEvent): string;
  /** Names of what could not be carried so far. */
  readonly dropped: ReadonlySet<string>;
}

export interface EncoderOptions {
  /** The model's name as the caller wrote it is not kept: the provider's answer names the model. */
  readonly request: ModelRequest;
}

export interface WireProtocol {
  readonly name: Protocol;

  /** Caller side. `undefined` when the path is not one of this protocol's. */
  route(path: WirePath): WireRoute | undefined;
  /** INVARIANT (2): throws `unknown_field` naming any field it does not know. */
  decodeRequest(body: JsonObject, options: DecodeOptions): ExchangeRequest;
  encodeAnswer(answer: Answer, request: ModelRequest, dropped: Set<string>): JsonObject;
  encodeEmbeddings(answer: EmbedAnswer, request: EmbedRequest): JsonObject;
  encodeCount(inputTokens: number): JsonObject;
  encodeModels(models: readonly ListedModel[]): JsonObject;
  encodeModel(model: ListedModel): JsonObject;
  streamEncoder(options: EncoderOptions): AnswerEncoder;
  /** The body of an error in this protocol's shape, with the code, `at` and facts in it. */
  encodeError(error: ProvisoError): JsonObject;
  /** The whole end of a stream that fails after it began: SSE text. */
  encodeStreamError(error: ProvisoError): string;

  /**
   * Provider side. Adds to `dropped` the names of what this protocol cannot carry where the answer
   * is still useful without it; throws `cannot_carry` where it is not.
   */
  encodeRequest(request: ExchangeRequest, dropped: Set<string>, dialect?: Dialect): WireCall;
  decodeAnswer(body: JsonValue): Answer;
  decodeEmbeddings(body: JsonValue, request: EmbedRequest): EmbedAnswer;
  decodeCount(body: JsonValue, request: CountRequest): number;
  streamDecoder(): AnswerDecoder;
  decodeError(status: number, body: JsonValue | undefined): AnswerError;
}
