/**
 * Planted secrets, searched for everywhere: in every file, log line, header, error, metric and trace.
 * The provider's key is quoted by the provider wherever it can; what is asked and answered must stand
 * nowhere in clear. INVARIANT (9)
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { modelOf, openGateway, providersAt, type TestGateway } from '../harness/gateway.ts';
import { bodyOf, pathOf, post, streamedBody, toolsOf } from '../harness/raw.ts';
import { speak } from '../harness/said/speak.ts';
import { json, type Script, says, sse, startUpstream, type Upstream } from '../harness/upstream.ts';

const PROVIDER_KEY = 'sk-planted-provider-key-4f7a91c02d';
/** Words of a prompt, a system prompt, a tool, an answer, a thought, a tool call: each its own. */
const WORDS = {
  prompt: 'plantedprompt7731',
  system: 'plantedsystem7732',
  tool: 'plantedtool7733',
  answer: 'plantedanswer7734',
  thought: 'plantedthought7735',
  argument: 'plantedargument7736',
  denied: 'plantedfire_weapon7737',
  person: 'planted.person7738@example.org',
  metadata: 'plantedmetadata7739',
} as const;

let upstream: Upstream;
let collector: Upstream;
let proviso: TestGateway;
/** Everything that a caller was shown. */
const shown: string[] = [];

before(async () => {
  upstream = await startUpstream();
  collector = await startUpstream();
  collector.answer(json({}));
  proviso = await openGateway({
    env: { PLANTED: PROVIDER_KEY },
    config: {
      providers: providersAt(upstream, { apiKey: { env: 'PLANTED' } }),
      telemetry: { otlpEndpoint: `${collector.origin}/v1/traces`, logLevel: 'trace' },
      limits: { attemptsMax: 1 },
    },
  });
  for (const protocol of PROTOCOLS) await exercise(protocol);
  shown.push(await (await fetch(`${proviso.address}/metrics`)).text());
  shown.push(await (await fetch(`${proviso.address}/readyz`)).text());
  await proviso.settled();
});
after(async () => {
  await proviso.close();
  await upstream.close();
  await collector.close();
});

async function exercise(protocol: Protocol): Promise<void> {
  for (const script of scripts(protocol)) {
    upstream.answer(script);
    for (const streams of [false, true]) {
      const fields = { ...toolsOf(protocol, WORDS.tool, WORDS.denied), ...system(protocol) };
      const text = `${WORDS.prompt} ${WORDS.person}`;
      const body = (streams ? streamedBody : bodyOf)(protocol, text, fields);
      const { headers, text: answer } = await post(proviso, pathOf(protocol, streams), body);
      shown.push(JSON.stringify([...headers]), answer);
      for (const { breaker } of proviso.gateway.routing.providers) breaker.succeeded();
    }
  }
  const unknown = bodyOf(protocol, WORDS.prompt, { [WORDS.prompt]: WORDS.prompt });
  await post(proviso, pathOf(protocol), unknown);
  const denied = Array.from({ length: 30 }, (_, i) => `${WORDS.prompt}${i}@example.org`).join(' ');
  await post(proviso, pathOf(protocol), bodyOf(protocol, denied));
}

function system(protocol: Protocol): JsonObject {
  switch (protocol) {
    case 'openai-chat':
      return { metadata: { note: WORDS.metadata }, user: WORDS.system };
    case 'openai-responses':
      return { instructions: WORDS.system, metadata: { note: WORDS.metadata } };
    case 'anthropic':
      return { system: WORDS.system, metadata: { user_id: WORDS.metadata } };
    case 'gemini':
      return { systemInstruction: { parts: [{ text: WORDS.system }] } };
  }
}

