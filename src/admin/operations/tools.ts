/** Tools of MCP servers, and which definition of each may be called. */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import { acceptTool as accept } from '#gateway/changes.ts';
import { operation } from '../operation.ts';

const name = z.string().min(1).max(256);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const pin = z.strictObject({
  server: z.string(),
  tool: z.string(),
  /** Hash of the definition that may be called. */
  accepted: z.string(),
  /** Of the one that the server offers instead, where it does. */
  offered: z.string().optional(),
});
export type PinRow = z.infer<typeof pin>;

export const listTools = operation({
  method: 'GET',
  path: '/v1/tools',
  summary: 'Every tool that an MCP server has offered, and whether it has changed since.',
  access: ['administrator', 'overseer', 'auditor'],
  input: z.strictObject({}),
  result: z.array(pin),
  run: async ({ state }) => [...state.pins.list()],
});

export const readTool = operation({
  method: 'GET',
  path: '/v1/tools/:server/:tool',
  summary: 'A tool’s accepted definition, and the one that its server offers instead.',
  access: ['administrator', 'overseer', 'auditor'],
  input: z.strictObject({ server: name, tool: name }),
  result: z.strictObject({
    pin,
    accepted: z.custom<JsonObject>().optional(),
    offered: z.custom<JsonObject>().optional(),
  }),
  async run({ state }, { server, tool }) {
    const found = state.pins.find(server, tool);
    if (!found) {
      throw new ProvisoError('not_found', `\`${server}\` has offered no tool \`${tool}\`.`);
    }
    const definitions = new Map<unknown, JsonObject>();
    for await (const { public: facts, private: kept } of state.ledger.history(['tool'])) {
      if (facts['server'] !== server || facts['tool'] !== tool) continue;
      const definition = kept?.['definition'];
      if (definition !== undefined) definitions.set(facts['definition'], definition as JsonObject);
    }
    return {
      pin: found,
      accepted: definitions.get(found.accepted),
      offered: definitions.get(found.offered),
    };
  },
});

export const acceptTool = operation({
  method: 'POST',
  path: '/v1/tools/:server/:tool/accept',
  summary: 'Accepts the definition that a server offers now; it is named, so that no other is.',
  access: ['administrator'],
  input: z.strictObject({ server: name, tool: name, definition: sha256 }),
  result: z.void(),
  run: ({ state }, { server, tool, definition }) => accept(state, server, tool, definition),
});
