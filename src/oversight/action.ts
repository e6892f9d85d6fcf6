/**
 * The action: what would be done, whole, as people sign it. docs/spec/oversight.md#the-action
 *
 * INVARIANT (1): what is delivered later are the canonical bytes of `arguments`. So nothing that two
 * readers could read differently becomes an action: a number that a double would change, half a
 * character, a member that is missing.
 */
import { hash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { ProvisoError } from '#base/errors.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '#base/json.ts';
import { ACTION_BYTES_MAX } from '#base/limits.ts';

const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'is no object',
);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const shared = {
  what: z.literal('proviso action v1'),
  /** Names of the approvals that are asked for, sorted. */
  asks: z.array(z.string()).min(1).readonly(),
  caller: z.strictObject({
    id: z.string(),
    owner: z.string(),
    organisation: z.string(),
    teams: z.array(z.string()).readonly(),
    partner: z.string().optional(),
  }),
  /** Milliseconds since 1970: until when it can be signed. */
  expiresAt: z.int().min(0),
  ledger: z.string(),
  nonce: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  purpose: z.strictObject({ id: z.string(), owner: z.string(), authority: z.string() }).nullable(),
  terms: sha256,
};

const toolCallAction = z.strictObject({
  ...shared,
  kind: z.literal('tool_call'),
  arguments: z.union([z.string(), jsonObject]),
  /** `provider/model` that wants it; null where no model does. */
  model: z.string().nullable(),
  tool: z.strictObject({
    name: z.string(),
    classes: z.array(z.string()).readonly(),
    definition: sha256.nullable(),
    server: z.string().optional(),
  }),
});

const callAction = z.strictObject({
  ...shared,
  kind: z.literal('call'),
  operation: z.string(),
  request: jsonObject,
  targets: z.array(z.string()).readonly(),
});

const actionSchema = z.discriminatedUnion('kind', [toolCallAction, callAction]);

export type ToolCallAction = z.output<typeof toolCallAction>;
export type CallAction = z.output<typeof callAction>;
/** The document alone: what is shown and hashed. A drill has one too, and is no action. */
export type ActionDocument = ToolCallAction | CallAction;

declare const action: unique symbol;

/** Only of an action can there be a release; only this module makes one. */
export type Action = ActionDocument & { readonly [action]: true };

/** What whoever holds an action says of it; the rest is filled in. */
export type ActionDraft =
  | Omit<ToolCallAction, 'what' | 'nonce'>
  | Omit<CallAction, 'what' | 'nonce'>;

/** @throws ProvisoError `arguments_ambiguous`, `action_too_large` */
export function makeAction(draft: ActionDraft): Action {
  return asAction(makeDocument(draft));
}

/** As `makeAction`, for what must look like an action and be none. */
export function makeDocument(draft: ActionDraft): ActionDocument {
  const nonce = randomBytes(16).toString('base64url');
  const whole = { ...draft, asks: [...draft.asks].sort(), nonce, what: 'proviso action v1' };
  const written = withoutUndefined(whole);
  requireInterchangeable(written, 'action');
  const bytes = Buffer.byteLength(canonicalJson(written));
  if (bytes > ACTION_BYTES_MAX) {
    throw new ProvisoError(
      'action_too_large',
      `The action has ${bytes} bytes, and nobody is asked to judge more than ${ACTION_BYTES_MAX}.`,
    );
  }
  return parseDocument(written);
}

/**
 * An action from the ledger.
 * @throws ProvisoError `ledger_corrupt` unless it is exactly one
 */
export function parseAction(value: JsonValue | undefined): Action {
  return asAction(parseDocument(value));
}

/** @throws ProvisoError `ledger_corrupt` */
export function parseDocument(value: JsonValue | undefined): ActionDocument {
  const parsed = actionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw new ProvisoError('ledger_corrupt', `An action’s \`${at}\`: ${issue?.message}.`, { at });
}

/** SHA-256 of the canonical JSON, hexadecimal. */
export function actionHash(document: ActionDocument): string {
  return hash('sha256', canonicalJson(document as object as JsonObject), 'hex');
}

/** What the executor gets and hashes: canonical JSON, or the free text itself. */
export function deliveredArguments({ arguments: given }: ToolCallAction): string {
  return typeof given === 'string' ? given : canonicalJson(given);
}

/** SHA-256 of the canonical JSON of the arguments, hexadecimal. */
export function argumentsHash({ arguments: given }: ToolCallAction): string {
  return hash('sha256', canonicalJson(given), 'hex');
}

export interface Definition {
  readonly name: string;
  readonly description?: string | undefined;
  readonly parameters?: JsonObject | undefined;
}

/** What the tool is said to be: a changed definition is another tool. */
export function definitionHash({ name, description, parameters }: Definition): string {
  const said = withoutUndefined({ description, name, parameters });
  return hash('sha256', canonicalJson(said), 'hex');
}

function asAction(document: ActionDocument): Action {
  return document as ActionDocument & Action;
}

/** The value as JSON would write it, without the members that are undefined. */
export function withoutUndefined(value: object): JsonObject {
  return pruned(value as JsonValue) as JsonObject;
}

function pruned(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value;
  if (Array.isArray(value)) return value.map(pruned);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, pruned(member)]));
}

/** I-JSON (RFC 7493), so that every reader in every language has the same value. */
function requireInterchangeable(value: JsonValue, at: string): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw ambiguous(at, 'holds half a character');
  } else if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw ambiguous(at, 'is no number that JSON can write');
  } else if (typeof value === 'object' && value !== null) {
    if (JSON.isRawJSON(value)) {
      throw ambiguous(at, 'is a number that common readers would change');
    }
    for (const [key, member] of Object.entries(value)) {
      if (!key.isWellFormed()) throw ambiguous(at, 'has a key that holds half a character');
      requireInterchangeable(member, `${at}.${key}`);
    }
  }
}

function ambiguous(at: string, problem: string): ProvisoError {
  return new ProvisoError(
    'arguments_ambiguous',
    `What people would have to sign is ambiguous: \`${at}\` ${problem}.`,
    { at },
  );
}
