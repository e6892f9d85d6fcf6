/** Streams that a provider sends badly, slowly or without end, and callers that leave. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { connect } from './harness/clients/connect.ts';
import {
  modelOf,
  openGateway,
  outcomeOf,
  providersAt,
  type TestGateway,
} from './harness/gateway.ts';
import { bodyOf, codeOf, open, pathOf, post, streamedBody } from './harness/raw.ts';
import { speak } from './harness/said/speak.ts';
import { requestOn } from './harness/socket.ts';
import { json, type Script, sse, startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
let proviso: TestGateway;
before(async () => {
  upstream = await startUpstream();
  proviso = await openGateway({
    config: {
      providers: providersAt(upstream),
      limits: { attemptsMax: 1, streamIdleMsMax: 300, firstByteWaitMsMax: 300 },
    },
  });
});
after(async () => {
  await proviso.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.take();
  closeBreakers();
});

/** So many failures in a row would open them. */
function closeBreakers(): void {
  for (const { breaker } of proviso.gateway.routing.providers) breaker.succeeded();
}

const TEXT = 'Berth 4 — ⚓️ naïve 🛥️, then 5, then 6 at the long quay, and 7.';
const QUESTION = { turns: [{ user: 'Which berths are free?' }] };

function ask(protocolIn: Protocol, protocolOut: Protocol = protocolIn) {
  return connect(protocolIn, proviso).ask({ ...QUESTION, model: modelOf(protocolOut) }, true);
}

/** Writes a stream's head and then, piece by piece, its body. */
function flowing(pieces: (response: ServerResponse) => AsyncGenerator<string | Buffer>): Script {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for await (const piece of pieces(response)) {
      if (!response.write(piece)) await once(response, 'drain');
    }
    response.end();
  };
}

