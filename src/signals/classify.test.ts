import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExchangeRequest, ModelRequest, Part } from '#wire/exchange.ts';
import { classify, classifyToolCall, type Signals } from './classify.ts';
import { type Detector, NOTHING_FOUND } from './detector.ts';
import { personDetector } from './persons.ts';
import { topicDetector } from './topics.ts';

const topics = topicDetector({
  watching: ['watch someone', 'find person', 'surveil*'],
  harbour: ['berth'],
});

function requestWith(more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    operation: 'generate',
    model: 'm',
    stream: false,
    messages: [],
    tools: [],
    providerTools: [],
    ...more,
  };
}

function saying(...parts: readonly Part[]): ModelRequest {
  return requestWith({ messages: [{ role: 'user', parts }] });
}

async function signalsOf(
  request: ExchangeRequest,
  detectors: readonly Detector[] = [topics, personDetector],
): Promise<Signals> {
  return (await classify({ request }, detectors)).signals;
}

const text = 'to watch someone';

describe('classify', () => {
  it('says whose word the signals are, found or not', async () => {
    const { detectors } = await signalsOf(requestWith());
    assert.deepEqual(detectors, [`topics@${topics.version}`, `persons@${personDetector.version}`]);
    assert.deepEqual((await signalsOf(requestWith(), [])).detectors, []);
  });

  it('reads every text of a request and says where', async () => {
    const native = { protocol: 'anthropic', fields: { a: [{ b: text }] } } as const;
    const base64 = Buffer.from(text).toString('base64');
    const cases: readonly (readonly [string, ExchangeRequest])[] = [
      ['messages[0].parts[0].text', saying({ type: 'text', text })],
      ['messages[0].parts[0].text', saying({ type: 'reasoning', text })],
      ['messages[0].parts[0].text', saying({ type: 'refusal', text })],
      ['messages[0].parts[0].native.a[0].b', saying({ type: 'text', text: '', native })],
      ['messages[0].parts[0].native.a[0].b', saying({ type: 'native', label: 'x', native })],
      [
        'messages[0].parts[0].arguments',
        saying({ type: 'tool_call', id: '1', name: 'n', arguments: JSON.stringify({ q: text }) }),
      ],
      [
        'messages[0].parts[0].content[0].text',
        saying({ type: 'tool_result', callId: '1', content: [{ type: 'text', text }] }),
      ],
      [
        'messages[0].parts[0].text',
        saying({ type: 'file', source: { kind: 'text', mediaType: 'text/plain', text } }),
      ],
      [
        'messages[0].parts[0].base64',
        saying({ type: 'file', source: { kind: 'base64', mediaType: 'text/csv', base64 } }),
      ],
      [
        'messages[0].parts[0].url',
        saying({ type: 'image', source: { kind: 'url', url: 'https://a.test/watch-someone' } }),
      ],
      [
        'messages[0].native.a[0].b',
        requestWith({ messages: [{ role: 'system', parts: [], native }] }),
      ],
      ['tools[0].description', requestWith({ tools: [{ name: 't', description: text }] })],
      [
        'tools[0].parameters.properties.q.description',
        requestWith({
          tools: [{ name: 't', parameters: { properties: { q: { description: text } } } }],
        }),
      ],
      [
        'providerTools[0].native.a[0].b',
        requestWith({
          providerTools: [{ kind: 'other', wireType: 'w', runsAt: 'provider', native }],
        }),
      ],
      ['stop[0]', requestWith({ stop: [text] })],
      [
        'output.schema.description',
        requestWith({ output: { format: 'json_schema', schema: { description: text } } }),
      ],
      ['native.a[0].b', requestWith({ native })],
      ['inputs[1]', { operation: 'embed', model: 'm', inputs: ['', text] }],
      [
        'request.messages[0].parts[0].text',
        { operation: 'count_tokens', model: 'm', request: saying({ type: 'text', text }) },
      ],
    ];
    for (const [at, request] of cases) {
      const { topics: found, findings } = await signalsOf(request);
      assert.deepEqual(found, ['watching'], at);
      assert.deepEqual(
        findings.map((finding) => finding.at),
        [at],
      );
    }
  });

  it('gives evidence by offsets and repeats no words', async () => {
    const said = 'Please ＷＡＴＣＨ   someone.';
    const { findings } = await signalsOf(saying({ type: 'text', text: said }));
    const [finding] = findings;
    assert.equal(said.slice(finding?.start, finding?.end), 'ＷＡＴＣＨ   someone');
    assert.ok(!JSON.stringify(findings).toLowerCase().includes('someone'));
  });

  it('finds words in names that run them together, by tool', async () => {
    for (const name of ['findPerson', 'find_person', 'FIND-PERSON', 'people.findPersonById']) {
      const { toolTopics } = await signalsOf(requestWith({ tools: [{ name }, { name: 'other' }] }));
      assert.deepEqual({ ...toolTopics }, { [name]: ['watching'] });
    }
    const schema = { type: 'object', properties: { surveilledArea: { type: 'string' } } };
    const { toolTopics } = await signalsOf(
      requestWith({ tools: [{ name: '__proto__', parameters: schema, description: 'a berth' }] }),
    );
    assert.deepEqual(toolTopics['__proto__'], ['harbour', 'watching']);
    assert.equal(toolTopics['constructor'], undefined);
  });

  it('looks behind JSON escapes and at text that no reader sees', async () => {
    const escaped = String.raw`{"q":"w\u0061tch s\u006fmeone"}`;
    const call = { type: 'tool_call', id: '1', name: 'n', arguments: escaped } as const;
    assert.deepEqual((await signalsOf(saying(call))).topics, ['watching']);
    const tags = Array.from(text, (char) => String.fromCodePoint(0xe0000 + char.charCodeAt(0)));
    const hidden = `nothing${tags.join('')}`;
    assert.deepEqual((await signalsOf(saying({ type: 'text', text: hidden }))).topics, [
      'watching',
    ]);
  });

  it('names what it cannot read', async () => {
    const { unread } = await signalsOf(
      saying(
        { type: 'image', source: { kind: 'base64', mediaType: 'image/png', base64: 'AAAA' } },
        { type: 'file', source: { kind: 'base64', mediaType: 'text/plain', base64: '/////w==' } },
        { type: 'file', source: { kind: 'id', id: 'file-1' } },
        { type: 'image', source: { kind: 'url', url: 'https://a.test/b' } },
      ),
    );
    assert.deepEqual(unread, ['image/png', 'text/plain', 'upload', 'url']);
    const tokens = { operation: 'embed', model: 'm', inputs: [[1, 2]] } as const;
    assert.deepEqual((await signalsOf(tokens)).unread, ['tokens']);
  });

  it('counts distinct persons and keeps their identifiers out of JSON', async () => {
    const said = 'Write to ann@example.org, ANN@example.org, bo@example.org or +44 20 7946 0018.';
    const signals = await signalsOf(saying({ type: 'text', text: said }));
    assert.equal(signals.persons, 3);
    assert.deepEqual(signals.personKinds, ['email', 'telephone']);
    assert.ok(signals.subjects.has('email:ann@example.org'));
    assert.ok(!/example|7946/.test(JSON.stringify(signals)));
  });

  it('answers at once when every detector does', () => {
    assert.ok(!(classify({ request: requestWith() }, [topics, personDetector]) instanceof Promise));
  });
});

