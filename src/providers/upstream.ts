/**
 * One HTTP request to one provider, on undici's dispatch: no streams, no promises for each chunk.
 *
 * A whole answer is collected up to `answerBytesMax`. A streamed one is handed over paused: whoever
 * attaches a sink pulls it, and its `pause` reaches the provider's socket, so that a slow caller
 * costs the provider's buffer and not ours.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { ProvisoError } from '#base/errors.ts';
import type { Limits } from '#base/limits.ts';

export interface UpstreamRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Asks for an SSE stream; the answer may still be a whole body. */
  readonly stream: boolean;
}

export type UpstreamResponse =
  | {
      readonly kind: 'whole';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
    }
  | {
      readonly kind: 'stream';
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly flow: UpstreamFlow;
    };

export interface UpstreamSink {
  data(chunk: Buffer): void;
  end(): void;
  error(error: ProvisoError): void;
}

/** The body of a streamed answer. */
export interface UpstreamFlow {
  attach(sink: UpstreamSink): void;
  pause(): void;
  resume(): void;
  abort(): void;
}

/** Whether the provider can have begun to act on a request that failed. */
export class UpstreamFailure extends ProvisoError {
  readonly wasSent: boolean;
  constructor(
    code: 'upstream_failed' | 'upstream_timeout' | 'upstream_invalid',
    publicMessage: string,
    wasSent: boolean,
    cause: unknown,
  ) {
    super(code, publicMessage, { cause });
    this.wasSent = wasSent;
  }
}

/**
 * Resolves with the whole answer, or with the head of a stream. Rejects with an `UpstreamFailure`.
 * @param signal aborts the request when the caller goes away
 */
export function send(
  dispatcher: Dispatcher,
  request: UpstreamRequest,
  limits: Limits,
  onController: (controller: Dispatcher.DispatchController) => void,
): Promise<UpstreamResponse> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(
      {
        method: 'POST',
        path: request.path,
        headers: request.headers,
        body: request.body,
        headersTimeout: limits.firstByteWaitMsMax,
        bodyTimeout: limits.streamIdleMsMax,
      },
      new ResponseHandler(request.stream, limits, resolve, reject, onController),
    );
  });
}

class ResponseHandler implements Dispatcher.DispatchHandler, UpstreamFlow {
  #wantsStream: boolean;
  #limits: Limits;
  #resolve: (response: UpstreamResponse) => void;
  #reject: (error: Error) => void;
  #onController: (controller: Dispatcher.DispatchController) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #streams = false;
  #encoding: string | undefined;
  #sink: UpstreamSink | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #ended = false;
  #failure: UpstreamFailure | undefined;

  constructor(
    wantsStream: boolean,
    limits: Limits,
    resolve: (response: UpstreamResponse) => void,
    reject: (error: Error) => void,
    onController: (controller: Dispatcher.DispatchController) => void,
  ) {
    this.#wantsStream = wantsStream;
    this.#limits = limits;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onController = onController;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#onController(controller);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const encoding = headers['content-encoding'];
    if (encoding !== undefined && encoding !== 'identity') {
      this.#encoding = String(encoding);
      controller.abort(new Error('the answer is compressed'));
      return;
    }
    const type = headers['content-type'] ?? '';
    this.#streams = this.#wantsStream && status === 200 && type.startsWith('text/event-stream');
    if (!this.#streams) return;
    controller.pause();
    this.#resolve({ kind: 'stream', status, headers, flow: this });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#sink) return this.#sink.data(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.answerBytesMax) {
      controller.abort(new Error('answer too large'));
      return;
    }
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    this.#ended = true;
    if (this.#streams) {
      this.#sink?.end();
      return;
    }
    const body = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#resolve({
      kind: 'whole',
      status: this.#status,
      headers: this.#headers,
      body: body ?? Buffer.alloc(0),
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const failure =
      this.#encoding === undefined
        ? failureOf(error, this.#controller !== undefined, this.#bytes, this.#limits)
        : compressed(this.#encoding, error);
    this.#failure = failure;
    if (!this.#streams) this.#reject(failure);
    else this.#sink?.error(failure);
  }

  attach(sink: UpstreamSink): void {
    this.#sink = sink;
    for (const chunk of this.#chunks) sink.data(chunk);
    this.#chunks = [];
    if (this.#failure) sink.error(this.#failure);
    else if (this.#ended) sink.end();
    else this.#controller?.resume();
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    if (!this.#ended) this.#controller?.abort(new Error('no longer wanted'));
  }
}

function compressed(encoding: string, cause: Error): UpstreamFailure {
  return new UpstreamFailure(
    'upstream_invalid',
    `The provider compressed its answer (\`${encoding}\`), though it was asked not to.`,
    true,
    cause,
  );
}

function failureOf(
  error: Error & { code?: string },
  wasSent: boolean,
  bytes: number,
  limits: Limits,
): UpstreamFailure {
  switch (error.code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return new UpstreamFailure(
        'upstream_timeout',
        `The provider sent nothing for ${limits.firstByteWaitMsMax} ms.`,
        true,
        error,
      );
    case 'UND_ERR_BODY_TIMEOUT':
      return new UpstreamFailure(
        'upstream_timeout',
        `The provider fell silent for ${limits.streamIdleMsMax} ms.`,
        true,
        error,
      );
    case 'UND_ERR_CONNECT_TIMEOUT':
      return new UpstreamFailure(
        'upstream_timeout',
        `The provider did not accept a connection within ${limits.connectWaitMsMax} ms.`,
        false,
        error,
      );
    default:
      if (bytes > limits.answerBytesMax) {
        return new UpstreamFailure('upstream_invalid', 'The answer is too large.', true, error);
      }
      // Network errors name hosts and ports: they go to the log, not to the caller.
      return new UpstreamFailure(
        'upstream_failed',
        wasSent ? 'The provider broke off.' : 'The provider could not be reached.',
        wasSent,
        error,
      );
  }
}
