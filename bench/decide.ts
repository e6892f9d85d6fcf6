/**
 * `npm run -s bench -- decide`: one decision under 10, 100 and 1,000 rules over realistic requests,
 * by the compiled rules and, on the same machine in the same run, by the official engine with its
 * policies parsed beforehand.
 */
import {
  preparsePolicySet,
  type StatefulAuthorizationCall,
  statefulIsAuthorized,
} from '@cedar-policy/cedar-wasm/nodejs';
import { compilePolicies } from '#terms/authorize.ts';
import { decide } from '#terms/decide.ts';
import { readPolicy } from '#terms/engine.ts';
import type { CallFacts, Facts, SignalFacts } from '#terms/facts.ts';
import { loadPack } from '#terms/pack.ts';
import { type ReferenceCall, referenceCall } from '#terms/reference.ts';
import { requestOf } from '#terms/request.ts';
import { compileTerms, type Terms } from '#terms/terms.ts';
import { atLeast, atMost, type Bench, type Figure } from './bench.ts';

export const bench: Bench = async (progress) => {
  const terms = compileTerms(loadPack('examples/terms/restricted-use'));
  const calls = callsOf(terms);
  const measure = (which: string, rules: readonly string[]): Measured => {
    progress(`${rules.length} rules, ${which} …`);
    return measureRules(which, rules, calls, terms);
  };
  const few = measure('every kind', rulesOfEveryKind(10));
  const hundred = measure('every kind', rulesOfEveryKind(100));
  const many = measure('every kind', rulesOfEveryKind(1_000));
  const apart = measure('100 and 900 for others', [
    ...rulesOfEveryKind(100),
    ...rulesForOthers(900),
  ]);
  progress('the whole stage …');
  const stageUs = microseconds(calls, (call) => decide(call, terms).decision.rules.length);
  const stage: Figure = { rules: terms.rules.size, which: 'the stage', compiledUs: round(stageUs) };
  return {
    figures: [...[few, hundred, many, apart].map(({ figure }) => figure), stage],
    budgets: [
      atMost('µs at 100 rules', hundred.compiledUs, 1.5),
      atLeast('times cedar-wasm at 100 rules', hundred.ratio, 100),
      atMost('growth by 900 rules that cannot match', apart.compiledUs / hundred.compiledUs, 1.2),
    ],
  };
};

interface Measured {
  readonly compiledUs: number;
  readonly ratio: number;
  readonly figure: Figure;
}

function measureRules(
  which: string,
  rules: readonly string[],
  calls: readonly Facts[],
  terms: Terms,
): Measured {
  const authorize = compilePolicies(rules.map((text, i) => readPolicy(text, { id: `rule${i}` })));
  const requests = calls.map((call) => requestOf(call, terms.toolClasses));
  const compiledUs = microseconds(requests, (request) => authorize(request).reasons.length);

  const preparsedPolicySetId = `${which} ${rules.length}`;
  const byId = Object.fromEntries(rules.map((text, i) => [`rule${i}`, text]));
  preparsePolicySet(preparsedPolicySetId, { staticPolicies: byId });
  const referenceCalls = requests.map((request) => ({
    ...referenceCall(request),
    preparsedPolicySetId,
  }));
  const cedarWasmUs = microseconds(referenceCalls, (call) => reasonsOf(call));
  const ratio = cedarWasmUs / compiledUs;
  const figure = {
    rules: rules.length,
    which,
    compiledUs: round(compiledUs),
    cedarWasmUs: round(cedarWasmUs),
    ratio: Math.round(ratio),
  };
  return { compiledUs, ratio, figure };
}

function reasonsOf(call: ReferenceCall & { readonly preparsedPolicySetId: string }): number {
  const answer = statefulIsAuthorized(call as unknown as StatefulAuthorizationCall);
  if (answer.type === 'failure') throw new Error(answer.errors[0]?.message);
  return answer.response.diagnostics.reason.length;
}

