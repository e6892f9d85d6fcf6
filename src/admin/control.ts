/**
 * What an operator can do to a gateway, and see of it: one interface, whether the gateway runs
 * elsewhere (`client.ts`) or its state is opened here (`local.ts`). Shapes are as they travel.
 */
import { z } from 'zod';
import type { JsonObject } from '#base/json.ts';

const word = z.string().min(1).max(200);
const words = z.string().min(1).max(2_000);
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, {
  error: 'must be 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter or digit',
});
const instant = z.iso.datetime({ offset: true });

export const keyRequest = z.strictObject({
  caller: name,
  owner: words,
  organisation: words,
  teams: z.array(name),
  partner: words.optional(),
  clearance: z.int().min(0).max(1_000),
  purposes: z.array(name),
  expiresAt: instant.optional(),
});
export type KeyRequest = z.infer<typeof keyRequest>;

export const createdKey = z.strictObject({
  id: z.string(),
  /** Here and nowhere else, ever. */
  key: z.string(),
});
type CreatedKey = z.infer<typeof createdKey>;

export const keyRow = z.strictObject({
  id: z.string(),
  state: z.enum(['active', 'expired', 'revoked', 'erased']),
  /** Absent where who held the key was erased. */
  holder: keyRequest.optional(),
});
export type KeyRow = z.infer<typeof keyRow>;

export const purposeRequest = z.strictObject({
  id: name,
  title: words,
  owner: words,
  authority: words,
  dataClasses: z.array(name),
  models: z.array(word).optional(),
  tools: z.array(word).optional(),
  callers: z.array(z.union([name, z.literal('*')])),
  teams: z.array(name),
  allows: z.array(name),
  endsAt: instant.optional(),
});
export type PurposeRequest = z.infer<typeof purposeRequest>;

export const purposeRow = purposeRequest.extend({ state: z.enum(['open', 'ended']) });
export type PurposeRow = z.infer<typeof purposeRow>;

export const purposeEnd = z.strictObject({ at: instant });

export const status = z.strictObject({
  /** Absent where the gateway does not serve. */
  address: z.string().optional(),
  pid: z.int(),
  terms: z.strictObject({ id: z.string(), version: z.string(), hash: z.string() }),
  ledger: z.strictObject({ origin: z.string(), verifierKey: z.string(), size: z.int() }),
});
export type Status = z.infer<typeof status>;

export interface Control {
  status(): Promise<Status>;
  listKeys(): Promise<readonly KeyRow[]>;
  createKey(request: KeyRequest): Promise<CreatedKey>;
  /** @throws ProvisoError `caller_unknown` */
  revokeKey(id: string): Promise<void>;
  listPurposes(): Promise<readonly PurposeRow[]>;
  registerPurpose(request: PurposeRequest): Promise<void>;
  /** @throws ProvisoError `purpose_unknown` */
  endPurpose(id: string, at: string): Promise<void>;
  /**
   * The private values of a ledger entry, by name.
   * @throws ProvisoError `not_found`, `vault_unreadable`
   */
  readPrivate(entry: number): Promise<JsonObject>;
  close(): Promise<void>;
}
