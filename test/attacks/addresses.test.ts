/**
 * No address comes from a caller, and none from a provider: not by a header, a body or a redirect.
 * What goes out are the headers of the configuration, and what comes back are Proviso's own.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { modelOf } from '../harness/gateway.ts';
import { bodyOf, codeOf, pathOf, post, streamedBody } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { json, says, startUpstream, type Upstream } from '../harness/upstream.ts';

const attack = arena();

/** Where nothing must ever arrive. */
let trap: Upstream;
before(async () => {
  trap = await startUpstream();
  trap.answer(json({}));
});
after(() => trap.close());

const MARK = 'planted-by-the-caller';

/** Headers that other gateways, proxies and vendors take orders from. */
function orders(): Readonly<Record<string, string>> {
  const { host } = new URL(trap.origin);
  const named = Object.fromEntries(
    ['forwarded-by', 'request-id', 'trace', 'tenant', 'anything'].map((name) => [
      `x-${name}`,
      MARK,
    ]),
  );
  return {
    ...named,
    'x-forwarded-host': host,
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '127.0.0.1',
    forwarded: `host=${host};proto=http`,
    'x-original-url': trap.origin,
    'x-rewrite-url': '/v1/files',
    'x-host': host,
    'x-portkey-custom-host': trap.origin,
    'x-portkey-provider': 'openai',
    'x-portkey-config': JSON.stringify({ custom_host: trap.origin }),
    'x-base-url': trap.origin,
    'x-target-url': trap.origin,
    'x-upstream': trap.origin,
    'helicone-target-url': trap.origin,
    'cf-aig-authorization': MARK,
    'openai-organization': MARK,
    'openai-project': MARK,
    'openai-beta': MARK,
    'x-goog-user-project': MARK,
    'x-goog-api-client': MARK,
    'anthropic-dangerous-direct-browser-access': 'true',
    'anthropic-version': '2099-01-01',
    'idempotency-key': MARK,
    'proxy-authorization': `Bearer ${MARK}`,
    cookie: `session=${MARK}`,
    referer: `http://${MARK}.example`,
    origin: `http://${MARK}.example`,
    'user-agent': MARK,
    'accept-language': MARK,
    'accept-encoding': 'gzip',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    baggage: MARK,
  };
}

const SENT = [
  'accept-encoding',
  'connection',
  'content-length',
  'content-type',
  'host',
  'user-agent',
];

for (const protocol of PROTOCOLS) {
  test(`${protocol}: nothing of a caller’s headers reaches the provider, nor chooses another`, async () => {
    attack.upstream.answer(says(speak(protocol, { text: 'x' })));
    const answer = await post(attack.proviso, pathOf(protocol), bodyOf(protocol, 'x'), orders());
    assert.equal(answer.status, 200, answer.text);
    const [received] = attack.upstream.take();
    const { headers = {} } = received ?? {};
    const own = protocol === 'anthropic' ? ['anthropic-version', ...SENT] : SENT;
    assert.deepEqual(Object.keys(headers).sort(), own.sort());
    assert.equal(headers.host, new URL(attack.upstream.origin).host);
    assert.equal(headers['user-agent'], 'proviso');
    assert.equal(headers['anthropic-version'] ?? '2023-06-01', '2023-06-01');
    assert.doesNotMatch(JSON.stringify(received), new RegExp(MARK));
    assert.deepEqual(trap.take(), []);
  });

  test(`${protocol}: nothing of a provider’s headers reaches the caller`, async () => {
    const planted = {
      'set-cookie': `session=${MARK}`,
      'x-upstream': MARK,
      server: MARK,
      location: trap.origin,
      'openai-organization': MARK,
      'access-control-allow-origin': '*',
      'proviso-decision': '1',
      'proviso-dropped': MARK,
      via: MARK,
    };
    for (const streams of [false, true]) {
      const { whole, frames } = speak(protocol, { text: 'x' });
      attack.upstream.answer((response) => {
        for (const [name, value] of Object.entries(planted)) response.setHeader(name, value);
        response.setHeader('content-type', streams ? 'text/event-stream' : 'application/json');
        response.end(streams ? frames.join('') : JSON.stringify(whole));
      });
      const body = (streams ? streamedBody : bodyOf)(protocol, 'x');
      const { headers } = await post(attack.proviso, pathOf(protocol, streams), body);
      assert.doesNotMatch(JSON.stringify([...headers]), new RegExp(MARK));
      assert.notEqual(headers.get('proviso-decision'), '1');
      assert.equal(headers.get('location'), null);
      assert.equal(headers.get('access-control-allow-origin'), null);
    }
  });

  for (const status of [301, 302, 303, 307, 308]) {
    test(`${protocol}: a redirect (${status}) is not followed, and the request goes nowhere else`, async () => {
      attack.upstream.answer((response) => {
        response.writeHead(status, { location: `${trap.origin}/v1/chat/completions` }).end('{}');
      });
      for (const streams of [false, true]) {
        const body = (streams ? streamedBody : bodyOf)(protocol, 'x');
        const answer = await post(attack.proviso, pathOf(protocol, streams), body);
        assert.equal(codeOf(answer), 'upstream_failed');
        assert.doesNotMatch(answer.text, /127\.0\.0\.1/);
      }
      assert.deepEqual(trap.take(), []);
      for (const { breaker } of attack.proviso.gateway.routing.providers) breaker.succeeded();
    });
  }
}