/** Rules of the kinds that packs have: by team, tool class, provider and purpose, and for everyone. */
function rulesOfEveryKind(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => {
    switch (i % 10) {
      case 0:
        return i === 0
          ? `permit(principal, action, resource);`
          : `permit(principal in Team::"team-${i}", action, resource in Provider::"provider-${i}");`;
      case 1:
      case 2:
        return `forbid(principal in Team::"team-${i}", action in Action::"call", resource)
          when { context.persons > ${i} }
          unless { context has purpose && context.purpose.allows.contains("allowed-${i}") };`;
      case 3:
      case 4:
      case 5:
        return `forbid(principal, action == Action::"callTool", resource in ToolClass::"class-${i}")
          unless { context.approvals.contains("approval-${i}") };`;
      case 6:
      case 7:
        return `forbid(principal, action in Action::"call", resource in Provider::"provider-${i}")
          when { principal.clearance < ${i} && context.streamed };`;
      case 8:
        return `forbid(principal, action in Action::"call", resource)
          when { context.topics.contains("topic-${i}") && context.persons > 3 }
          unless { context has purpose && context.purpose.allows.contains("allowed-${i}") };`;
      default:
        return `forbid(principal, action == Action::"callTool", resource)
          when { context.toolTopics.contains("topic-${i}") && context.persons > ${i} };`;
    }
  });
}

/** Rules for teams, classes and providers that no request of the benchmark has. */
function rulesForOthers(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) =>
    i % 2 === 0
      ? `forbid(principal in Team::"elsewhere-${i}", action, resource) when { context.persons > 3 };`
      : `forbid(principal, action == Action::"callTool", resource in ToolClass::"elsewhere-${i}");`,
  );
}

/** A chat, a streamed one with tools, one for a purpose, and tool calls of two classes. */
function callsOf(terms: Terms): readonly Facts[] {
  const caller = {
    id: 'research-assistant',
    owner: 'head of research',
    organisation: 'example',
    teams: ['research', 'team-11'],
    clearance: 2,
  };
  const purpose = {
    id: 'survey',
    owner: 'head of research',
    authority: 'contract 12',
    dataClasses: ['internal'],
    allows: ['provider-tools', 'many-persons'],
  };
  const model = { provider: 'provider-6', name: 'model-large' };
  const signals: SignalFacts = {
    persons: 2,
    personKinds: ['email'],
    topics: [],
    unread: [],
    missing: [],
  };
  const instant = Date.UTC(2026, 0, 1);
  const chat: CallFacts = {
    operation: 'generate',
    caller,
    model,
    protocol: 'openai-chat',
    streamed: false,
    tools: [],
    providerTools: [],
    signals,
    instant,
  };
  const tools = ['get_weather', 'read_file', 'search', 'write_file'].map((name) => ({ name }));
  const toolCall = { caller, model, signals, instant, runsAt: 'caller', toolTopics: [] } as const;
  const calls: readonly Facts[] = [
    chat,
    { ...chat, streamed: true, tools },
    { ...chat, purpose, signals: { ...signals, topics: ['surveillance'] } },
    { ...toolCall, operation: 'call_tool', tool: { name: 'read_file' } },
    { ...toolCall, operation: 'call_tool', tool: { name: 'person_lookup' }, toolTopics: ['hr'] },
  ];
  for (const call of calls) {
    const { effect } = decide(call, terms).decision;
    if (effect !== 'permit') throw new Error(`the example terms ${effect} a realistic request`);
  }
  return calls;
}

/** Time of one call, the least of several rounds: the machine's other work only ever adds. */
function microseconds<T>(inputs: readonly T[], call: (input: T) => number): number {
  const roundOf = (times: number): number => {
    let sum = 0;
    const start = process.hrtime.bigint();
    for (let i = 0; i < times; i++) for (const input of inputs) sum += call(input);
    const elapsedNs = Number(process.hrtime.bigint() - start);
    if (sum < 0) throw new Error('unreachable: keeps the calls from being optimised away');
    return elapsedNs / 1_000 / (times * inputs.length);
  };
  const firstUs = roundOf(20);
  const times = Math.max(20, Math.round(ROUND_US / firstUs / inputs.length));
  return Math.min(...Array.from({ length: ROUNDS }, () => roundOf(times)));
}

const ROUND_US = 150_000;
const ROUNDS = 7;

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
