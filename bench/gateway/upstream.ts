/**
 * The static upstream: a process that answers any POST with the same Chat Completions answer, whole
 * or streamed. Raw `node:net` with just enough HTTP/1.1, so that it costs a fraction of what any
 * proxy before it costs. The parent sets the pace of streams by message; the first token is never
 * delayed, so that whatever a caller waits for it is the proxy's doing.
 */
import { createServer, type Socket } from 'node:net';
import { streamEvents, TOKENS_PER_STREAM, wholeAnswer } from './traffic.ts';

/** Parent → upstream. 0 ms: each token as soon as the one before it is written. */
export interface Pace {
  readonly tokenWaitMs: number;
}
/** Upstream → parent, once. */
export interface UpstreamReady {
  readonly port: number;
}

const HEADERS_END = Buffer.from('\r\n\r\n');
const STREAM_MARK = Buffer.from('"stream":true');
const LENGTH_MARK = /content-length: *(\d+)/i;

const answer = wholeAnswer();
const WHOLE = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`,
);
const events = streamEvents();
const STREAM_HEAD =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n' +
  'transfer-encoding: chunked\r\n\r\n';
const FIRST = Buffer.from(STREAM_HEAD + httpChunk(events.first + events.token));
const TOKEN_CHUNK = Buffer.from(httpChunk(events.token));
const LAST = Buffer.from(`${httpChunk(events.last)}0\r\n\r\n`);

let tokenWaitMs = 10;
process.on('message', (pace: Pace) => {
  tokenWaitMs = pace.tokenWaitMs;
});
process.on('disconnect', () => process.exit(0));

const server = createServer({ noDelay: true }, serve);
server.listen(0, '127.0.0.1', 4_096, () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ port: address?.port ?? 0 });
});

function serve(socket: Socket): void {
  let rest: Buffer | undefined;
  socket.on('data', (bytes: Buffer) => {
    let pending = rest ? Buffer.concat([rest, bytes]) : bytes;
    for (;;) {
      const length = requestLength(pending);
      if (length === undefined || pending.length < length) break;
      reply(socket, pending.subarray(0, length));
      pending = pending.subarray(length);
    }
    rest = pending.length === 0 ? undefined : pending;
  });
  socket.on('error', () => socket.destroy());
}

/** Bytes of the first request, headers and body; `undefined` until its headers are complete. */
function requestLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf(HEADERS_END);
  if (end < 0) return undefined;
  const length = LENGTH_MARK.exec(bytes.toString('latin1', 0, end))?.[1];
  return end + 4 + (length === undefined ? 0 : Number(length));
}

function reply(socket: Socket, request: Buffer): void {
  if (!request.includes(STREAM_MARK)) {
    socket.write(WHOLE);
    return;
  }
  socket.write(FIRST);
  let sent = 1;
  const next = (): void => {
    if (socket.destroyed) return;
    if (sent === TOKENS_PER_STREAM) {
      socket.write(LAST);
      return;
    }
    sent++;
    socket.write(TOKEN_CHUNK);
    wait(next);
  };
  wait(next);
}

function wait(next: () => void): void {
  if (tokenWaitMs === 0) setImmediate(next);
  else setTimeout(next, tokenWaitMs);
}

function httpChunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}
