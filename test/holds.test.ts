/** A held tool call, with the vendors' own clients: it waits for people, and arrives as signed. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { ChatOpenAI } from '@langchain/openai';
import { isStepCount, type LanguageModel, streamText, tool } from 'ai';
import { z } from 'zod';
import type { JsonObject } from '#base/json.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { protocols } from '#wire/protocols.ts';
import {
  newApprover,
  nextHold,
  type TestApprover,
  termsWithLocalKeys,
} from './harness/approvers.ts';
import { connect } from './harness/clients/connect.ts';
import { modelOf, openGateway, providersAt, type TestGateway } from './harness/gateway.ts';
import { open, pathOf, post, streamedBody } from './harness/raw.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

let upstream: Upstream;
let proviso: TestGateway;
let officer: TestApprover;
let adviser: TestApprover;
let terms: string;
before(async () => {
  upstream = await startUpstream();
  terms = termsWithLocalKeys();
  proviso = await openGateway({
    config: {
      terms,
      providers: providersAt(upstream),
      oversight: { waitMsMax: 20_000, streamWaitMsMax: 20_000, keepAliveMs: 100 },
    },
  });
  officer = await newApprover(proviso.gateway);
  adviser = await newApprover(proviso.gateway, { roles: ['legal-adviser'], teams: ['law'] });
});
after(async () => {
  await proviso.close();
  await upstream.close();
  rmSync(terms, { recursive: true });
});

const TOOLS = ['find_berth', 'fire_weapon'].map((name) => ({
  name,
  description: 'A tool of the harbour.',
  parameters: { type: 'object' as const, properties: {} },
}));
const LOOK = { id: 'call_look', name: 'find_berth', arguments: '{"metres":12.5}' };
/** As no canonical writer would write it. */
const FIRE = {
  id: 'call_fire',
  name: 'fire_weapon',
  arguments: '{ "to": "the old pier", "at": 4.0, "é": [1e2, null] }',
};
const SIGNED = { at: 4, to: 'the old pier', é: [100, null] };

function ask(protocolIn: Protocol, protocolOut: Protocol, streams: boolean) {
  const said = {
    text: 'First this.',
    calls: [FIRE, LOOK],
    afterwards: ' Then that.',
    finish: 'tool_calls' as const,
  };
  upstream.answer(says(speak(protocolOut, said)));
  const turns = [{ user: 'Do what is needed.' }];
  const question = { model: modelOf(protocolOut), turns, tools: TOOLS };
  return connect(protocolIn, proviso).ask(question, streams);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const protocol of PROTOCOLS) {
  for (const streams of [false, true]) {
    const title = `${protocol}${streams ? ', streamed' : ''}`;

    test(`${title}: two people sign, and the client gets exactly what they signed`, async () => {
      const opened = nextHold(proviso.gateway);
      const asking = ask(protocol, protocol, streams);
      const { id, action } = await opened;
      // Long enough for the client to have to bear a few signs of life.
      await sleep(streams ? 350 : 0);
      await officer.approve(id);
      assert.equal(proviso.gateway.holds.state(proviso.gateway.holds.find(id) as never), 'open');
      await adviser.approve(id);
      const heard = await asking;
      assert.deepEqual(
        heard.calls
          .map(({ name, arguments: given }) => [name, given])
          .toSorted(([a], [b]) => String(a).localeCompare(String(b))),
        [
          ['find_berth', { metres: 12.5 }],
          ['fire_weapon', SIGNED],
        ],
      );
      assert.equal(heard.finish, 'tool_calls');
      assert.match(heard.text, /First this\. *Then that\./);
      assert.deepEqual(action.kind === 'tool_call' && action.arguments, SIGNED);
      assert.equal(heard.headers.get('proviso-release') !== null, !streams);
    });
  }
}

const VERCEL: Readonly<Record<string, readonly [Protocol, () => LanguageModel]>> = {
  '@ai-sdk/openai, Responses': ['openai-responses', () => openai()(modelOf('openai-responses'))],
  '@ai-sdk/openai, Chat': ['openai-chat', () => openai().chat(modelOf('openai-chat'))],
  '@ai-sdk/anthropic': ['anthropic', () => createAnthropic(place())(modelOf('anthropic'))],
  '@ai-sdk/google': [
    'gemini',
    () =>
      createGoogleGenerativeAI({ ...place(), baseURL: `${proviso.address}/v1beta` })(
        'gemini-model',
      ),
  ],
};

const place = () => ({ baseURL: `${proviso.address}/v1`, apiKey: proviso.key });
const openai = () => createOpenAI(place());

