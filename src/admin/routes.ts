/** The control API's routes, declared: method, path, shapes, and what of `Control` answers. */
import { z } from 'zod';
import {
  type Control,
  createdKey,
  type KeyRequest,
  keyRequest,
  keyRow,
  type PurposeRequest,
  purposeEnd,
  purposeRequest,
  purposeRow,
  status,
} from './control.ts';

/** A call of the control API, its shapes already checked. */
interface ControlCall {
  readonly params: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface ControlRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly summary: string;
  readonly body?: JsonSchema;
  /** Absent where the answer has no body. */
  readonly answer?: JsonSchema;
  readonly act: (control: Control, call: ControlCall) => Promise<unknown>;
}

type JsonSchema = Readonly<Record<string, unknown>>;

export const CONTROL_ROUTES: readonly ControlRoute[] = [
  {
    method: 'GET',
    url: '/v1/status',
    summary: 'Where it serves, the terms in force, the ledger.',
    answer: schemaOf(status),
    act: (control) => control.status(),
  },
  {
    method: 'GET',
    url: '/v1/keys',
    summary: 'Every key that was ever made, without the keys.',
    answer: schemaOf(z.array(keyRow)),
    act: (control) => control.listKeys(),
  },
  {
    method: 'POST',
    url: '/v1/keys',
    summary: 'Makes a key for a caller; the answer alone ever holds it.',
    body: schemaOf(keyRequest),
    answer: schemaOf(createdKey),
    act: (control, { body }) => control.createKey(body as KeyRequest),
  },
  {
    method: 'DELETE',
    url: '/v1/keys/:id',
    summary: 'Revokes a key at once.',
    act: (control, { params }) => control.revokeKey(params['id'] ?? ''),
  },
  {
    method: 'GET',
    url: '/v1/purposes',
    summary: 'Every registered purpose.',
    answer: schemaOf(z.array(purposeRow)),
    act: (control) => control.listPurposes(),
  },
  {
    method: 'POST',
    url: '/v1/purposes',
    summary: 'Registers a purpose, or replaces the one with its id.',
    body: schemaOf(purposeRequest),
    act: (control, { body }) => control.registerPurpose(body as PurposeRequest),
  },
  {
    method: 'POST',
    url: '/v1/purposes/:id/end',
    summary: 'Ends a purpose at an instant.',
    body: schemaOf(purposeEnd),
    act: (control, { params, body }) =>
      control.endPurpose(params['id'] ?? '', (body as z.infer<typeof purposeEnd>).at),
  },
  {
    method: 'GET',
    url: '/v1/entries/:index/private',
    summary: 'The private values of a ledger entry, from the vault.',
    answer: { type: 'object', additionalProperties: true },
    act: (control, { params }) => control.readPrivate(Number(params['index'])),
  },
];

function schemaOf(shape: z.ZodType): JsonSchema {
  return z.toJSONSchema(shape, { target: 'draft-7' });
}