/** Good answers, and every way in which a provider can quote its key. */
function scripts(protocol: Protocol): Script[] {
  const said = {
    text: WORDS.answer,
    calls: [
      { id: 'call_1', name: WORDS.tool, arguments: JSON.stringify({ a: WORDS.argument }) },
      { id: 'call_2', name: WORDS.denied, arguments: JSON.stringify({ a: WORDS.argument }) },
    ],
    finish: 'tool_calls',
  } as const;
  const message = `Incorrect API key provided: ${PROVIDER_KEY}. Bearer ${PROVIDER_KEY}!`;
  const { frames } = speak(protocol, { text: WORDS.answer });
  return [
    says(speak(protocol, { reasoning: WORDS.thought, ...said })),
    ...[400, 401, 403, 404, 413, 429, 500, 529].map((status) =>
      json(errorBody(protocol, message), status, { 'www-authenticate': message }),
    ),
    json(errorBody(protocol, message)),
    json({ error: message }),
    json({ [message]: message }),
    (response) => {
      response.writeHead(502, { 'content-type': 'text/html' }).end(`<p>${message}</p>`);
    },
    (response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end(message);
    },
    sse(`data: ${message}\n\n`),
    sse(`event: error\ndata: ${JSON.stringify(errorBody(protocol, message))}\n\n`),
    sse(
      `${frames.slice(0, 4).join('')}event: error\ndata: ${JSON.stringify(errorBody(protocol, message))}\n\n`,
    ),
    sse(`${frames.slice(0, 4).join('')}data: ${message}\n\n`),
    (response) => void response.socket?.end(`HTTP/1.1 999 ${message}\r\n\r\n`),
  ];
}

function errorBody(protocol: Protocol, message: string): object {
  switch (protocol) {
    case 'openai-chat':
    case 'openai-responses':
      return { type: 'error', error: { message, type: 'invalid_request_error', code: message } };
    case 'anthropic':
      return { type: 'error', error: { type: 'authentication_error', message } };
    case 'gemini':
      return { error: { code: 400, message, status: message } };
  }
}

test('the provider got its key, so that it could have leaked', () => {
  const received = upstream.take();
  assert.ok(received.length > 100);
  for (const { headers } of received) {
    assert.equal(headers.authorization, `Bearer ${PROVIDER_KEY}`);
  }
});

test('the provider’s key is in no answer, header, error or metric', () => {
  assert.ok(shown.length > 200);
  for (const text of shown) assert.ok(!text.includes('planted-provider-key'), text.slice(0, 500));
});

test('neither key is in any log line, and neither are words of a call', () => {
  assert.ok(proviso.logs.length > 0);
  for (const line of proviso.logs) assertClean(line, 'log');
});

test('neither key is in the record, opened', async () => {
  for (const entry of await proviso.entries()) {
    const text = JSON.stringify(entry);
    assert.ok(!text.includes('planted-provider-key'), text.slice(0, 500));
    assert.ok(!text.includes(proviso.key));
  }
});

test('no file has a key or a word of a call in clear', () => {
  const files = filesBelow(proviso.dir);
  assert.ok(files.length > 5);
  let bytes = 0;
  for (const file of files) {
    const content = readFileSync(file);
    bytes += content.length;
    assertClean(content.toString('latin1'), file);
    assertClean(content.toString('utf16le'), file);
  }
  assert.ok(bytes > 100_000, `${bytes} bytes in ${files.length} files`);
});

test('the words are in the vault, for those who hold its key', async () => {
  const text = JSON.stringify(await proviso.entries());
  for (const word of Object.values(WORDS)) {
    assert.ok(text.includes(word), word);
  }
});

test('no trace has a key or a word of a call', async () => {
  await proviso.gateway.traces?.close();
  const sent = collector.take();
  assert.ok(sent.length > 0);
  const text = sent.map((request) => JSON.stringify(request)).join('\n');
  assert.match(text, /gen_ai\.request\.model/);
  assertClean(text, 'trace');
});

test('files are the owner’s alone', () => {
  for (const file of filesBelow(proviso.dir)) {
    if (/master\.key|keys\/.*(?<!\.pub)$/.test(file))
      assert.equal(statSync(file).mode & 0o077, 0, file);
  }
});

function assertClean(text: string, where: string): void {
  for (const secret of [PROVIDER_KEY, proviso.key, ...Object.values(WORDS)]) {
    for (const form of [secret, base64(secret), encodeURIComponent(secret)]) {
      const at = text.indexOf(form);
      assert.ok(at < 0, `${form} in ${where}: ${text.slice(Math.max(at - 80, 0), at + 80)}`);
    }
  }
}

/** What base64 makes of the middle of it, wherever it stands in what is encoded. */
function base64(secret: string): string {
  return Buffer.from(secret.slice(0, Math.floor(secret.length / 3) * 3)).toString('base64');
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

test('every model that was asked for is one of ours', async () => {
  const entries = await proviso.entries();
  const targets = entries.flatMap(({ public: facts }) => (facts['targets'] ?? []) as string[]);
  assert.deepEqual(
    [...new Set(targets)].sort(),
    PROTOCOLS.map((protocol) => `up-${protocol}/${modelOf(protocol)}`).sort(),
  );
});
