/**
 * Every protocol in, every protocol out, streamed and not. What the provider receives is what its
 * own official client would have sent for the same question, to the field, but for the differences
 * listed here; what the caller's client understands is what the provider said.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { connect } from './harness/clients/connect.ts';
import type { Question } from './harness/clients/question.ts';
import { modelOf, openGateway, providersAt, type TestGateway } from './harness/gateway.ts';
import { MODEL_SAID, type Said, USAGE } from './harness/said/said.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

type Asked = Omit<Question, 'model'>;

interface Case {
  readonly name: string;
  readonly asked: Asked;
  readonly said: Said;
  readonly without?: readonly Protocol[];
}

const HARBOUR = { user: 'Which berths are free?' };
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABh6FO1AAAAABJRU5ErkJggg==';
const TOOLS = ['find_berth', 'open_ticket'].map((name) => ({
  name,
  description: `${name}, by length`,
  parameters: {
    type: 'object' as const,
    properties: { metres: { type: 'number', minimum: 0 } },
    required: ['metres'],
  },
}));
const CALLS = [
  { id: 'call_a1', name: 'find_berth', arguments: '{"metres":12.5}' },
  {
    id: 'call_b2',
    name: 'open_ticket',
    arguments: '{"metres":3,"note":"naïve — ⚓️ \\"quoted\\""}',
  },
];
const SCHEMA = {
  type: 'object',
  properties: { berths: { type: 'array', items: { type: 'string' } } },
  required: ['berths'],
  additionalProperties: false,
};

const CASES: readonly Case[] = [
  { name: 'text', asked: { turns: [HARBOUR] }, said: { text: 'Berth 4 — ⚓️ naïve 🛥️, and 7.' } },
  {
    name: 'system prompt and sampling',
    asked: { system: 'Be brief.', turns: [HARBOUR], temperature: 0.25, topP: 0.5 },
    said: { text: 'Four.' },
  },
  {
    name: 'several turns',
    asked: { turns: [HARBOUR, { assistant: 'Four.' }, { user: 'And tomorrow?' }] },
    said: { text: 'Seven.' },
  },
  {
    name: 'image',
    asked: { turns: [{ user: 'What is this?', png: PNG }] },
    said: { text: 'A dot.' },
  },
  {
    name: 'tools, one call after text',
    asked: { turns: [HARBOUR], tools: TOOLS, choice: 'auto' },
    said: { text: 'Let me look.', calls: CALLS.slice(0, 1), finish: 'tool_calls' },
  },
  {
    name: 'parallel tool calls',
    asked: { turns: [HARBOUR], tools: TOOLS, choice: 'required' },
    said: { calls: CALLS, finish: 'tool_calls' },
  },
  {
    name: 'a tool that is chosen',
    asked: { turns: [HARBOUR], tools: TOOLS, choice: { only: 'open_ticket' } },
    said: { calls: CALLS.slice(1), finish: 'tool_calls' },
  },
  {
    name: 'tools that must not be used',
    asked: { turns: [HARBOUR], tools: TOOLS, choice: 'none' },
    said: { text: 'I cannot look.' },
  },
  {
    name: 'tool results',
    asked: {
      turns: [
        HARBOUR,
        { assistant: 'Let me look.', calls: CALLS },
        {
          results: [
            { id: 'call_a1', name: 'find_berth', text: 'berth 4' },
            { id: 'call_b2', name: 'open_ticket', text: '{"ticket":9}' },
          ],
        },
      ],
      tools: TOOLS,
    },
    said: { text: 'Berth 4, ticket 9.' },
  },
  {
    name: 'an answer by a schema',
    asked: { turns: [HARBOUR], schema: SCHEMA },
    said: { text: '{"berths":["4","7"]}' },
  },
  {
    name: 'stop sequences',
    asked: { turns: [HARBOUR], stop: ['END', '\n\n'] },
    said: { text: 'Four' },
    without: ['openai-responses'],
  },
  {
    name: 'reasoning',
    asked: { turns: [HARBOUR], effort: 'high' },
    said: { reasoning: 'Berth 4 was left at noon.', text: 'Four.' },
  },
  {
    name: 'an answer that is cut short',
    asked: { turns: [HARBOUR] },
    said: { text: 'Berth', finish: 'length' },
  },
  {
    name: 'a refusal',
    asked: { turns: [HARBOUR] },
    said: { refusal: 'I will not say.', finish: 'refusal' },
  },
];

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

for (const protocolIn of PROTOCOLS) {
  for (const protocolOut of PROTOCOLS) {
    for (const { name, asked, said, without = [] } of CASES) {
      if (without.includes(protocolIn) || without.includes(protocolOut)) continue;
      for (const streams of [false, true]) {
        const title = `${protocolIn} to ${protocolOut}${streams ? ', streamed' : ''}: ${name}`;
        test(title, () => carry(protocolIn, protocolOut, asked, said, streams));
      }
    }
  }
}

async function carry(
  protocolIn: Protocol,
  protocolOut: Protocol,
  asked: Asked,
  said: Said,
  streams: boolean,
): Promise<void> {
  const question = { ...asked, model: modelOf(protocolOut) };
  upstream.answer(says(speak(protocolOut, said)));
  const own = connect(protocolOut, { address: upstream.origin, key: 'none' });
  await own.ask(question, streams);
  const [expected] = upstream.take();
  const client = connect(protocolIn, { address: proviso.address, key: proviso.key });
  const { headers, ...heard } = await client.ask(question, streams);
  const [received] = upstream.take();
  assert.equal(received?.path, expected?.path);
  assert.deepEqual(received?.body, translated(expected?.body ?? {}, protocolIn, protocolOut));
  const hasRefusals = isOpenai(protocolIn) && isOpenai(protocolOut);
  assert.deepEqual(heard, {
    text: (said.text ?? '') + (hasRefusals ? '' : (said.refusal ?? '')),
    refusal: hasRefusals ? (said.refusal ?? '') : '',
    reasoning: said.reasoning ?? '',
    calls: (said.calls ?? []).map((call) => ({ ...call, arguments: JSON.parse(call.arguments) })),
    finish: said.finish ?? 'stop',
    usage: { ...USAGE },
    model: MODEL_SAID,
  });
  if (headers.has('proviso-decision')) {
    const named = headers.get('proviso-dropped');
    assert.deepEqual(named, droppedOn(protocolIn, protocolOut, asked));
  }
}

/** What the header says was left behind, which is little. */
function droppedOn(protocolIn: Protocol, protocolOut: Protocol, { turns, tools }: Asked) {
  if (protocolIn === protocolOut) return null;
  if (protocolIn === 'gemini' && turns.some((turn) => 'results' in turn)) return 'native:response';
  if (protocolIn !== 'openai-responses') return null;
  if (turns.some((turn) => 'png' in turn)) return 'native:detail';
  return tools && protocolOut === 'gemini' ? 'tool.strict' : null;
}

/** Those with words for a refusal's text; elsewhere it is text, with a finish reason that says so. */
function isOpenai(protocol: Protocol): boolean {
  return protocol.startsWith('openai');
}

/** What the provider's own client would have sent, had it the words that the caller's has. */
function translated(body: object, protocolIn: Protocol, protocolOut: Protocol): object {
  const wanted = structuredClone(body) as {
    systemInstruction?: { role?: string };
    tools?: { function?: { strict?: boolean }; strict?: boolean }[];
    response_format?: { json_schema: { strict?: boolean } };
    text?: { format: { strict?: boolean } };
    store?: boolean;
  };
  // Google's client gives the system prompt a role, which the API has no use for.
  delete wanted.systemInstruction?.role;
  if (protocolIn !== protocolOut && protocolOut === 'openai-responses') wanted.store = false;
  if (!isOpenai(protocolIn)) {
    delete wanted.response_format?.json_schema.strict;
    delete wanted.text?.format.strict;
  }
  if (protocolIn === 'openai-responses') {
    for (const tool of wanted.tools ?? []) {
      if (protocolOut === 'anthropic') tool.strict = false;
      else if (tool.function) tool.function.strict = false;
    }
  }
  return wanted;
}
