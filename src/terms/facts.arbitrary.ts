/** Random facts, for property tests. */
import fc from 'fast-check';
import type { CallFacts, Facts, ToolCallFacts } from './facts.ts';

const word = fc.constantFrom('a', 'b', 'constructor', 'two words', 'ünï"code');
const words = fc.array(word, { maxLength: 12 });

const shared = {
  caller: fc.record(
    {
      id: word,
      owner: word,
      organisation: word,
      teams: words,
      partner: word,
      clearance: fc.nat(9),
    },
    { requiredKeys: ['id', 'owner', 'organisation', 'teams', 'clearance'] },
  ),
  purpose: fc.option(
    fc.record({ id: word, owner: word, authority: word, dataClasses: words, allows: words }),
    { nil: undefined },
  ),
  model: fc.record(
    { provider: word, name: word, variant: word, safeguardProfile: word, digest: word },
    { requiredKeys: ['provider', 'name'] },
  ),
  signals: fc.record({
    persons: fc.nat(200),
    personKinds: words,
    unread: words,
    topics: words,
    missing: fc.constant<readonly string[]>([]),
  }),
  instant: fc.integer({ min: 0, max: 4e12 }),
  approvals: fc.option(words, { nil: undefined }),
};

const toolName = fc.constantFrom('read_file', 'fire_weapon', 'Fire-Weapon', 'constructor', '');

const anyCall: fc.Arbitrary<CallFacts> = fc.record({
  ...shared,
  operation: fc.constantFrom('generate', 'embed', 'count_tokens'),
  protocol: word,
  streamed: fc.boolean(),
  tools: fc.array(fc.record({ name: toolName })),
  providerTools: words,
});

const anyToolCall: fc.Arbitrary<ToolCallFacts> = fc.record({
  ...shared,
  operation: fc.constant('call_tool'),
  tool: fc.record({ name: toolName }),
  runsAt: fc.constantFrom('caller', 'provider'),
  toolTopics: words,
});

export const anyFacts: fc.Arbitrary<Facts> = fc.oneof(anyCall, anyToolCall);
