/**
 * Frameworks that sit on the vendors' protocols, pointed at Proviso by base URL and key: each streams
 * a tool call, runs the tool, and gives back its result for the answer in words.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { isStepCount, type LanguageModel, streamText, tool } from 'ai';
import { z } from 'zod';
import type { Protocol } from '#wire/exchange.ts';
import {
  modelOf,
  openGateway,
  providersAt,
  type TestGateway,
  toolDecisions,
} from './harness/gateway.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

globalThis.AI_SDK_LOG_WARNINGS = false;

let upstream: Upstream;
let proviso: TestGateway;
before(async () => {
  upstream = await startUpstream();
  proviso = await openGateway({ config: { providers: providersAt(upstream) } });
});
after(async () => {
  await proviso.close();
  await upstream.close();
});

const DESCRIPTION = 'Finds a free berth by length.';
const ARGUMENTS = z.object({ metres: z.number() });
const CALL = { id: 'call_1', name: 'find_berth', arguments: '{"metres":12.5}' };

/** Calls the tool, then says what it found. */
function script(protocol: Protocol): void {
  upstream.take();
  const first = speak(protocol, { text: 'Looking.', calls: [CALL], finish: 'tool_calls' });
  const second = speak(protocol, { text: 'Berth 4 is free.' });
  let calls = 0;
  upstream.answer((response, request) => says(calls++ === 0 ? first : second)(response, request));
}

/** Both calls were permitted, the tool's too, and its result reached the provider. */
async function assertCarried(from: number): Promise<void> {
  const received = upstream.take();
  assert.equal(received.length, 2);
  assert.match(received[1]?.text ?? '', /berth 4 at 12\.5/);
  const entries = await proviso.entries(from);
  assert.deepEqual(
    toolDecisions(entries, from).map(({ effect }) => effect),
    ['permit'],
  );
}

const VERCEL: Readonly<Record<string, readonly [Protocol, () => LanguageModel]>> = {
  '@ai-sdk/openai, Responses': ['openai-responses', () => openai()(modelOf('openai-responses'))],
  '@ai-sdk/openai, Chat': ['openai-chat', () => openai().chat(modelOf('openai-chat'))],
  '@ai-sdk/anthropic': ['anthropic', () => anthropic()(modelOf('anthropic'))],
  '@ai-sdk/google': ['gemini', () => google()(modelOf('gemini'))],
};

function openai() {
  return createOpenAI({ baseURL: `${proviso.address}/v1`, apiKey: proviso.key });
}

function anthropic() {
  return createAnthropic({ baseURL: `${proviso.address}/v1`, apiKey: proviso.key });
}

function google() {
  return createGoogleGenerativeAI({ baseURL: `${proviso.address}/v1beta`, apiKey: proviso.key });
}

for (const [name, [protocol, model]] of Object.entries(VERCEL)) {
  test(`Vercel AI SDK, ${name}`, async () => {
    script(protocol);
    const from = await proviso.settled();
    const find_berth = tool({
      description: DESCRIPTION,
      inputSchema: ARGUMENTS,
      execute: ({ metres }) => `berth 4 at ${metres}`,
    });
    const streamed = streamText({
      model: model(),
      prompt: 'A berth for my boat?',
      tools: { find_berth },
      stopWhen: isStepCount(2),
      maxRetries: 0,
      // Else it refers to what OpenAI has kept, which Proviso refuses: it was not decided here.
      providerOptions: { openai: { store: false } },
      onError: () => undefined,
    });
    let text = '';
    for await (const piece of streamed.textStream) text += piece;
    assert.equal(text, 'Looking.Berth 4 is free.');
    await assertCarried(from);
  });
}

for (const protocol of ['openai-chat', 'openai-responses'] as const) {
  test(`LangChain, @langchain/openai, ${protocol}`, async () => {
    script(protocol);
    const from = await proviso.settled();
    const find_berth = langchainTool(({ metres }) => `berth 4 at ${metres}`, {
      name: CALL.name,
      description: DESCRIPTION,
      schema: ARGUMENTS,
    });
    const model = new ChatOpenAI({
      model: modelOf(protocol),
      apiKey: proviso.key,
      configuration: { baseURL: `${proviso.address}/v1` },
      useResponsesApi: protocol === 'openai-responses',
      maxRetries: 0,
    }).bindTools([find_berth]);
    const question = new HumanMessage('A berth for my boat?');
    const chunks = await Array.fromAsync(await model.stream([question]));
    const asked = chunks.reduce((whole, chunk) => whole.concat(chunk));
    const [call] = asked.tool_calls ?? [];
    assert.deepEqual([call?.name, call?.args], [CALL.name, { metres: 12.5 }]);
    const result = new ToolMessage({
      tool_call_id: call?.id ?? '',
      content: await find_berth.invoke(ARGUMENTS.parse(call?.args)),
    });
    const answer = await model.invoke([question, asked, result]);
    assert.equal(answer.text, 'Berth 4 is free.');
    await assertCarried(from);
  });
}
