/** HTTP that two servers in a row could read differently, and paths that lead elsewhere. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { PROTOCOLS } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { modelOf } from '../harness/gateway.ts';
import { bodyOf, codeOf, pathOf, post } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { requestOn } from '../harness/socket.ts';
import { says } from '../harness/upstream.ts';

const attack = arena();
const CHAT = pathOf('openai-chat');
const BODY = bodyOf('openai-chat', 'Which berths are free?');
const JSON_TEXT = JSON.stringify(BODY);

const TYPES: readonly string[] = [
  'text/plain',
  'text/plain; application/json',
  'text/json',
  'application/jsonx',
  'application/json-seq',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'application/json, text/plain',
  'application/json; charset=utf-16',
  'application/json; charset="utf-7"',
  'application/json;charset=latin1',
  'application/json; charset=utf-8; charset=utf-16',
  '',
];

for (const type of TYPES) {
  test(`the content type \`${type}\` is refused`, async () => {
    await attack.refuses(CHAT, JSON_TEXT, 'unsupported_media_type', { 'content-type': type });
  });
}

test('no content type at all is refused', async (t) => {
  const socket = await requestOn(attack.proviso, t);
  const { key } = attack.proviso;
  const answer = await socket.raw(
    `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n` +
      `content-length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT}`,
  );
  assert.match(answer, /^HTTP\/1\.1 415 /);
  assert.deepEqual(attack.upstream.take(), []);
});

for (const type of ['application/json', 'APPLICATION/JSON', 'application/json; charset=UTF-8']) {
  test(`the content type \`${type}\` is JSON`, async () => {
    const answer = await post(attack.proviso, CHAT, JSON_TEXT, { 'content-type': type });
    assert.equal(answer.status, 200);
  });
}

const ENCODED: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  gzip: Uint8Array.from(gzipSync(JSON_TEXT)),
  br: Uint8Array.from(brotliCompressSync(JSON_TEXT)),
  'identity, gzip': Uint8Array.from(gzipSync(JSON_TEXT)),
  'x-unknown': Uint8Array.from(Buffer.from(JSON_TEXT)),
};

for (const [encoding, body] of Object.entries(ENCODED)) {
  test(`the content encoding \`${encoding}\` is refused, whatever it hides`, async () => {
    await attack.refuses(CHAT, body, 'unsupported_media_type', { 'content-encoding': encoding });
  });
}

const HEAD = () =>
  `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${attack.proviso.key}\r\n` +
  'content-type: application/json\r\n';
const SECOND = () =>
  `POST ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${attack.proviso.key}\r\n` +
  `content-type: application/json\r\ncontent-length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT}`;
const CHUNKED = () => `${JSON_TEXT.length.toString(16)}\r\n${JSON_TEXT}\r\n0\r\n\r\n`;

/** Framings that another server before this one may end elsewhere. None may carry a call. */
const SMUGGLED: Readonly<Record<string, () => string>> = {
  'both a length and chunks': () =>
    `${HEAD()}content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n${CHUNKED()}`,
  'chunks and then a length': () =>
    `${HEAD()}transfer-encoding: chunked\r\ncontent-length: 6\r\n\r\n${CHUNKED()}`,
  'two lengths': () =>
    `${HEAD()}content-length: 0\r\ncontent-length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT}`,
  'a length that is a list': () => `${HEAD()}content-length: 0, 10\r\n\r\n${JSON_TEXT}`,
  'a length with a sign': () => `${HEAD()}content-length: +${JSON_TEXT.length}\r\n\r\n${JSON_TEXT}`,
  'a length in hex': () => `${HEAD()}content-length: 0x10\r\n\r\n${JSON_TEXT}`,
  'a length below zero': () => `${HEAD()}content-length: -1\r\n\r\n${JSON_TEXT}`,
  'chunks by another name': () => `${HEAD()}transfer-encoding: xchunked\r\n\r\n${CHUNKED()}`,
  'chunks that are not the last encoding': () =>
    `${HEAD()}transfer-encoding: chunked, identity\r\n\r\n${CHUNKED()}`,
  'chunks behind a vertical tab': () =>
    `${HEAD()}transfer-encoding:\x0bchunked\r\n\r\n${CHUNKED()}`,
  'a space before the colon': () => `${HEAD()}transfer-encoding : chunked\r\n\r\n${CHUNKED()}`,
  'a header on two lines': () => `${HEAD()}x: a\r\n content-length: 5\r\n\r\n${JSON_TEXT}`,
  'line feeds alone': () =>
    `${HEAD()}content-length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT}`.replaceAll('\r\n', '\n'),
  'a carriage return within a header': () => `${HEAD()}x: a\rcontent-length: 5\r\n\r\n${JSON_TEXT}`,
  'a zero byte within a header': () => `${HEAD()}x: a\0b\r\ncontent-length: 5\r\n\r\n{"a"}`,
  'a chunk’s size with more after it': () =>
    `${HEAD()}transfer-encoding: chunked\r\n\r\n${JSON_TEXT.length.toString(16)}\n${JSON_TEXT}\r\n0\r\n\r\n`,
  'a chunk’s size beyond all bounds': () =>
    `${HEAD()}transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n${JSON_TEXT}`,
  'a version of its own': () => HEAD().replace('HTTP/1.1', 'HTTP/3.7'),
  'no version': () => HEAD().replace(' HTTP/1.1', ''),
  'a method of its own': () => HEAD().replace('POST', 'P\x00ST'),
};

