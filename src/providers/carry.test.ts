import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import type { ProvisoError } from '#base/errors.ts';
import { DEFAULT_LIMITS, type Limits } from '#base/limits.ts';
import type { AnswerEvent, ModelRequest } from '#wire/exchange.ts';
import { openaiChat } from '#wire/openai-chat/protocol.ts';
import { type Attempt, carry, type Hangup } from './carry.ts';
import { openProvider, type Provider, Routing } from './provider.ts';
import { route } from './route.ts';

const SECRET = 'sk-planted-secret-0123456789';
const closers: (() => unknown)[] = [];
after(async () => {
  for (const close of closers) await close();
});

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function upstream(handler: Handler): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => handler(request, response, body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

function provider(name: string, baseUrl: string, limits: Limits): Provider {
  const opened = openProvider(
    {
      name,
      baseUrl,
      authHeader: { name: 'authorization', value: `Bearer ${SECRET}` },
      extraHeaders: {},
      models: ['m'],
      identity: undefined,
      dialect: {},
    },
    [openaiChat],
    limits,
  );
  closers.push(() => opened.pool.destroy());
  return opened;
}

const request: ModelRequest = {
  operation: 'generate',
  model: 'm',
  stream: false,
  messages: [{ role: 'user', parts: [{ type: 'text', text: 'hello' }] }],
  tools: [],
  providerTools: [],
};

async function call(
  urls: readonly string[],
  {
    stream = false,
    limits = DEFAULT_LIMITS,
    hangup = noHangup(),
  }: { stream?: boolean; limits?: Limits; hangup?: Hangup } = {},
) {
  const providers = urls.map((url, i) => provider(`p${i}`, url, limits));
  const targets = new Routing(providers, new Map()).targetsOf('m');
  const attempts: Attempt[] = [];
  const routed = route({
    protocol: 'openai-chat' as const,
    request: { ...request, stream },
    targets,
    decision: { effect: 'permit' as const },
  });
  const result = await carry(routed, attempts, hangup, limits).then(
    ({ carried }) => ({ carried, error: undefined }),
    (error: ProvisoError) => ({ carried: undefined, error }),
  );
  return { ...result, attempts: attempts.map(({ provider: name, result: r }) => `${name} ${r}`) };
}

const noHangup = (): Hangup => ({ isGone: false, onGone: undefined });
const good: Handler = (_request, response) =>
  response.setHeader('content-type', 'application/json').end(
    JSON.stringify({
      id: 'a',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
    }),
  );
const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    response
      .writeHead(code, { 'content-type': 'application/json', ...headers })
      .end(JSON.stringify({ error: { message: `no, ${SECRET}`, type: 'x', code: 'y' } }));

test('sends the provider’s own key and nothing of the caller’s', async () => {
  let seen: IncomingMessage | undefined;
  const url = await upstream((incoming, response, body) => {
    seen = incoming;
    good(incoming, response, body);
  });
  const { carried } = await call([url]);
  assert.equal(carried?.kind, 'answer');
  assert.equal(seen?.headers.authorization, `Bearer ${SECRET}`);
  assert.equal(seen?.url, '/v1/chat/completions');
});

test('a provider that says it is busy is asked again, then answers', async () => {
  let asked = 0;
  const url = await upstream((...args) => (++asked < 3 ? status(503)(...args) : good(...args)));
  const { attempts } = await call([url]);
  assert.deepEqual(attempts, ['p0 upstream_rejected', 'p0 upstream_rejected', 'p0 answered']);
});

test('falls back in order: unreachable, busy for long, then the one that answers', async () => {
  const busy = await upstream(status(429, { 'retry-after': '3600' }));
  const { attempts } = await call(['http://127.0.0.1:1/v1', busy, await upstream(good)], {
    limits: { ...DEFAULT_LIMITS, attemptsMax: 1 },
  });
  assert.deepEqual(attempts, ['p0 upstream_failed', 'p1 upstream_rejected', 'p2 answered']);
});

test('a request that the provider may have acted on is not repeated', async () => {
  let asked = 0;
  const broken = await upstream((incoming) => {
    asked++;
    incoming.socket.destroy();
  });
  const { error, attempts } = await call([broken, await upstream(good)]);
  assert.equal(error?.code, 'upstream_failed');
  assert.deepEqual([asked, attempts], [1, ['p0 upstream_failed']]);
});

test('the provider’s refusal is passed on with its status, without the key', async () => {
  const { error } = await call([await upstream(status(422))]);
  assert.deepEqual([error?.code, error?.status], ['upstream_rejected', 422]);
  assert.match(error?.publicMessage ?? '', /refused: no, \[key\]/);
});

test('a refusal of Proviso’s own key is not shown as one of the caller’s', async () => {
  const { error } = await call([await upstream(status(401))]);
  assert.deepEqual([error?.code, error?.status], ['upstream_failed', 502]);
  assert.doesNotMatch(error?.publicMessage ?? '', /planted/);
});

test('a redirect is not followed', async () => {
  let followed = false;
  const elsewhere = await upstream((...args) => {
    followed = true;
    good(...args);
  });
  const url = await upstream((_request, response) =>
    response.writeHead(307, { location: `${elsewhere}/chat/completions` }).end(),
  );
  const { error } = await call([url]);
  assert.equal(error?.code, 'upstream_failed');
  assert.equal(followed, false);
});

test('silence ends in a time-out, and a body without end at its limit', async () => {
  const silent = await upstream(() => undefined);
  const slow = await call([silent], { limits: { ...DEFAULT_LIMITS, firstByteWaitMsMax: 1_100 } });
  assert.equal(slow.error?.code, 'upstream_timeout');

  const endless = await upstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = setInterval(() => response.write('x'.repeat(10_000)), 1);
    response.on('close', () => clearInterval(more));
  });
  const large = await call([endless], { limits: { ...DEFAULT_LIMITS, answerBytesMax: 50_000 } });
  assert.equal(large.error?.code, 'upstream_invalid');
});

