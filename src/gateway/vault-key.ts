/**
 * For whom the values of a call are encrypted, as the terms say (`values` in terms.yaml): for its
 * purpose, its caller, or the subject that the caller names in `proviso-subject`. Destroying that
 * name's key erases them. The name itself goes nowhere but into the vault's HMAC: INVARIANT (9).
 */
import { ProvisoError } from '#base/errors.ts';
import type { Terms } from '#terms/terms.ts';

interface SealedCall {
  readonly caller: { readonly id: string };
  readonly purpose?: { readonly id: string } | undefined;
  /** Whom the call is about, in the caller's own words: a number or a pseudonym. */
  readonly subject?: string | undefined;
}

/** A call of which that is known. */
export interface Sealed {
  /** The name for which its values are encrypted. */
  readonly vaultKey: string;
}

/** Names in the vault. */
export const VAULT_KEYS = {
  purpose: (id: string) => `purpose:${id}`,
  caller: (id: string) => `caller:${id}`,
  subject: (name: string) => `subject:${name}`,
  noPurpose: 'no-purpose',
} as const;

export const SUBJECT = /^[\x21-\x7e]{1,256}$/;

/** @throws ProvisoError `invalid_request` for a subject that cannot be one, or that has no effect */
export function vaultKeyOf({ caller, purpose, subject }: SealedCall, { pack }: Terms): string {
  const { values } = pack.manifest;
  if (subject !== undefined) requireSubject(subject, values);
  if (values === 'caller') return VAULT_KEYS.caller(caller.id);
  if (subject !== undefined) return VAULT_KEYS.subject(subject);
  return purpose ? VAULT_KEYS.purpose(purpose.id) : VAULT_KEYS.noPurpose;
}

/** Whoever names a subject counts on it that what is said of it can be erased by that name. */
function requireSubject(subject: string, values: Terms['pack']['manifest']['values']): void {
  const problem = !SUBJECT.test(subject)
    ? '`proviso-subject` takes 1 to 256 visible ASCII characters: a number or a pseudonym.'
    : values === 'subject'
      ? undefined
      : `\`proviso-subject\` has no effect here: the terms encrypt values for each ${values}.`;
  if (problem === undefined) return;
  throw new ProvisoError('invalid_request', problem, { at: 'proviso-subject' });
}
