/** Everything that can be asked of a gateway over its control API. */
import type { Operation } from './operation.ts';
import { readPrivate } from './operations/entries.ts';
import { createKey, listKeys, revokeKey } from './operations/keys.ts';
import { endPurpose, listPurposes, registerPurpose } from './operations/purposes.ts';
import { getStatus } from './operations/status.ts';

export const OPERATIONS: readonly Operation[] = [
  getStatus,
  listKeys,
  createKey,
  revokeKey,
  listPurposes,
  registerPurpose,
  endPurpose,
  readPrivate,
];
