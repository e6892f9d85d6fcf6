/**
 * What is in force, beside the terms: folded from the ledger's entries and the configuration.
 * INVARIANT (13): every change is an entry first, and in force when that entry is on disk.
 */
import type { Clock } from '#base/clock.ts';
import { KeyRing } from '#caller/ring.ts';
import type { Config } from '#config/config.ts';
import type { Ledger } from '#ledger/ledger.ts';
import { PeopleRegister } from '#people/register.ts';
import { TokenRegister } from '#people/tokens.ts';
import { PurposeRegister } from '#purpose/register.ts';
import type { Terms } from '#terms/terms.ts';
import { ToolPins } from '#tools/pins.ts';
import type { Activations } from './activations.ts';
import type { Holds } from './holds.ts';
import type { Turns } from './turns.ts';

/** Of a running gateway, or opened alone. */
export interface State {
  readonly config: Config;
  readonly ledger: Ledger;
  readonly callers: KeyRing;
  readonly purposes: PurposeRegister;
  /** Accepted definitions of MCP servers' tools. */
  readonly pins: ToolPins;
  readonly people: PeopleRegister;
  /** Of machines that use the control API. */
  readonly tokens: TokenRegister;
  /** Changes of the state, and its exchange at a reload. */
  readonly turns: Turns;
  readonly clock: Clock;
  readonly activations: Activations;
  /** Those that a running gateway decides by. */
  readonly terms?: Terms | undefined;
  /** Of a running gateway. */
  readonly holds?: Holds | undefined;
}

export async function stateOf(config: Config, ledger: Ledger) {
  const history = await Array.fromAsync(ledger.history(['key', 'purpose']));
  return {
    callers: new KeyRing(config.callers).fold(history),
    purposes: new PurposeRegister(config.purposes).fold(history),
  };
}

/** Nothing in the configuration adds to people: a reload leaves them as they are. */
export async function registersOf(ledger: Ledger) {
  const history = await Array.fromAsync(ledger.history(['person', 'token', 'tool']));
  return {
    people: new PeopleRegister().fold(history),
    tokens: new TokenRegister().fold(history),
    pins: new ToolPins().fold(history),
  };
}
