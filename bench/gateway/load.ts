/**
 * The load generator: a process that holds N keep-alive connections to one target and, on each,
 * makes one call after another until the window is over. Raw `node:net`, so that it costs less than
 * what it measures. Every answer is checked; one that is not exactly right counts as a failure.
 *
 *   parent → order;  load → `windowStart`, `windowEnd` (the parent reads CPU then), `result`
 */
import { connect } from 'node:net';
import { streamProblem, wholeProblem } from './check.ts';
import { PATH, requestBody, TOKEN } from './traffic.ts';

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
const LENGTH_MARK = /\r\ncontent-length: *(\d+)/i;
const LAST_CHUNK = '0\r\n\r\n';

process.on('message', (order: LoadOrder) => run(order));
process.on('disconnect', () => process.exit(0));

function run(order: LoadOrder): void {
  const request = requestBytes(order);
  const readBuffer = Buffer.allocUnsafe(64 * 1024);
  const latenciesMs: number[] = [];
  const firstTokensMs: number[] = [];
  const closers = new Set<() => void>();
  let phase: 'ramp' | 'window' | 'over' = 'ramp';
  let windowStartedAt = 0;
  let windowMs = 0;
  let openStreams = 0;
  let failures = 0;
  let firstFailure: string | undefined;
  let isReported = false;

  for (let i = 0; i < order.connections; i++) {
    setTimeout(openConnection, (order.rampMs * i) / order.connections);
  }
  setTimeout(() => {
    phase = 'window';
    windowStartedAt = performance.now();
    send({ report: 'windowStart' });
    setTimeout(endWindow, order.windowMs);
  }, order.rampMs);

  function endWindow(): void {
    phase = 'over';
    windowMs = performance.now() - windowStartedAt;
    send({ report: 'windowEnd' });
    if (order.openCalls === 'complete') {
      setTimeout(() => {
        if (closers.size > 0) fail(`${closers.size} calls did not end`);
        report();
      }, COMPLETE_WAIT_MS_MAX).unref();
    } else report();
  }

  function openConnection(): void {
    let pieces: string[] = [];
    let tail = '';
    let bodyStart = 0;
    let bytesExpected = 0;
    let bytesRead = 0;
    let startedAt = 0;
    let isFirstTokenSeen = false;
    let isFirstCall = true;

    const socket = connect({
      port: order.port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (length, buffer) => {
          take((buffer as Buffer).toString('latin1', 0, length));
          return true;
        },
      },
    });
    const close = (): void => {
      closers.delete(close);
      socket.destroy();
      if (phase === 'over' && closers.size === 0) report();
    };
    closers.add(close);
    socket.on('connect', call);
    socket.on('error', (error) => fail(`connection: ${error.message}`));
    socket.on('close', () => {
      if (closers.has(close)) {
        fail('the connection was closed');
        close();
      }
    });

    function call(): void {
      if (phase === 'over') {
        close();
        return;
      }
      pieces = [];
      tail = '';
      bodyStart = 0;
      bytesExpected = 0;
      bytesRead = 0;
      isFirstTokenSeen = false;
      startedAt = performance.now();
      socket.write(request);
    }

    function take(piece: string): void {
      pieces.push(piece);
      bytesRead += piece.length;
      tail = piece.length >= LAST_CHUNK.length ? piece : tail + piece;
      if (bodyStart === 0) readHead();
      if (order.stream && !isFirstTokenSeen && pieces.join('').includes(TOKEN)) {
        isFirstTokenSeen = true;
        openStreams++;
        if (phase === 'window') firstTokensMs.push(performance.now() - startedAt);
      }
      if (bodyStart > 0 && isWhole()) finish();
    }

    function readHead(): void {
      const text = pieces.join('');
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      bodyStart = end + 4;
      const length = LENGTH_MARK.exec(text.slice(0, bodyStart))?.[1];
      bytesExpected = length === undefined ? 0 : bodyStart + Number(length);
    }

    function isWhole(): boolean {
      return bytesExpected > 0 ? bytesRead >= bytesExpected : tail.endsWith(LAST_CHUNK);
    }

    function finish(): void {
      const latencyMs = performance.now() - startedAt;
      if (isFirstTokenSeen && phase !== 'over') openStreams--;
      const text = pieces.length === 1 ? (pieces[0] ?? '') : pieces.join('');
      const check = order.stream ? streamProblem : wholeProblem;
      const problem = check(text, bodyStart, isFirstCall);
      isFirstCall = false;
      if (problem !== undefined) {
        fail(problem);
        close();
        return;
      }
      if (phase === 'window') latenciesMs.push(latencyMs);
      call();
    }
  }

  function fail(what: string): void {
    if (isReported) return;
    failures++;
    firstFailure ??= what;
  }

  function report(): void {
    if (isReported) return;
    isReported = true;
    for (const close of closers) close();
    const byValue = (a: number, b: number): number => a - b;
    send({
      report: 'result',
      result: {
        calls: latenciesMs.length,
        windowMs,
        latenciesMs: latenciesMs.sort(byValue),
        firstTokensMs: firstTokensMs.sort(byValue),
        openStreams,
        failures,
        firstFailure,
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
