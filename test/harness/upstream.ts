/** A provider's stand-in on loopback: records what it receives, and answers as it is told. */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Protocol } from '#wire/exchange.ts';
import type { Spoken } from './said/said.ts';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The text as JSON. */
  readonly body: Record<string, unknown>;
}

/** Answers one request. */
export type Script = (response: ServerResponse, request: Received) => void | Promise<void>;

export interface Upstream {
  readonly origin: string;
  /** As the vendor's SDK takes it. */
  baseUrl(protocol: Protocol): string;
  /** How requests are answered from now on. */
  answer(script: Script): void;
  /** Every request since the last call, in order. */
  take(): readonly Received[];
  /** Connections that are open. */
  readonly openSockets: number;
  close(): Promise<void>;
}

export async function startUpstream(): Promise<Upstream> {
  let script: Script = unexpected;
  let received: Received[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    void receive(incoming).then((request) => {
      received.push(request);
      return script(response, request);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    baseUrl: (protocol) => (protocol.startsWith('openai') ? `${origin}/v1` : origin),
    answer(next) {
      script = next;
    },
    take() {
      const taken = received;
      received = [];
      return taken;
    },
    get openSockets() {
      return sockets.size;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function receive(incoming: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { method = '', url: path = '', headers } = incoming;
  const body = JSON.parse(text || 'null') as Record<string, unknown>;
  return { method, path, headers, text, body };
}

/** One whole JSON answer. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Script {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

/** A stream of these bytes, in one piece. */
export function sse(text: string | Uint8Array): Script {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
  };
}

/** Says it as the request asks: streamed or whole. */
export function says({ whole, frames }: Spoken): Script {
  return (response, request) => {
    const streams = request.body['stream'] === true || request.path.includes('alt=sse');
    return (streams ? sse(frames.join('')) : json(whole))(response, request);
  };
}

function unexpected(response: ServerResponse): void {
  response.writeHead(500, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { message: 'the test expected no request here' } }));
}
