/** Erases what is kept for a purpose, a caller or a subject, and forgets what was known by it. */
import { ProvisoError } from '#base/errors.ts';
import { type State, stateOf } from './state.ts';
import { SUBJECT, VAULT_KEYS } from './vault-key.ts';

/** For whom the values were encrypted. */
export type Erased =
  | { readonly of: 'purpose' | 'caller' | 'subject'; readonly name: string }
  /** Calls for which no purpose was named. */
  | { readonly of: 'no-purpose' };

/**
 * Destroys the key of what was encrypted for the name. The `erasure` entry does not say the name.
 * @param by who asks for it, and `reason` why; both are private values of the entry
 * @returns the number of the entry
 * @throws ProvisoError `not_found` where nothing is kept, `invalid_request` for what is no subject
 */
export function eraseValues(
  state: State,
  erased: Erased,
  { by, reason }: { readonly by: string; readonly reason?: string | undefined },
): Promise<number> {
  if (erased.of === 'subject' && !SUBJECT.test(erased.name)) {
    throw new ProvisoError('invalid_request', 'A subject has 1 to 256 visible ASCII characters.');
  }
  const vaultKey =
    erased.of === 'no-purpose' ? VAULT_KEYS.noPurpose : VAULT_KEYS[erased.of](erased.name);
  return state.turns.take(async () => {
    const { config, ledger, holds } = state;
    const said = { by, ...(reason === undefined ? {} : { reason }) };
    const entry = await ledger.erase(vaultKey, said).catch((thrown: unknown) => {
      const isUnknown = thrown instanceof ProvisoError && thrown.code === 'not_found';
      if (!isUnknown) throw thrown;
      throw new ProvisoError('not_found', 'Nothing is kept that was encrypted for this name.');
    });
    // INVARIANT (13): what the state was folded from says less now.
    const { callers, purposes } = await stateOf(config, ledger);
    Object.assign(state, { callers, purposes });
    await holds?.reread();
    return entry;
  });
}
