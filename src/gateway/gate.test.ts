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

/** A gate before which every call of `held…` waits until the test settles it. */
function holding() {
  const out: AnswerEvent[] = [];
  const settle = new Map<string, (result: GatedPart | string) => void>();
  const fail = new Map<string, (error: Error) => void>();
  const gate = new StreamGate(
    isCall,
    async (part) => {
      const name = part.type === 'tool_call' ? part.name : '';
      if (!name.startsWith('held')) return undefined;
      const { promise, resolve, reject } = Promise.withResolvers<GatedPart | string>();
      settle.set(name, resolve);
      fail.set(name, reject);
      return { settled: promise };
    },
    (events) => out.push(...events),
    () => undefined,
  );
  const turn = () => new Promise(setImmediate);
  return { gate, out, settle, fail, turn };
}

const text = (words: string): Part => ({ type: 'text', text: words });
const open = (index: number): AnswerEvent[] => eventsOfPart(text('open'), index).slice(0, 2);
const close = (index: number): AnswerEvent[] => eventsOfPart(text('open'), index).slice(2);

test('a held call is kept back alone: text and permitted calls pass, and it follows as signed', async () => {
  const { gate, out, settle, turn } = holding();
  const held = call('held');
  gate.push([start, ...eventsOfPart(text('one'), 0), ...eventsOfPart(held, 1)]);
  gate.push([...eventsOfPart(call('look'), 2), ...eventsOfPart(text('two'), 3), finish]);
  await turn();
  const before = [
    start,
    ...eventsOfPart(text('one'), 0),
    ...eventsOfPart(call('look'), 1),
    ...eventsOfPart(text('two'), 2),
  ];
  assert.deepEqual(out, before);
  const signed = { ...held, arguments: '{"as":"signed"}' };
  settle.get('held')?.(signed);
  await turn();
  assert.deepEqual(out, [...before, ...eventsOfPart(signed, 3), finish]);
});

test('it never comes within another part, and the end waits for all', async () => {
  const { gate, out, settle, turn } = holding();
  gate.push([start, ...eventsOfPart(call('held1'), 0), ...eventsOfPart(call('held2'), 1)]);
  await turn();
  gate.push(open(2));
  settle.get('held2')?.(call('held2'));
  await turn();
  assert.deepEqual(out, [start, ...open(0)]);
  gate.push([...close(2), finish]);
  await turn();
  const first = [start, ...open(0), ...close(0), ...eventsOfPart(call('held2'), 1)];
  assert.deepEqual(out, first);
  settle.get('held1')?.('Nobody approved it.');
  await turn();
  assert.deepEqual(out, [...first, ...eventsOfPart(text('Nobody approved it.'), 2), finish]);
});

test('no caller is told to run tools when none was released', async () => {
  const { gate, out, settle, turn } = holding();
  gate.push([start, ...eventsOfPart(call('held'), 0), finish]);
  await turn();
  settle.get('held')?.('Nobody approved it.');
  await turn();
  assert.deepEqual(out.at(-1), { type: 'finish', finish: { reason: 'stop' } });
});

test('calls behind one that carries the provider’s signature stay behind it', async () => {
  const { gate, out, settle, turn } = holding();
  const native = { protocol: 'gemini', fields: { thoughtSignature: 'c2ln' } } as const;
  const signed = { ...call('held'), native };
  gate.push([start, ...eventsOfPart(signed, 0), ...eventsOfPart(call('look'), 1)]);
  gate.push([...eventsOfPart(text('on'), 2), finish]);
  await turn();
  const before = [start, ...eventsOfPart(text('on'), 0)];
  assert.deepEqual(out, before);
  settle.get('held')?.(signed);
  await turn();
  const after = [...eventsOfPart(signed, 1), ...eventsOfPart(call('look'), 2), finish];
  assert.deepEqual(out, [...before, ...after]);
});

test('INVARIANT (5): a wait that fails, or a provider that does, ends the stream', async () => {
  for (const isProvider of [false, true]) {
    const { gate, out, settle, fail, turn } = holding();
    gate.push([start, ...eventsOfPart(call('held'), 0)]);
    await turn();
    if (isProvider) gate.push([{ type: 'error', error: { kind: 'server', message: 'broken' } }]);
    else fail.get('held')?.(new Error('disk full'));
    await turn();
    gate.push([...eventsOfPart(text('more'), 1), finish]);
    settle.get('held')?.(call('held'));
    await turn();
    assert.deepEqual(
      out.map(({ type }) => type),
      ['start', 'error'],
    );
  }
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
