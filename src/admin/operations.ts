/** Everything that can be asked of a gateway over its control API, by name. */
import type { Operation } from './operation.ts';
import { checkArchive, recordArchive } from './operations/archives.ts';
import { getCheckpoint } from './operations/checkpoint.ts';
import { beginComparison, getComparison } from './operations/comparisons.ts';
import { makeDisclosure } from './operations/disclosures.ts';
import { getEntry, listEntries, readPrivate } from './operations/entries.ts';
import { erase } from './operations/erasures.ts';
import { askHold, getHold, listHolds, rejectHold, signHold } from './operations/holds.ts';
import { answerInquiry, listInquiries, openInquiry } from './operations/inquiries.ts';
import { createKey, listKeys, revokeKey } from './operations/keys.ts';
import { getOversight } from './operations/oversight.ts';
import { getOverview } from './operations/overview.ts';
import { getPack } from './operations/pack.ts';
import {
  beginPasskey,
  draftChange,
  listChanges,
  listPeople,
  signChange,
  withdrawChange,
} from './operations/people.ts';
import { endPurpose, listPurposes, registerPurpose } from './operations/purposes.ts';
import { searchEntries } from './operations/search.ts';
import {
  beginOidc,
  beginRegistration,
  beginSignIn,
  finishOidc,
  finishRegistration,
  getSession,
  getSignInWays,
  signIn,
  signOut,
} from './operations/sessions.ts';
import { getStatus } from './operations/status.ts';
import { beginActivation, getAttempt, listActivations } from './operations/terms.ts';
import { createToken, listTokens, revokeToken } from './operations/tokens.ts';
import { acceptTool, listTools, readTool } from './operations/tools.ts';

export const OPERATIONS = {
  getStatus,
  listKeys,
  createKey,
  revokeKey,
  listActivations,
  beginActivation,
  getAttempt,
  beginComparison,
  getComparison,
  getPack,
  getOversight,
  listPurposes,
  registerPurpose,
  endPurpose,
  getOverview,
  listEntries,
  searchEntries,
  getEntry,
  readPrivate,
  getCheckpoint,
  makeDisclosure,
  getSignInWays,
  beginSignIn,
  signIn,
  getSession,
  signOut,
  beginOidc,
  finishOidc,
  beginRegistration,
  finishRegistration,
  listPeople,
  listChanges,
  draftChange,
  signChange,
  withdrawChange,
  beginPasskey,
  listTokens,
  createToken,
  revokeToken,
  listTools,
  readTool,
  acceptTool,
  listHolds,
  getHold,
  askHold,
  signHold,
  rejectHold,
  erase,
  listInquiries,
  openInquiry,
  answerInquiry,
  checkArchive,
  recordArchive,
} as const satisfies Record<string, Operation>;
