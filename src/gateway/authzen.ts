/**
 * AuthZEN's Authorization API 1.0: Proviso as the decision point of other gateways. A denial stays a
 * denial; where people could approve it, the answer says where to ask, and after their approval the
 * question is put again. docs/spec/authzen.md
 */
import { randomBytes } from 'node:crypto';
import { asProvisoError, ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '#base/json.ts';
import type { Caller } from '#caller/ring.ts';
import { definitionHash, withoutUndefined } from '#oversight/action.ts';
import { denialWords } from '#oversight/clear.ts';
import { declarePurpose } from '#purpose/declare.ts';
import type { Purpose } from '#purpose/register.ts';
import { classifyToolCall, type Signals } from '#signals/classify.ts';
import { beyondTerms } from '#terms/bounds.ts';
import { type Decision, decide } from '#terms/decide.ts';
import { factsJson, type ToolCallFacts } from '#terms/facts.ts';
import type { Terms } from '#terms/terms.ts';
import type { Evaluations, Question } from './authzen-shapes.ts';
import { parseQuestion } from './authzen-shapes.ts';
import { decisionEntry } from './entries.ts';
import type { Gateway } from './gateway.ts';
import type { Proposal } from './holds.ts';
import { contentOf, recordOutcome } from './record.ts';
import { actionHold, takeUp } from './take-up.ts';
import { vaultKeyOf } from './vault-key.ts';

/** One answer, in AuthZEN's shape. */
export interface Evaluation {
  readonly decision: boolean;
  readonly context: JsonObject;
}

/** A denial that people could lift, until then. */
export interface Requestable {
  readonly caller: string;
  /** Canonical JSON of the question. */
  readonly question: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** The hold that was asked for with it. */
  task?: Promise<string> | undefined;
}

const REQUESTABLE_MS = 10 * 60_000;
const REQUESTABLE_MAX = 10_000;

export class DecisionPoint {
  readonly #gateway: Gateway;
  readonly #requestable = new Map<string, Requestable>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  /** @throws ProvisoError where the question is none, or the decision cannot be recorded */
  async evaluate(caller: Caller, question: Question): Promise<Evaluation> {
    requireSubject(caller, question);
    const approval = question.context?.approval;
    if (approval) return this.#evaluateApproved(caller, question, approval.id);
    return this.#evaluateNow(caller, question);
  }

  /** @throws ProvisoError where the message as a whole cannot be taken */
  async evaluateAll(caller: Caller, asked: Evaluations): Promise<JsonObject> {
    const { evaluations, options, ...defaults } = asked;
    if (!evaluations) return { ...(await this.evaluate(caller, parseQuestion(json(defaults)))) };
    const semantic = options?.evaluations_semantic ?? 'execute_all';
    const answers: Evaluation[] = [];
    for (const one of evaluations) {
      const answer = await this.#evaluateOne(caller, { ...defaults, ...one });
      answers.push(answer);
      if (semantic === 'deny_on_first_deny' && !answer.decision) break;
      if (semantic === 'permit_on_first_permit' && answer.decision) break;
    }
    return { evaluations: answers.map((answer) => ({ ...answer })) };
  }

  /** The denial that an access request is about. @throws ProvisoError `not_found` */
  requestable(caller: Caller, evaluationId: string): Requestable {
    const found = this.#requestable.get(evaluationId);
    if (found?.caller === caller.id) return found;
    throw new ProvisoError('not_found', 'No such evaluation is known here.');
  }

  /** Decides and records; a hold has no outcome yet. */
  async judge(caller: Caller, question: Question): Promise<Judged> {
    const gateway = this.#gateway;
    const { purpose } = declarePurpose(
      { caller, purposeId: question.context?.purpose },
      gateway.purposes,
      gateway.clock.now(),
    );
    const { terms, signals } = await signalsUnder(question, gateway);
    const facts = factsOf(caller, purpose, question, signals, gateway.clock.now());
    const decision = beyondTerms(facts) ?? decide(facts, terms).decision;
    const vaultKey = vaultKeyOf({ caller, purpose }, terms);
    const { id: tool } = question.resource;
    const entry = await gateway.ledger.append(
      decisionEntry({
        action: 'call_tool',
        code: decision.code,
        effect: decision.effect,
        parent: undefined,
        protocol: 'authzen',
        purpose: purpose?.id,
        rules: decision.rules.map(({ id }) => id),
        isStreamed: false,
        targets: [],
        terms: terms.pack.hash,
        toolClass: terms.toolClasses.classesOf(tool).join(' '),
        caller,
        facts: [factsJson(facts)],
        content: contentOf({ question: json(question) as object }, gateway),
        vaultKey,
      }),
    );
    gateway.metrics.decided('call_tool', decision.effect);
    return { entry, decision, terms, facts, purpose, vaultKey };
  }

  /** Each stands for itself: what is wrong with one is its denial. */
  async #evaluateOne(caller: Caller, asked: object): Promise<Evaluation> {
    try {
      return await this.evaluate(caller, parseQuestion(json(asked)));
    } catch (thrown) {
      const { code, status, publicMessage } = asProvisoError(thrown);
      if (status >= 500) throw thrown;
      const error = { status, message: publicMessage };
      return { decision: false, context: { reason: code, error } };
    }
  }

  async #evaluateNow(caller: Caller, question: Question): Promise<Evaluation> {
    const judged = await this.judge(caller, question);
    const { decision, entry } = judged;
    const isPermitted = decision.effect === 'permit';
    recordOutcome(
      entry,
      { result: isPermitted ? 'delivered' : 'withheld', code: decision.code },
      this.#gateway,
    );
    const about = this.#about(entry);
    if (isPermitted) return { decision: true, context: about };
    const words = denialWords(decision, entry, this.#gateway.config.askWhom);
    const why = { ...about, reason: decision.code ?? 'terms_denied', reason_user: { en: words } };
    if (decision.effect !== 'hold') return { decision: false, context: why };
    const expiresAt = this.#remember(about.evaluation_id, caller, question);
    const access_request = { expires_at: new Date(expiresAt).toISOString() };
    return { decision: false, context: { ...why, access_request } };
  }

  /** Asked again with an approval: it counts for the very question that people approved, once. */
  async #evaluateApproved(caller: Caller, question: Question, id: string): Promise<Evaluation> {
    const gateway = this.#gateway;
    const why = unfit(caller, question, id, gateway);
    if (why) return { decision: false, context: why };
    const taken = await takeUp(gateway, id);
    const about = this.#about(taken.hold.end?.entry ?? taken.hold.entry);
    if (taken.state === 'released' && taken.isNew) {
      const until = new Date(gateway.holds.validUntil(taken.hold)).toISOString();
      const approval = { id, approved_until: until };
      return { decision: true, context: { ...about, approval, release: taken.token } };
    }
    const isOpen = taken.state === 'open';
    const reason = isOpen ? 'grant_pending' : REASONS[taken.state];
    const message =
      taken.state === 'released' ? 'What was approved was permitted once.' : taken.words;
    return {
      decision: false,
      context: {
        ...about,
        reason,
        reason_user: { en: message },
        next_action: isOpen ? 'retry' : 'none',
        ...(isOpen && { retry_after: RETRY_AFTER_SECONDS }),
      },
    };
  }

  #about(entry: number) {
    const evaluated_at = new Date(this.#gateway.clock.now()).toISOString();
    return { entry, evaluated_at, evaluation_id: `eval_${randomBytes(16).toString('base64url')}` };
  }

  #remember(evaluationId: string, caller: Caller, question: Question): number {
    const now = this.#gateway.clock.now();
    for (const [id, { expiresAt }] of this.#requestable) {
      if (expiresAt > now && this.#requestable.size < REQUESTABLE_MAX) break;
      this.#requestable.delete(id);
    }
    const expiresAt = now + REQUESTABLE_MS;
    const asked = canonicalJson(json(question));
    this.#requestable.set(evaluationId, { caller: caller.id, question: asked, expiresAt });
    return expiresAt;
  }
}

