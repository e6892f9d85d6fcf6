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
import { type Decision, decide } from '#terms/decide.ts';
import { factsJson, type ToolCallFacts } from '#terms/facts.ts';
import type { Definition } from '#tools/definition.ts';
import { toolChanged, toolPinned } from '#tools/pins.ts';
import type { Asker } from './asker.ts';
import type { Guard, Use } from './guard.ts';

export function guardOf(gateway: Gateway, server: string): Guard {
  const { log } = gateway;
  return {
    async decide(use, asker) {
      if (use.definition) await requireAccepted(gateway, server, use.definition);
      else if (use.method === 'tools/call') {
        throw new ProvisoError('not_found', `\`${server}\` has no tool \`${use.tool}\`.`);
      }
      requireCovered(use, asker);
      const args = argumentsOf(use);
      const topics = await topicsOf(gateway, use.definition);
      const signals = await classifyToolCall(
        use.tool,
        canonicalJson(args),
        gateway.detectors,
        topics,
      );
      const facts = factsOf(server, use, asker, signals, gateway.clock.now());
      const entry = await judge(gateway, server, use, asker, facts, args, undefined);
      return {
        params: use.params,
        async answered(result) {
          const seen = await classifyToolCall(
            use.tool,
            canonicalJson(result),
            gateway.detectors,
            topics,
          );
          const shown = { ...seen, unread: unreadIn(result) };
          const answerFacts = factsOf(server, use, asker, shown, gateway.clock.now());
          await judge(gateway, server, use, asker, answerFacts, result, entry);
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

/** Decides and records. @returns the entry's number. @throws ProvisoError where it is no permit */
async function judge(
  gateway: Gateway,
  server: string,
  use: Use,
  { caller, purpose }: Asker,
  facts: ToolCallFacts,
  content: JsonValue,
  parent: number | undefined,
): Promise<number> {
  const { terms, config, metrics } = gateway;
  const decision: Decision = decide(facts, terms).decision;
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
      content: contentOf({ [parent === undefined ? 'arguments' : 'result']: content }, gateway),
      vaultKey: vaultKeyOf({ caller, purpose }, terms),
    }),
  );
  metrics.decided('call_tool', decision.effect);
  const isPermitted = decision.effect === 'permit';
  recordOutcome(entry, { result: isPermitted ? 'delivered' : 'withheld' }, gateway);
  if (isPermitted) return entry;
  throw new ProvisoError(denialCode(decision), denialWords(decision, entry, config.askWhom), {
    facts: { entry, rules: decision.rules.map(({ id }) => id), ask: config.askWhom },
  });
}

/** Where no model asks, the model of the facts is the server: provider `mcp`. */
function factsOf(
  server: string,
  { tool }: Use,
  { caller, purpose }: Asker,
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

/** @throws ProvisoError `tool_changed` for another definition than the accepted one */
async function requireAccepted(gateway: Gateway, server: string, definition: Definition) {
  await gateway.turns.take(async () => {
    const pin = gateway.pins.find(server, definition.name);
    if (pin?.accepted === definition.hash) return;
    const entry = pin ? toolChanged(server, definition) : toolPinned(server, definition);
    if (pin?.offered !== definition.hash) {
      await gateway.ledger.append(entry);
      gateway.pins.fold([entry]);
    }
  });
  if (gateway.pins.find(server, definition.name)?.accepted === definition.hash) return;
  throw new ProvisoError(
    'tool_changed',
    `\`${server}\` now says something else of its tool \`${definition.name}\` than what was accepted. ` +
      `Look at it with \`proviso mcp show ${server} ${definition.name}\`, and take it with \`proviso mcp accept ${server} ${definition.name}\`.`,
    { facts: { server, tool: definition.name, definition: definition.hash } },
  );
}

function requireCovered({ tool }: Use, { purpose }: Asker): void {
  if (purpose?.tools === undefined || purpose.tools.includes(tool)) return;
  throw new ProvisoError(
    'purpose_exceeded',
    `The purpose \`${purpose.id}\` does not cover the tool \`${tool}\`; ${purpose.owner} answers for the purpose.`,
  );
}

/** What the definition speaks of, beside the tool's name. */
async function topicsOf(gateway: Gateway, definition: Definition | undefined) {
  if (!definition) return [];
  const text = canonicalJson(definition.json);
  const { topics } = await classifyToolCall(definition.name, text, gateway.detectors);
  return topics;
}

function argumentsOf({ method, params }: Use): JsonValue {
  return method === 'tools/call' ? (params['arguments'] ?? {}) : params;
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