for (const [what, bytes] of Object.entries(SMUGGLED)) {
  test(`${what}: refused, and nothing after it is taken for a request`, async (t) => {
    const from = await attack.proviso.settled();
    const socket = await requestOn(attack.proviso, t);
    const answer = await socket.raw(`${bytes()}${SECOND()}`);
    assert.match(answer, /^(HTTP\/1\.1 400 [^]*)?$/);
    assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length ?? 0, answer === '' ? 0 : 1);
    assert.deepEqual(attack.upstream.take(), []);
    assert.deepEqual(await attack.proviso.entries(from), []);
  });
}

test('an upgrade is not made', async (t) => {
  const socket = await requestOn(attack.proviso, t);
  const upgrade = { connection: 'upgrade', upgrade: 'websocket' };
  const answer = await socket.send('POST', CHAT, undefined, upgrade);
  assert.match(answer, /^HTTP\/1\.1 401 /);
  const tunnel = await requestOn(attack.proviso, t);
  assert.doesNotMatch(await tunnel.raw('CONNECT 127.0.0.1:9 HTTP/1.1\r\nhost: x\r\n\r\n'), /200/);
});

test('a request for `100-continue` is decided like any other', async (t) => {
  const socket = await requestOn(attack.proviso, t);
  const { key } = attack.proviso;
  const answer = await socket.send('POST', CHAT, BODY, {
    authorization: `Bearer ${key}x`,
    expect: '100-continue',
  });
  assert.match(answer, /HTTP\/1\.1 401 /);
  assert.deepEqual(attack.upstream.take(), []);
});

/** Paths that are none, however near. */
const PATHS: readonly string[] = [
  '/v1/chat/completions/',
  '//v1/chat/completions',
  '/v1//chat/completions',
  '/V1/chat/completions',
  '/v1/chat/Completions',
  '/v1/chat/completions%2f',
  '/v1/chat%2fcompletions',
  '/v1/chat/completions%00',
  '/v1/chat/completions;x=1',
  '/v1/chat/completions.json',
  '/v2/chat/completions',
  '/openai/v1/chat/completions',
  '/api/v1/chat/completions',
  '/proxy/http://127.0.0.1/v1/chat/completions',
  '/v1/completions',
  '/v1/files',
  '/v1/batches',
  '/v1/messages/batches',
  '/v1/responses/resp_1',
  '/v1/responses/resp_1/cancel',
  '/v1/threads',
  '/v1/fine_tuning/jobs',
  '/v1beta/cachedContents',
  '/v1beta/models/gemini-model:predict',
  '/v1beta/models/gemini-model:generateContent:x',
  '/v1beta/models/gemini-model/generateContent',
  '/v1beta/operations/1',
  '/admin',
  '/control.sock',
  '/healthz/../admin',
];

for (const path of PATHS) {
  test(`no such path: ${path}`, async () => {
    await attack.refuses(path, BODY, 'not_found');
  });
}

test('the same path by dots, or by its whole address, is the same call, decided once', async (t) => {
  const { host } = new URL(attack.proviso.address);
  const authorization = `Bearer ${attack.proviso.key}`;
  const targets = [
    '/v1/files/../chat/completions',
    '/v1/%2e%2e/v1/chat/completions',
    `http://${host}${CHAT}`,
    `http://elsewhere.example${CHAT}`,
    `${CHAT}?x=1#y`,
  ];
  for (const target of targets) {
    const from = await attack.proviso.settled();
    const socket = await requestOn(attack.proviso, t);
    const answer = await socket.send('POST', target, BODY, { authorization });
    const [status] = /\d{3}/.exec(answer) ?? [];
    const received = attack.upstream.take();
    const entries = await attack.proviso.entries(from);
    if (status === '200') {
      assert.deepEqual([received.length, received[0]?.path], [1, CHAT], target);
      assert.equal(entries.filter(({ kind }) => kind === 'decision').length, 1);
    } else assert.deepEqual([received.length, entries.length], [0, 0], target);
  }
});

