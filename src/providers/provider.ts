/**
 * The providers that the configuration names, each with its own connections, credentials and
 * breaker. Addresses come from the configuration alone: nothing in a call can choose one.
 */
import { Pool } from 'undici';
import { ProvisoError } from '#base/errors.ts';
import type { Limits } from '#base/limits.ts';
import { matchesPattern } from '#base/pattern.ts';
import type { Protocol } from '#wire/exchange.ts';
import type { Dialect, WireProtocol } from '#wire/protocol.ts';
import { Breaker } from './breaker.ts';

export interface ProviderSettings {
  readonly name: string;
  /** As the vendor's official SDK takes it. */
  readonly baseUrl: string;
  readonly authHeader: { readonly name: string; readonly value: string } | undefined;
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** Exact names, or patterns with `*`. */
  readonly models: readonly string[];
  readonly identity: ModelIdentity | undefined;
  readonly dialect: Dialect;
}

/** What the operator declares about the model that this provider serves. */
export interface ModelIdentity {
  readonly variant?: string | undefined;
  readonly safeguardProfile?: string | undefined;
  readonly digest?: string | undefined;
}

export interface Provider {
  readonly name: string;
  /** The protocols it speaks, the preferred one first. */
  readonly wires: readonly [WireProtocol, ...WireProtocol[]];
  readonly pool: Pool;
  /** The path of the base URL, without a slash at the end. */
  readonly basePath: string;
  /** Holds the provider's key: never logged, recorded or shown. */
  readonly headers: Readonly<Record<string, string>>;
  readonly secret: string | undefined;
  readonly models: readonly string[];
  readonly identity: ModelIdentity | undefined;
  readonly dialect: Dialect;
  readonly breaker: Breaker;
}

export function openProvider(
  settings: ProviderSettings,
  wires: readonly [WireProtocol, ...WireProtocol[]],
  limits: Limits,
): Provider {
  const url = new URL(settings.baseUrl);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'proviso',
    ...settings.extraHeaders,
  };
  if (settings.authHeader) headers[settings.authHeader.name] = settings.authHeader.value;
  return {
    name: settings.name,
    wires,
    pool: new Pool(url.origin, {
      connections: limits.openCallsMax,
      pipelining: 1,
      connect: { timeout: limits.connectWaitMsMax },
      keepAliveTimeout: 30_000,
    }),
    basePath: url.pathname.replace(/\/+$/, ''),
    headers,
    secret: settings.authHeader?.value.replace(/^Bearer /, ''),
    models: settings.models,
    identity: settings.identity,
    dialect: settings.dialect,
    breaker: new Breaker(),
  };
}

/** A provider may quote its key in what it says: nothing of it is shown, logged or recorded so. */
export function withoutSecret({ secret }: Provider, text: string): string {
  return secret === undefined ? text : text.replaceAll(secret, '[key]');
}

/** The caller's own protocol where the provider speaks it, so that nothing is translated. */
export function wireFor(provider: Provider, protocolIn: Protocol): WireProtocol {
  return provider.wires.find((wire) => wire.name === protocolIn) ?? provider.wires[0];
}

/** A provider and the name it knows the model by. One object for each, as long as it is in force. */
export interface Target {
  readonly provider: Provider;
  readonly model: string;
  /** `provider/model`, as the ledger names it. */
  readonly name: string;
  /** What is declared of the model, as the terms see it and the ledger keeps it. */
  readonly facts: { readonly provider: string; readonly name: string } & ModelIdentity;
}

function targetOf(provider: Provider, model: string): Target {
  return {
    provider,
    model,
    // Joined, not added: JSON writes a string that is in one piece at more than twice the speed.
    name: [provider.name, model].join('/'),
    facts: { provider: provider.name, name: model, ...provider.identity },
  };
}

/** An alias's targets, by the names of the configuration. */
export type Aliases = ReadonlyMap<
  string,
  readonly { readonly provider: string; readonly model: string }[]
>;

/** Model names come from callers and stand in the ledger: nothing but a name fits. */
const MODEL_NAME = /^[\w.:/@+-]{1,128}$/;

/** Which targets serve which model name, in the order of preference. */
export class Routing {
  #providers: ReadonlyMap<string, Provider>;
  #aliases: ReadonlyMap<string, readonly Target[]>;
  #found = new Map<string, readonly Target[]>();

  constructor(providers: readonly Provider[], aliases: Aliases) {
    this.#providers = new Map(providers.map((provider) => [provider.name, provider]));
    this.#aliases = new Map(
      [...aliases].map(([name, targets]) => [
        name,
        targets.map(({ provider, model }) => targetOf(this.#named(provider), model)),
      ]),
    );
  }

  get providers(): Iterable<Provider> {
    return this.#providers.values();
  }

  /** Every name that a caller can ask for without guessing: aliases, then exact model names. */
  listed(): { id: string; provider: string }[] {
    const rows = [...this.#aliases].map(([id, targets]) => ({
      id,
      provider: targets[0]?.provider.name ?? '',
    }));
    for (const provider of this.#providers.values()) {
      for (const id of provider.models) {
        if (!id.includes('*')) rows.push({ id, provider: provider.name });
      }
    }
    return rows;
  }

  /** `name`, an alias, or `provider/name`. Throws `model_unknown`. */
  targetsOf(model: string): readonly Target[] {
    const found = this.#aliases.get(model) ?? this.#found.get(model) ?? this.#find(model);
    if (found.length > 0) return found;
    const known = this.listed().map(({ id }) => id);
    throw new ProvisoError(
      'model_unknown',
      `No configured provider serves the model \`${model}\`. Ask for one of: ${known.join(', ')}.`,
    );
  }

  #find(model: string): readonly Target[] {
    const targets: Target[] = [];
    if (!MODEL_NAME.test(model)) return targets;
    for (const provider of this.#providers.values()) {
      if (provider.models.some((pattern) => matchesPattern(pattern, model))) {
        targets.push(targetOf(provider, model));
      }
    }
    const slash = model.indexOf('/');
    const named = slash > 0 ? this.#providers.get(model.slice(0, slash)) : undefined;
    if (named) {
      const rest = model.slice(slash + 1);
      if (named.models.some((pattern) => matchesPattern(pattern, rest))) {
        targets.unshift(targetOf(named, rest));
      }
    }
    // Names come from callers: only those that exist are kept, and not without end.
    if (targets.length > 0 && this.#found.size < 10_000) this.#found.set(model, targets);
    return targets;
  }

  #named(name: string): Provider {
    const provider = this.#providers.get(name);
    if (provider) return provider;
    throw new ProvisoError('config_invalid', `A model names an unknown provider \`${name}\`.`);
  }
}
