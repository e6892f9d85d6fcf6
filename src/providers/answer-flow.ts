/**
 * A streamed answer: the provider's bytes as answer events. Nothing is delivered before the first
 * event is known, so that a stream that begins with an error can still be tried elsewhere.
 */
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import type { Limits } from '#base/limits.ts';
import type { AnswerError, AnswerEvent } from '#wire/exchange.ts';
import type { AnswerDecoder } from '#wire/protocol.ts';
import { type SseReader, sseReader } from '#wire/sse.ts';
import type { UpstreamFlow, UpstreamSink } from './upstream.ts';

/** What may follow an answer's end before the connection is given up. */
const AFTER_END_BYTES_MAX = 64 * 1024;

export interface AnswerSink {
  events(events: readonly AnswerEvent[]): void;
}

export class AnswerFlow implements UpstreamSink {
  #flow: UpstreamFlow;
  #reader: SseReader;
  #decoder: AnswerDecoder;
  #clean: (message: string) => string;
  #waiting: AnswerEvent[] = [];
  #sink: AnswerSink | undefined;
  #isOver = false;
  #bytesMax: number;
  #bytes = 0;
  #bytesAfterEnd = 0;
  #failure: ProvisoError | undefined;
  #onFirst: (() => void) | undefined;

  /** @param clean takes out of a provider's message what must not be shown */
  constructor(
    flow: UpstreamFlow,
    decoder: AnswerDecoder,
    limits: Limits,
    clean: (message: string) => string,
  ) {
    this.#flow = flow;
    this.#clean = clean;
    this.#bytesMax = limits.answerBytesMax;
    this.#reader = sseReader(limits.eventBytesMax);
    this.#decoder = decoder;
  }

  /**
   * Resolves with the error that the stream begins with, or undefined when it begins well.
   * @throws ProvisoError where it fails before its first event
   */
  async begin(): Promise<AnswerError | undefined> {
    await new Promise<void>((resolve) => {
      this.#onFirst = resolve;
      this.#flow.attach(this);
    });
    if (this.#failure) throw this.#failure;
    const first = this.#waiting[0];
    return first?.type === 'error' ? first.error : undefined;
  }

  attach(sink: AnswerSink): void {
    this.#sink = sink;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0) sink.events(waiting);
    if (!this.#isOver) this.#flow.resume();
  }

  pause(): void {
    this.#flow.pause();
  }

  resume(): void {
    this.#flow.resume();
  }

  abort(): void {
    this.#isOver = true;
    this.#flow.abort();
  }

  data(chunk: Buffer): void {
    if (this.#isOver) {
      this.#bytesAfterEnd += chunk.length;
      if (this.#bytesAfterEnd > AFTER_END_BYTES_MAX) this.#flow.abort();
      return;
    }
    this.#bytes += chunk.length;
    try {
      if (this.#bytes > this.#bytesMax) {
        throw new ProvisoError('upstream_invalid', 'The answer is too large.');
      }
      for (const event of this.#reader.push(chunk)) this.#give(this.#decoder.push(event));
    } catch (thrown) {
      this.#fail(asProvisoError(thrown));
      this.#flow.abort();
    }
  }

  end(): void {
    if (this.#isOver) return;
    try {
      for (const event of this.#reader.end()) this.#give(this.#decoder.push(event));
      this.#give(this.#decoder.end());
      this.#isOver = true;
    } catch (thrown) {
      this.#fail(asProvisoError(thrown));
    }
  }

  error(error: ProvisoError): void {
    if (!this.#isOver) this.#fail(error);
  }

  #fail(error: ProvisoError): void {
    if (!this.#sink && this.#waiting.length === 0) this.#failure = error;
    const kind = error.code === 'upstream_timeout' ? 'timeout' : 'server';
    this.#give([{ type: 'error', error: { kind, message: error.publicMessage } }]);
    this.#isOver = true;
  }

  #give(events: readonly AnswerEvent[]): void {
    if (events.length === 0 || this.#isOver) return;
    const last = events.at(-1);
    const given = last?.type === 'error' ? events.map((event) => this.#cleaned(event)) : events;
    if (this.#sink) this.#sink.events(given);
    else {
      this.#waiting.push(...given);
      this.#flow.pause();
      this.#onFirst?.();
    }
    // What comes after the end (a repeated event, a second answer) is not part of the answer.
    if (last?.type === 'finish' || last?.type === 'error') this.#isOver = true;
  }
  #cleaned(event: AnswerEvent): AnswerEvent {
    if (event.type !== 'error') return event;
    const { kind, message, wireCode } = event.error;
    const code = wireCode === undefined ? {} : { wireCode: this.#clean(wireCode) };
    return { type: 'error', error: { kind, message: this.#clean(message), ...code } };
  }
}