for (const protocol of PROTOCOLS) {
  const { frames } = speak(protocol, { text: TEXT });
  const bytes = Buffer.from(frames.join(''));

  test(`${protocol}: every byte in a piece of its own`, async () => {
    // Each write is a chunk of HTTP's own, which is handed on by itself.
    upstream.answer(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of bytes) response.write(Buffer.of(byte));
      response.end();
    });
    for (const caller of PROTOCOLS) assert.equal((await ask(caller, protocol)).text, TEXT);
  });

  test(`${protocol}: line ends of every kind, comments, and fields that nobody knows`, async () => {
    const odd = frames
      .map((frame, i) => {
        const ends = ['\n', '\r\n', '\r'][i % 3] ?? '\n';
        return `: keep-alive${ends}id: ${i}${ends}retry: 5${ends}${frame.replaceAll('\n', ends)}`;
      })
      .join('');
    upstream.answer(sse(`\u{feff}${odd}`));
    assert.equal((await ask(protocol)).text, TEXT);
  });

  test(`${protocol}: what comes after the end, the whole answer again included, is not heard`, async () => {
    upstream.answer(sse(Buffer.concat([bytes, bytes])));
    const heard = await ask(protocol);
    assert.equal(heard.text, TEXT);
    assert.equal(heard.finish, 'stop');
  });

  test(`${protocol}: a whole answer to a question that asked for a stream`, async () => {
    upstream.answer(json(speak(protocol, { text: TEXT }).whole));
    const heard = await ask(protocol);
    assert.equal(heard.text, TEXT);
  });

  test(`${protocol}: the text so far is delivered before the provider goes on`, async () => {
    let goOn: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (goOn = resolve));
    upstream.answer(
      flowing(async function* () {
        yield frames.slice(0, 6).join('');
        await waiting;
        yield frames.slice(6).join('');
      }),
    );
    const response = await open(proviso, pathOf(protocol, true), streamedBody(protocol, 'Which?'));
    let text = '';
    for await (const piece of decoded(response)) {
      text += piece;
      if (text.includes('Berth')) goOn();
    }
    assert.match(text, /and 7/);
  });

  test(`${protocol}: a provider that falls silent in mid-stream is given up`, async () => {
    upstream.answer(
      flowing(async function* (response) {
        yield frames.slice(0, 6).join('');
        await once(response, 'close');
      }),
    );
    const from = await proviso.settled();
    await assert.rejects(ask(protocol), /fell silent/);
    assert.equal(outcomeOf(await proviso.entries(from), from)['outcome'], 'failed');
  });

  test(`${protocol}: a page of HTML is no answer`, async () => {
    for (const type of ['text/html', 'application/json', 'text/event-stream']) {
      upstream.answer((response) => {
        response.writeHead(200, { 'content-type': type });
        response.end('<!doctype html><title>Sign in</title>');
      });
      closeBreakers();
      for (const streams of [false, true]) {
        const body = streams ? streamedBody(protocol, 'Which?') : bodyOf(protocol, 'Which?');
        const answer = await post(proviso, pathOf(protocol, streams), body);
        assert.equal(answer.status, 502, `${type} ${streams}`);
        assert.doesNotMatch(answer.text, /Sign in/);
      }
    }
  });

  test(`${protocol}: a caller that leaves in mid-stream ends the provider’s work too`, async () => {
    const closed = Promise.withResolvers<void>();
    upstream.answer(
      flowing(async function* (response) {
        yield frames.slice(0, 6).join('');
        await once(response, 'close');
        closed.resolve();
      }),
    );
    const from = await proviso.settled();
    const leave = new AbortController();
    const body = streamedBody(protocol, 'Which?');
    const response = await open(proviso, pathOf(protocol, true), body, {}, leave.signal);
    await response.body?.getReader().read();
    leave.abort();
    await closed.promise;
    assert.equal(outcomeOf(await proviso.entries(from), from)['outcome'], 'cancelled');
  });

  test(`${protocol}: a caller that leaves before the answer ends the provider’s work too`, async () => {
    const arrived = Promise.withResolvers<ServerResponse>();
    upstream.answer((response) => arrived.resolve(response));
    const from = await proviso.settled();
    const leave = new AbortController();
    const body = bodyOf(protocol, 'Which?');
    const answer = open(proviso, pathOf(protocol), body, {}, leave.signal);
    const atProvider = await arrived.promise;
    leave.abort();
    await assert.rejects(answer, { name: 'AbortError' });
    await once(atProvider, 'close');
    assert.equal(outcomeOf(await proviso.entries(from), from)['outcome'], 'cancelled');
  });
}

async function* decoded(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) yield decoder.decode(chunk, { stream: true });
}

test('a provider that begins a stream and sends nothing is given up', async () => {
  upstream.answer(
    flowing(async function* (response) {
      yield ': thinking\n\n';
      await once(response, 'close');
    }),
  );
  const answer = await post(proviso, pathOf('gemini', true), streamedBody('gemini', 'Which?'));
  assert.deepEqual([answer.status, codeOf(answer)], [504, 'upstream_timeout']);
});

test('a provider that never answers is given up', async () => {
  upstream.answer(async (response) => void (await once(response, 'close')));
  const answer = await post(proviso, pathOf('gemini'), bodyOf('gemini', 'Which?'));
  assert.deepEqual([answer.status, codeOf(answer)], [504, 'upstream_timeout']);
});

test('a provider that compresses, though nobody asked it to, is not understood and says so', async () => {
  const { gzipSync } = await import('node:zlib');
  const { whole, frames } = speak('openai-chat', { text: TEXT });
  for (const [type, text] of [
    ['application/json', JSON.stringify(whole)],
    ['text/event-stream', frames.join('')],
  ] as const) {
    upstream.answer((response) => {
      response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' });
      response.end(gzipSync(text));
    });
    const answer = await post(
      proviso,
      pathOf('openai-chat'),
      streamedBody('openai-chat', 'Which?'),
    );
    assert.deepEqual([answer.status, codeOf(answer)], [502, 'upstream_invalid']);
    assert.match(answer.text, /gzip/);
    assert.equal(upstream.take()[0]?.headers['accept-encoding'], 'identity');
  }
});

