/**
 * What official clients and providers send, with any value in any place exchanged for another: no
 * request and no answer is a defect of Proviso, and each call ends.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '#base/json.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { arena } from '../harness/attack.ts';
import { connect } from '../harness/clients/connect.ts';
import { modelOf } from '../harness/gateway.ts';
import { bodyOf, codeOf, pathOf, post, streamedBody, toolsOf } from '../harness/raw.ts';
import type { Said } from '../harness/said/said.ts';
import { speak } from '../harness/said/speak.ts';
import { json, says, sse } from '../harness/upstream.ts';

const attack = arena();

const CALL = { id: 'call_1', name: 'find_berth', arguments: '{"metres":12}' };
const SAID: Said = {
  reasoning: 'Berth 4 was left at noon.',
  text: 'Looking.',
  calls: [CALL],
  finish: 'tool_calls',
};

/** What the official client sends for a conversation with tools. */
async function sentFor(protocol: Protocol): Promise<JsonObject> {
  const { upstream } = attack;
  upstream.answer(says(speak(protocol, SAID)));
  const client = connect(protocol, { address: upstream.origin, key: 'none' });
  const question = {
    model: modelOf(protocol),
    system: 'Be brief.',
    turns: [
      { user: 'A berth?', png: 'iVBORw0KGgo=' },
      { assistant: 'Looking.', calls: [CALL] },
      { results: [{ id: 'call_1', name: 'find_berth', text: 'berth 4' }] },
    ],
    tools: [{ name: 'find_berth', description: 'Finds.', parameters: { type: 'object' as const } }],
    schema: { type: 'object' },
  };
  await client.ask(question, false);
  return upstream.take()[0]?.body as JsonObject;
}

/** Values that are easily taken for others. */
const ODD: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.constantFrom<JsonValue[]>(
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    '',
    ' ',
    'null',
    '[]',
    [],
    {},
    [[]],
    [{}],
    [null],
    { '': '' },
    'constructor',
    '\u0000',
    '\ud83d\ude00',
  ),
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>,
);

/** The value with one of its places, by number, holding another. */
function mutated(value: JsonValue, place: number, odd: JsonValue): JsonValue {
  let left = place % countOf(value);
  const walk = (at: JsonValue): JsonValue => {
    if (left-- === 0) return odd;
    if (Array.isArray(at)) return (at as JsonValue[]).map(walk);
    if (typeof at !== 'object' || at === null) return at;
    return Object.fromEntries(Object.entries(at).map(([key, member]) => [key, walk(member)]));
  };
  return walk(value);
}

function countOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value as JsonObject).reduce<number>((sum, item) => sum + countOf(item), 1);
}

/** Looks at what was logged since it looked last. */
function assertNoDefect(): void {
  const lines = attack.proviso.logs.slice(logged);
  logged += lines.length;
  assert.deepEqual(
    lines.filter((line) => line.includes('"level":50')),
    [],
  );
}

let logged = 0;

for (const protocol of PROTOCOLS) {
  test(`${protocol}: a request with any value in any place is carried or refused`, async () => {
    const body = await sentFor(protocol);
    attack.upstream.answer(says(speak(protocol, { text: 'Berth 4.' })));
    await fc.assert(
      fc.asyncProperty(fc.nat(), ODD, async (place, odd) => {
        const text = JSON.stringify(mutated(body, place, odd));
        const answer = await post(attack.proviso, pathOf(protocol), text);
        assert.notEqual(codeOf(answer), 'internal', text);
        assert.ok(answer.status < 500, `${answer.status} for ${text}`);
        assert.equal(attack.upstream.take().length, answer.status === 200 ? 1 : 0);
      }),
      { numRuns: 300 },
    );
    assertNoDefect();
  });

  test(`${protocol}: an answer with any value in any place is delivered or refused`, async () => {
    const { whole } = speak(protocol, SAID);
    const body = bodyOf(protocol, 'A berth?', toolsOf(protocol, 'find_berth'));
    await fc.assert(
      fc.asyncProperty(fc.nat(), ODD, async (place, odd) => {
        const changed = mutated(whole as JsonObject, place, odd);
        attack.upstream.answer(json(changed));
        const answer = await post(attack.proviso, pathOf(protocol), body);
        assert.notEqual(codeOf(answer), 'internal', JSON.stringify(changed));
        for (const { breaker } of attack.proviso.gateway.routing.providers) breaker.succeeded();
      }),
      { numRuns: 200 },
    );
    assertNoDefect();
  });

  test(`${protocol}: a stream with any value in any place ends`, async () => {
    const { frames } = speak(protocol, SAID);
    const body = streamedBody(protocol, 'A berth?', toolsOf(protocol, 'find_berth'));
    await fc.assert(
      fc.asyncProperty(fc.nat(frames.length - 1), fc.nat(), ODD, async (at, place, odd) => {
        const text = frames.map((frame, i) => (i === at ? mutatedFrame(frame, place, odd) : frame));
        attack.upstream.answer(sse(text.join('')));
        const answer = await post(attack.proviso, pathOf(protocol, true), body);
        assert.notEqual(codeOf(answer), 'internal', text[at] ?? '');
        for (const { breaker } of attack.proviso.gateway.routing.providers) breaker.succeeded();
      }),
      { numRuns: 200 },
    );
    await attack.proviso.settled();
    assertNoDefect();
  });
}

function mutatedFrame(frame: string, place: number, odd: JsonValue): string {
  return frame.replace(/\{.*\}/, (data) =>
    JSON.stringify(mutated(JSON.parse(data) as JsonValue, place, odd)),
  );
}
