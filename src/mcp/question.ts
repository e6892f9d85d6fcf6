/** Something that someone wants of a server, and the definition of the tool that it is about. */
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';
import type { Gateway } from '#gateway/gateway.ts';
import type { Definition } from '#tools/definition.ts';
import { toolChanged, toolPinned } from '#tools/pins.ts';
import type { Asker } from './asker.ts';
import type { Use } from './guard.ts';

export interface Question {
  readonly server: string;
  readonly use: Use;
  readonly asker: Asker;
  readonly definition: Definition | undefined;
}

/** What is sent to the server. */
export interface Answered {
  readonly params: JsonObject;
  /** Number of the decision that permitted it. */
  readonly entry: number;
  readonly release?: string | undefined;
  /** Names of those that people gave. */
  readonly approvals?: readonly string[] | undefined;
}

export function argumentsOf({ method, params }: Use): JsonValue {
  return method === 'tools/call' ? (params['arguments'] ?? {}) : params;
}

/** @throws ProvisoError `not_found`, `tool_changed` */
export async function acceptedDefinition(
  gateway: Gateway,
  server: string,
  use: Use,
): Promise<Definition | undefined> {
  const definition = await use.definition();
  if (definition) await requireAccepted(gateway, server, definition);
  else if (use.method === 'tools/call') {
    throw new ProvisoError('not_found', `\`${server}\` has no tool \`${use.tool}\`.`);
  }
  return definition;
}

/** @throws ProvisoError `tool_changed` for another definition than the accepted one */
export async function requireAccepted(gateway: Gateway, server: string, definition: Definition) {
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
