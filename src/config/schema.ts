/**
 * The shape of proviso.yaml. Every object refuses keys that it does not know and suggests the
 * nearest one that it does. What the shape cannot say (a provider that an alias names must exist)
 * is checked in `resolve.ts`.
 */
import { z } from 'zod';
import { DEFAULT_LIMITS } from '#base/limits.ts';
import { parseSpan } from '#base/span.ts';
import { PROTOCOLS } from '#wire/exchange.ts';
import { nearest } from './nearest.ts';
import { VENDOR_KINDS } from './vendors.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, {
  error: 'must be 1 to 64 letters, digits, `.`, `_` or `-`, and begin with a letter or digit',
});
const names = z.array(name);
const words = z.string().min(1, { error: 'must not be empty' }).max(2_000);
const instant = z.iso.datetime({
  offset: true,
  error: 'must be an instant such as `2027-01-01T00:00:00Z`',
});
const modelPattern = z.string().regex(/^[^\s*]*\*?[^\s*]*$/, {
  error: 'must be a model name, or a pattern with at most one `*`, such as `gpt-*`',
});

/** Where a secret stands; the file says the place, never the secret. */
const secretPlace = object(
  {
    env: z.string().min(1).optional().describe('The name of an environment variable.'),
    file: z.string().min(1).optional().describe('The path of a file that holds nothing else.'),
  },
  'a secret never stands in the configuration: write `{ env: NAME }` or `{ file: path }`',
).refine((place) => (place.env === undefined) !== (place.file === undefined), {
  error: 'needs exactly one of `env` and `file`',
});

const masterKey = object(
  {
    env: z.string().min(1).optional().describe('The name of an environment variable.'),
    file: z.string().min(1).optional().describe('The path of a file that holds nothing else.'),
    command: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('A program and its arguments, run without a shell, which prints the key.'),
    wrapped: z
      .string()
      .min(1)
      .optional()
      .describe('With `command`: a file that it gets on its standard input.'),
  },
  'the key never stands in the configuration: write `{ file: path }`, `{ env: NAME }` or `{ command: [program] }`',
)
  .refine(({ env, file, command }) => [env, file, command].filter(Boolean).length === 1, {
    error: 'needs exactly one of `env`, `file` and `command`',
  })
  .refine(({ command, wrapped }) => wrapped === undefined || command !== undefined, {
    error: 'has `wrapped`, which is for `command`',
  });

const modelIdentity = object({
  variant: words.optional().describe('The variant that the vendor made for this customer.'),
  safeguardProfile: words.optional().describe('The name of its safeguards, as the vendor says it.'),
  digest: words.optional().describe('The digest of the weights or image, where it is known.'),
}).describe('What is recorded about the model with every call.');

const provider = object({
  kind: choice(VENDOR_KINDS).describe('The vendor, whose known facts fill what is left out.'),
  protocol: choice(PROTOCOLS).optional(),
  alsoSpeaks: z.array(choice(PROTOCOLS)).optional(),
  baseUrl: z.string().optional().describe('As the vendor’s own SDK takes it.'),
  auth: choice(['bearer', 'x-api-key', 'x-goog-api-key', 'api-key'] as const)
    .optional()
    .describe('The header in which the key travels.'),
  apiKey: secretPlace.optional(),
  models: z.array(modelPattern).optional().describe('Model names or patterns, such as `gpt-*`.'),
  headers: z.record(z.string(), z.string()).optional().describe('Sent with every call.'),
  modelIdentity: modelIdentity.optional(),
});

const caller = object({
  keyHash: z
    .string()
    .regex(/^prv_[0-9a-f]{12}:[0-9a-f]{64}$/, {
      error: 'must be the `prv_…:…` hash that `proviso key create` prints, never the key',
    })
    .describe('The id and SHA-256 of the key, never the key.'),
  owner: words.describe('The person or role that answers for the caller.'),
  organisation: words,
  teams: names.default([]),
  partner: words.optional().describe('On whose behalf the caller acts.'),
  clearance: z.int().min(0).max(1_000).default(0),
  purposes: names.default([]).describe('The only purposes the caller may use; none means any.'),
  expiresAt: instant.optional(),
});

const purpose = object({
  title: words,
  owner: words.describe('The person or role that answers for the use.'),
  authority: words.describe('The law, contract or order that it rests on.'),
  dataClasses: names.default([]),
  models: z.array(modelPattern).optional(),
  tools: z.array(z.string()).optional(),
  callers: z
    .array(z.union([name, z.literal('*')]))
    .default([])
    .describe('`*` for everyone.'),
  teams: names.default([]),
  allows: names.default([]).describe('Special permissions that the terms may look at.'),
  endsAt: instant.optional(),
});

