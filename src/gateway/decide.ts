/**
 * Asks the terms about a call: each target that could serve it, and each tool that would run inside
 * the provider, which never comes back to be decided later. One decision covers them all.
 */
import { ProvisoError } from '#base/errors.ts';
import type { JsonValue } from '#base/json.ts';
import { matchesPattern } from '#base/pattern.ts';
import type { Caller } from '#caller/ring.ts';
import type { Target } from '#providers/provider.ts';
import type { Purpose } from '#purpose/register.ts';
import { type Classified, classify, type Signals } from '#signals/classify.ts';
import { type Decided, decide } from '#terms/decide.ts';
import { type CallFacts, type Facts, factsJson, type ToolCallFacts } from '#terms/facts.ts';
import type { Terms } from '#terms/terms.ts';
import type { ExchangeRequest, Protocol, ProviderTool, Tool } from '#wire/exchange.ts';
import type { Gateway } from './gateway.ts';

export interface Undecided {
  readonly caller: Caller;
  readonly purpose: Purpose | undefined;
  readonly protocol: Protocol;
  readonly request: ExchangeRequest;
  readonly targets: readonly Target[];
  readonly signals: Signals;
  /** Names of the approvals that people gave to this very call. */
  readonly approvals?: readonly string[] | undefined;
}

export interface DecidedCall {
  readonly decision: Decided<Facts>['decision'];
  /** Those that the terms permit, in the order of preference; on a denial, those asked for. */
  readonly targets: readonly Target[];
  /** Hash of the terms that were asked, and every question that was put to them. */
  readonly terms: string;
  readonly facts: readonly JsonValue[];
}

/**
 * Under the terms in force, with the signals that those ask about.
 * @param approvals of a call that was held: names of those that people gave, by those terms
 * @throws ProvisoError `purpose_exceeded`
 */
export async function decideNow<P extends Omit<Undecided, 'signals' | 'approvals'>>(
  received: P,
  gateway: Pick<Gateway, 'terms' | 'detectors' | 'clock'>,
  approvals?: () => readonly string[],
): Promise<Classified<P> & DecidedCall> {
  let { terms } = gateway;
  let classified = await classify(received, gateway.detectors);
  // Where others came into force meanwhile: what those ask about was not looked for.
  while (terms !== gateway.terms) {
    ({ terms } = gateway);
    classified = await classify(received, gateway.detectors);
  }
  const call = approvals ? { ...classified, approvals: approvals() } : classified;
  return decideCall(call, terms, gateway.clock.now());
}

/** @throws ProvisoError `purpose_exceeded` */
export function decideCall<P extends Undecided>(
  call: P,
  terms: Terms,
  instant: number,
): P & DecidedCall {
  const targets = coveredTargets(call);
  const asked: Facts[] = [];
  const permitted: Target[] = [];
  let permit: Decided<Facts> | undefined;
  let refusal: Decided<Facts> | undefined;
  for (const target of targets) {
    const decided = decideTarget(call, target, terms, instant, asked);
    if (decided.decision.effect === 'permit') {
      permit ??= decided;
      permitted.push(target);
    } else refusal ??= decided;
  }
  const decided = permit ?? refusal;
  if (!decided) throw new ProvisoError('internal', 'The call had no target.');
  return {
    ...call,
    decision: decided.decision,
    targets: permit ? permitted : targets,
    terms: terms.pack.hash,
    facts: asked.map(factsJson),
  };
}

/** The first refusal of the call or of a tool inside the provider; else the call's permit. */
function decideTarget(
  call: Undecided,
  target: Target,
  terms: Terms,
  instant: number,
  asked: Facts[],
): Decided<Facts> {
  const facts = callFacts(call, target, instant);
  asked.push(facts);
  const decided = decide<Facts>(facts, terms);
  if (decided.decision.effect !== 'permit') return decided;
  for (const tool of toolsInside(call.request)) {
    const toolFacts = providerToolFacts(facts, tool, call.signals);
    asked.push(toolFacts);
    const toolDecided = decide<Facts>(toolFacts, terms);
    if (toolDecided.decision.effect !== 'permit') return toolDecided;
  }
  return decided;
}

function callFacts(call: Undecided, target: Target, instant: number): CallFacts {
  const { caller, purpose, protocol, request, signals, approvals } = call;
  const providerTools = providerToolsOf(request);
  return {
    operation: request.operation,
    caller,
    purpose,
    model: target.facts,
    protocol,
    streamed: request.operation === 'generate' && request.stream,
    tools: toolsOf(request),
    providerTools: providerTools.map(({ kind }) => kind),
    signals,
    instant,
    approvals,
  };
}

/** What will be searched for or run is not known yet: the whole request's signals stand for it. */
function providerToolFacts(
  { caller, purpose, model, signals, instant, approvals }: CallFacts,
  { kind, wireType }: Pick<ProviderTool, 'kind' | 'wireType'>,
  { toolTopics }: Signals,
): ToolCallFacts {
  return {
    operation: 'call_tool',
    caller,
    purpose,
    model,
    tool: { name: kind },
    runsAt: 'provider',
    signals,
    toolTopics: toolTopics[wireType] ?? [],
    instant,
    approvals,
  };
}

function coveredTargets({ purpose, targets, request }: Undecided): readonly Target[] {
  if (!purpose) return targets;
  const { models, tools } = purpose;
  if (tools) {
    const beyond = [
      ...toolsOf(request).map(({ name }) => name),
      ...providerToolsOf(request).map(({ kind }) => kind),
    ].find((name) => !tools.includes(name));
    if (beyond !== undefined) throw exceeded(purpose, `the tool \`${beyond}\``);
  }
  if (!models) return targets;
  const covered = targets.filter(({ model }) =>
    models.some((pattern) => matchesPattern(pattern, model)),
  );
  if (covered.length === 0) throw exceeded(purpose, `the model \`${request.model}\``);
  return covered;
}

function exceeded({ id, owner }: Purpose, what: string): ProvisoError {
  return new ProvisoError(
    'purpose_exceeded',
    `The purpose \`${id}\` does not cover ${what}; ${owner} answers for the purpose.`,
  );
}

function toolsOf(request: ExchangeRequest): readonly Tool[] {
  if (request.operation === 'embed') return [];
  return request.operation === 'generate' ? request.tools : request.request.tools;
}

function providerToolsOf(request: ExchangeRequest): readonly ProviderTool[] {
  if (request.operation === 'embed') return [];
  return request.operation === 'generate' ? request.providerTools : request.request.providerTools;
}

/** Tools that will run inside the provider: those offered, and a remote call that is approved now. */
function toolsInside(request: ExchangeRequest): Pick<ProviderTool, 'kind' | 'wireType'>[] {
  if (request.operation === 'embed') return [];
  const { messages, providerTools } = request.operation === 'generate' ? request : request.request;
  const inside = providerTools.filter(({ runsAt }) => runsAt === 'provider');
  const isApproving = messages.some(({ parts }) =>
    parts.some((part) => part.type === 'native' && part.label === 'mcp_approval_response'),
  );
  return isApproving ? [...inside, { kind: 'remote_mcp', wireType: 'mcp' }] : inside;
}
