/**
 * Uses that people must sign. A client waits, or comes back with the hold's id; either way the server
 * is asked once, with what was signed and nothing else. INVARIANT (6)
 */
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { canonicalJson, isObject, type JsonObject, parseJsonText } from '#base/json.ts';
import type { Gateway } from '#gateway/gateway.ts';
import { settle } from '#gateway/held.ts';
import type { ToolCallOrigin } from '#gateway/hold-origin.ts';
import { NOT_HELD, type Proposal } from '#gateway/holds.ts';
import { recordOutcome } from '#gateway/record.ts';
import { actionHold, type Taken, takeUp } from '#gateway/take-up.ts';
import { denialWords } from '#oversight/clear.ts';
import type { Decision } from '#terms/decide.ts';
import { factsJson, type ToolCallFacts } from '#terms/facts.ts';
import type { Terms } from '#terms/terms.ts';
import { type Answered, acceptedDefinition, argumentsOf, type Question } from './question.ts';

/** A decision on a use, which has no outcome yet. */
export interface Judged {
  readonly entry: number;
  readonly decision: Decision;
  readonly facts: ToolCallFacts;
  readonly terms: Terms;
  readonly vaultKey: string;
}

/**
 * @param signal is aborted when the client waits no more; the hold stays open
 * @throws ProvisoError `approval_required` with the hold's id where nobody has signed in time, or why
 *   it is refused
 */
export async function waitForPeople(
  gateway: Gateway,
  question: Question,
  held: Judged,
  signal: AbortSignal,
): Promise<Answered> {
  const { askWhom, oversight } = gateway.config;
  const { decision, entry } = held;
  try {
    const hold = await gateway.holds.hold(proposalOf(question, held));
    const waitMs = oversight.onHold === 'wait' ? oversight.waitMsMax : 0;
    const gone = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const waiting = {
      get isClosed() {
        return signal.aborted;
      },
      whenClosed: () => gone,
    };
    const taken = await settle(gateway, hold, waiting, waitMs);
    if (taken.state === 'released') return asSigned(gateway, question, taken);
    const why = denialWords(decision, entry, askWhom);
    const words = taken.state === 'open' ? `${why} ${againWith(hold)}` : taken.words;
    throw new ProvisoError('approval_required', words, { facts: { entry, hold } });
  } catch (thrown) {
    const error = asProvisoError(thrown);
    if (!NOT_HELD.has(error.code) || error.facts['hold'] !== undefined) throw thrown;
    const { code, publicMessage } = error;
    recordOutcome(entry, { result: 'withheld', code }, gateway);
    const why = denialWords(decision, entry, askWhom);
    throw new ProvisoError(code, `${why} ${publicMessage}`, { facts: { entry } });
  }
}

/**
 * The client comes back with an approved hold, for the very use that it is about.
 * @throws ProvisoError `not_found`, `hold_mismatch`, or how the hold stands
 */
export async function takenUpAs(
  gateway: Gateway,
  question: Question,
  id: string,
): Promise<Answered> {
  const { caller } = question.asker;
  const { shown } = actionHold(gateway, id);
  if (shown.caller.id !== caller.id) {
    throw new ProvisoError('not_found', `There is no hold \`${id}\`.`);
  }
  const isSame =
    shown.kind === 'tool_call' &&
    shown.tool.server === question.server &&
    shown.tool.name === question.use.tool &&
    shown.tool.definition === (question.definition?.hash ?? null) &&
    canonicalJson(shown.arguments) === canonicalJson(argumentsOf(question.use));
  if (!isSame) {
    throw new ProvisoError('hold_mismatch', `The hold \`${id}\` is on another action than this.`);
  }
  const taken = await takeUp(gateway, id);
  if (taken.state === 'released') return asSigned(gateway, question, taken);
  throw new ProvisoError('approval_required', taken.words, { facts: { hold: id } });
}

/** INVARIANT (1): the server gets the bytes that were signed, once, as the tool that was signed. */
async function asSigned(
  gateway: Gateway,
  { server, use, definition }: Question,
  taken: Taken & { readonly state: 'released' },
): Promise<Answered> {
  if (!taken.isNew) {
    throw new ProvisoError('hold_mismatch', 'What was approved has been done; it is done once.');
  }
  // Signing takes people minutes, in which a server can become another.
  const now = await acceptedDefinition(gateway, server, use);
  if (now?.hash !== definition?.hash) {
    throw new ProvisoError('tool_changed', `The tool \`${use.tool}\` changed while people signed.`);
  }
  const signed = parseJsonText(taken.arguments);
  const params =
    use.method === 'tools/call'
      ? { ...use.params, arguments: signed }
      : isObject(signed)
        ? signed
        : {};
  const approvals = gateway.holds.given(taken.hold);
  return { params, entry: taken.entry, release: taken.token, approvals };
}

function proposalOf(
  { server, use, asker, definition }: Question,
  { entry, decision, facts, terms, vaultKey }: Judged,
): Proposal {
  const { id, keyId, owner, organisation, teams, partner } = asker.caller;
  const { purpose } = asker;
  // Whole: every word of it is read by a model, and looked through again by detectors.
  const said = definition && { name: definition.name, parameters: definition.json };
  const origin: ToolCallOrigin = {
    kind: 'tool_call',
    keyId,
    protocol: 'mcp',
    facts: factsJson(facts),
    ...(said && { definition: said }),
    vaultKey,
  };
  const draft: Proposal['draft'] = {
    kind: 'tool_call',
    arguments: argumentsOf(use) as JsonObject,
    caller: { id, owner, organisation, teams, ...(partner !== undefined && { partner }) },
    model: null,
    purpose: purpose
      ? { id: purpose.id, owner: purpose.owner, authority: purpose.authority }
      : null,
    tool: {
      name: use.tool,
      classes: terms.toolClasses.classesOf(use.tool),
      definition: definition?.hash ?? null,
      server,
    },
  };
  return { decision: entry, rules: decision.rules, terms, draft, origin };
}

function againWith(hold: string): string {
  return (
    `People are asked. Once they have signed, call the same tool with the same arguments and ` +
    `\`_meta: {"proviso/hold": "${hold}"}\`.`
  );
}
