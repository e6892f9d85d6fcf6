import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonValue } from '#base/json.ts';
import { beyondTerms } from './bounds.ts';
import { decideFacts } from './decide.ts';
import { type CallFacts, factsJson, type ToolCallFacts } from './facts.ts';
import { smallPack } from './pack.example.ts';
import { parsePack } from './pack.ts';
import { compileTerms } from './terms.ts';

const shared = {
  caller: { id: 'c', owner: 'o', organisation: 'g', teams: [], clearance: 0 },
  model: { provider: 'p', name: 'model-large' },
  signals: { persons: 0, personKinds: [], topics: [], unread: [], missing: [] },
  instant: 1,
};
const call: CallFacts = {
  ...shared,
  operation: 'generate',
  protocol: 'openai-chat',
  streamed: false,
  tools: [{ name: 'read' }],
  providerTools: ['web_search'],
};
const toolCall: ToolCallFacts = {
  ...shared,
  operation: 'call_tool',
  tool: { name: 'read' },
  runsAt: 'caller',
  toolTopics: [],
};

function bounded(bounds: { models?: readonly string[]; tools?: readonly string[] }) {
  return { id: 'minutes', owner: 'o', authority: 'a', dataClasses: [], allows: [], ...bounds };
}

test('a purpose’s bounds on models and tools refuse what is beyond them', () => {
  const codeOf = (facts: CallFacts | ToolCallFacts) => beyondTerms(facts)?.code;
  const all = ['read', 'web_search'];
  assert.equal(codeOf({ ...call, purpose: bounded({}) }), undefined);
  assert.equal(codeOf({ ...call, purpose: bounded({ tools: all }) }), undefined);
  assert.equal(codeOf({ ...call, purpose: bounded({ tools: ['read'] }) }), 'purpose_exceeded');
  assert.equal(codeOf({ ...call, purpose: bounded({ tools: [] }) }), 'purpose_exceeded');
  assert.equal(codeOf({ ...call, purpose: bounded({ models: ['model-*'] }) }), undefined);
  assert.equal(codeOf({ ...call, purpose: bounded({ models: ['other'] }) }), 'purpose_exceeded');
  assert.equal(codeOf({ ...toolCall, purpose: bounded({ tools: all }) }), undefined);
  assert.equal(codeOf({ ...toolCall, purpose: bounded({ tools: [] }) }), 'purpose_exceeded');
  const inside = { ...toolCall, runsAt: 'provider' } as const;
  assert.equal(codeOf({ ...inside, purpose: bounded({ tools: [] }) }), undefined);
});

test('ambiguous arguments are refused', () => {
  assert.equal(beyondTerms({ ...toolCall, isAmbiguous: true })?.code, 'arguments_ambiguous');
  assert.equal(beyondTerms(toolCall), undefined);
});

test('INVARIANT (10): what is beyond the terms is computed again from the kept facts', () => {
  const terms = compileTerms(parsePack(smallPack(), 'small'));
  const names = fc.option(fc.array(fc.constantFrom('read', 'model-large', 'model-*', 'x')), {
    nil: undefined,
  });
  fc.assert(
    fc.property(names, names, fc.boolean(), (models, tools, isAmbiguous) => {
      const purpose = bounded({
        ...(models && { models }),
        ...(tools && { tools }),
      });
      for (const facts of [
        { ...call, purpose },
        { ...toolCall, purpose, isAmbiguous },
      ]) {
        const kept = JSON.parse(JSON.stringify(factsJson(facts))) as JsonValue;
        const beyond = beyondTerms(facts);
        assert.equal(decideFacts(kept, terms).code, beyond?.code);
      }
    }),
  );
});