test('a slow caller holds the provider back, not the memory', async (t) => {
  const patient = await openGateway({ config: { providers: providersAt(upstream) } });
  t.after(() => patient.close());
  const line = 'A berth, and another one, and another one. '.repeat(400);
  const [head = '', piece = ''] = speak('openai-chat', { text: 'x' }).frames;
  const tail = speak('openai-chat', { text: '' }).frames.slice(1).join('');
  const frame = piece.replace('"x"', JSON.stringify(line));
  const TOTAL = 2_000;
  let sent = 0;
  upstream.answer(
    flowing(async function* () {
      yield head;
      for (; sent < TOTAL; sent++) yield frame;
      yield tail;
    }),
  );
  const residentBefore = process.memoryUsage().rss;
  const body = streamedBody('openai-chat', 'All of them.');
  const response = await open(patient, pathOf('openai-chat'), body);
  for (let last = -1; sent !== last; ) {
    last = sent;
    for (let i = 0; i < 2_000; i++) await turn();
  }
  const grown = process.memoryUsage().rss - residentBefore;
  assert.ok(sent < TOTAL / 2, `${sent} of ${TOTAL} events taken from the provider unread`);
  assert.ok(grown < 100e6, `grown by ${grown} bytes`);
  let letters = 0;
  for await (const text of decoded(response)) letters += text.length;
  assert.ok(letters > TOTAL * line.length);
});

test('a caller that reads nothing is given up, streamed or not, and holds nothing', async (t) => {
  const large = 'A berth, and another one. '.repeat(400_000);
  const { whole, frames } = speak('openai-chat', { text: 'x' });
  const piece = JSON.stringify(large.slice(0, 100_000));
  for (const streams of [false, true]) {
    const atProvider = Promise.withResolvers<ServerResponse>();
    upstream.answer((response) => {
      atProvider.resolve(response);
      response.writeHead(200, {
        'content-type': streams ? 'text/event-stream' : 'application/json',
      });
      if (!streams) response.end(JSON.stringify(whole).replace('"x"', JSON.stringify(large)));
      else {
        const [head = '', delta = ''] = frames;
        response.write(head);
        for (let i = 0; i < 200; i++) response.write(delta.replace('"x"', piece));
      }
    });
    const from = await proviso.settled();
    const { socket } = await requestOn(proviso, t);
    socket.pause();
    const body = (streams ? streamedBody : bodyOf)('openai-chat', 'All of them.');
    const json = JSON.stringify(body);
    socket.write(
      `POST ${pathOf('openai-chat')} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n` +
        `x-api-key: ${proviso.key}\r\ncontent-length: ${json.length}\r\n\r\n${json}`,
    );
    const response = await atProvider.promise;
    if (streams && !response.destroyed) await once(response, 'close');
    const { outcome } = outcomeOf(await proviso.entries(from), from);
    assert.equal(outcome, streams ? 'cancelled' : 'answered');
    // Nothing tells a caller that does not read that the other end was closed.
    if (!streams) await sleep(1_000);
    let bytes = 0;
    socket.on('data', (chunk) => (bytes += chunk.length)).resume();
    await once(socket, 'close');
    assert.ok(bytes < large.length, `${bytes} bytes came through`);
  }
});

test('an answer without end is ended', async (t) => {
  const limited = await openGateway({
    config: { providers: providersAt(upstream), limits: { answerBytesMax: 200_000 } },
  });
  t.after(() => limited.close());
  for (const protocol of PROTOCOLS) {
    const { frames } = speak(protocol, { text: TEXT });
    const [, , , , delta = ''] = frames;
    const closed = Promise.withResolvers<void>();
    upstream.answer((response) => {
      response.once('close', closed.resolve);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(frames.slice(0, 4).join(''));
      const more = () => {
        while (!response.destroyed && response.write(delta));
      };
      response.on('drain', more);
      more();
    });
    const client = connect(protocol, limited);
    await assert.rejects(client.ask({ ...QUESTION, model: modelOf(protocol) }, true), /too large/);
    await closed.promise;
  }
});
