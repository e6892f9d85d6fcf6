/**
 * The facts that a decision stands on: plain values that the stages before have established. They
 * are all that the rules can see (base.cedarschema), and all that is needed to decide again.
 */
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import type { JsonObject, JsonValue } from '#base/json.ts';

export interface CallerFacts {
  readonly id: string;
  readonly owner: string;
  readonly organisation: string;
  readonly teams: readonly string[];
  /** The organisation on whose behalf the caller acts. */
  readonly partner?: string | undefined;
  readonly clearance: number;
}

export interface PurposeFacts {
  readonly id: string;
  readonly owner: string;
  /** The law, contract or order that the use rests on. */
  readonly authority: string;
  readonly dataClasses: readonly string[];
  /** Special permissions that rules may look at. */
  readonly allows: readonly string[];
  /** Models and tools that it covers, where it sets a bound: for `bounds.ts`, not for rules. */
  readonly models?: readonly string[] | undefined;
  readonly tools?: readonly string[] | undefined;
}

/** The model that would be asked. */
export interface ModelFacts {
  readonly provider: string;
  readonly name: string;
  readonly variant?: string | undefined;
  readonly safeguardProfile?: string | undefined;
  readonly digest?: string | undefined;
}

export interface SignalFacts {
  /** Distinct person identifiers. */
  readonly persons: number;
  readonly personKinds: readonly string[];
  readonly topics: readonly string[];
  /** What no detector looked into: media types, `url`, `upload`, `tokens`. */
  readonly unread: readonly string[];
  /** Detectors that failed or were too slow. INVARIANT (5): any makes the decision a deny. */
  readonly missing: readonly string[];
  /** Those that were asked, as `name@version`, so that a later reader knows whose word this is. */
  readonly detectors?: readonly string[] | undefined;
}

/** A question to a model. */
export interface CallFacts {
  readonly operation: 'generate' | 'embed' | 'count_tokens';
  readonly caller: CallerFacts;
  readonly purpose?: PurposeFacts | undefined;
  readonly model: ModelFacts;
  /** The protocol that the caller speaks. */
  readonly protocol: string;
  readonly streamed: boolean;
  /** Tools that the model may ask the caller to run, as the request names them. */
  readonly tools: readonly { readonly name: string }[];
  /** Kinds of the vendor's own tools, such as `web_search`. */
  readonly providerTools: readonly string[];
  readonly signals: SignalFacts;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly instant: number;
  /** Names of the approvals given for this very call. */
  readonly approvals?: readonly string[] | undefined;
}

/** One tool that a model wants to run, or that would run inside the provider. */
export interface ToolCallFacts {
  readonly operation: 'call_tool';
  readonly caller: CallerFacts;
  readonly purpose?: PurposeFacts | undefined;
  readonly model: ModelFacts;
  /** The name as the request or the model writes it; a vendor's tool goes by its kind. */
  readonly tool: { readonly name: string };
  readonly runsAt: 'caller' | 'provider';
  /** Of the arguments. */
  readonly signals: SignalFacts;
  /** Topics of the tool's name, description and schema. */
  readonly toolTopics: readonly string[];
  /** Two readers could read its arguments differently; refused whatever rules say. */
  readonly isAmbiguous?: boolean | undefined;
  readonly instant: number;
  readonly approvals?: readonly string[] | undefined;
}

export type Facts = CallFacts | ToolCallFacts;

/**
 * The facts alone, as the ledger keeps them, whatever else `call` carries. Written out field by
 * field, since every call comes through here; what is undefined is not written by JSON.
 */
export function factsJson(call: Facts): JsonObject {
  const { caller, purpose, model, signals } = call;
  const shared = {
    operation: call.operation,
    caller: {
      id: caller.id,
      owner: caller.owner,
      organisation: caller.organisation,
      teams: caller.teams,
      partner: caller.partner,
      clearance: caller.clearance,
    },
    purpose: purpose && {
      id: purpose.id,
      owner: purpose.owner,
      authority: purpose.authority,
      dataClasses: purpose.dataClasses,
      allows: purpose.allows,
      models: purpose.models,
      tools: purpose.tools,
    },
    model: {
      provider: model.provider,
      name: model.name,
      variant: model.variant,
      safeguardProfile: model.safeguardProfile,
      digest: model.digest,
    },
    signals: {
      persons: signals.persons,
      personKinds: signals.personKinds,
      topics: signals.topics,
      unread: signals.unread,
      missing: signals.missing,
      detectors: signals.detectors,
    },
    instant: call.instant,
    approvals: call.approvals,
  };
  const facts =
    call.operation === 'call_tool'
      ? {
          ...shared,
          tool: { name: call.tool.name },
          runsAt: call.runsAt,
          toolTopics: call.toolTopics,
          isAmbiguous: call.isAmbiguous,
        }
      : {
          ...shared,
          protocol: call.protocol,
          streamed: call.streamed,
          tools: call.tools.map(({ name }) => ({ name })),
          providerTools: call.providerTools,
        };
  return facts as object as JsonObject;
}

/** Throws `invalid_request` naming the first field that is not a fact. */
export function parseFacts(json: JsonValue): Facts {
  const parsed = factsSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw new ProvisoError('invalid_request', `Facts: \`${at}\`: ${issue?.message}.`, { at });
}

const strings = z.array(z.string()).readonly();

const sharedFacts = {
  caller: z.strictObject({
    id: z.string(),
    owner: z.string(),
    organisation: z.string(),
    teams: strings,
    partner: z.string().optional(),
    clearance: z.int(),
  }),
  purpose: z
    .strictObject({
      id: z.string(),
      owner: z.string(),
      authority: z.string(),
      dataClasses: strings,
      allows: strings,
      models: strings.optional(),
      tools: strings.optional(),
    })
    .optional(),
  model: z.strictObject({
    provider: z.string(),
    name: z.string(),
    variant: z.string().optional(),
    safeguardProfile: z.string().optional(),
    digest: z.string().optional(),
  }),
  signals: z.strictObject({
    persons: z.int(),
    personKinds: strings,
    topics: strings,
    unread: strings,
    missing: strings,
    detectors: strings.optional(),
  }),
  instant: z.int(),
  approvals: strings.optional(),
};

const factsSchema = z.discriminatedUnion('operation', [
  z.strictObject({
    ...sharedFacts,
    operation: z.enum(['generate', 'embed', 'count_tokens']),
    protocol: z.string(),
    streamed: z.boolean(),
    tools: z.array(z.strictObject({ name: z.string() })).readonly(),
    providerTools: strings,
  }),
  z.strictObject({
    ...sharedFacts,
    operation: z.literal('call_tool'),
    tool: z.strictObject({ name: z.string() }),
    runsAt: z.enum(['caller', 'provider']),
    toolTopics: strings,
    isAmbiguous: z.boolean().optional(),
  }),
]);
