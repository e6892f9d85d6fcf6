/**
 * Every operating error of Proviso, by code.
 *
 * The code is what callers match on, the label of the metric, and a row in docs/errors.md, which a
 * test holds equal to this table. Only `publicMessage` leaves the process; `cause` is for the log.
 */

/** HTTP status and meaning of each code. */
export const ERROR_CODES = {
  // The request as such
  invalid_json: [400, 'The body is not JSON: not UTF-8, malformed, nested too deeply.'],
  duplicate_key: [400, 'An object in the body names the same key twice.'],
  unknown_field: [400, 'The body has a field that this version does not know.'],
  invalid_request: [400, 'A field has a value that the protocol does not allow.'],
  unsupported: [400, 'A known field or value that Proviso does not carry.'],
  cannot_carry: [400, 'The chosen model’s protocol cannot carry something in the request.'],
  unsupported_media_type: [415, 'The content type or encoding is not accepted.'],
  body_too_large: [413, 'The body is larger than `limits.bodyBytesMax`.'],
  not_found: [404, 'No such path.'],
  method_not_allowed: [405, 'The path exists, but not for this method.'],
  origin_refused: [403, 'A page of another origin, or under another host name, asks.'],
  model_unknown: [404, 'No configured provider serves the model.'],
  // Who and what for
  caller_unknown: [401, 'The key is missing or not known.'],
  caller_expired: [401, 'The key’s end date has passed.'],
  caller_revoked: [401, 'The key was revoked.'],
  purpose_required: [403, 'The terms ask for a purpose and the call names none.'],
  purpose_unknown: [403, 'The named purpose is not registered, or not open to this caller.'],
  purpose_ended: [403, 'The purpose’s end date has passed.'],
  purpose_exceeded: [403, 'The purpose does not cover the model or a tool of the call.'],
  // People, their sessions and the control API
  session_required: [
    401,
    'The request has no session and no token, or what it has is not in force.',
  ],
  role_required: [403, 'The role of whoever asks does not cover what is asked.'],
  cross_site: [403, 'A page of another site made the request, or it does not say which page did.'],
  person_unknown: [404, 'There is no such person, or the person was removed.'],
  invitation_invalid: [403, 'The invitation is not known, was used, or has expired.'],
  challenge_invalid: [403, 'What was signed is not asked any more: it expired or was answered.'],
  assertion_invalid: [
    403,
    'A person’s signature is not one by the registered key over what was asked.',
  ],
  second_person_required: [403, 'The change needs a second administrator, who is not the first.'],
  attempts_exceeded: [429, 'Too many attempts in a short time.'],
  // The decision
  terms_denied: [403, 'A rule of the terms forbids the call, or none permits it.'],
  terms_error: [403, 'A rule could not be evaluated; failing is denying.'],
  terms_not_in_force: [403, 'The terms have not come into force, or have ended.'],
  fact_missing: [403, 'A fact that the terms need could not be established.'],
  arguments_ambiguous: [403, 'A tool call’s arguments are not one unambiguous JSON object.'],
  tool_changed: [403, 'A server defines a tool otherwise than it was accepted.'],
  // Holds and approvals
  approval_required: [403, 'The rule asks for a human approval, which cannot be asked for here.'],
  approval_pending: [403, 'People are asked to approve it; ask for the hold later.'],
  approval_rejected: [403, 'A person was asked to approve it, and said no.'],
  approval_expired: [403, 'It was not approved in time, or not taken up in time after that.'],
  approval_refused: [403, 'The person’s signature does not count here; the message says why.'],
  action_too_large: [403, 'The held action is larger than anyone can be asked to judge.'],
  holds_exceeded: [403, 'More holds are open than people can judge, so this one is denied.'],
  hold_ended: [410, 'The hold has ended; nothing more can be signed or rejected.'],
  hold_mismatch: [403, 'The request is not the one that was approved under this hold.'],
  // Carrying it
  upstream_rejected: [502, 'The provider refused the request; its own status is passed on.'],
  upstream_failed: [502, 'The provider failed, could not be reached, or broke off.'],
  upstream_invalid: [502, 'The provider’s answer could not be read.'],
  upstream_timeout: [504, 'The provider did not answer in time.'],
  upstream_unavailable: [
    503,
    'The provider failed repeatedly and is being left alone for a while.',
  ],
  // Ourselves
  ledger_unavailable: [503, 'The decision could not be made durable, so the call was not carried.'],
  witnesses_away: [503, 'Too few witnesses cosigned the ledger for too long; nothing is carried.'],
  ledger_contradicted: [
    503,
    'A witness holds a checkpoint of this ledger, by its key, that it does not continue.',
  ],
  entry_too_large: [500, 'What is to be recorded in clear does not fit into one ledger entry.'],
  overloaded: [503, 'A limit on open calls or connections is reached.'],
  draining: [503, 'The gateway is stopping.'],
  internal: [500, 'A defect in Proviso; the call was refused.'],
  // Outside of calls: commands, configuration, packs, files
  usage_invalid: [400, 'The command line is not one that Proviso knows.'],
  system_failed: [500, 'The operating system refused a file, folder, port or process.'],
  config_invalid: [500, 'The configuration is not valid.'],
  terms_invalid: [500, 'The terms pack is not valid.'],
  terms_test_failed: [409, 'A test of the terms pack fails, so it cannot come into force.'],
  terms_unsigned: [409, 'A signature is missing without which terms cannot come into force.'],
  terms_unproven: [
    409,
    'The terms break a red line or an assurance, so they cannot come into force.',
  ],
  terms_undecided: [
    409,
    'The solver could not prove the terms either way, so they cannot come into force.',
  ],
  terms_corrupt: [500, 'A stored terms pack is missing, or is not what was activated.'],
  ledger_corrupt: [500, 'The ledger on disk is not what was written.'],
  ledger_locked: [500, 'Another process writes this ledger.'],
  ledger_ahead: [500, 'Storage and the lock disagree about the newest checkpoint.'],
  entry_archived: [410, 'The entry was moved to an archive that is not at hand.'],
  retention_in_force: [409, 'Entries may not go before the retention rule lets them.'],
  clock_ran_back: [500, 'The clock is behind the newest checkpoint.'],
  note_invalid: [
    500,
    'A checkpoint or key is malformed, or not signed by the key that is trusted.',
  ],
  policy_invalid: [500, 'The witness policy is not valid.'],
  log_unreachable: [500, 'A log elsewhere could not be reached, or its answer not be read.'],
  proof_invalid: [500, 'A proof is malformed, or does not show what it is for.'],
  vault_unreadable: [500, 'A vault value could not be opened with the key at hand.'],
  value_erased: [410, 'A vault value was erased: its key was destroyed.'],
} as const satisfies Record<string, readonly [status: number, meaning: string]>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDetails {
  /** Where in the input: a JSON path, a file with line and column, an entry number. */
  readonly at?: string;
  /** HTTP status, where it differs from the code's own (an upstream's refusal). */
  readonly status?: number;
  readonly cause?: unknown;
  /** Facts a client may show or act on; part of the public message. */
  readonly facts?: Readonly<Record<string, string | number | readonly string[]>>;
}

export class ProvisoError extends Error {
  override readonly name = 'ProvisoError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly at: string | undefined;
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>;

  /** @param publicMessage what, where and what to do next; may be shown to anyone */
  constructor(code: ErrorCode, publicMessage: string, details: ErrorDetails = {}) {
    super(publicMessage, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? ERROR_CODES[code][0];
    this.at = details.at;
    this.facts = details.facts ?? {};
  }

  get publicMessage(): string {
    return this.message;
  }
}

/** Anything thrown, as a coded error; what is not ours becomes `internal` and says nothing. */
export function asProvisoError(thrown: unknown): ProvisoError {
  if (thrown instanceof ProvisoError) return thrown;
  return new ProvisoError(
    'internal',
    'Proviso failed; the call was refused and nothing was lost.',
    {
      cause: thrown,
    },
  );
}
