/**
 * What is in force, beside the terms: folded from the ledger's entries and the configuration.
 * INVARIANT (13): every change is an entry first, and in force when that entry is on disk.
 */
import type { Clock } from '#base/clock.ts';
import { KeyRing } from '#caller/ring.ts';
import type { Config } from '#config/config.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { PurposeRegister } from '#purpose/register.ts';
import type { Terms } from '#terms/terms.ts';
import type { Turns } from './turns.ts';

/** Of a running gateway, or opened alone. */
export interface State {
  readonly ledger: Ledger;
  readonly callers: KeyRing;
  readonly purposes: PurposeRegister;
  /** Changes of the state, and its exchange at a reload. */
  readonly turns: Turns;
  readonly clock: Clock;
  /** Those that a running gateway decides by. */
  readonly terms?: Terms | undefined;
}

export async function stateOf(config: Config, ledger: Ledger) {
  const history = await Array.fromAsync(ledger.history(['key', 'purpose']));
  return {
    callers: new KeyRing(config.callers).fold(history),
    purposes: new PurposeRegister(config.purposes).fold(history),
  };
}