const valueOrSecret = z.union([z.string(), secretPlace], {
  error: 'must be text, or `{ env: NAME }` or `{ file: path }` for a secret',
});

const mcpServer = object({
  url: z.string().optional().describe('Of a server that speaks streamable HTTP.'),
  headers: z.record(z.string(), valueOrSecret).default({}).describe('Sent with every request.'),
  command: z.string().min(1).optional().describe('A program that speaks over stdio.'),
  args: z.array(z.string()).default([]),
  env: z
    .record(z.string(), valueOrSecret)
    .default({})
    .describe('The program’s environment, beside `PATH`, `HOME` and the like.'),
}).refine((server) => (server.url === undefined) !== (server.command === undefined), {
  error: 'needs exactly one of `url` and `command`',
});

const consoleSettings = object({
  origin: z
    .string()
    .optional()
    .describe('As people’s browsers see it; `http://localhost:PORT` unless given.'),
  oidc: object({
    name: words.default('single sign-on').describe('What people are shown.'),
    issuer: z.string().describe('The provider’s issuer; its metadata are fetched from there.'),
    clientId: z.string().min(1),
    clientSecret: secretPlace.optional(),
    scope: z.string().min(1).default('openid'),
  })
    .optional()
    .describe('An OpenID provider with which invited people may sign in.'),
});

const keyName = z.string().regex(/^[^\s+]{1,255}$/, {
  error: 'must have at most 255 characters, no white space and no `+`',
});

const signatures = z
  .array(choice(['ed25519', 'ml-dsa-44'] as const))
  .optional()
  .refine((algorithms) => algorithms === undefined || algorithms.includes('ed25519'), {
    error: 'must have `ed25519`, which every verifier reads',
  });

const limits = object(
  Object.fromEntries(
    Object.entries(DEFAULT_LIMITS).map(([key, value]) => [
      key,
      z.int().min(1).optional().describe(`${value} unless given.`),
    ]),
  ) as Record<keyof typeof DEFAULT_LIMITS, z.ZodOptional<z.ZodInt>>,
);