/** Waits long enough for signs of life, then approves. */
async function approveNext(): Promise<void> {
  const { id } = await nextHold(proviso.gateway);
  await sleep(350);
  await officer.approve(id);
  await adviser.approve(id);
}

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a client that went away finds its call by reference, as its protocol has it`, async () => {
    upstream.answer(says(speak(protocol, { calls: [FIRE], finish: 'tool_calls' })));
    const gone = new AbortController();
    const opened = nextHold(proviso.gateway);
    const body = streamedBody(protocol, 'Do what is needed.');
    const asking = open(proviso, pathOf(protocol, true), body, {}, gone.signal)
      .then((response) => response.text())
      .catch(() => 'gone');
    const { id } = await opened;
    gone.abort();
    assert.equal(await asking, 'gone');
    await officer.approve(id);
    const waiting = fetch(`${proviso.address}/proviso/holds/${id}?waitMs=5000`, {
      headers: { authorization: `Bearer ${proviso.key}` },
    });
    await sleep(50);
    await adviser.approve(id);
    const found = (await (await waiting).json()) as { state: string; answer: JsonObject };
    assert.equal(found.state, 'released');
    const { parts, finish } = protocols[protocol].decodeAnswer(found.answer);
    const calls = parts.flatMap((part) => (part.type === 'tool_call' ? [part] : []));
    assert.deepEqual(
      calls.map(({ name, arguments: text }) => [name, JSON.parse(text)]),
      [['fire_weapon', SIGNED]],
    );
    assert.equal(finish.reason, 'tool_calls');
  });
}

/** What a client sees that reads bytes. */
async function rawStream(protocol: Protocol): Promise<string> {
  upstream.answer(says(speak(protocol, { calls: [FIRE], finish: 'tool_calls' })));
  const approving = approveNext();
  const { text } = await post(
    proviso,
    pathOf(protocol, true),
    streamedBody(protocol, 'Do what is needed.'),
  );
  await approving;
  return text;
}

test('signs of life, the hold and the release are comments, but for Gemini, whose clients fail at them', async () => {
  for (const protocol of PROTOCOLS) {
    const text = await rawStream(protocol);
    const comments = text.match(/^:.*$/gm) ?? [];
    if (protocol === 'gemini') {
      assert.deepEqual(comments, []);
      assert.match(text, /\n\n\n/);
    } else {
      assert.match(comments[0] ?? '', /^: proviso-hold hld_/);
      assert.equal(comments[1], ': people are asked');
      assert.match(comments.at(-1) ?? '', /^: proviso-release eyJ/);
    }
  }
});

globalThis.AI_SDK_LOG_WARNINGS = false;

for (const [name, [protocol, model]] of Object.entries(VERCEL)) {
  test(`Vercel AI SDK, ${name}: the stream bears the wait, and the tool runs as signed`, async () => {
    const said = { text: 'First.', calls: [FIRE], finish: 'tool_calls' as const };
    upstream.answer(says(speak(protocol, said)));
    const ran: unknown[] = [];
    const fire_weapon = tool({
      description: 'A tool of the harbour.',
      inputSchema: z.record(z.string(), z.unknown()),
      execute: (given) => ran.push(given),
    });
    const approving = approveNext();
    const streamed = streamText({
      model: model(),
      prompt: 'Do what is needed.',
      tools: { fire_weapon },
      stopWhen: isStepCount(1),
      maxRetries: 0,
      providerOptions: { openai: { store: false } },
      onError: ({ error }) => assert.fail(String(error)),
    });
    let text = '';
    for await (const piece of streamed.textStream) text += piece;
    await approving;
    assert.equal(text, 'First.');
    assert.deepEqual(ran, [SIGNED]);
  });
}

test('LangChain, @langchain/openai: the stream bears the wait', async () => {
  const said = { text: 'First.', calls: [FIRE], finish: 'tool_calls' as const };
  upstream.answer(says(speak('openai-chat', said)));
  const approving = approveNext();
  const model = new ChatOpenAI({
    model: modelOf('openai-chat'),
    apiKey: proviso.key,
    configuration: { baseURL: `${proviso.address}/v1` },
    maxRetries: 0,
  });
  const chunks = await Array.fromAsync(await model.stream('Do what is needed.'));
  await approving;
  const whole = chunks.reduce((all, chunk) => all.concat(chunk));
  assert.deepEqual(
    whole.tool_calls?.map(({ args }) => args),
    [SIGNED],
  );
});
