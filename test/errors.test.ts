/**
 * Errors, Proviso's own and the providers', as each official client raises them: its own class, with
 * the status, the code and the words.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { connect } from './harness/clients/connect.ts';
import type { Failure, Place, Question } from './harness/clients/question.ts';
import {
  modelOf,
  openGateway,
  outcomeOf,
  providersAt,
  type TestGateway,
} from './harness/gateway.ts';
import { speak } from './harness/said/speak.ts';
import { json, type Script, sse, startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
let proviso: TestGateway;
before(async () => {
  upstream = await startUpstream();
  proviso = await openGateway({
    config: {
      providers: providersAt(upstream),
      limits: { attemptsMax: 1 },
      askWhom: 'the model desk',
    },
  });
});
after(async () => {
  await proviso.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.take();
  // So many failures in a row would open the breaker, which has tests of its own.
  for (const { breaker } of proviso.gateway.routing.providers) breaker.succeeded();
});

/** What the vendor's client calls an error with that status. */
function classOf(protocol: Protocol, status: number): string {
  if (protocol === 'gemini') return 'ApiError';
  if (protocol === 'anthropic' && status === 503) return 'ServiceUnavailableError';
  return CLASSES[status] ?? 'InternalServerError';
}

const CLASSES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  429: 'RateLimitError',
};

async function failure(
  protocol: Protocol,
  question: Partial<Question>,
  streams: boolean,
  place: Place = proviso,
): Promise<Failure> {
  const client = connect(protocol, place);
  const turns = [{ user: 'How long is the quay?' }];
  const asked = { model: modelOf(protocol), turns, ...question };
  try {
    await client.ask(asked, streams);
  } catch (thrown) {
    const found = client.failureOf(thrown);
    if (found) return found;
    throw thrown;
  }
  throw new Error('the call was answered');
}

function hasStatus(protocol: Protocol, found: Failure, status: number, code: string): void {
  const type = classOf(protocol, status);
  assert.deepEqual({ ...found, message: '' }, { type, status, code, message: '' });
}

/** Each is a person. */
const ADDRESSES = Array.from({ length: 30 }, (_, i) => `keeper${i}@example.org`).join(', ');

for (const protocol of PROTOCOLS) {
  for (const streams of [false, true]) {
    const title = `${protocol}${streams ? ', streamed' : ''}`;

    test(`${title}: an unknown key`, async () => {
      const place = { address: proviso.address, key: 'prv_none' };
      const found = await failure(protocol, {}, streams, place);
      hasStatus(protocol, found, 401, 'caller_unknown');
      assert.deepEqual(upstream.take(), []);
    });

    test(`${title}: a denial says the rule, the clause, the entry and whom to ask`, async () => {
      const from = await proviso.settled();
      const found = await failure(protocol, { turns: [{ user: ADDRESSES }] }, streams);
      hasStatus(protocol, found, 403, 'purpose_required');
      assert.match(
        found.message,
        /rule `many-persons-in-a-call`, clause no-mass-surveillance: “.+”/s,
      );
      assert.match(found.message, new RegExp(`Ledger entry ${from}\\. Ask the model desk\\.`));
      assert.deepEqual(upstream.take(), []);
      const entries = await proviso.entries(from);
      assert.deepEqual(entries[0]?.public['rules'], ['many-persons-in-a-call']);
      assert.equal(outcomeOf(entries, from)['outcome'], 'denied');
    });

    test(`${title}: a model that nobody serves`, async () => {
      const found = await failure(protocol, { model: 'no-such-model' }, streams);
      hasStatus(protocol, found, 404, 'model_unknown');
      assert.match(found.message, /no-such-model/);
    });

    test(`${title}: a provider that cannot be reached`, async (t) => {
      const nowhere = await openGateway({
        config: {
          providers: providersAt({ ...upstream, baseUrl: () => 'http://127.0.0.1:9' }),
          limits: { attemptsMax: 1 },
        },
      });
      t.after(() => nowhere.close());
      const found = await failure(protocol, {}, streams, nowhere);
      hasStatus(protocol, found, 502, 'upstream_failed');
      assert.doesNotMatch(found.message, /127\.0\.0\.1|ECONN/);
    });
  }
}

