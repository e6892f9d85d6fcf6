/**
 * The load generator: a process that holds N keep-alive connections to one target and, on each,
 * makes one call after another until the window is over. Raw `node:net`, so that it costs less than
 * what it measures. Every answer is checked; one that is not exactly right counts as a failure.
 *
 *   parent → order;  load → `windowStart`, `windowEnd` (the parent reads CPU then), `result`
 */
import { Connection } from './connection.ts';
import { PATH, requestBody } from './traffic.ts';

/** Times in milliseconds. */
export interface LoadOrder {
  readonly port: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly stream: boolean;
  readonly connections: number;
  /** Connections start evenly over this time, so that streams do not march in step. */
  readonly rampMs: number;
  readonly windowMs: number;
  /** At the end of the window, open calls are completed, or cut off. */
  readonly openCalls: 'complete' | 'cut';
}

/** Calls that ended within the window. */
export interface LoadResult {
  readonly calls: number;
  readonly windowMs: number;
  /** Sorted; from the request's first byte to the answer's last. */
  readonly latenciesMs: readonly number[];
  /** Sorted, streams only; from the request's first byte to the first token. */
  readonly firstTokensMs: readonly number[];
  /** Streams that had begun and not ended when the window did. */
  readonly openStreams: number;
  readonly failures: number;
  readonly firstFailure: string | undefined;
}

export type LoadReport =
  | { readonly report: 'windowStart' | 'windowEnd' }
  | { readonly report: 'result'; readonly result: LoadResult };

const COMPLETE_WAIT_MS_MAX = 15_000;

process.on('message', (order: LoadOrder) => new Run(order).start());
process.on('disconnect', () => process.exit(0));

/** One order, from its first connection to its report. */
class Run {
  readonly #order: LoadOrder;
  readonly #request: Buffer;
  readonly #connections = new Set<Connection>();
  readonly #latenciesMs: number[] = [];
  readonly #firstTokensMs: number[] = [];
  #phase: 'ramp' | 'window' | 'over' | 'reported' = 'ramp';
  #windowStartedAt = 0;
  #windowMs = 0;
  #openStreams = 0;
  #failures = 0;
  #firstFailure: string | undefined;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.#request = requestBytes(order);
  }

  start(): void {
    const { connections, rampMs } = this.#order;
    for (let i = 0; i < connections; i++) {
      setTimeout(() => this.#connect(), (rampMs * i) / connections);
    }
    setTimeout(() => this.#openWindow(), rampMs);
  }

  #connect(): void {
    const { port, stream } = this.#order;
    const connection = new Connection(port, this.#request, stream, {
      firstToken: (waitMs) => {
        if (this.#phase === 'window') this.#firstTokensMs.push(waitMs);
      },
      answered: (latencyMs) => {
        if (this.#phase === 'window') this.#latenciesMs.push(latencyMs);
        if (this.#phase === 'ramp' || this.#phase === 'window') connection.call();
        else this.#leave(connection);
      },
      failed: (problem) => {
        this.#fail(problem);
        this.#leave(connection);
      },
    });
    this.#connections.add(connection);
  }

  #leave(connection: Connection): void {
    connection.close();
    this.#connections.delete(connection);
    if (this.#phase === 'over' && this.#connections.size === 0) this.#report();
  }

  #openWindow(): void {
    this.#phase = 'window';
    this.#windowStartedAt = performance.now();
    send({ report: 'windowStart' });
    setTimeout(() => this.#closeWindow(), this.#order.windowMs);
  }

  #closeWindow(): void {
    this.#phase = 'over';
    this.#windowMs = performance.now() - this.#windowStartedAt;
    for (const { hasToken } of this.#connections) if (hasToken) this.#openStreams++;
    send({ report: 'windowEnd' });
    if (this.#order.openCalls === 'cut' || this.#connections.size === 0) return this.#report();
    setTimeout(() => {
      if (this.#phase === 'reported') return;
      this.#fail(`${this.#connections.size} calls did not end`);
      this.#report();
    }, COMPLETE_WAIT_MS_MAX);
  }

  #fail(problem: string): void {
    this.#failures++;
    this.#firstFailure ??= problem;
  }

  #report(): void {
    this.#phase = 'reported';
    for (const connection of this.#connections) connection.close();
    const byValue = (a: number, b: number): number => a - b;
    send({
      report: 'result',
      result: {
        calls: this.#latenciesMs.length,
        windowMs: this.#windowMs,
        latenciesMs: this.#latenciesMs.sort(byValue),
        firstTokensMs: this.#firstTokensMs.sort(byValue),
        openStreams: this.#openStreams,
        failures: this.#failures,
        firstFailure: this.#firstFailure,
      },
    });
  }
}

function requestBytes(order: LoadOrder): Buffer {
  const body = requestBody(order.stream);
  const headers = Object.entries({
    host: `127.0.0.1:${order.port}`,
    'user-agent': 'proviso-bench',
    accept: 'application/json',
    'content-type': 'application/json',
    ...order.headers,
    'content-length': String(Buffer.byteLength(body)),
  });
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`POST ${PATH} HTTP/1.1\r\n${head}\r\n${body}`);
}

function send(report: LoadReport): void {
  process.send?.(report);
}
