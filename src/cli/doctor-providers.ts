/**
 * The doctor's look at each provider: its list of models is asked for with the configured key, at
 * the configured address and no other, and no redirect is followed.
 */
import { request } from 'undici';
import type { Config, ProviderConfig } from '#config/config.ts';
import type { Protocol } from '#wire/exchange.ts';
import type { Found } from './finding.ts';

/** What a provider's clock said, and when it was asked here. Milliseconds since 1970. */
export interface ClockReading {
  readonly provider: string;
  readonly theirs: number;
  readonly ours: number;
}

const WAIT_MS_MAX = 6_000;

export async function checkProviders(config: Config, found: Found): Promise<ClockReading[]> {
  const clocks: ClockReading[] = [];
  for (const provider of config.providers) {
    const clock = await checkProvider(provider, found);
    if (clock) clocks.push(clock);
  }
  return clocks;
}

async function checkProvider(
  provider: ProviderConfig,
  found: Found,
): Promise<ClockReading | undefined> {
  const { name, kind, baseUrl } = provider;
  const area = 'provider';
  if (kind === 'sandbox') {
    const message = `${name}: the sandbox, inside Proviso; it makes up its answers and is no model`;
    found({ area, status: 'ok', message });
    return undefined;
  }
  try {
    const { statusCode, headers, body } = await request(modelsUrl(provider), {
      headers: headersOf(provider),
      signal: AbortSignal.timeout(WAIT_MS_MAX),
    });
    await body.dump();
    found({ area, ...judged(provider, statusCode) });
    const date = headers['date'];
    const theirs = Date.parse(String(date));
    return Number.isNaN(theirs) ? undefined : { provider: name, theirs, ours: Date.now() };
  } catch (thrown) {
    found({
      area,
      status: 'fail',
      message: `${name}: ${baseUrl} ${unreachable(thrown)}`,
      advice: `Check the network and \`providers.${name}.baseUrl\`. Calls to it are answered with \`upstream_failed\`.`,
    });
    return undefined;
  }
}

const MODELS_PATH: Readonly<Record<Protocol, string>> = {
  'openai-chat': '/models',
  'openai-responses': '/models',
  anthropic: '/v1/models',
  gemini: '/v1beta/models',
};

function modelsUrl({ baseUrl, protocol }: ProviderConfig): string {
  return baseUrl.replace(/\/+$/, '') + MODELS_PATH[protocol];
}

function headersOf({ headers, auth, apiKey }: ProviderConfig): Record<string, string> {
  if (!apiKey) return { ...headers };
  const key = apiKey.reveal();
  return auth === 'bearer'
    ? { ...headers, authorization: `Bearer ${key}` }
    : { ...headers, [auth]: key };
}

function judged({ name, baseUrl, apiKey }: ProviderConfig, statusCode: number) {
  if (statusCode === 200) {
    const key = apiKey ? 'accepts the key' : 'answers without a key';
    return { status: 'ok', message: `${name}: ${baseUrl} ${key}` } as const;
  }
  if (statusCode === 401 || statusCode === 403) {
    return {
      status: 'fail',
      message: `${name}: ${baseUrl} refuses ${apiKey ? 'the key' : 'calls without a key'} (${statusCode})`,
      advice: `Mend \`providers.${name}.apiKey\`, or the environment variable that it comes from.`,
    } as const;
  }
  return {
    status: 'warn',
    message: `${name}: ${baseUrl} was reached, and answered ${statusCode} when asked for its models`,
    advice: 'Some servers have no such list; a call will tell.',
  } as const;
}

/** Without addresses that names resolved to. */
function unreachable(thrown: unknown): string {
  const { name, code } = thrown as { name?: string; code?: string };
  switch (name === 'TimeoutError' ? name : (code ?? '')) {
    case 'TimeoutError':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `did not answer within ${WAIT_MS_MAX / 1_000} s`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'has a name that does not resolve';
    case 'ECONNREFUSED':
      return 'refuses connections';
    default:
      return `could not be reached (${code ?? name ?? 'unknown error'})`;
  }
}