/** As each vendor writes its errors. */
const BODIES: Readonly<Record<Protocol, (status: number, message: string) => unknown>> = {
  'openai-chat': (_, message) => ({
    error: { message, type: 'requests', param: null, code: 'rate_limit_exceeded' },
  }),
  'openai-responses': (_, message) => ({
    error: { message, type: 'requests', param: null, code: 'rate_limit_exceeded' },
  }),
  anthropic: (status, message) => ({
    type: 'error',
    error: { type: status === 429 ? 'rate_limit_error' : 'api_error', message },
    request_id: 'req_1',
  }),
  gemini: (code, message) => ({ error: { code, message, status: 'RESOURCE_EXHAUSTED' } }),
};

for (const protocolIn of PROTOCOLS) {
  for (const protocolOut of PROTOCOLS) {
    const pair = `${protocolIn} from ${protocolOut}`;
    const question = { model: modelOf(protocolOut) };

    for (const status of [400, 404, 429, 500, 503]) {
      test(`${pair}: the provider’s own ${status} and its words`, async () => {
        const message = `The quay is closed (${status}).`;
        upstream.answer(
          json(BODIES[protocolOut](status, message), status, { 'retry-after': '60' }),
        );
        for (const streams of [false, true]) {
          const found = await failure(protocolIn, question, streams);
          hasStatus(protocolIn, found, status, 'upstream_rejected');
          assert.match(found.message, /The quay is closed/);
        }
      });
    }

    test(`${pair}: a key that the provider does not take is the operator’s matter`, async () => {
      upstream.answer(json(BODIES[protocolOut](401, 'Incorrect API key: sk-planted'), 401));
      const found = await failure(protocolIn, question, false);
      hasStatus(protocolIn, found, 502, 'upstream_failed');
      assert.doesNotMatch(found.message, /sk-planted/);
    });

    const failing: Readonly<Record<string, Script>> = {
      'an error in mid-stream': sse(beginning(protocolOut) + midStreamError(protocolOut)),
      'a stream that ends early': sse(beginning(protocolOut)),
      'a connection that breaks': (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(beginning(protocolOut), () => response.destroy());
      },
    };
    for (const [what, script] of Object.entries(failing)) {
      test(`${pair}: ${what} is raised, and recorded as failed`, async () => {
        upstream.answer(script);
        const from = await proviso.settled();
        const found = await failure(protocolIn, question, true);
        assert.ok(found.message.length > 10, found.message);
        if (what.startsWith('an error')) assert.match(found.message, /The quay is flooded/);
        assert.equal(outcomeOf(await proviso.entries(from), from)['outcome'], 'failed');
      });
    }
  }
}

/** The first events of an answer, up to some text. */
function beginning(protocol: Protocol): string {
  const { frames } = speak(protocol, { text: 'The quay is one hundred metres long.' });
  return frames.slice(0, Math.min(6, frames.length - 1)).join('');
}

function midStreamError(protocol: Protocol): string {
  const message = 'The quay is flooded.';
  const event = (name: string, body: unknown) =>
    `event: ${name}\ndata: ${JSON.stringify(body)}\n\n`;
  switch (protocol) {
    case 'openai-chat':
      return `data: ${JSON.stringify({ error: { message, type: 'server_error', code: null } })}\n\n`;
    case 'openai-responses':
      return event('error', {
        type: 'error',
        code: 'server_error',
        message,
        param: null,
        sequence_number: 9,
      });
    case 'anthropic':
      return event('error', { type: 'error', error: { type: 'overloaded_error', message } });
    case 'gemini':
      return `data: ${JSON.stringify({ error: { code: 503, message, status: 'UNAVAILABLE' } })}\n\n`;
  }
}
