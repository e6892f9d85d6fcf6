/**
 * Retries, fallbacks and the breaker: one decision covers every target, each attempt stands in the
 * outcome, and nothing is asked twice that a provider may have begun to answer.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import type { Attempt } from '#providers/carry.ts';
import { PROTOCOLS } from '#wire/exchange.ts';
import { connect } from './harness/clients/connect.ts';
import { modelOf, openGateway, outcomeOf, type TestGateway } from './harness/gateway.ts';
import { bodyOf, codeOf, pathOf, post } from './harness/raw.ts';
import { speak } from './harness/said/speak.ts';
import { json, type Script, says, sse, startUpstream, type Upstream } from './harness/upstream.ts';

let first: Upstream;
let second: Upstream;
let proviso: TestGateway;
before(async () => {
  first = await startUpstream();
  second = await startUpstream();
  proviso = await openGateway({
    config: {
      providers: {
        one: provider('anthropic', first.baseUrl('anthropic')),
        two: provider('openai-chat', second.baseUrl('openai-chat')),
        gone: provider('gemini', 'http://127.0.0.1:9'),
      },
      models: {
        berths: ['one/anthropic-model', 'two/openai-chat-model'],
        'berths-gone': ['gone/gemini-model', 'two/openai-chat-model'],
        'berths-only': 'one/anthropic-model',
      },
      purposes: { narrow: { ...PURPOSE, models: ['anthropic-*'] } },
      limits: { attemptsMax: 2 },
    },
  });
});
after(async () => {
  await proviso.close();
  await first.close();
  await second.close();
});
beforeEach(() => {
  first.take();
  second.take();
  second.answer(says(ANSWER));
  for (const { breaker } of proviso.gateway.routing.providers) breaker.succeeded();
});

const PURPOSE = {
  title: 'Berths',
  owner: 'harbour master',
  authority: 'by-law 12',
  callers: ['*'],
};
const ANSWER = speak('openai-chat', { text: 'Berth 4.' });
const OWN_ANSWER = speak('anthropic', { text: 'Berth 7.' });

function provider(protocol: string, baseUrl: string): JsonObject {
  return { kind: 'compatible', protocol, baseUrl, models: [`${protocol}-*`] };
}

function overloaded(headers: Record<string, string> = {}): Script {
  const error = { type: 'overloaded_error', message: 'Overloaded' };
  return json({ type: 'error', error }, 529, headers);
}

function attempts(outcome: JsonObject): readonly string[] {
  const rows = outcome['attempts'] as unknown as readonly Attempt[];
  return rows.map((row) => `${row.provider}/${row.model}: ${row.result}`);
}

const FALLEN_BACK = ['one/anthropic-model: upstream_rejected', 'two/openai-chat-model: answered'];
const BUSY = overloaded({ 'retry-after': '3600' });
const BUSY_STREAM = sse(
  'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Busy"}}\n\n',
);

for (const protocol of PROTOCOLS) {
  for (const [what, script, streams] of [
    ['is busy for long', BUSY, false],
    ['is busy for long, streamed', BUSY, true],
    ['begins its stream by saying that it is busy', BUSY_STREAM, true],
  ] as const) {
    test(`${protocol}: where the first provider ${what}, the next one answers`, async () => {
      first.answer(script);
      const from = await proviso.settled();
      const client = connect(protocol, proviso);
      const heard = await client.ask({ model: 'berths', turns: [{ user: 'Which?' }] }, streams);
      assert.equal(heard.text, 'Berth 4.');
      const entries = await proviso.entries(from);
      assert.equal(entries.filter(({ kind }) => kind === 'decision').length, 1);
      assert.deepEqual(entries[0]?.public['targets'], [
        'one/anthropic-model',
        'two/openai-chat-model',
      ]);
      const tried = attempts(outcomeOf(entries, from));
      assert.deepEqual(tried.slice(-2), FALLEN_BACK);
      assert.equal(second.take().length, 1);
    });
  }
}

test('a provider that cannot be reached is asked again, then the next one answers', async () => {
  const from = await proviso.settled();
  const answer = await post(
    proviso,
    pathOf('openai-chat'),
    bodyOf('openai-chat', 'Which?', { model: 'berths-gone' }),
  );
  assert.equal(answer.status, 200);
  assert.deepEqual(attempts(outcomeOf(await proviso.entries(from), from)), [
    'gone/gemini-model: upstream_failed',
    'gone/gemini-model: upstream_failed',
    'two/openai-chat-model: answered',
  ]);
});

test('a provider that says it is busy for a moment is asked again', async () => {
  let asked = 0;
  first.answer((response, request) =>
    (asked++ === 0 ? overloaded() : says(OWN_ANSWER))(response, request),
  );
  const from = await proviso.settled();
  const answer = await ask();
  assert.match(answer.text, /Berth 7\./);
  assert.deepEqual(attempts(outcomeOf(await proviso.entries(from), from)), [
    'one/anthropic-model: upstream_rejected',
    'one/anthropic-model: answered',
  ]);
  assert.deepEqual(second.take(), []);
});

function ask(headers: Record<string, string> = {}, model = 'berths') {
  const body = bodyOf('openai-chat', 'Which?', { model });
  return post(proviso, pathOf('openai-chat'), body, headers);
}

const NOT_REPEATED: Readonly<Record<string, readonly [Script, number]>> = {
  'refuses the request': [json({ type: 'error', error: { message: 'No.' } }, 400), 400],
  'fails after it may have begun': [json({ type: 'error', error: { message: 'Oh.' } }, 500), 500],
  'breaks off before it answers': [(response) => void response.destroy(), 502],
  'answers what cannot be read': [json({ nothing: true }), 502],
};

for (const [what, [script, status]] of Object.entries(NOT_REPEATED)) {
  test(`a provider that ${what} is not asked again, nor is another`, async () => {
    first.answer(script);
    const from = await proviso.settled();
    const answer = await ask();
    assert.equal(answer.status, status);
    assert.deepEqual([first.take().length, second.take().length], [1, 0]);
    assert.equal(attempts(outcomeOf(await proviso.entries(from), from)).length, 1);
  });
}

test('a stream that fails after it began is not begun again elsewhere', async () => {
  first.answer(sse(OWN_ANSWER.frames.slice(0, 5).join('')));
  const from = await proviso.settled();
  const client = connect('openai-chat', proviso);
  await assert.rejects(client.ask({ model: 'berths', turns: [{ user: 'Which?' }] }, true));
  assert.deepEqual([first.take().length, second.take().length], [1, 0]);
  const outcome = outcomeOf(await proviso.entries(from), from);
  assert.deepEqual([outcome['outcome'], attempts(outcome).length], ['failed', 1]);
});

test('a target that the purpose does not cover is no fallback', async () => {
  first.answer(BUSY);
  const from = await proviso.settled();
  const answer = await ask({ 'proviso-purpose': 'narrow' });
  assert.equal(answer.status, 529);
  assert.deepEqual(second.take(), []);
  const entries = await proviso.entries(from);
  assert.deepEqual(entries[0]?.public['targets'], ['one/anthropic-model']);
});

test('a provider that fails in a row is left alone; others answer at once, and metrics say so', async () => {
  first.answer(json({ type: 'error', error: { type: 'api_error', message: 'Oh.' } }, 500));
  for (let i = 0; i < 5; i++) assert.equal((await ask({}, 'berths-only')).status, 500);
  first.take();
  const refused = await ask({}, 'berths-only');
  assert.deepEqual([refused.status, codeOf(refused)], [503, 'upstream_unavailable']);
  const from = await proviso.settled();
  assert.match((await ask()).text, /Berth 4\./);
  assert.deepEqual(attempts(outcomeOf(await proviso.entries(from), from)), [
    'one/anthropic-model: upstream_unavailable',
    'two/openai-chat-model: answered',
  ]);
  assert.deepEqual(first.take(), []);
  const metrics = await (await fetch(`${proviso.address}/metrics`)).text();
  assert.match(metrics, /proviso_provider_open_circuit\{provider="one"\} 1/);
  assert.match(metrics, /proviso_provider_open_circuit\{provider="two"\} 0/);
});

test('a caller that leaves while a provider is to be asked again ends that too', async () => {
  let asked = 0;
  const arrived = Promise.withResolvers<void>();
  first.answer((response, request) => {
    asked++;
    arrived.resolve();
    return overloaded({ 'retry-after': '4' })(response, request);
  });
  const from = await proviso.settled();
  const begunAt = performance.now();
  const leave = new AbortController();
  const body = bodyOf('anthropic', 'Which?', { model: 'berths-only' });
  const call = fetch(proviso.address + pathOf('anthropic'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': proviso.key },
    body: JSON.stringify(body),
    signal: leave.signal,
  });
  await arrived.promise;
  leave.abort();
  await assert.rejects(call, { name: 'AbortError' });
  assert.equal(outcomeOf(await proviso.entries(from), from)['outcome'], 'cancelled');
  assert.ok(performance.now() - begunAt < 3_000, 'waited for nobody');
  assert.equal(asked, 1);
});

test('each provider is asked for the model by its own name, in its own protocol', async () => {
  first.answer(BUSY);
  await ask();
  const [asked] = first.take();
  assert.deepEqual([asked?.path, asked?.body['model']], ['/v1/messages', modelOf('anthropic')]);
  const [next] = second.take();
  assert.deepEqual(
    [next?.path, next?.body['model']],
    ['/v1/chat/completions', modelOf('openai-chat')],
  );
});