test('what is not JSON is not an answer', async () => {
  const { error } = await call([
    await upstream((_request, response) => response.end('<html>welcome</html>')),
  ]);
  assert.equal(error?.code, 'upstream_invalid');
});

test('a caller that went away aborts the call at the provider', async () => {
  const hangup = noHangup() as { isGone: boolean; onGone: (() => void) | undefined };
  const aborted = new Promise<void>((resolve) => {
    void upstream((incoming) => incoming.socket.once('close', resolve)).then(async (url) => {
      const pending = call([url], { hangup });
      while (hangup.onGone === undefined) await new Promise(setImmediate);
      hangup.isGone = true;
      hangup.onGone();
      await pending;
    });
  });
  await aborted;
});

const chunk = (delta: object, finish: string | null = null) =>
  `data: ${JSON.stringify({ id: 'a', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

test('a stream that begins with an error is tried elsewhere; one that breaks later is not', async () => {
  const bad = await upstream((_request, response) =>
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end('data: {"error":{"message":"overloaded","type":"overloaded_error","code":503}}\n\n'),
  );
  const breaking = await upstream((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk({ role: 'assistant', content: 'half' }), () => response.destroy());
  });
  const first = await call([bad, breaking], { stream: true });
  assert.equal(first.attempts.at(-1), 'p1 answered');
  assert.equal(first.carried?.kind, 'stream');
  if (first.carried?.kind !== 'stream') return;
  const { flow } = first.carried;
  const events = await new Promise<AnswerEvent[]>((resolve) => {
    const seen: AnswerEvent[] = [];
    flow.attach({
      events(more) {
        seen.push(...more);
        if (seen.at(-1)?.type === 'error' || seen.at(-1)?.type === 'finish') resolve(seen);
      },
    });
  });
  assert.equal(events.at(-1)?.type, 'error');
  assert.match(JSON.stringify(events), /half/);
});

test('a caller that is rate limited does not shut the provider for the others', async () => {
  let asked = 0;
  const url = await upstream((...args) =>
    ++asked <= 8 ? status(429, { 'retry-after': '60' })(...args) : good(...args),
  );
  const limited = provider('p', url, DEFAULT_LIMITS);
  const targets = new Routing([limited], new Map()).targetsOf('m');
  const ask = () =>
    carry(
      route({
        protocol: 'openai-chat' as const,
        request,
        targets,
        decision: { effect: 'permit' as const },
      }),
      [],
      noHangup(),
      DEFAULT_LIMITS,
    );
  for (let i = 0; i < 8; i++) await assert.rejects(ask(), { status: 429 });
  assert.equal(limited.breaker.state, 'closed');
  assert.equal((await ask()).carried.kind, 'answer');
});

test('after failures in a row a provider is left alone, then tried by one call', async () => {
  const { Breaker } = await import('./breaker.ts');
  let now = 0;
  const breaker = new Breaker(() => now);
  for (let i = 0; i < 5; i++) {
    breaker.enter('p');
    breaker.failed();
  }
  assert.throws(() => breaker.enter('p'), { code: 'upstream_unavailable' });
  now += 1_000;
  breaker.enter('p');
  assert.throws(() => breaker.enter('p'), { code: 'upstream_unavailable' });
  breaker.failed();
  now += 1_999;
  assert.throws(() => breaker.enter('p'), { code: 'upstream_unavailable' });
  now += 1;
  breaker.enter('p');
  breaker.succeeded();
  breaker.enter('p');
  assert.equal(breaker.state, 'closed');
});
