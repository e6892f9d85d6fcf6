/** HTTP by hand on one connection: for heads and framings that no client sends. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import type { TestGateway } from './gateway.ts';

export interface Connection {
  readonly socket: Socket;
  /** A whole request with a body of that length; the whole answer, if it says its length. */
  send(
    method: string,
    path: string,
    body: JsonObject | undefined,
    headers?: Readonly<Record<string, string>>,
  ): Promise<string>;
  /** Any bytes; then everything that comes until the other side closes. */
  raw(bytes: string): Promise<string>;
}

export async function requestOn({ address }: TestGateway, t: TestContext): Promise<Connection> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  return {
    socket,
    async send(method, path, body, headers = {}) {
      text = '';
      const json = body === undefined ? '' : JSON.stringify(body);
      const head = Object.entries({
        host: 'proviso.test',
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(json)),
        ...headers,
      });
      const lines = head.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      socket.write(`${method} ${path} HTTP/1.1\r\n${lines}\r\n${json}`);
      while (!isWhole(text) && !socket.destroyed)
        await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      return text;
    },
    async raw(bytes) {
      text = '';
      socket.write(bytes);
      if (!socket.destroyed) await once(socket, 'close');
      return text;
    },
  };
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)/im.exec(text.slice(0, end))?.[1];
  return end >= 0 && Buffer.byteLength(text.slice(end + 4)) >= Number(length ?? 0);
}
