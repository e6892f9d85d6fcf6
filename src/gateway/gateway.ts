/**
 * A running Proviso: configuration, terms, state and ledger, opened together and closed together.
 *
 * INVARIANT (13): keys, purposes and terms in force are folded from the ledger's entries; every
 * change here is an entry first, and in force when that entry is on disk.
 */
import type { Logger } from 'pino';
import { type Clock, neverBack, systemClock } from '#base/clock.ts';
import { VERSION } from '#base/version.ts';
import type { KeyRing } from '#caller/ring.ts';
import type { Config, ProviderConfig } from '#config/config.ts';
import { VENDORS } from '#config/vendors.ts';
import { type Ledger, openLedger } from '#ledger/ledger.ts';
import type { PeopleRegister } from '#people/register.ts';
import type { TokenRegister } from '#people/tokens.ts';
import { openProvider, Routing } from '#providers/provider.ts';
import { type Sandbox, startSandbox } from '#providers/sandbox.ts';
import type { PurposeRegister } from '#purpose/register.ts';
import type { Detector } from '#signals/detector.ts';
import type { Report } from '#terms/prove/analyze.ts';
import { type PackProver, startPackProver } from '#terms/prove/pack-prover.ts';
import type { Terms } from '#terms/terms.ts';
import type { ToolPins } from '#tools/pins.ts';
import type { Protocol } from '#wire/exchange.ts';
import type { WireProtocol } from '#wire/protocol.ts';
import { protocols } from '#wire/protocols.ts';
import type { Witnessing } from '#witness/witnessing.ts';
import { Activations, type InForce } from './activations.ts';
import { seedDrill } from './drills.ts';
import { Holds } from './holds.ts';
import { configuredMasterKey } from './master-key.ts';
import { Metrics } from './metrics.ts';
import { submissionIn } from './ready-terms.ts';
import { registersOf, stateOf } from './state.ts';
import { openTraces, type Traces } from './traces.ts';
import { Turns } from './turns.ts';
import { openWitnessing } from './witnesses.ts';

export interface Ports {
  readonly clock?: Clock;
  readonly log: Logger;
  readonly prover?: PackProver;
  /** Told how far a proof of terms is. */
  readonly onProgress?: Report;
}

export class Gateway {
  config: Config;
  /** Exchanged together, between two calls, by `activations` alone. */
  terms: Terms;
  detectors: readonly Detector[];
  readonly activations: Activations;
  callers: KeyRing;
  purposes: PurposeRegister;
  readonly people: PeopleRegister;
  readonly tokens: TokenRegister;
  readonly pins: ToolPins;
  routing: Routing;
  readonly holds: Holds = new Holds(this, (hold) => seedDrill(this, hold));
  /** Changes of the state, and its exchange at a reload. */
  readonly turns = new Turns();
  readonly clock: Clock;
  readonly log: Logger;
  readonly ledger: Ledger;
  /** Absent where no witness is asked. */
  readonly witnessing: Witnessing | undefined;
  readonly metrics: Metrics;
  readonly traces: Traces | undefined;
  #sandbox: Sandbox | undefined;

  private constructor(parts: Parts) {
    this.config = parts.config;
    this.activations = parts.activations;
    this.terms = parts.terms;
    this.detectors = parts.detectors;
    this.callers = parts.callers;
    this.purposes = parts.purposes;
    this.people = parts.people;
    this.tokens = parts.tokens;
    this.pins = parts.pins;
    this.routing = parts.routing;
    this.clock = parts.clock;
    this.log = parts.log;
    this.ledger = parts.ledger;
    this.witnessing = parts.witnessing;
    this.traces = parts.traces;
    this.#sandbox = parts.sandbox;
    this.metrics = new Metrics({
      ledgerSize: () => this.ledger.size,
      witnessing: this.witnessing,
      providers: () => this.routing.providers,
      openHolds: () => this.holds.list().filter(({ end }) => end === undefined).length,
    });
  }

  /**
   * Opens everything and records the start. The ledger ends what a crash left open.
   * @throws ProvisoError `config_invalid`, `terms_invalid`, or one of the ledger's
   */
  static async open(config: Config, ports: Ports): Promise<Gateway> {
    const { log, prover = startPackProver(), onProgress } = ports;
    const clock = neverBack(ports.clock ?? systemClock);
    let gateway: Gateway | undefined;
    // Closed again, in turn, where what follows fails.
    await using opened = new AsyncDisposableStack();
    const sandbox = await sandboxFor(config);
    opened.defer(async () => sandbox?.close());
    const routing = openRouting(config, sandbox);
    const traces = config.telemetry.otlpEndpoint
      ? await openTraces(config.telemetry.otlpEndpoint)
      : undefined;
    const masterKey = await configuredMasterKey(config);
    const ledger = await openLedger({
      ...(masterKey && { masterKey }),
      dir: config.ledger.dir,
      origin: config.ledger.origin ?? ORIGIN_UNLESS_CONFIGURED,
      signatures: config.ledger.signatures,
      clock,
      onFailure: (error) => log.error({ err: error.cause, code: error.code }, error.publicMessage),
      onRecovery: () => {
        log.info('the ledger can be written again');
        gateway?.activations.reread().catch((err: unknown) => {
          log.error({ err }, 'the terms in force could not be read again');
        });
      },
    });
    opened.defer(() => ledger.close());
    const witnessing =
      config.ledger.witnesses &&
      (await openWitnessing(config.ledger.witnesses, ledger, clock, log));
    opened.defer(async () => witnessing?.close());
    const activations = new Activations({
      ledger,
      dataDir: config.dataDir,
      clock,
      prover,
      onChange: ({ terms, detectors }) => {
        if (gateway) Object.assign(gateway, { terms, detectors });
      },
    });
    opened.defer(() => activations.close());
    const { terms, detectors } = await termsInForce(activations, config, onProgress);
    const { callers, purposes } = await stateOf(config, ledger);
    const { people, tokens, pins } = await registersOf(ledger);
    const parts = {
      config,
      activations,
      terms,
      detectors,
      callers,
      purposes,
      people,
      tokens,
      pins,
      routing,
      clock,
      log,
      ledger,
      witnessing,
      traces,
      sandbox,
    };
    gateway = new Gateway(parts);
    await gateway.holds.open();
    await ledger.append({ kind: 'start', public: { version: VERSION } });
    await ledger.retain(config.ledger.retention);
    witnessing?.start();
    opened.move();
    return gateway;
  }