describe('INVARIANT (5): a detector that does not answer is a missing fact', () => {
  const broken = (detect: Detector['detect']): Detector => ({
    name: 'broken',
    version: '1',
    timeLimitMs: 20,
    detect,
  });
  const never = Promise.withResolvers<typeof NOTHING_FOUND>().promise;
  const busy = (): void => {
    const until = performance.now() + 30;
    while (performance.now() < until);
  };
  for (const [how, detect] of [
    ['throws', () => assert.fail('x')],
    ['rejects', () => Promise.reject(new Error('x'))],
    ['never answers', () => never],
    ['answers late', () => (busy(), NOTHING_FOUND)],
  ] as const) {
    it(`when it ${how}`, async () => {
      const request = saying({ type: 'text', text });
      const signals = await signalsOf(request, [broken(detect), topics]);
      assert.deepEqual(signals.missing, ['broken']);
      assert.deepEqual(signals.topics, ['watching']);
    });
  }

  it('and one that answers is none', async () => {
    const later = broken(() => Promise.resolve(NOTHING_FOUND));
    assert.deepEqual((await signalsOf(requestWith(), [later])).missing, []);
  });

  it('a busy search for persons notices that its time is over', () => {
    const place = { parent: undefined, key: 'x' };
    const passages = [{ text: 'card 4111 1111 1111 1111, '.repeat(20_000), place }];
    const msUntil = (untilMs: (start: number) => number): number => {
      const start = performance.now();
      try {
        void personDetector.detect(passages, untilMs(start));
      } catch (thrown) {
        assert.equal((thrown as Error).name, 'OutOfTime');
      }
      return performance.now() - start;
    };
    assert.ok(msUntil((start) => start) < msUntil(() => Number.POSITIVE_INFINITY) / 4);
    assert.throws(() => personDetector.detect(passages, performance.now()), /^OutOfTime/);
  });
});

describe('classifyToolCall', () => {
  it('reads name and arguments, and adds what the definition spoke of', async () => {
    const signals = await classifyToolCall(
      'find_person',
      '{"berth":"12","who":"ann@example.org"}',
      [topics, personDetector],
      ['earlier'],
    );
    assert.deepEqual(signals.topics, ['harbour', 'watching']);
    assert.deepEqual(signals.toolTopics['find_person'], ['earlier', 'watching']);
    assert.equal(signals.persons, 1);
    assert.deepEqual(
      signals.findings.map(({ at }) => at),
      ['name', 'arguments', 'arguments'],
    );
  });
});
