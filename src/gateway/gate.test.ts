import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AnswerEvent, Part, ToolCallPart } from '#wire/exchange.ts';
import { eventsOfPart, type GatedPart, gateAnswer, StreamGate } from './gate.ts';

const isCall = (part: Part): part is GatedPart => part.type === 'tool_call';
const call = (name: string): ToolCallPart => ({
  type: 'tool_call',
  id: `id-${name}`,
  name,
  arguments: `{"for":"${name}"}`,
});
const start: AnswerEvent = { type: 'start', id: 'a', model: 'm' };
const finish: AnswerEvent = { type: 'finish', finish: { reason: 'tool_calls' } };

/** Denies tools whose name begins with `no`, after a while of its own. */
const decide = async (part: GatedPart) => {
  const name = part.type === 'tool_call' ? part.name : part.label;
  await new Promise((resolve) => setTimeout(resolve, name.length % 3));
  return name.startsWith('no') ? `refused ${name}` : undefined;
};

async function through(chunks: readonly (readonly AnswerEvent[])[]): Promise<AnswerEvent[]> {
  const out: AnswerEvent[] = [];
  await new Promise<void>((resolve) => {
    const gate = new StreamGate(
      isCall,
      decide,
      (events) => {
        out.push(...events);
        if (out.at(-1)?.type === 'finish' || out.at(-1)?.type === 'error') resolve();
      },
      () => undefined,
    );
    for (const chunk of chunks) gate.push(chunk);
  });
  return out;
}

test('no byte of a tool call goes out before its decision, and a denied one never does', async () => {
  const seen: AnswerEvent[] = [];
  let permit: (statement: string | undefined) => void = () => undefined;
  const gate = new StreamGate(
    isCall,
    () => new Promise((resolve) => (permit = resolve)),
    (events) => seen.push(...events),
    () => undefined,
  );
  gate.push([start, ...eventsOfPart(call('fire'), 0), finish]);
  assert.deepEqual(seen, [start]);
  permit('refused');
  await new Promise(setImmediate);
  assert.doesNotMatch(JSON.stringify(seen), /fire/);
  assert.deepEqual(seen.at(-1), { type: 'finish', finish: { reason: 'stop' } });
});

test('a permitted call goes out exactly as the model wrote it', async () => {
  const written = { ...call('look'), arguments: '{ "n": 12345678901234567890 }' };
  const out = await through([[start, ...eventsOfPart(written, 0), finish]]);
  assert.deepEqual(out, [start, ...eventsOfPart(written, 0), finish]);
});

test('interleaved calls come out one after another, text keeps its order', async () => {
  const [a, b] = [call('a'), call('nob')];
  const out = await through([
    [start, ...eventsOfPart({ type: 'text', text: 'one' }, 0)],
    [{ type: 'part_start', index: 1, part: { ...a, arguments: '' } }],
    [{ type: 'part_start', index: 2, part: { ...b, arguments: '' } }],
    [{ type: 'part_delta', index: 1, text: a.arguments }],
    [{ type: 'part_delta', index: 2, text: b.arguments }],
    [{ type: 'part_end', index: 2, part: b }],
    [{ type: 'part_end', index: 1, part: a }, finish],
  ]);
  assert.deepEqual(out, [
    start,
    ...eventsOfPart({ type: 'text', text: 'one' }, 0),
    ...eventsOfPart({ type: 'text', text: 'refused nob' }, 1),
    ...eventsOfPart(a, 2),
    finish,
  ]);
});

test('streamed or whole, split anywhere: the same parts pass', async () => {
  const part = fc.oneof(
    fc.string({ minLength: 1 }).map((text): Part => ({ type: 'text', text })),
    fc.stringMatching(/^(no)?[a-z]{1,4}$/).map((name): Part => call(name)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
      async (parts, size) => {
        const events = [start, ...parts.flatMap(eventsOfPart), finish];
        const chunks = [];
        for (let i = 0; i < events.length; i += size) chunks.push(events.slice(i, i + size));
        const streamed = (await through(chunks)).flatMap((e) =>
          e.type === 'part_end' ? [e.part] : [],
        );
        const whole = await gateAnswer(
          { id: 'a', model: 'm', parts, finish: { reason: 'tool_calls' } },
          isCall,
          decide,
        );
        assert.deepEqual(streamed, whole.parts);
      },
    ),
    { numRuns: 50 },
  );
});

test('INVARIANT (5): a decision that fails ends the stream, and nothing follows', async () => {
  const out: AnswerEvent[] = [];
  const gate = new StreamGate(
    isCall,
    () => Promise.reject(new Error('disk full')),
    (events) => out.push(...events),
    () => undefined,
  );
  gate.push([start, ...eventsOfPart(call('fire'), 0)]);
  gate.push([...eventsOfPart({ type: 'text', text: 'more' }, 1), finish]);
  await new Promise(setImmediate);
  assert.deepEqual(
    out.map(({ type }) => type),
    ['start', 'error'],
  );
});
