/**
 * Where a held action came from: what it takes to decide it again, and to deliver it, also after a
 * restart. A private value of the `hold` entry.
 */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject } from '#base/json.ts';
import type { ActionHold } from '#oversight/hold.ts';
import { PROTOCOLS } from '#wire/exchange.ts';

const object = z.custom<JsonObject>((value) => typeof value === 'object' && value !== null);

const definition = z.strictObject({
  name: z.string(),
  description: z.string().optional(),
  parameters: object.optional(),
});

const toolCall = z.strictObject({
  kind: z.literal('tool_call'),
  /** The key with which the caller asked. */
  keyId: z.string(),
  /** The protocol in which it was asked, or `mcp`, or `authzen`. */
  protocol: z.string(),
  /** What the first decision stood on. */
  facts: object,
  definition: definition.optional(),
  /** For whom its values are encrypted. */
  vaultKey: z.string(),
  /** Where it stands in a model's answer. */
  answer: z
    .strictObject({
      protocol: z.enum(PROTOCOLS),
      id: z.string(),
      model: z.string(),
      /** The part, as the exchange has it. */
      part: object,
    })
    .optional(),
});

const call = z.strictObject({
  kind: z.literal('call'),
  keyId: z.string(),
  protocol: z.string(),
  vaultKey: z.string(),
});

const origin = z.discriminatedUnion('kind', [toolCall, call]);

export type ToolCallOrigin = z.output<typeof toolCall>;
export type Origin = z.output<typeof origin>;

/** @throws ProvisoError `ledger_corrupt` */
export function originOf({ origin: kept, entry }: ActionHold): Origin {
  const parsed = origin.safeParse(kept);
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new ProvisoError('ledger_corrupt', `Entry ${entry} has an origin without \`${at}\`.`, {
    at: `entry ${entry}`,
  });
}
