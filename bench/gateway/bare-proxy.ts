/**
 * The bare proxy that Proviso is held against: `node:http` in, undici's `dispatch` out, the same
 * bytes both ways, nothing read and nothing decided.
 *
 * Of the ways to put these two together, this is the one that anyone would run. The lowest CPU a
 * call of 15 rounds at 64 connections, as ratios to it, give or take 0.03: a body that is piped
 * instead of buffered 1.04; an `Agent`, a limit of 64 connections, and pipelining, which is unsound
 * for POST, 0.99 to 1.02; handlers of undici's older interface 0.95; a free list of `Client`s in
 * the place of the `Pool` 0.93; both of these 0.91; `node:http` on the way out 1.47.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const upstreamPort = Number(process.argv[2]);
const pool = new Pool(`http://127.0.0.1:${upstreamPort}`);
const server = createServer(proxy);
server.listen(0, '127.0.0.1', 4_096, () => {
  const address = server.address();
  if (typeof address === 'object') process.send?.({ port: address?.port ?? 0 });
});
process.on('disconnect', () => process.exit(0));

function proxy(request: IncomingMessage, response: ServerResponse): void {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const body = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    pool.dispatch(
      {
        method: 'POST',
        path: request.url ?? '/',
        headers: { 'content-type': 'application/json', authorization: 'Bearer none' },
        body: body ?? null,
      },
      passOn(response),
    );
  });
}

function passOn(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller) {
      response.on('close', () => {
        if (!response.writableFinished) controller.abort(new Error('The caller went away.'));
      });
    },
    onResponseStart(controller, status, headers) {
      const { connection: _connection, 'keep-alive': _keepAlive, ...kept } = headers;
      response.writeHead(status, kept);
      response.on('drain', () => controller.resume());
    },
    onResponseData(controller, bytes) {
      if (!response.write(bytes)) controller.pause();
    },
    onResponseEnd() {
      response.end();
    },
    onResponseError() {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    },
  };
}
