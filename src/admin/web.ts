/**
 * Where people reach a gateway that serves: its origin, who has signed in, and what waits for an
 * answer by a browser. All of it in memory, and gone with the process.
 */
import type { Gateway } from '#gateway/gateway.ts';
import { Challenges } from '#people/challenges.ts';
import type { RelyingParty } from '#people/credential.ts';
import { Sessions } from '#people/sessions.ts';
import type { Routing } from '#providers/provider.ts';
import { LiveEntries } from './live.ts';
import { OidcSignIn } from './oidc.ts';
import { Pulse } from './pulse.ts';

const SIGN_IN_MS = 2 * 60 * 1000;
const REGISTRATION_MS = 10 * 60 * 1000;

export interface Web {
  readonly origin: string;
  readonly relyingParty: RelyingParty;
  /** A proxy before the gateway ends TLS, and says for whom it asks. */
  readonly isBehindProxy: boolean;
  readonly sessions: Sessions;
  /** Challenges to sign in. */
  readonly signIns: Challenges<undefined>;
  /** Challenges to make a passkey, with the id of the person whose it will be. */
  readonly registrations: Challenges<string>;
  readonly oidc: OidcSignIn | undefined;
  readonly live: LiveEntries;
  readonly pulse: Pulse;
  /** Of the ledger's checkpoints, where witnesses are configured. */
  readonly witnessing: Gateway['witnessing'];
  /** The providers in force; another after each reload. */
  readonly routing: () => Routing;
}

/** @param port on which the gateway listens */
export function openWeb(gateway: Gateway, port: number): Web {
  const { config, people, clock, ledger, metrics } = gateway;
  const origin = config.console.origin ?? `http://localhost:${port}`;
  const { oidc } = config.console;
  return {
    origin,
    isBehindProxy: config.listen.tlsInFront,
    relyingParty: { id: new URL(origin).hostname, origins: [origin] },
    sessions: new Sessions(clock, (person) => people.turnOf(person)),
    signIns: new Challenges('proviso sign-in v1', SIGN_IN_MS, clock),
    registrations: new Challenges('proviso passkey v1', REGISTRATION_MS, clock),
    oidc: oidc && new OidcSignIn(oidc, origin, clock),
    live: new LiveEntries(ledger),
    pulse: new Pulse(metrics.registry, () => clock.now()),
    witnessing: gateway.witnessing,
    routing: () => gateway.routing,
  };
}