  /**
   * Puts another configuration in force between two calls. Calls under way end under the old one.
   * @throws ProvisoError and changes nothing, where the new one cannot be in force
   */
  reload(config: Config): Promise<void> {
    // A key that is made meanwhile must be in the new ring too.
    return this.turns.take(() => this.#reload(config));
  }

  /** After the server has drained: records the stop and makes all of the ledger public and durable. */
  async close(): Promise<void> {
    this.holds.stop();
    // Each is closed, the last named first, also where the stop cannot be recorded.
    await using closing = new AsyncDisposableStack();
    closing.defer(async () => this.#sandbox?.close());
    for (const { pool } of this.routing.providers) closing.defer(() => pool.destroy());
    closing.defer(async () => this.traces?.close());
    closing.defer(() => this.ledger.close());
    // Before the ledger's lock goes: the last that it published is to be witnessed too.
    closing.defer(() => this.#closeWitnessing());
    await this.activations.close();
    await this.ledger.append({ kind: 'stop', public: {} });
  }

  async #closeWitnessing(): Promise<void> {
    if (!this.witnessing) return;
    // Where it fails, closing the ledger says why.
    await this.ledger.flush().catch(() => undefined);
    await this.witnessing.close();
  }

  async #reload(config: Config): Promise<void> {
    // Calls that are under way may be with it, so one that runs is kept.
    this.#sandbox ??= await sandboxFor(config);
    const routing = openRouting(config, this.#sandbox);
    const { callers, purposes } = await stateOf(config, this.ledger);
    await this.ledger.retain(config.ledger.retention);
    const { providers } = this.routing;
    Object.assign(this, { config, callers, purposes, routing });
    // Pools close when their last call has ended.
    for (const { pool } of providers) void pool.close();
  }
}

/**
 * INVARIANT (13): the terms in force are those of the ledger; the folder in the configuration founds
 * an empty one. INVARIANT (7): either way they are proven.
 */
async function termsInForce(
  activations: Activations,
  { termsDir }: Config,
  report: Report | undefined,
): Promise<InForce> {
  if (!(await activations.inForce())) await activations.activate(submissionIn(termsDir), report);
  await activations.renew(report);
  return activations.current;
}

/** The log's name where nobody outside knows it by one. */
export const ORIGIN_UNLESS_CONFIGURED = 'proviso.local/ledger';

interface Parts {
  readonly config: Config;
  readonly activations: Activations;
  readonly terms: Terms;
  readonly detectors: readonly Detector[];
  readonly callers: KeyRing;
  readonly purposes: PurposeRegister;
  readonly people: PeopleRegister;
  readonly tokens: TokenRegister;
  readonly pins: ToolPins;
  readonly routing: Routing;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ledger: Ledger;
  readonly witnessing: Witnessing | undefined;
  readonly traces: Traces | undefined;
  readonly sandbox: Sandbox | undefined;
}

async function sandboxFor({ providers }: Config): Promise<Sandbox | undefined> {
  const isWanted = providers.some(({ kind }) => kind === 'sandbox');
  return isWanted ? startSandbox(Object.values(protocols)) : undefined;
}

export function openRouting(config: Config, sandbox: Sandbox | undefined): Routing {
  const providers = config.providers.map((provider) => {
    const { name, headers, models, modelIdentity, apiKey, auth, protocol, alsoSpeaks } = provider;
    const spoken = [protocol, ...alsoSpeaks].map((name) => protocols[name]);
    const settings = {
      name,
      baseUrl: baseUrlOf(provider, sandbox),
      authHeader: apiKey && authHeader(auth, apiKey.reveal()),
      extraHeaders: headers,
      models,
      identity: modelIdentity,
      dialect: VENDORS[provider.kind].dialect,
    };
    return openProvider(settings, spoken as [WireProtocol, ...WireProtocol[]], config.limits);
  });
  return new Routing(providers, config.models);
}

function baseUrlOf({ kind, baseUrl, protocol }: ProviderConfig, sandbox: Sandbox | undefined) {
  if (kind !== 'sandbox' || !sandbox) return baseUrl;
  return isOpenAi(protocol) ? `${sandbox.origin}/v1` : sandbox.origin;
}

function isOpenAi(protocol: Protocol): boolean {
  return protocol === 'openai-chat' || protocol === 'openai-responses';
}

function authHeader(style: ProviderConfig['auth'], key: string) {
  return style === 'bearer'
    ? { name: 'authorization', value: `Bearer ${key}` }
    : { name: style, value: key };
}