const RETRY_AFTER_SECONDS = 5;

/** In the profile's words. */
const REASONS = {
  released: 'approval_expired',
  gone: 'approval_expired',
  expired: 'approval_expired',
  lapsed: 'approval_expired',
  rejected: 'policy_denied',
  denied: 'policy_denied',
} as const;

export interface Judged {
  readonly entry: number;
  readonly decision: Decision;
  readonly terms: Terms;
  readonly facts: ToolCallFacts;
  readonly purpose: Purpose | undefined;
  readonly vaultKey: string;
}

/** A held question as a proposal to people. */
export function proposalOf(
  { id, keyId, owner, organisation, teams, partner }: Caller,
  question: Question,
  { entry, decision, terms, facts, purpose, vaultKey }: Judged,
): Proposal {
  const { resource, action } = question;
  const definition = definitionOf(question);
  return {
    decision: entry,
    rules: decision.rules,
    terms,
    draft: {
      kind: 'tool_call',
      arguments: action.properties.arguments,
      caller: { id, owner, organisation, teams, ...(partner !== undefined && { partner }) },
      model: null,
      purpose: purpose
        ? { id: purpose.id, owner: purpose.owner, authority: purpose.authority }
        : null,
      tool: {
        name: resource.id,
        classes: terms.toolClasses.classesOf(resource.id),
        definition: definition ? definitionHash(definition) : null,
        ...(resource.properties?.server !== undefined && { server: resource.properties.server }),
      },
    },
    origin: {
      kind: 'tool_call',
      keyId,
      protocol: 'authzen',
      facts: factsJson(facts),
      ...(definition && { definition }),
      vaultKey,
    },
  };
}

