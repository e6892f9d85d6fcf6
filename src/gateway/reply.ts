/**
 * The way back to the caller: one whole body, or a stream, with back-pressure. Knows HTTP and
 * nothing of protocols.
 */
import type { ServerResponse } from 'node:http';
import type { Limits } from '#base/limits.ts';
import type { Hangup } from '#providers/carry.ts';

export class Reply implements Hangup {
  #response: ServerResponse;
  #limits: Limits;
  #headers: Record<string, string | number> = {};
  #onDrain: (() => void) | undefined;
  isGone = false;
  onGone: (() => void) | undefined;
  /** The answer has ended, or the caller has gone. */
  isClosed = false;
  #closed: PromiseWithResolvers<void> | undefined;

  constructor(response: ServerResponse, limits: Limits) {
    this.#response = response;
    this.#limits = limits;
    response.once('close', () => {
      this.isClosed = true;
      this.#closed?.resolve();
      if (response.writableFinished) return;
      this.isGone = true;
      this.onGone?.();
    });
  }

  get hasBegun(): boolean {
    return this.#response.headersSent;
  }

  /** Resolves when nothing more can be said. */
  whenClosed(): Promise<void> {
    this.#closed ??= Promise.withResolvers<void>();
    if (this.isClosed) this.#closed.resolve();
    return this.#closed.promise;
  }

  header(name: string, value: string | number): void {
    this.#headers[name] = value;
  }

  whole(status: number, body: string, type = 'application/json'): void {
    this.#headers['content-type'] = type;
    this.#headers['content-length'] = Buffer.byteLength(body);
    this.#response.writeHead(status, this.#headers);
    this.end(body);
  }

  /** Has no effect where it has begun. */
  beginStream(): void {
    if (this.hasBegun) return;
    this.#headers['content-type'] = 'text/event-stream; charset=utf-8';
    this.#headers['cache-control'] = 'no-cache';
    this.#response.writeHead(200, this.#headers);
  }

  /** Returns false when the caller is slow: stop until `onDrain` is called, once. */
  write(text: string, onDrain: () => void): boolean {
    if (text === '' || this.isGone) return true;
    this.#response.write(text);
    if (this.#response.writableLength < this.#limits.unsentBytesMax) return true;
    if (this.#onDrain === undefined) {
      this.#onDrain = onDrain;
      this.#giveUpUnlessRead();
      this.#response.once('drain', () => {
        this.#response.socket?.setTimeout(0);
        const resume = this.#onDrain;
        this.#onDrain = undefined;
        resume?.();
      });
    }
    return false;
  }

  end(text: string): void {
    this.#response.end(text);
    if (this.#response.writableLength > 0) this.#giveUpUnlessRead();
  }

  /** The server destroys a socket that times out: a caller that reads nothing holds nothing. */
  #giveUpUnlessRead(): void {
    this.#response.socket?.setTimeout(this.#limits.streamIdleMsMax);
  }
}
