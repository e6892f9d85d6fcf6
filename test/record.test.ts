/** What the ledger keeps of a call: enough to see what was sent, and to decide it again. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { decideFacts } from '#terms/decide.ts';
import { type ModelRequest, PROTOCOLS } from '#wire/exchange.ts';
import { protocols } from '#wire/protocols.ts';
import {
  modelOf,
  openGateway,
  outcomeOf,
  providersAt,
  type TestGateway,
} from './harness/gateway.ts';
import { bodyOf, pathOf, post, streamedBody, toolsOf } from './harness/raw.ts';
import { USAGE } from './harness/said/said.ts';
import { speak } from './harness/said/speak.ts';
import { says, startUpstream, type Upstream } from './harness/upstream.ts';

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

const SAID = {
  text: 'Looking.',
  calls: [
    { id: 'call_1', name: 'find_berth', arguments: '{"metres":12}' },
    { id: 'call_2', name: 'fire_weapon', arguments: '{"metres":12}' },
    { id: 'call_3', name: 'find_berth', arguments: '{"to":"a@example.org b@example.org"}' },
  ],
  finish: 'tool_calls',
} as const;

for (const protocolIn of PROTOCOLS) {
  for (const protocolOut of PROTOCOLS) {
    test(`${protocolIn} to ${protocolOut}: the exchange in the vault is the one that was sent`, async () => {
      for (const streams of [false, true]) {
        upstream.take();
        upstream.answer(says(speak(protocolOut, SAID)));
        const from = await proviso.settled();
        const model = modelOf(protocolOut);
        const body = (streams ? streamedBody : bodyOf)(protocolIn, 'A berth?', {
          ...(protocolIn === 'gemini' ? {} : { model }),
          ...toolsOf(protocolIn, 'find_berth'),
        });
        const { status } = await post(proviso, pathOf(protocolIn, streams, model), body);
        assert.equal(status, 200);
        const entries = await proviso.entries(from);
        const content = entries[0]?.private['content'] as { request?: unknown } | undefined;
        const recorded = content?.request as ModelRequest;
        const encoded = protocols[protocolOut].encodeRequest(recorded, new Set());
        assert.deepEqual(upstream.take()[0]?.body, JSON.parse(JSON.stringify(encoded.body)));
        const { outcome, inputTokens, outputTokens, finish } = outcomeOf(entries, from);
        assert.deepEqual(
          { outcome, inputTokens, outputTokens, finish },
          {
            outcome: 'answered',
            inputTokens: USAGE.input,
            outputTokens: USAGE.output,
            finish: 'tool_calls',
          },
        );
      }
    });
  }
}

const ADDRESSES = Array.from({ length: 30 }, (_, i) => `keeper${i}@example.org`).join(' ');

test('INVARIANT (10): each decision, computed again from the record and the terms, is the same', async () => {
  upstream.answer(says(speak('anthropic', SAID)));
  for (const fields of [
    toolsOf('anthropic', 'find_berth', 'fire_weapon'),
    { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    { tools: [{ type: 'web_fetch_20250910', name: 'web_fetch' }] },
  ]) {
    for (const text of ['A berth?', ADDRESSES, `Track the movements of ${ADDRESSES}`]) {
      await post(proviso, pathOf('anthropic'), bodyOf('anthropic', text, fields));
    }
  }
  const effects = new Set<string>();
  for (const entry of await proviso.entries()) {
    if (entry.kind !== 'decision') continue;
    const { effect, rules, terms } = entry.public;
    assert.equal(terms, proviso.gateway.terms.pack.hash);
    const asked = entry.private['facts'] as readonly JsonObject[];
    for (const { signals } of asked) {
      const { detectors } = signals as JsonObject;
      assert.deepEqual(
        detectors,
        proviso.gateway.detectors.map(({ name, version }) => `${name}@${version}`),
      );
    }
    const again = asked.map((facts) => decideFacts(facts, proviso.gateway.terms));
    // The first question that was not answered by a permit ended the asking.
    const last = again.at(-1);
    assert.ok(last);
    assert.equal(last.effect, effect);
    for (const earlier of again.slice(0, -1)) assert.equal(earlier.effect, 'permit');
    const determining = effect === 'permit' ? again[0] : last;
    assert.deepEqual(
      determining?.rules.map(({ id }) => id),
      rules,
    );
    effects.add(last.effect);
  }
  assert.deepEqual([...effects].toSorted(), ['deny', 'hold', 'permit']);
});
