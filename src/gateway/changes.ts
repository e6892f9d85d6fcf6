/**
 * Changes of a gateway's state. INVARIANT (13): every change is an entry first, and in force when
 * that entry is on disk.
 */
import { ProvisoError } from '#base/errors.ts';
import { createKey } from '#caller/key.ts';
import { type Caller, keyCreated, keyRevoked } from '#caller/ring.ts';
import { type Purpose, purposeEnded, purposeRegistered } from '#purpose/register.ts';
import { toolAccepted } from '#tools/pins.ts';
import type { State } from './state.ts';
import { VAULT_KEYS } from './vault-key.ts';

/** A new key for a caller. The key itself is returned once and kept nowhere. */
export function createCallerKey(
  state: State,
  caller: Omit<Caller, 'keyId'>,
): Promise<{ readonly id: string; readonly key: string }> {
  return state.turns.take(async () => {
    const { key, id, hash } = createKey();
    const entry = keyCreated({ id, hash }, caller);
    await state.ledger.append({ ...entry, vaultKey: VAULT_KEYS.caller(caller.id) });
    state.callers.fold([entry]);
    return { id, key };
  });
}

/** @throws ProvisoError `caller_unknown` where there is no such key */
export function revokeCallerKey(state: State, id: string): Promise<void> {
  return state.turns.take(async () => {
    if (!state.callers.find(id)) {
      throw new ProvisoError(
        'caller_unknown',
        `There is no key \`${id}\`; \`proviso key list\` shows them all.`,
      );
    }
    const entry = keyRevoked(id);
    await state.ledger.append(entry);
    state.callers.fold([entry]);
  });
}

export function registerPurpose(state: State, purpose: Purpose): Promise<void> {
  return state.turns.take(async () => {
    const entry = purposeRegistered(purpose);
    await state.ledger.append({ ...entry, vaultKey: VAULT_KEYS.purpose(purpose.id) });
    state.purposes.fold([entry]);
  });
}

/**
 * @param endsAt milliseconds since 1970
 * @throws ProvisoError `purpose_unknown`
 */
export function endPurpose(state: State, id: string, endsAt: number): Promise<void> {
  return state.turns.take(async () => {
    if (!state.purposes.find(id)) {
      throw new ProvisoError(
        'purpose_unknown',
        `There is no purpose \`${id}\`; \`proviso purpose list\` shows them all.`,
      );
    }
    const entry = purposeEnded(id, endsAt);
    await state.ledger.append(entry);
    state.purposes.fold([entry]);
  });
}

/**
 * @param definition the hash of the one that the server offers, as it was looked at
 * @throws ProvisoError `not_found`, `tool_changed` where it offers another by now
 */
export function acceptTool(
  state: State,
  server: string,
  tool: string,
  definition: string,
): Promise<void> {
  return state.turns.take(async () => {
    const pin = state.pins.find(server, tool);
    if (!pin) throw new ProvisoError('not_found', `\`${server}\` has offered no tool \`${tool}\`.`);
    if (pin.offered !== definition) {
      throw new ProvisoError(
        pin.offered === undefined ? 'not_found' : 'tool_changed',
        `\`${server}\` does not offer the definition \`${definition}\` of \`${tool}\`.`,
      );
    }
    const entry = toolAccepted(pin);
    await state.ledger.append(entry);
    state.pins.fold([entry]);
  });
}
