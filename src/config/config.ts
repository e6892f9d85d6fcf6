/** The configuration in force: complete, checked, paths absolute, secrets fetched. */
import type { Limits } from '#base/limits.ts';
import type { Algorithm } from '#base/note-key.ts';
import type { Span } from '#base/span.ts';
import type { Exercise } from '#oversight/exercises.ts';
import type { AlarmRules } from '#oversight/reviews.ts';
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
  readonly mcp: readonly McpServerConfig[];
  readonly console: ConsoleConfig;
  readonly limits: Limits;
  readonly oversight: {
    /** What an answer that does not stream does while people are asked. */
    readonly onHold: 'wait' | 'reference';
    readonly waitMsMax: number;
    readonly streamWaitMsMax: number;
    readonly keepAliveMs: number;
    /** Open holds, in all and of one caller. */
    readonly holdsMax: number;
    readonly holdsPerCallerMax: number;
    readonly drills: {
      readonly exercises: readonly Exercise[];
      /** Drills for each real hold: 0 to 1. */
      readonly rate: number;
      readonly delayMsMax: number;
    };
    readonly alarms: AlarmRules;
  };
  readonly ledger: {
    readonly dir: string;
    /** The log's name in its checkpoints; made from the host's name where it is absent. */
    readonly origin: string | undefined;
    /** How long entries and their values stay at least; absent where nothing is said of it. */
    readonly retention: Span | undefined;
    /** Whether what was asked and answered goes to the vault, or only its digest to the ledger. */
    readonly content: 'full' | 'digest';
    /** Of the vault, base64; absent where the ledger keeps it in its own folder. */
    readonly masterKey: Secret | KeyCommand | undefined;
    /** With what checkpoints are signed. */
    readonly signatures: readonly Algorithm[];
    /** Whether the log is served to anyone, and below which path. */
    readonly serve: boolean;
    /** Begins and ends with a slash. */
    readonly prefix: string;
    /** Absent where no witness is asked. */
    readonly witnesses: WitnessesConfig | undefined;
  };
  /** What `proviso witness serve` is. */
  readonly witness: WitnessConfig | undefined;
  readonly telemetry: {
    readonly otlpEndpoint: string | undefined;
    readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  };
  /** Unknown top-level fields that are let through to the same protocol. */
  readonly allowedFields: Readonly<Record<Protocol, ReadonlySet<string>>>;
  /** What the operator should know and may accept; one sentence each. */
  readonly warnings: readonly string[];
}

/** Prints the vault's master key. */
export interface KeyCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** A file that it gets on its standard input. */
  readonly wrapped: string | undefined;
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

/** Who cosigns this gateway's checkpoints. */
export interface WitnessesConfig {
  /** The file of the witness policy. */
  readonly policy: string;
  readonly askMs: number;
  readonly answerWaitMsMax: number;
  readonly whenAway: 'go-on' | 'stop';
  readonly awayMsMax: number;
}

/** A witness of logs. */
export interface WitnessConfig {
  readonly name: string;
  readonly dir: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Verifier keys. */
  readonly logs: readonly string[];
  readonly signatures: readonly Algorithm[];
  readonly requestsPerMinuteMax: number;
}

/** An MCP server that callers reach through Proviso. */
export type McpServerConfig =
  | {
      readonly kind: 'http';
      readonly name: string;
      readonly url: string;
      readonly headers: ReadonlyMap<string, Secret>;
    }
  | {
      readonly kind: 'stdio';
      readonly name: string;
      readonly command: string;
      readonly args: readonly string[];
      readonly env: ReadonlyMap<string, Secret>;
      /** Where the program is started. */
      readonly folder: string;
    };

export interface ConsoleConfig {
  /** As browsers see it, without a path; made from the port where it is absent. */
  readonly origin: string | undefined;
  readonly oidc: OidcConfig | undefined;
}

export interface OidcConfig {
  /** What people are shown. */
  readonly name: string;
  readonly issuer: string;
  readonly clientId: string;
  /** Absent for a public client. */
  readonly clientSecret: Secret | undefined;
  readonly scope: string;
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