/** What proviso.yaml may hold; everything may be left out. */
export const configSchema = object({
  listen: object({
    host: z.string().min(1).default('127.0.0.1'),
    port: z.int().min(0).max(65_535).default(8787).describe('0 takes any free port.'),
    tlsInFront: z.boolean().default(false).describe('A proxy before Proviso ends TLS.'),
  }).prefault({}),
  dataDir: z.string().min(1).default('./proviso-data').describe('Relative to this file.'),
  terms: z
    .string()
    .min(1)
    .optional()
    .describe('The folder of the terms pack that founds the ledger.'),
  askWhom: words
    .default('the operator of this gateway')
    .describe('Whom a denied caller is told to ask.'),
  providers: z.record(name, provider).default({}),
  models: z
    .record(
      z.string().min(1),
      z.union([z.string(), z.array(z.string()).min(1)], {
        error: 'must be a model, or a list of models in the order in which they are tried',
      }),
    )
    .default({})
    .describe('Aliases, each a model or a list of models tried in order.'),
  callers: z.record(name, caller).default({}),
  purposes: z.record(name, purpose).default({}),
  mcp: z.record(name, mcpServer).default({}).describe('MCP servers, at `/mcp/NAME`.'),
  console: consoleSettings.prefault({}).describe('The web page at `/console`.'),
  limits: limits.prefault({}),
  oversight: object({
    onHold: choice(['wait', 'reference'] as const)
      .default('wait')
      .describe('What an answer that does not stream does while people are asked.'),
    waitMsMax: z
      .int()
      .min(0)
      .default(120_000)
      .describe('How long it waits; clients give up after minutes.'),
    streamWaitMsMax: z.int().min(0).default(1_800_000).describe('How long a stream waits.'),
    keepAliveMs: z
      .int()
      .min(100)
      .default(10_000)
      .describe('How often a stream that waits says that it is alive.'),
    holdsMax: z.int().min(1).default(500).describe('Open holds; past it, a hold is denied.'),
    holdsPerCallerMax: z.int().min(1).default(20),
    drills: object({
      file: z.string().min(1).optional().describe('Exercises: calls that must be rejected.'),
      rate: z.number().min(0).max(1).default(0).describe('Drills for each real hold.'),
      delayMsMax: z.int().min(0).max(86_400_000).default(600_000),
    }).prefault({}),
    alarms: object({
      answersMin: z.int().min(1).default(20).describe('Answers before a share says anything.'),
      visibleMsMin: z.int().min(0).default(5_000).describe('A median below it is too fast.'),
      approvedShareMax: z.number().min(0).max(1).default(0.95),
      answersPerHourMax: z.int().min(1).default(40),
      drillsCaughtMin: z.number().min(0).max(1).default(0.8),
    }).prefault({}),
  }).prefault({}),
  ledger: object({
    dir: z.string().min(1).optional().describe('`ledger` in the data folder unless given.'),
    origin: keyName.optional().describe('The log’s name in its checkpoints.'),
    retention: object({
      atLeast: z
        .string()
        .refine((text) => parseSpan(text) !== undefined, {
          error: 'must be a span such as `6 months` or `184 days`',
        })
        .describe('Younger entries and values are neither archived nor erased.'),
    }).optional(),
    content: choice(['full', 'digest'] as const)
      .default('full')
      .describe('Keep what was asked and answered in the encrypted vault, or only its digest.'),
    masterKey: masterKey
      .optional()
      .describe(
        'Where the vault’s master key is, base64 of 32 bytes; `vault/master.key` unless given.',
      ),
    signatures: signatures.describe('With what checkpoints are signed.'),
    serve: z
      .boolean()
      .default(true)
      .describe('Serve the log, read-only, to anyone, without a key.'),
    prefix: z
      .string()
      .regex(/^\/([A-Za-z0-9._~-]+\/)+$/, {
        error: 'must be a path that begins and ends with `/`, such as `/ledger/`',
      })
      .default('/ledger/')
      .describe('Where it is served.'),
    witnesses: object({
      policy: z.string().min(1).optional().describe('A witness policy (C2SP tlog-policy), a file.'),
      askMs: z.int().min(100).default(10_000).describe('How often witnesses are asked.'),
      answerWaitMsMax: z.int().min(100).default(5_000),
      whenAway: choice(['go-on', 'stop'] as const)
        .default('go-on')
        .describe('What follows when there was no quorum for `awayMsMax`: a warning, or no calls.'),
      awayMsMax: z.int().min(1_000).default(60_000),
    }).prefault({}),
  }).prefault({}),
  witness: object({
    name: keyName.describe('Its name in cosignatures, such as `witness.example.org/harbour`.'),
    dir: z.string().min(1).optional().describe('`witness` in the data folder unless given.'),
    listen: object({
      host: z.string().min(1).default('127.0.0.1'),
      port: z.int().min(0).max(65_535).default(8788).describe('0 takes any free port.'),
    }).prefault({}),
    logs: z
      .array(z.string().min(1))
      .default([])
      .describe(
        'The verifier keys of the logs that it cosigns; several of one name are one log’s.',
      ),
    signatures: signatures.describe('With what it cosigns.'),
    requestsPerMinuteMax: z.int().min(1).default(120).describe('From one address.'),
  })
    .optional()
    .describe('What `proviso witness serve` is.'),
  telemetry: object({
    otlpEndpoint: z.string().optional().describe('Traces go here; absent means nowhere.'),
    logLevel: choice([
      'fatal',
      'error',
      'warn',
      'info',
      'debug',
      'trace',
      'silent',
    ] as const).default('info'),
  }).prefault({}),
  allowedFields: object(
    Object.fromEntries(
      PROTOCOLS.map((protocol) => [protocol, z.array(z.string()).default([])]),
    ) as {
      [P in (typeof PROTOCOLS)[number]]: z.ZodDefault<z.ZodArray<z.ZodString>>;
    },
  )
    .prefault({})
    .describe('Unknown top-level fields that are let through to the same protocol.'),
});

export type ConfigInput = z.output<typeof configSchema>;
export type ProviderInput = z.output<typeof provider>;
export type ConsoleInput = z.output<typeof consoleSettings>;
export type McpServerInput = z.output<typeof mcpServer>;

/** JSON Schema (2020-12) of proviso.yaml, for editors. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  return { title: 'proviso.yaml', ...z.toJSONSchema(configSchema, { io: 'input' }) };
}

/** A strict object whose error for an unknown key names the nearest known one. */
function object<S extends z.ZodRawShape>(shape: S, whenNotObject?: string) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map((key) => unknownKey(key, Object.keys(shape))).join('\n');
      }
      return whenNotObject;
    },
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearest(key, known);
  return near === undefined
    ? `is not known here; known are ${known.map((k) => `\`${k}\``).join(', ')}`
    : `is not known here; did you mean \`${near}\`?`;
}

function choice<const V extends readonly string[]>(values: V) {
  return z.enum(values, {
    error: (issue) => {
      const near = typeof issue.input === 'string' ? nearest(issue.input, values) : undefined;
      return near === undefined
        ? `must be one of ${values.map((v) => `\`${v}\``).join(', ')}`
        : `must be one of ${values.map((v) => `\`${v}\``).join(', ')}; did you mean \`${near}\`?`;
    },
  });
}
