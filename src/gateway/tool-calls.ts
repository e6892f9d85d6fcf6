/**
 * Decides each tool call of an answer, under the same caller, purpose and model as the call it
 * answers, and records it with an outcome of its own before the gate lets it through. What people
 * must sign is held, and goes on with its hold.
 */
import { isObject, parseJsonText } from '#base/json.ts';
import { denialWords } from '#oversight/clear.ts';
import type { Target } from '#providers/provider.ts';
import { classify, classifyToolCall, type Signals } from '#signals/classify.ts';
import { beyondTerms } from '#terms/bounds.ts';
import { decide } from '#terms/decide.ts';
import { factsJson, type ToolCallFacts } from '#terms/facts.ts';
import { plainName } from '#terms/tools.ts';
import type { ModelRequest, Part, ProviderTool } from '#wire/exchange.ts';
import { decisionEntry } from './entries.ts';
import type { DecideToolCall, GatedPart, IsGated } from './gate.ts';
import type { Gateway } from './gateway.ts';
import type { HoldNotes } from './held.ts';
import { type AnsweredCall, holdToolCall, modelOf, withheld } from './hold-tool-call.ts';
import { contentOf, recordOutcome } from './record.ts';
import type { Reply } from './reply.ts';

/** Everything that makes the caller act, and whatever ran inside the provider without being asked. */
export function gatedBy(request: ModelRequest): IsGated {
  const decidedAtRequest = request.providerTools.filter(({ runsAt }) => runsAt === 'provider');
  return (part: Part): part is GatedPart => {
    if (part.type === 'tool_call') return true;
    if (part.type !== 'native' || part.providerTool === undefined) return false;
    return !decidedAtRequest.some((tool) => isOf(part.providerTool, tool));
  };
}

function isOf(providerTool: string | undefined, { kind, wireType }: ProviderTool): boolean {
  return providerTool === kind || providerTool === wireType;
}

export function toolCallDecider(
  call: AnsweredCall,
  target: Target,
  reply: Reply,
  notes: HoldNotes,
  gateway: Gateway,
): DecideToolCall {
  return async (part, answer) => {
    const name = part.type === 'tool_call' ? part.name : (part.providerTool ?? part.label);
    let { terms } = gateway;
    let signals = await signalsOf(part, name, call, gateway);
    // Where others came into force meanwhile: what those ask about was not looked for.
    while (terms !== gateway.terms) {
      ({ terms } = gateway);
      signals = await signalsOf(part, name, call, gateway);
    }
    const facts = toolCallFacts(call, target, part, name, signals, gateway.clock.now());
    const decision = beyondTerms(facts) ?? decide(facts, terms).decision;
    const entry = await gateway.ledger.append(
      decisionEntry({
        action: 'call_tool',
        code: decision.code,
        effect: decision.effect,
        parent: call.entry,
        protocol: call.protocol,
        purpose: call.purpose?.id,
        rules: decision.rules.map(({ id }) => id),
        isStreamed: call.request.stream,
        targets: [modelOf(target)],
        terms: terms.pack.hash,
        toolClass: terms.toolClasses.classesOf(name).join(' '),
        caller: call.caller,
        facts: [factsJson(facts)],
        content: contentOf(part, gateway),
        vaultKey: call.vaultKey,
      }),
    );
    gateway.metrics.decided('call_tool', decision.effect);
    if (decision.effect === 'hold' && runsAtCaller(part, call.request)) {
      const held = { part, name, facts, decision, entry, terms, answer };
      return holdToolCall(held, call, target, reply, notes, gateway);
    }
    const isPermitted = decision.effect === 'permit';
    recordOutcome(entry, { result: isPermitted ? 'delivered' : 'withheld' }, gateway);
    if (isPermitted) return undefined;
    return withheld(name, denialWords(decision, entry, gateway.config.askWhom));
  };
}

/** What ran inside the provider has run; only what the caller would run can wait. */
function runsAtCaller(part: GatedPart, { providerTools }: ModelRequest): boolean {
  if (part.type === 'tool_call') return true;
  return providerTools.some((tool) => tool.runsAt === 'caller' && isOf(part.providerTool, tool));
}

/** Under other terms than those of the call, the tools that it offered are looked into again. */
function signalsOf(
  part: GatedPart,
  name: string,
  call: AnsweredCall,
  { terms, detectors }: Gateway,
): Signals | Promise<Signals> {
  const signalsWith = ({ signals }: { readonly signals: Signals }) =>
    classifyToolCall(name, argumentsOf(part), detectors, topicsOfDefinition(name, signals));
  return terms.pack.hash === call.terms
    ? signalsWith(call)
    : Promise.resolve(classify(call, detectors)).then(signalsWith);
}

/**
 * What the tool's definition in the request spoke of. A model may spell the name otherwise, and the
 * caller's executor may not care: every definition counts whose name is the same in plain letters.
 */
function topicsOfDefinition(name: string, { toolTopics }: Signals): readonly string[] {
  const topics: string[] = [];
  let plain: string | undefined;
  for (const defined in toolTopics) {
    plain ??= plainName(name);
    if (defined === name || plainName(defined) === plain)
      topics.push(...(toolTopics[defined] ?? []));
  }
  return topics;
}

function toolCallFacts(
  { caller, purpose }: AnsweredCall,
  target: Target,
  part: GatedPart,
  name: string,
  signals: Signals,
  instant: number,
): ToolCallFacts {
  return {
    operation: 'call_tool',
    caller,
    purpose,
    model: target.facts,
    tool: { name },
    runsAt: 'caller',
    signals,
    toolTopics: signals.toolTopics[name] ?? [],
    ...(isUnambiguous(part) ? undefined : { isAmbiguous: true }),
    instant,
  };
}

function argumentsOf(part: GatedPart): string {
  return part.type === 'tool_call' ? part.arguments : JSON.stringify(part.native.fields);
}

/**
 * Arguments that two readers can read differently (a key twice, half a JSON) are refused: what was
 * decided must be what the caller's own parser sees. INVARIANT (1)
 */
function isUnambiguous(part: GatedPart): boolean {
  if (part.type !== 'tool_call' || part.free === true) return true;
  try {
    return isObject(parseJsonText(part.arguments));
  } catch {
    return false;
  }
}
