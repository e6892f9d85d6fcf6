/**
 * Facts → the request that the rules are asked, without JSON in between.
 *
 * What the prover assumes of its inputs holds by construction: an entity is an object that holds
 * all entities it names, each with its own facts, so no reference dangles, and `ancestors` is
 * written out whole, so the hierarchy is transitively closed.
 *
 * Callers, purposes and models are the same objects from call to call, so their entities are made
 * once and kept for as long as those objects live.
 */
import type {
  CallerFacts,
  CallFacts,
  Facts,
  ModelFacts,
  PurposeFacts,
  ToolCallFacts,
} from './facts.ts';
import { reachableEntities } from './reachable.ts';
import type { ToolClasses } from './tools.ts';
import {
  type Entity,
  type EntityStore,
  entity,
  type Fields,
  type Request,
  recordOf,
  type SetValue,
  setOf,
} from './value.ts';

export function requestOf(call: Facts, toolClasses: ToolClasses): Request {
  return call.operation === 'call_tool'
    ? toolRequest(call, toolClasses)
    : callRequest(call, toolClasses);
}

function callRequest(call: CallFacts, toolClasses: ToolClasses): Request {
  const { signals } = call;
  return request(callerEntity(call.caller), ACTIONS[call.operation], modelEntity(call.model), {
    purpose: call.purpose && purposeEntity(call.purpose),
    protocol: call.protocol,
    streamed: call.streamed,
    tools: call.tools.length === 0 ? EMPTY : setOf(call.tools.map(({ name }) => name)),
    toolClasses: classesOfTools(call.tools, toolClasses),
    providerTools: setFrom(call.providerTools),
    persons: signals.persons,
    personKinds: setFrom(signals.personKinds),
    unread: setFrom(signals.unread),
    topics: setFrom(signals.topics),
    approvals: setFrom(call.approvals),
    instant: { kind: 'datetime', ms: call.instant },
  });
}

function toolRequest(call: ToolCallFacts, toolClasses: ToolClasses): Request {
  const { signals } = call;
  const tool = toolEntity(call.tool.name, toolClasses);
  return request(callerEntity(call.caller), ACTIONS.call_tool, tool, {
    purpose: call.purpose && purposeEntity(call.purpose),
    model: modelEntity(call.model),
    runsAt: call.runsAt,
    persons: signals.persons,
    personKinds: setFrom(signals.personKinds),
    unread: setFrom(signals.unread),
    topics: setFrom(signals.topics),
    toolTopics: setFrom(call.toolTopics),
    approvals: setFrom(call.approvals),
    instant: { kind: 'datetime', ms: call.instant },
  });
}

function request(principal: Entity, action: Entity, resource: Entity, context: Fields): Request {
  // Rules rarely look up an entity that they name themselves, so the search is done when they do.
  const entities: EntityStore = { get: (key) => reachableEntities(made).get(key) };
  const made: Request = { principal, action, resource, context: recordOf(context), entities };
  return made;
}

const EMPTY = setOf([]);

function setFrom(words: readonly string[] | undefined): SetValue {
  return words === undefined || words.length === 0 ? EMPTY : setOf(words);
}

function classesOfTools(tools: CallFacts['tools'], toolClasses: ToolClasses): SetValue {
  if (tools.length === 0) return EMPTY;
  const classes = new Set<string>();
  for (const { name } of tools) {
    for (const toolClass of toolClasses.classesOf(name)) classes.add(toolClass);
  }
  return setOf([...classes].map((name) => plain('ToolClass', name)));
}

const call = plain('Action', 'call');
const ACTIONS: Readonly<Record<Facts['operation'], Entity>> = {
  generate: node('Action', 'generate', {}, [call]),
  embed: node('Action', 'embed', {}, [call]),
  count_tokens: node('Action', 'countTokens', {}, [call]),
  call_tool: plain('Action', 'callTool'),
};

const callers = new WeakMap<CallerFacts, Entity>();
const purposes = new WeakMap<PurposeFacts, Entity>();
const models = new WeakMap<ModelFacts, Entity>();

function callerEntity(caller: CallerFacts): Entity {
  return (
    callers.get(caller) ??
    keep(callers, caller, () => {
      const organisation = plain('Organisation', caller.organisation);
      const teams = caller.teams.map((team) => node('Team', team, {}, [organisation]));
      return node(
        'Caller',
        caller.id,
        {
          owner: caller.owner,
          organisation,
          partner: caller.partner === undefined ? undefined : plain('Organisation', caller.partner),
          clearance: caller.clearance,
        },
        [...teams, organisation],
      );
    })
  );
}

function purposeEntity(purpose: PurposeFacts): Entity {
  return (
    purposes.get(purpose) ??
    keep(purposes, purpose, () =>
      node('Purpose', purpose.id, {
        owner: purpose.owner,
        authority: purpose.authority,
        dataClasses: setFrom(purpose.dataClasses),
        allows: setFrom(purpose.allows),
      }),
    )
  );
}

/** Model::"provider/name", in its provider. */
function modelEntity(model: ModelFacts): Entity {
  return (
    models.get(model) ??
    keep(models, model, () => {
      const provider = plain('Provider', model.provider);
      return node(
        'Model',
        `${model.provider}/${model.name}`,
        {
          name: model.name,
          provider,
          variant: model.variant,
          safeguardProfile: model.safeguardProfile,
          digest: model.digest,
        },
        [provider],
      );
    })
  );
}

function toolEntity(name: string, toolClasses: ToolClasses): Entity {
  const classes = toolClasses.classesOf(name).map((toolClass) => plain('ToolClass', toolClass));
  return node('Tool', name, { name }, classes);
}

function plain(type: string, id: string): Entity {
  return node(type, id, {});
}

function node(
  type: string,
  id: string,
  attributes: Fields,
  parents: readonly Entity[] = [],
): Entity {
  const ancestors = new Map<string, Entity>();
  for (const parent of parents) {
    ancestors.set(parent.key, parent);
    for (const [key, ancestor] of parent.facts?.ancestors ?? []) ancestors.set(key, ancestor);
  }
  return entity(type, id, { attributes, tags: {}, ancestors });
}

function keep<K extends object>(known: WeakMap<K, Entity>, key: K, make: () => Entity): Entity {
  const made = make();
  known.set(key, made);
  return made;
}
