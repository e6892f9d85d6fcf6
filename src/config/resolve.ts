/** From what proviso.yaml says to what is in force: vendors' facts, paths, secrets, cross-checks. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEFAULT_LIMITS, type Limits } from '#base/limits.ts';
import { type Algorithm, isSupported } from '#base/note-key.ts';
import { parseSpan } from '#base/span.ts';
import { PROTOCOLS, type Protocol } from '#wire/exchange.ts';
import { checkUrl, isLoopback } from './address.ts';
import type { Config, ProviderConfig, WitnessesConfig } from './config.ts';
import { resolveConsole } from './console.ts';
import { resolveMcpServer } from './mcp.ts';
import { nearest } from './nearest.ts';
import { resolveOversight } from './oversight.ts';
import type { Around, Environment, Problem } from './problem.ts';
import { providersFromEnvironment, resolveProvider, resolveTargets } from './provider.ts';
import type { ConfigInput } from './schema.ts';
import { fetchSecret } from './secret.ts';

/** Where the configuration names none. */
export const EXAMPLE_TERMS = fileURLToPath(
  new URL('../../examples/terms/restricted-use', import.meta.url),
);

export interface Resolved {
  readonly config: Config;
  /** Not empty: `config` must not be used. */
  readonly problems: readonly Problem[];
}

/** @param folder what relative paths are relative to */
export function resolveConfig(
  input: ConfigInput,
  env: Environment,
  file: string | undefined,
  folder: string,
): Resolved {
  const problems: Problem[] = [];
  const around: Around = {
    env,
    folder,
    report: (path, message) => problems.push({ path, message }),
  };
  const providers = resolveProviders(input, around);
  if (input.telemetry.otlpEndpoint !== undefined) {
    checkUrl(input.telemetry.otlpEndpoint, ['telemetry', 'otlpEndpoint'], around.report);
  }
  checkKeys(input, around);
  const dataDir = resolve(folder, input.dataDir);
  const config: Config = {
    file,
    listen: input.listen,
    dataDir,
    termsDir: input.terms === undefined ? EXAMPLE_TERMS : resolve(folder, input.terms),
    askWhom: input.askWhom,
    providers,
    models: new Map(
      Object.entries(input.models).map(([alias, wanted]) => [
        alias,
        resolveTargets(
          typeof wanted === 'string' ? [wanted] : wanted,
          providers,
          ['models', alias],
          around.report,
        ),
      ]),
    ),
    callers: Object.entries(input.callers).map(([id, { keyHash, ...caller }]) => ({
      ...caller,
      id,
      key: { id: keyHash.slice(4, 16), hash: keyHash.slice(17) },
      partner: caller.partner,
      expiresAt: instantOf(caller.expiresAt),
    })),
    purposes: Object.entries(input.purposes).map(([id, purpose]) => ({
      ...purpose,
      id,
      models: purpose.models,
      tools: purpose.tools,
      endsAt: instantOf(purpose.endsAt),
    })),
    mcp: Object.entries(input.mcp).map(([name, server]) => resolveMcpServer(name, server, around)),
    console: resolveConsole(input.console, around),
    limits: limitsOf(input.limits),
    oversight: resolveOversight(input.oversight, around),
    ledger: {
      dir:
        input.ledger.dir === undefined
          ? resolve(dataDir, 'ledger')
          : resolve(folder, input.ledger.dir),
      origin: input.ledger.origin,
      retention: input.ledger.retention && parseSpan(input.ledger.retention.atLeast),
      content: input.ledger.content,
      masterKey: masterKeyOf(input.ledger.masterKey, around),
      signatures: input.ledger.signatures ?? allAlgorithms(),
      serve: input.ledger.serve,
      prefix: input.ledger.prefix,
      witnesses: witnessesOf(input, folder),
    },
    witness: input.witness && {
      ...input.witness,
      dir:
        input.witness.dir === undefined
          ? resolve(dataDir, 'witness')
          : resolve(folder, input.witness.dir),
      signatures: input.witness.signatures ?? allAlgorithms(),
    },
    telemetry: {
      otlpEndpoint: input.telemetry.otlpEndpoint,
      logLevel: input.telemetry.logLevel,
    },
    allowedFields: allowedFieldsOf(input.allowedFields),
    warnings: warningsOf(input),
  };
  return { config, problems };
}

