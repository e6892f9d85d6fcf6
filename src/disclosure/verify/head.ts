/** Whose signature a file rests on: one of the verifier's own keys, or one that only the file names. */
import { ProvisoError } from '#base/errors.ts';
import { utf8 } from './bytes.ts';
import { parseVerifierKey, type VerifierKey } from './key.ts';
import { openCheckpoint, type SignedCheckpoint } from './note.ts';
import type { Problem } from './verdict.ts';

export interface Head extends SignedCheckpoint {
  /** Set where no key that the verifier trusts signed it. */
  readonly untrusted: Problem | undefined;
}

/**
 * @param named verifier keys in the file itself: they tell what is signed by whom, and are not trusted
 * @throws ProvisoError `note_invalid` where neither a trusted key nor a named one signed it
 */
export async function openHead(
  checkpoint: string,
  trusted: readonly VerifierKey[],
  named: readonly string[],
): Promise<Head> {
  const bytes = utf8(checkpoint);
  const head = await openCheckpoint(bytes, trusted);
  if (head.signedBy) return { ...head, untrusted: undefined };
  const { signedBy } = await openCheckpoint(bytes, await readable(named));
  if (!signedBy) {
    throw new ProvisoError(
      'note_invalid',
      trusted.length === 0
        ? `You named no key, and whether \`${head.origin}\` signed this cannot be told without its key.`
        : `No key that you named signed this as \`${head.origin}\`.`,
    );
  }
  return { ...head, signedBy, untrusted: untrustedKey(signedBy) };
}

/** A key in the file that this verifier cannot read is of no use, and no harm. */
async function readable(named: readonly string[]): Promise<readonly VerifierKey[]> {
  const parsed = await Promise.allSettled(named.map(parseVerifierKey));
  return parsed.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

function untrustedKey({ text }: VerifierKey): Problem {
  return {
    code: 'note_invalid',
    message:
      `It is signed by the key \`${text}\`, which is not among those that you named. All of it fits ` +
      'that key; whether that is the ledger’s key, ask someone who knows, and not this file.',
    signedBy: text,
  };
}
