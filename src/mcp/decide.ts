/**
 * The guard of one server for all of its sessions: each use is decided and recorded like a tool call
 * of a model's answer, its definition must be the accepted one, and what comes back is decided too.
 */
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, isObject, type JsonObject, type JsonValue } from '#base/json.ts';
import { decisionEntry } from '#gateway/entries.ts';
import type { Gateway } from '#gateway/gateway.ts';
import { contentOf, recordOutcome } from '#gateway/record.ts';
import { vaultKeyOf } from '#gateway/vault-key.ts';
import { denialCode, denialWords } from '#oversight/clear.ts';
import { classifyToolCall, type Signals } from '#signals/classify.ts';
import { beyondTerms } from '#terms/bounds.ts';
import { decide } from '#terms/decide.ts';
import { factsJson, type ToolCallFacts } from '#terms/facts.ts';
import type { Definition } from '#tools/definition.ts';
import type { Guard } from './guard.ts';
import { type Judged, takenUpAs, waitForPeople } from './held.ts';
import {
  type Answered,
  acceptedDefinition,
  argumentsOf,
  type Question,
  requireAccepted,
} from './question.ts';

export function guardOf(gateway: Gateway, server: string): Guard {
  const { log } = gateway;
  return {
    async decide(use, asker, signal) {
      const definition = await acceptedDefinition(gateway, server, use);
      const question = { server, use, asker, definition };
      const answer =
        use.hold === undefined
          ? await askTerms(gateway, question, signal)
          : await takenUpAs(gateway, question, use.hold);
      const { params, release } = answer;
      return {
        params,
        ...(release === undefined ? {} : { meta: { 'proviso/release': release } }),
        async answered(result) {
          await judgeResult(gateway, question, answer, result);
          return result;
        },
      };
    },
    async offered(listed) {
      const tools: JsonObject[] = [];
      for (const definition of listed) {
        try {
          await requireAccepted(gateway, server, definition);
        } catch (thrown) {
          log.warn({ server, tool: definition.name }, (thrown as Error).message);
          continue;
        }
        const classes = gateway.terms.toolClasses.classesOf(definition.name);
        const meta = isObject(definition.json['_meta']) ? definition.json['_meta'] : {};
        const proviso = { classes: [...classes], definition: definition.hash };
        tools.push({ ...definition.json, _meta: { ...meta, proviso } });
      }
      return tools;
    },
    dropped(why) {
      log.debug({ server }, why);
    },
    unreachable(err) {
      log.warn({ err, server }, 'an MCP server could not be reached');
    },
    defect(err) {
      log.error({ err, server }, 'defect');
    },
  };
}

/** The terms permit it, or people do. @throws ProvisoError why not */
async function askTerms(
  gateway: Gateway,
  question: Question,
  signal: AbortSignal,
): Promise<Answered> {
  const { params } = question.use;
  const judged = await judge(gateway, question, { arguments: argumentsOf(question.use) }, {});
  const { entry, decision } = judged;
  if (decision.effect === 'hold') return waitForPeople(gateway, question, judged, signal);
  requirePermit(gateway, judged);
  return { params, entry };
}

/** What was done is done; whether its result may be shown is decided too. */
async function judgeResult(
  gateway: Gateway,
  question: Question,
  { entry: parent, approvals }: Answered,
  result: JsonObject,
): Promise<void> {
  const about = { parent, approvals, unread: unreadIn(result) };
  requirePermit(gateway, await judge(gateway, question, { result }, about));
}

/** Gives the decision its outcome. @throws ProvisoError unless it is a permit */
function requirePermit(gateway: Gateway, { decision, entry }: Judged): void {
  const isPermitted = decision.effect === 'permit';
  recordOutcome(entry, { result: isPermitted ? 'delivered' : 'withheld' }, gateway);
  if (isPermitted) return;
  const { askWhom: ask } = gateway.config;
  throw new ProvisoError(denialCode(decision), denialWords(decision, entry, ask), {
    facts: { entry, rules: decision.rules.map(({ id }) => id), ask },
  });
}

/** What is known beside the question itself. */
interface About {
  readonly parent?: number;
  readonly approvals?: readonly string[] | undefined;
  readonly unread?: readonly string[];
}

/** Decides and records; the decision has no outcome yet. */
async function judge(
  gateway: Gateway,
  question: Question,
  content: JsonObject,
  { parent, approvals, unread = [] }: About,
): Promise<Judged> {
  const { server, use, asker, definition } = question;
  const { caller, purpose } = asker;
  const text = canonicalJson(Object.values(content)[0] ?? null);
  const { terms, signals } = await signalsUnder(gateway, use.tool, text, definition);
  const instant = gateway.clock.now();
  const facts = { ...factsOf(question, { ...signals, unread }, instant), approvals };
  const decision = beyondTerms(facts) ?? decide(facts, terms).decision;
  const vaultKey = vaultKeyOf(asker, terms);
  const entry = await gateway.ledger.append(
    decisionEntry({
      action: 'call_tool',
      code: decision.code,
      effect: decision.effect,
      parent,
      protocol: 'mcp',
      purpose: purpose?.id,
      rules: decision.rules.map(({ id }) => id),
      isStreamed: false,
      targets: [`mcp/${server}`],
      terms: terms.pack.hash,
      toolClass: terms.toolClasses.classesOf(use.tool).join(' '),
      caller,
      facts: [factsJson(facts)],
      content: contentOf(content, gateway),
      vaultKey,
    }),
  );
  gateway.metrics.decided('call_tool', decision.effect);
  return { entry, decision, facts, terms, vaultKey };
}

/** What the terms in force look for: found anew where others came into force meanwhile. */
async function signalsUnder(
  gateway: Gateway,
  tool: string,
  text: string,
  definition: Definition | undefined,
) {
  for (;;) {
    const { terms, detectors } = gateway;
    const said = definition && canonicalJson(definition.json);
    const spoken = said && (await classifyToolCall(tool, said, detectors));
    const signals = await classifyToolCall(tool, text, detectors, spoken ? spoken.topics : []);
    if (terms === gateway.terms) return { terms, signals };
  }
}

/** Where no model asks, the model of the facts is the server: provider `mcp`. */
function factsOf(
  { server, use: { tool }, asker: { caller, purpose } }: Question,
  signals: Signals,
  instant: number,
): ToolCallFacts {
  return {
    operation: 'call_tool',
    caller,
    purpose,
    model: { provider: 'mcp', name: server },
    tool: { name: tool },
    runsAt: 'caller',
    signals,
    toolTopics: signals.toolTopics[tool] ?? [],
    instant,
  };
}

/** Media in a result, which no detector looks into. */
function unreadIn(result: JsonObject): readonly string[] {
  const { content, contents } = result;
  const items = [content, contents].flatMap((list) => (Array.isArray(list) ? list : []));
  const types = items.flatMap((item: JsonValue) => {
    if (!isObject(item)) return [];
    const media = isObject(item['resource']) ? item['resource'] : item;
    const isMedia = media['data'] !== undefined || media['blob'] !== undefined;
    const { mimeType } = media;
    return isMedia ? [typeof mimeType === 'string' ? mimeType : 'unknown'] : [];
  });
  return [...new Set(types)].sort();
}