/**
 * Those that the file names; else those whose keys stand in the environment; else the sandbox, so
 * that a first start needs no vendor.
 */
function resolveProviders(input: ConfigInput, around: Around): ProviderConfig[] {
  const named = Object.entries(input.providers).map(([name, provider]) =>
    resolveProvider(name, provider, around),
  );
  if (named.length > 0) return named;
  const found = providersFromEnvironment(around);
  if (found.length > 0) return found;
  return [resolveProvider('sandbox', { kind: 'sandbox' }, around)];
}

function checkKeys(input: ConfigInput, { report }: Around): void {
  const holders = new Map<string, string>();
  for (const [id, { keyHash }] of Object.entries(input.callers)) {
    const keyId = keyHash.slice(0, keyHash.indexOf(':'));
    const other = holders.get(keyId);
    if (other !== undefined) report(['callers', id, 'keyHash'], `is the key of \`${other}\` too`);
    holders.set(keyId, id);
  }
}

function warningsOf(input: ConfigInput): string[] {
  const warnings: string[] = [];
  if (!isLoopback(input.listen.host) && !input.listen.tlsInFront) {
    warnings.push(
      `\`listen.host\` is \`${input.listen.host}\`, which other machines reach, and Proviso does not end TLS: put a proxy that does before it, and say so with \`listen.tlsInFront: true\`.`,
    );
  }
  // Purposes are registered by command too, so that an unknown one may be right.
  const known = Object.keys(input.purposes);
  for (const [id, caller] of Object.entries(input.callers)) {
    for (const purpose of caller.purposes) {
      if (known.includes(purpose)) continue;
      const near = nearest(purpose, known);
      if (near === undefined) continue;
      warnings.push(
        `\`callers.${id}.purposes\` names \`${purpose}\`, which this file does not have; did you mean \`${near}\`?`,
      );
    }
  }
  return warnings;
}

function masterKeyOf(
  given: ConfigInput['ledger']['masterKey'],
  around: Around,
): Config['ledger']['masterKey'] {
  if (given === undefined) return undefined;
  const [program, ...args] = given.command ?? [];
  if (program === undefined) return fetchSecret(given, ['ledger', 'masterKey'], around);
  const { wrapped } = given;
  const path = wrapped === undefined ? undefined : resolve(around.folder, wrapped);
  return { program, args, wrapped: path };
}

function allowedFieldsOf(
  given: ConfigInput['allowedFields'],
): Readonly<Record<Protocol, ReadonlySet<string>>> {
  const allowed: Partial<Record<Protocol, ReadonlySet<string>>> = {};
  for (const protocol of PROTOCOLS) allowed[protocol] = new Set(given[protocol]);
  return allowed as Record<Protocol, ReadonlySet<string>>;
}

/** Both schemes, where this Node's crypto has both. */
function allAlgorithms(): readonly Algorithm[] {
  return isSupported('ml-dsa-44') ? ['ed25519', 'ml-dsa-44'] : ['ed25519'];
}

function witnessesOf({ ledger }: ConfigInput, folder: string): WitnessesConfig | undefined {
  const { policy, ...rest } = ledger.witnesses;
  return policy === undefined ? undefined : { ...rest, policy: resolve(folder, policy) };
}

function limitsOf(given: ConfigInput['limits']): Limits {
  const limits: Record<string, number> = { ...DEFAULT_LIMITS };
  for (const [key, value] of Object.entries(given)) if (value !== undefined) limits[key] = value;
  return limits as Limits;
}

function instantOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
