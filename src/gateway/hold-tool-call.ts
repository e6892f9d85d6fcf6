/**
 * Holds a tool call of a model's answer, and waits for people as long as its answer does.
 * docs/spec/oversight.md#for-callers
 */
import { asProvisoError } from '#base/errors.ts';
import { type JsonObject, parseJsonText } from '#base/json.ts';
import { definitionHash } from '#oversight/action.ts';
import { denialWords } from '#oversight/clear.ts';
import type { Target } from '#providers/provider.ts';
import type { Decision } from '#terms/decide.ts';
import { factsJson, type ToolCallFacts } from '#terms/facts.ts';
import type { Terms } from '#terms/terms.ts';
import type { ModelRequest } from '#wire/exchange.ts';
import type { Undecided } from './decide.ts';
import type { GatedPart, HeldCall } from './gate.ts';
import type { Gateway } from './gateway.ts';
import { type HoldNotes, type HoldWish, settle, waitMsOf } from './held.ts';
import type { ToolCallOrigin } from './hold-origin.ts';
import { NOT_HELD, type Proposal } from './holds.ts';
import { recordOutcome } from './record.ts';
import type { Reply } from './reply.ts';
import type { Sealed } from './vault-key.ts';

/** A call to a model that was answered, in whose answer the tool calls stand. */
export type AnsweredCall = Undecided &
  Sealed & {
    readonly request: ModelRequest;
    readonly entry: number;
    /** Hash of those that the call was decided by. */
    readonly terms: string;
    readonly wish: HoldWish;
  };

export function withheld(name: string, words: string): string {
  return `[Proviso withheld a call of the tool \`${name}\`. ${words}]`;
}

interface HeldDecision {
  readonly part: GatedPart;
  readonly name: string;
  readonly facts: ToolCallFacts;
  readonly decision: Decision;
  /** The decision's number. */
  readonly entry: number;
  readonly terms: Terms;
  readonly answer: { readonly id: string; readonly model: string };
}

/** Opens the hold, and waits for it as long as this answer waits for people. */
export async function holdToolCall(
  held: HeldDecision,
  call: AnsweredCall,
  target: Target,
  reply: Reply,
  notes: HoldNotes,
  gateway: Gateway,
): Promise<HeldCall | string> {
  const { entry, decision, name, part } = held;
  const { config } = gateway;
  try {
    const id = await gateway.holds.hold(proposalOf(held, call, target));
    notes.ids.push(id);
    notes.comments.push(`proviso-hold ${id}`);
    const waitMs = waitMsOf(call.wish, call.request.stream, config);
    if (waitMs > 0) notes.onWait?.();
    const settled = settle(gateway, id, reply, waitMs).then((taken) => {
      if (taken.state === 'released') {
        notes.releases.push(taken.token);
        notes.comments.push(`proviso-release ${taken.token}`);
        return asSigned(part, taken.arguments);
      }
      if (taken.state !== 'open') return withheld(name, taken.words);
      const why = denialWords(decision, entry, config.askWhom);
      return `[Proviso holds a call of the tool \`${name}\` as \`${id}\`. ${why} ${taken.words}]`;
    });
    return { settled };
  } catch (thrown) {
    const { code, publicMessage } = asProvisoError(thrown);
    if (!NOT_HELD.has(code)) throw thrown;
    recordOutcome(entry, { result: 'withheld', code }, gateway);
    return withheld(name, `${denialWords(decision, entry, config.askWhom)} ${publicMessage}`);
  }
}

function proposalOf(
  { part, name, facts, decision, entry, terms, answer }: HeldDecision,
  { caller, purpose, protocol, request, vaultKey }: AnsweredCall,
  target: Target,
): Proposal {
  const { id, owner, organisation, teams, partner } = caller;
  const definition = request.tools.find((tool) => tool.name === name);
  const said = definition && {
    name: definition.name,
    description: definition.description,
    parameters: definition.parameters,
  };
  const origin: ToolCallOrigin = {
    kind: 'tool_call',
    keyId: caller.keyId,
    protocol,
    facts: factsJson(facts),
    ...(said && { definition: said }),
    answer: { id: answer.id, model: answer.model, protocol, part: part as object as JsonObject },
    vaultKey,
  };
  const draft = {
    kind: 'tool_call' as const,
    arguments: valueOf(part),
    caller: { id, owner, organisation, teams, ...(partner !== undefined && { partner }) },
    model: modelOf(target),
    purpose: purpose
      ? { id: purpose.id, owner: purpose.owner, authority: purpose.authority }
      : null,
    tool: {
      name,
      classes: terms.toolClasses.classesOf(name),
      definition: said ? definitionHash(said) : null,
    },
  };
  return { decision: entry, rules: decision.rules, terms, draft, origin };
}

/** INVARIANT (1): what the caller gets are the bytes that were signed, not those that the model wrote. */
export function asSigned(part: GatedPart, signed: string): GatedPart {
  if (part.type === 'tool_call') return { ...part, arguments: signed };
  const fields = parseJsonText(signed) as JsonObject;
  return { ...part, native: { ...part.native, fields } };
}

export function modelOf({ provider, model }: Target): string {
  return `${provider.name}/${model}`;
}

function valueOf(part: GatedPart): JsonObject | string {
  if (part.type === 'native') return part.native.fields;
  return part.free === true ? part.arguments : (parseJsonText(part.arguments) as JsonObject);
}