for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'TRACE', 'QUERY']) {
  test(`${method} is no way to call, nor is a header that says POST`, async (t) => {
    const socket = await requestOn(attack.proviso, t);
    const { key } = attack.proviso;
    const answer = await socket.raw(
      `${method} ${CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
        'x-http-method-override: POST\r\nx-method-override: POST\r\nconnection: close\r\n' +
        `content-type: application/json\r\ncontent-length: ${JSON_TEXT.length}\r\n\r\n${JSON_TEXT}`,
    );
    assert.match(answer, /^HTTP\/1\.1 4\d\d /);
    assert.deepEqual(attack.upstream.take(), []);
  });
}

test('POST is no GET by a header or a query', async () => {
  for (const path of [`${CHAT}?_method=GET`, CHAT]) {
    const headers = { 'x-http-method-override': 'GET' };
    assert.equal((await post(attack.proviso, path, BODY, headers)).status, 200);
    assert.equal(attack.upstream.take()[0]?.method, 'POST');
  }
});

/** Names of models that are paths, patterns, addresses, or nothing. */
const MODELS: readonly string[] = [
  '../../secrets',
  'gemini-../../v1beta/files',
  'gemini-model/../other',
  'gemini-%2e%2e%2fother',
  'gemini-model?key=x',
  'gemini-model#x',
  'gemini-model:generateContent?x=',
  'gemini-\r\nhost: elsewhere',
  'gemini-\u0000',
  'gemini-ｍodel',
  'gemini-model ',
  ' gemini-model',
  'GEMINI-MODEL',
  'up-gemini/anthropic-model',
  'up-gemini/../anthropic-model',
  'up-anthropic//anthropic-model',
  'up-nobody/gemini-model',
  'http://127.0.0.1:9/gemini-model',
  '//127.0.0.1/gemini-model',
  'tunedModels/x',
  '__proto__',
  'constructor',
  '*',
  'gemini-*',
  '',
  `gemini-${'a'.repeat(200)}`,
];

for (const model of MODELS) {
  test(`the model ${JSON.stringify(model).slice(0, 50)} is nobody’s, in body and path`, async () => {
    const codes = ['model_unknown', 'invalid_request', 'not_found'] as const;
    await attack.refuses(CHAT, { ...BODY, model }, codes);
    const path = pathOf('gemini', false, encodeURIComponent(model));
    await attack.refuses(path, bodyOf('gemini', 'x'), codes);
  });
}

test('whatever is left of a name when it is sent stays in its place in the path', async () => {
  for (const model of [
    'gemini-a/b',
    'gemini-a:b',
    'gemini-a@001',
    'gemini-a+b',
    'gemini-..',
    'gemini-a/..',
  ]) {
    attack.upstream.answer(says(speak('gemini', { text: 'x' })));
    await post(attack.proviso, CHAT, { ...BODY, model });
    for (const { path } of attack.upstream.take()) {
      assert.match(path, /^\/v1beta\/models\/gemini-[^?#]*:generateContent$/);
      const sent = new URL(path, 'http://x').pathname;
      assert.equal(sent, path);
    }
  }
});

test('a provider’s name before the model reaches that provider alone, and only for its models', async () => {
  for (const protocol of PROTOCOLS) {
    attack.upstream.answer(says(speak(protocol, { text: 'x' })));
    const model = `up-${protocol}/${modelOf(protocol)}`;
    const from = await attack.proviso.settled();
    const answer = await post(attack.proviso, CHAT, { ...BODY, model });
    assert.equal(answer.status, 200, answer.text);
    const [entry] = await attack.proviso.entries(from);
    assert.deepEqual(entry?.public['targets'], [model]);
    for (const other of PROTOCOLS) {
      if (other === protocol) continue;
      const wrong = { ...BODY, model: `up-${protocol}/${modelOf(other)}` };
      await attack.refuses(CHAT, wrong, 'model_unknown').catch(() => undefined);
      const refused = await post(attack.proviso, CHAT, wrong);
      assert.equal(codeOf(refused), 'model_unknown');
    }
    attack.upstream.take();
  }
});
