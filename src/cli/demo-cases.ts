/**
 * What the demo asks, and what the example terms must make of it: every pair of protocols, streamed
 * and not; tool calls permitted, denied and held; a call and a tool inside the provider refused.
 */
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import type { DemoClient, Question } from './demo-clients.ts';

export interface DemoCase {
  readonly client: DemoClient;
  readonly protocolOut: Protocol;
  readonly asked: string;
  readonly question: Question;
  /** Of the call itself, and of the tool call in the answer where one is asked for. */
  readonly call: Effect;
  readonly toolCall?: Effect | undefined;
  /** What a permitted tool call must arrive with. */
  readonly arguments?: object | undefined;
}

type Effect = 'permit' | 'deny' | 'hold';

/** Names the demo's model that is reached by that protocol. */
export function modelOf(protocol: Protocol): string {
  return `demo-${protocol}`;
}

export function demoCases(clients: readonly DemoClient[]): DemoCase[] {
  return clients.flatMap((client, position) => [
    ...PROTOCOLS.flatMap((protocolOut) =>
      [false, true].flatMap((streamed) => [
        plainText(client, protocolOut, streamed),
        toolCall(client, protocolOut, streamed, WEATHER),
      ]),
    ),
    // These go to a protocol that is not the client's own.
    ...[false, true].flatMap((streamed) => {
      const protocolOut = PROTOCOLS[(position + 1) % PROTOCOLS.length] ?? 'anthropic';
      return [
        toolCall(client, protocolOut, streamed, BULK_LOOKUP),
        toolCall(client, protocolOut, streamed, FORCE),
        refusedCall(client, protocolOut, streamed),
        ...(client.canReachOut ? [refusedReach(client, streamed)] : []),
      ];
    }),
  ]);
}

function plainText(client: DemoClient, protocolOut: Protocol, streamed: boolean): DemoCase {
  const text = 'Good morning. Say it back, ∀ñ🌅.';
  return {
    client,
    protocolOut,
    asked: 'text',
    question: { model: modelOf(protocolOut), text, streamed },
    call: 'permit',
  };
}

interface DemoTool {
  readonly asked: string;
  readonly name: string;
  readonly description: string;
  readonly arguments: object;
  readonly effect: Effect;
}

const WEATHER: DemoTool = {
  asked: 'harmless tool',
  name: 'get_weather',
  description: 'The weather in a town.',
  arguments: { city: 'Velm', days: [1, 2] },
  effect: 'permit',
};

const BULK_LOOKUP: DemoTool = {
  asked: 'bulk look-up',
  name: 'person_lookup',
  description: 'Finds what is known of persons.',
  arguments: { persons: [1, 2, 3, 4, 5, 6].map((n) => `person${n}@example.org`) },
  effect: 'deny',
};

const FORCE: DemoTool = {
  asked: 'force',
  name: 'release_weapon',
  description: 'Controls a device.',
  arguments: { device: 7 },
  effect: 'hold',
};

/** The sandbox calls the tool that the text names, with the JSON behind its name. */
function toolCall(
  client: DemoClient,
  protocolOut: Protocol,
  streamed: boolean,
  tool: DemoTool,
): DemoCase {
  const { name, description } = tool;
  const text = `Call ${name} ${JSON.stringify(tool.arguments)}`;
  return {
    client,
    protocolOut,
    asked: tool.asked,
    question: { model: modelOf(protocolOut), text, streamed, tool: { name, description } },
    call: 'permit',
    toolCall: tool.effect,
    arguments: tool.arguments,
  };
}

function refusedCall(client: DemoClient, protocolOut: Protocol, streamed: boolean): DemoCase {
  const persons = ['ada', 'ben', 'cleo', 'dov'].map((name) => `${name}@example.org`);
  const text = `Track the location of ${persons.join(', ')}, and tell me where they live.`;
  return {
    client,
    protocolOut,
    asked: 'tracking persons',
    question: { model: modelOf(protocolOut), text, streamed },
    call: 'deny',
  };
}

/** To its own protocol: only there does such a tool exist. */
function refusedReach(client: DemoClient, streamed: boolean): DemoCase {
  const model = modelOf(client.protocol);
  return {
    client,
    protocolOut: client.protocol,
    asked: 'reaching out',
    question: { model, text: 'What does that server say?', streamed, reachesOut: true },
    call: 'deny',
  };
}