/** Why an approval says nothing about this question. INVARIANT (6) */
function unfit(
  caller: Caller,
  question: Question,
  id: string,
  gateway: Gateway,
): JsonObject | undefined {
  const hold = gateway.holds.find(id);
  const shown = hold && !hold.isDrill ? actionHold(gateway, id).shown : undefined;
  if (shown?.kind !== 'tool_call' || shown.caller.id !== caller.id) {
    return { reason: 'approval_unverifiable', next_action: 'none' };
  }
  const definition = definitionOf(question);
  const purposeId = question.context?.purpose;
  const { purpose } = declarePurpose({ caller, purposeId }, gateway.purposes, gateway.clock.now());
  const isSame =
    shown.tool.name === question.resource.id &&
    shown.tool.server === question.resource.properties?.server &&
    shown.tool.definition === (definition ? definitionHash(definition) : null) &&
    shown.purpose?.id === purpose?.id &&
    canonicalJson(shown.arguments) === canonicalJson(question.action.properties.arguments);
  return isSame ? undefined : { reason: 'out_of_scope', next_action: 'none' };
}

/** Nobody asks for another: the subject is who holds the key. */
function requireSubject({ id }: Caller, { subject }: Question): void {
  if (subject.id === id) return;
  throw new ProvisoError(
    'invalid_request',
    `\`subject.id\` must be \`${id}\`, whose key this is.`,
    {
      at: 'subject.id',
    },
  );
}

function definitionOf({ resource: { id, properties } }: Question) {
  const { description, parameters } = properties ?? {};
  if (description === undefined && parameters === undefined) return undefined;
  return { name: id, ...withoutUndefined({ description, parameters }) };
}

async function signalsUnder(
  question: Question,
  gateway: Gateway,
): Promise<{ terms: Terms; signals: Signals }> {
  const { id: tool } = question.resource;
  const args = question.action.properties.arguments;
  const text = typeof args === 'string' ? args : canonicalJson(args);
  const definition = definitionOf(question);
  for (;;) {
    const { terms, detectors } = gateway;
    const spoken =
      definition && (await classifyToolCall(tool, canonicalJson(json(definition)), detectors));
    const signals = await classifyToolCall(tool, text, detectors, spoken ? spoken.topics : []);
    // Where others came into force meanwhile: what those ask about was not looked for.
    if (terms === gateway.terms) return { terms, signals };
  }
}

/** Where no model asks, the model of the facts is the protocol: provider `authzen`. */
function factsOf(
  caller: Caller,
  purpose: Purpose | undefined,
  { resource }: Question,
  signals: Signals,
  instant: number,
): ToolCallFacts {
  return {
    operation: 'call_tool',
    caller,
    purpose,
    model: { provider: 'authzen', name: resource.properties?.server ?? 'none' },
    tool: { name: resource.id },
    runsAt: 'caller',
    signals,
    toolTopics: signals.toolTopics[resource.id] ?? [],
    instant,
  };
}

function json(value: object): JsonValue {
  return withoutUndefined(value);
}
