/** Exit codes, the same for every command, and which error leads to which. */
import { type ErrorCode, ProvisoError } from '#base/errors.ts';

export const EXIT = {
  /** Done; or the answer is yes. */
  yes: 0,
  /** It could not be done or found out. */
  couldNot: 1,
  /** The answer is no: it does not verify, is not valid, is denied. */
  no: 2,
  /** The command, a file it was given, or the configuration is not right. */
  wrongInput: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const WRONG_INPUT: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'usage_invalid',
  'config_invalid',
  'terms_invalid',
  'note_invalid',
  'policy_invalid',
  'invalid_json',
  'duplicate_key',
  'unknown_field',
  'invalid_request',
  'unsupported',
  'not_found',
  'model_unknown',
  'caller_unknown',
  'purpose_unknown',
  'person_unknown',
]);

/** Whoever, or whatever, was named may not: an answer, where that was the question. */
const NO: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'caller_revoked',
  'caller_expired',
  'role_required',
  'second_person_required',
  'assertion_invalid',
  'challenge_invalid',
  'approval_refused',
  'hold_ended',
  'terms_test_failed',
  'terms_not_in_force',
  'terms_unsigned',
  'terms_unproven',
]);

export function exitCodeOf({ code }: ProvisoError): ExitCode {
  if (NO.has(code)) return EXIT.no;
  return WRONG_INPUT.has(code) ? EXIT.wrongInput : EXIT.couldNot;
}

/** Anything thrown, in words for whoever typed the command; a defect of ours keeps its stack. */
export function explained(thrown: unknown): ProvisoError {
  if (thrown instanceof ProvisoError) return thrown;
  const { code, syscall, path, port, message, stack } = thrown as NodeJS.ErrnoException & {
    port?: number;
  };
  if (syscall === undefined) {
    return new ProvisoError('internal', `Proviso failed: ${stack ?? String(thrown)}`, {
      cause: thrown,
    });
  }
  const words = code === undefined ? undefined : SYSTEM_WORDS[code];
  const where = path ?? (port === undefined ? '' : `port ${port}`);
  return new ProvisoError('system_failed', words ? `\`${where}\` ${words}` : `${message}.`, {
    cause: thrown,
  });
}

const SYSTEM_WORDS: Readonly<Record<string, string>> = {
  EACCES: 'may not be used by this user: change its owner or mode, or choose another.',
  EPERM: 'may not be used by this user: change its owner or mode, or choose another.',
  EADDRINUSE: 'is in use: stop what listens there, or choose another with `--port`.',
  EADDRNOTAVAIL: 'is not an address of this machine: change `listen.host`.',
  ENOENT: 'does not exist.',
  ENOTDIR: 'is not a folder.',
  EISDIR: 'is a folder, not a file.',
  ENOSPC: 'cannot grow: the disk is full.',
  EROFS: 'lies on a disk that can only be read.',
};
