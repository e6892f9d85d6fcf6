/** Every bound on what a caller may take: bytes, sockets, calls, time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as connectSocket, type Socket } from 'node:net';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { openGateway, outcomeOf, providersAt, type TestGateway } from './harness/gateway.ts';
import { bodyOf, codeOf, open, pathOf, post, streamedBody } from './harness/raw.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

const PATH = pathOf('openai-chat');
const SPOKEN = speak('openai-chat', { text: 'Berth 4.' });

let upstream: Upstream;
before(async () => {
  upstream = await startUpstream();
});
after(() => upstream.close());
beforeEach(() => {
  upstream.answer(says(SPOKEN));
  upstream.take();
});

async function limited(t: TestContext, limits: JsonObject): Promise<TestGateway> {
  const proviso = await openGateway({ config: { providers: providersAt(upstream), limits } });
  t.after(() => proviso.close());
  return proviso;
}

function ask(proviso: TestGateway, text = 'Which?') {
  return post(proviso, PATH, bodyOf('openai-chat', text));
}

async function socketTo({ address }: TestGateway): Promise<Socket> {
  const { hostname, port } = new URL(address);
  const socket = connectSocket(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Everything that comes until the other side closes. */
async function until(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  await once(socket, 'close');
  return text;
}

test('a body beyond the limit is refused, whether or not it says its length', async (t) => {
  const proviso = await limited(t, { bodyBytesMax: 2_000 });
  assert.equal((await ask(proviso, 'a'.repeat(1_500))).status, 200);
  upstream.take();
  const large = JSON.stringify(bodyOf('openai-chat', 'a'.repeat(3_000)));
  for (const headers of [`content-length: ${large.length}\r\n`, 'transfer-encoding: chunked\r\n']) {
    const socket = await socketTo(proviso);
    const body = headers.startsWith('t') ? `${large.length.toString(16)}\r\n${large}\r\n` : large;
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n` +
        `authorization: Bearer ${proviso.key}\r\n${headers}\r\n${body}`,
    );
    const text = await until(socket);
    assert.match(text, /^HTTP\/1\.1 413 .*"code":"body_too_large"/s, headers);
  }
  assert.deepEqual(upstream.take(), []);
});

test('a client that sends far too much is still told why', async (t) => {
  const proviso = await limited(t, { bodyBytesMax: 2_000 });
  for (let i = 0; i < 5; i++) {
    const answer = await ask(proviso, 'a'.repeat(8e6));
    assert.deepEqual([answer.status, codeOf(answer)], [413, 'body_too_large']);
    const unknown = await post(proviso, PATH, bodyOf('openai-chat', 'a'.repeat(8e6)), {
      authorization: 'Bearer none',
    });
    assert.deepEqual([unknown.status, codeOf(unknown)], [401, 'caller_unknown']);
  }
});

test('headers beyond the limit are refused', async (t) => {
  const proviso = await limited(t, { headerBytesMax: 4_000 });
  const answer = await post(proviso, PATH, bodyOf('openai-chat', 'Which?'), {
    'x-large': 'a'.repeat(5_000),
  });
  assert.equal(answer.status, 431);
  assert.deepEqual(upstream.take(), []);
});

test('sockets beyond the limit are closed at once, and taken again when others have gone', async (t) => {
  const proviso = await limited(t, { connectionsMax: 2 });
  const held = [await socketTo(proviso), await socketTo(proviso)];
  const third = await socketTo(proviso);
  await once(third, 'close');
  held[0]?.destroy();
  let answer: string;
  do {
    const socket = await socketTo(proviso);
    socket.end('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    answer = await until(socket);
  } while (answer === '');
  assert.match(answer, /200 OK/);
  held[1]?.destroy();
});

test('calls beyond the limit are told to come back, and carried when others have ended', async (t) => {
  const proviso = await limited(t, { openCallsMax: 2 });
  const waiting: ServerResponse[] = [];
  const both = Promise.withResolvers<void>();
  upstream.answer((response) => {
    waiting.push(response);
    if (waiting.length === 2) both.resolve();
  });
  const calls = [ask(proviso), ask(proviso)];
  await both.promise;
  const third = await ask(proviso);
  assert.deepEqual([third.status, codeOf(third)], [503, 'overloaded']);
  assert.equal(third.headers.get('retry-after'), '1');
  for (const response of waiting) {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(SPOKEN.whole));
  }
  for (const { status } of await Promise.all(calls)) assert.equal(status, 200);
  upstream.answer(says(SPOKEN));
  assert.equal((await ask(proviso)).status, 200);
});

test('a head, and a body, that come too slowly are given up', async (t) => {
  const proviso = await limited(t, { requestWaitMsMax: 300 });
  const head =
    `POST ${PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n` +
    `authorization: Bearer ${proviso.key}\r\n`;
  for (const begun of [head, `${head}content-length: 100\r\n\r\n{"model"`]) {
    const socket = await socketTo(proviso);
    socket.write(begun);
    assert.match(await until(socket), /^HTTP\/1\.1 408 /);
  }
  assert.deepEqual(upstream.take(), []);
  assert.equal((await ask(proviso)).status, 200);
});

test('draining: open calls end, new ones are refused, idle sockets are closed', async (t) => {
  const proviso = await limited(t, { drainWaitMsMax: 10_000 });
  const goOn = Promise.withResolvers<void>();
  upstream.answer(async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(SPOKEN.frames.slice(0, 3).join(''));
    await goOn.promise;
    response.end(SPOKEN.frames.slice(3).join(''));
  });
  const idle = await socketTo(proviso);
  idle.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(idle, 'data');
  // A head that is under way when the draining begins.
  const late = await socketTo(proviso);
  const body = JSON.stringify(bodyOf('openai-chat', 'Which?'));
  late.write(`POST ${PATH} HTTP/1.1\r\nhost: x\r\n`);
  const stream = await open(proviso, PATH, streamedBody('openai-chat', 'Which?'));

  const drained = proviso.server.drain();
  await once(idle, 'close');
  const refused = until(late);
  late.write(`content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  assert.match(await refused, /^HTTP\/1\.1 503 .*connection: close.*"code":"draining"/s);
  await assert.rejects(ask(proviso));
  goOn.resolve();
  assert.match(await stream.text(), /Berth.*\[DONE\]/s);
  await drained;
  assert.equal(upstream.take().length, 1);
});

test('draining: what does not end in time is cut off, and its outcome is recorded', async (t) => {
  const proviso = await limited(t, { drainWaitMsMax: 200 });
  const arrived = Promise.withResolvers<ServerResponse>();
  upstream.answer((response) => arrived.resolve(response));
  const from = await proviso.settled();
  const call = ask(proviso);
  call.catch(() => undefined);
  const atProvider = await arrived.promise;
  await Promise.all([proviso.server.drain(), once(atProvider, 'close')]);
  await assert.rejects(call);
  assert.equal(outcomeOf(await proviso.entries(from), from)['outcome'], 'cancelled');
});

test('a refusal before the body was read leaves no bytes that could be a request', async (t) => {
  const proviso = await limited(t, {});
  const inner = `GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${proviso.key}\r\n\r\n`;
  const socket = await socketTo(proviso);
  socket.write(
    `POST ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer none\r\n` +
      `content-type: application/json\r\ncontent-length: ${inner.length + 1_000}\r\n\r\n${inner}`,
  );
  const text = await until(socket);
  assert.equal(text.match(/HTTP\/1\.1 \d+/g)?.join(), 'HTTP/1.1 401');
});