/** Requests that name an address for the provider to fetch. */
function fetching(url: string): Readonly<Record<string, readonly [Protocol, JsonObject]>> {
  const user = (content: JsonObject[]) => ({ messages: [{ role: 'user', content }] });
  return {
    'an image of Chat Completions': [
      'openai-chat',
      user([{ type: 'image_url', image_url: { url } }]),
    ],
    'an image of Responses': [
      'openai-responses',
      {
        input: [
          { role: 'user', content: [{ type: 'input_image', detail: 'auto', image_url: url }] },
        ],
      },
    ],
    'a file of Responses': [
      'openai-responses',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_url: url }] }] },
    ],
    'an image of Anthropic': ['anthropic', user([{ type: 'image', source: { type: 'url', url } }])],
    'a document of Anthropic': [
      'anthropic',
      user([{ type: 'document', source: { type: 'url', url } }]),
    ],
    'a file of Gemini': [
      'gemini',
      {
        contents: [
          { role: 'user', parts: [{ fileData: { fileUri: url, mimeType: 'image/png' } }] },
        ],
      },
    ],
  };
}

for (const what of Object.keys(fetching(''))) {
  test(`${what} is never fetched here, whatever its address and wherever it goes`, async () => {
    for (const path of ['/latest/meta-data', '/a.png', '/%2e%2e/etc']) {
      const [protocol, fields] = fetching(trap.origin + path)[what] ?? assert.fail();
      for (const target of PROTOCOLS) {
        if (protocol === 'gemini' && target !== 'gemini') continue;
        attack.upstream.answer(says(speak(target, { text: 'x' })));
        const named = protocol === 'gemini' ? {} : { model: modelOf(target) };
        const body = bodyOf(protocol, 'x', { ...fields, ...named });
        const answer = await post(attack.proviso, pathOf(protocol), body);
        const received = attack.upstream.take();
        if (answer.status === 200) assert.ok(received[0]?.text.includes(trap.origin + path));
        else assert.deepEqual([codeOf(answer), received], ['cannot_carry', []]);
      }
    }
    assert.deepEqual(trap.take(), []);
  });
}

test('addresses of files on this machine are passed on as words, or refused, and not read', async () => {
  for (const url of [
    'file:///etc/passwd',
    '/etc/passwd',
    'gopher://127.0.0.1',
    'data:text/plain,x',
  ]) {
    for (const [protocol, fields] of Object.values(fetching(url))) {
      attack.upstream.answer(says(speak(protocol, { text: 'x' })));
      const answer = await post(attack.proviso, pathOf(protocol), bodyOf(protocol, 'x', fields));
      assert.ok([200, 400].includes(answer.status), answer.text);
      for (const { text } of attack.upstream.take()) assert.doesNotMatch(text, /root:/);
    }
  }
});

test('a beta of Anthropic goes to Anthropic, in the header that Proviso writes, and nowhere else', async () => {
  const headers = { 'anthropic-beta': 'context-1m-2025-08-07, interleaved-thinking-2025-05-14' };
  for (const target of PROTOCOLS) {
    attack.upstream.answer(says(speak(target, { text: 'x' })));
    const body = bodyOf('anthropic', 'x', { model: modelOf(target) });
    const answer = await post(attack.proviso, pathOf('anthropic'), body, headers);
    assert.equal(answer.status, 200, answer.text);
    const sent = attack.upstream.take()[0]?.headers['anthropic-beta'];
    if (target === 'anthropic') {
      assert.equal(sent, 'context-1m-2025-08-07,interleaved-thinking-2025-05-14');
    } else {
      assert.equal(sent, undefined);
      assert.match(answer.headers.get('proviso-dropped') ?? '', /betas/);
    }
  }
  for (const protocol of PROTOCOLS) {
    if (protocol === 'anthropic') continue;
    attack.upstream.answer(says(speak(protocol, { text: 'x' })));
    await post(attack.proviso, pathOf(protocol), bodyOf(protocol, 'x'), headers);
    assert.equal(attack.upstream.take()[0]?.headers['anthropic-beta'], undefined);
  }
});
