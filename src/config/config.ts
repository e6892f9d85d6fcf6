/** The configuration in force: complete, checked, paths absolute, secrets fetched. */
import type { Limits } from '#base/limits.ts';
import type { Protocol } from '#wire/exchange.ts';
import type { Secret } from './secret.ts';
import type { AuthStyle, VendorKind } from './vendors.ts';

export interface Config {
  /** The file it came from; absent where the defaults are in force. */
  readonly file: string | undefined;
  readonly listen: {
    readonly host: string;
    /** 0 takes any free port. */
    readonly port: number;
    readonly tlsInFront: boolean;
  };
  readonly dataDir: string;
  /** The folder of the terms pack. */
  readonly termsDir: string;
  /** Whom a denied caller is told to ask. */
  readonly askWhom: string;
  readonly providers: readonly ProviderConfig[];
  /** Alias → its targets in the order in which they are tried. */
  readonly models: ReadonlyMap<string, readonly ModelTarget[]>;
  readonly callers: readonly CallerConfig[];
  readonly purposes: readonly PurposeConfig[];
  readonly limits: Limits;
  readonly ledger: {
    readonly dir: string;
    /** The log's name in its checkpoints; made from the host's name where it is absent. */
    readonly origin: string | undefined;
    /** Whether what was asked and answered goes to the vault, or only its digest to the ledger. */
    readonly content: 'full' | 'digest';
  };
  readonly telemetry: {
    readonly otlpEndpoint: string | undefined;
    readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  };
  /** Unknown top-level fields that are let through to the same protocol. */
  readonly allowedFields: Readonly<Record<Protocol, ReadonlySet<string>>>;
  /** What the operator should know and may accept; one sentence each. */
  readonly warnings: readonly string[];
}

export interface ProviderConfig {
  readonly name: string;
  readonly kind: VendorKind;
  readonly protocol: Protocol;
  /** Protocols at the same base URL beside `protocol`. */
  readonly alsoSpeaks: readonly Protocol[];
  /** As the vendor's own SDK takes it. */
  readonly baseUrl: string;
  readonly auth: AuthStyle;
  /** Absent where the provider takes calls without a key. */
  readonly apiKey: Secret | undefined;
  /** Exact names, or patterns with one `*`. */
  readonly models: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly modelIdentity: ModelIdentityConfig | undefined;
}

interface ModelIdentityConfig {
  readonly variant?: string | undefined;
  readonly safeguardProfile?: string | undefined;
  readonly digest?: string | undefined;
}

export interface ModelTarget {
  /** The name of a configured provider. */
  readonly provider: string;
  /** The model as that provider names it. */
  readonly model: string;
}

interface CallerConfig {
  readonly id: string;
  readonly key: { readonly id: string; readonly hash: string };
  readonly owner: string;
  readonly organisation: string;
  readonly teams: readonly string[];
  readonly partner: string | undefined;
  readonly clearance: number;
  readonly purposes: readonly string[];
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
}

interface PurposeConfig {
  readonly id: string;
  readonly title: string;
  readonly owner: string;
  readonly authority: string;
  readonly dataClasses: readonly string[];
  /** Absent means that the purpose itself sets no bound. */
  readonly models: readonly string[] | undefined;
  readonly tools: readonly string[] | undefined;
  readonly callers: readonly string[];
  readonly teams: readonly string[];
  readonly allows: readonly string[];
  /** Milliseconds since 1970. */
  readonly endsAt: number | undefined;
}
