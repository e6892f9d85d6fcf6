/** Requests in plain words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPolicy } from '../engine.ts';
import type { CallFacts, ToolCallFacts } from '../facts.ts';
import { referenceCall } from '../reference.ts';
import { requestOf } from '../request.ts';
import type { PackRule } from '../rules.ts';
import { compileToolClasses } from '../tools.ts';
import { lookedAtBy, requestSentence } from './sentence.ts';

const TOOL_CLASSES = compileToolClasses(new Map([['force', ['fire*']]]));
const CALLER = {
  id: 'caller-1',
  owner: '',
  organisation: 'organisation-1',
  teams: [],
  clearance: 0,
};
const MODEL = { provider: 'provider-1', name: 'x' };
const SIGNALS = { persons: 0, personKinds: [], topics: [], unread: [], missing: [] };
const INSTANT = Date.UTC(2026, 0, 1);

function sentence(facts: CallFacts | ToolCallFacts, rule = 'permit(principal, action, resource);') {
  const about = { policy: readPolicy(rule, { id: 'r' }) } as PackRule;
  const request = requestOf(facts, TOOL_CLASSES);
  return requestSentence(referenceCall(request), lookedAtBy([about]));
}

function call(more: Partial<CallFacts> = {}): CallFacts {
  return {
    operation: 'generate',
    caller: CALLER,
    model: MODEL,
    protocol: '',
    streamed: false,
    tools: [],
    providerTools: [],
    signals: SIGNALS,
    instant: INSTANT,
    ...more,
  };
}

function toolCall(more: Partial<ToolCallFacts> = {}): ToolCallFacts {
  return {
    operation: 'call_tool',
    caller: CALLER,
    model: MODEL,
    tool: { name: 'fire_all' },
    runsAt: 'caller',
    signals: SIGNALS,
    toolTopics: [],
    instant: INSTANT,
    ...more,
  };
}

test('a call is told with all that is not plain, and nothing else', () => {
  const model = 'the model `provider-1/x`';
  assert.equal(sentence(call()), `A caller asks ${model} something.`);
  const signals = { ...SIGNALS, persons: 1, topics: ['war', 'force'], unread: ['image/png'] };
  assert.equal(
    sentence(call({ operation: 'embed', signals, streamed: true, protocol: 'gemini' })),
    `A caller has ${model} embed something that names 1 person, speaks of \`force\` and \`war\` and has parts that no detector reads: \`image/png\`, as a stream, over the protocol \`gemini\`.`,
  );
  const caller = { ...CALLER, id: 'desk', teams: ['night'], partner: 'ally', clearance: 2 };
  assert.equal(
    sentence(call({ caller, approvals: ['lead'], instant: Date.UTC(2099, 0, 2) })),
    `A caller named \`desk\` of the team \`night\` who acts for \`ally\` with clearance 2 asks ${model} something, with the approval \`lead\`, on 2099-01-02.`,
  );
  assert.equal(
    sentence(
      call({ tools: [{ name: 'fire' }], providerTools: ['shell'], operation: 'count_tokens' }),
    ),
    `A caller has ${model} count the tokens of something, offering it the tool \`fire\`, offering it a tool of the class \`force\`, offering it the provider’s own tool \`shell\`.`,
  );
});

test('a tool call is told with where it runs and what it is given', () => {
  const signals = { ...SIGNALS, persons: 6, personKinds: ['email'], topics: ['war'] };
  assert.equal(
    sentence(toolCall({ runsAt: 'provider', signals, toolTopics: ['force'] })),
    'The model `provider-1/x` wants to run the tool `fire_all` of the class `force` whose description speaks of `force`, inside the provider, with 6 persons (`email`) in its arguments, with arguments that speak of `war`.',
  );
});

test('what is missing is told where a rule looks at it', () => {
  const model = 'the model `provider-1/x`';
  const purpose = {
    id: 'purpose-1',
    owner: '',
    authority: '',
    dataClasses: [],
    allows: ['b', 'a'],
  };
  const reads = 'forbid(principal, action, resource) unless { context has purpose };';
  assert.equal(sentence(call(), reads), `A caller asks ${model} something, without a purpose.`);
  assert.equal(
    sentence(call({ purpose })),
    `A caller asks ${model} something, for a purpose marked \`a\` and \`b\`.`,
  );
  const authority = `forbid(principal, action == Action::"generate", resource)
    unless { context has purpose && context.purpose.authority != "" };`;
  assert.equal(
    sentence(call({ purpose }), authority),
    `A caller asks ${model} something, for a purpose marked \`a\` and \`b\` that states no authority.`,
  );
  const team = 'permit(principal in Team::"night", action, resource);';
  assert.equal(
    sentence(call(), team),
    `A caller outside of the team \`night\` asks ${model} something.`,
  );
  const harmless = 'forbid(principal, action, resource) unless { resource in ToolClass::"chart" };';
  assert.equal(
    sentence(toolCall(), harmless),
    'The model `provider-1/x` wants to run the tool `fire_all` of the class `force` outside of the class `chart`, on the caller’s side.',
  );
});
