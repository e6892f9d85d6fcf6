/** One provider: what proviso.yaml says of it over what is known of its vendor. */
import { checkUrl } from './address.ts';
import type { ModelTarget, ProviderConfig } from './config.ts';
import { nearest } from './nearest.ts';
import type { Around, Report } from './problem.ts';
import type { ProviderInput } from './schema.ts';
import { fetchSecret, Secret } from './secret.ts';
import { azureBaseUrl, VENDOR_KEYS, VENDORS, type Vendor } from './vendors.ts';

export function resolveProvider(
  name: string,
  input: ProviderInput,
  around: Around,
): ProviderConfig {
  const vendor: Vendor = VENDORS[input.kind];
  const path = ['providers', name];
  const { report } = around;
  const given = input.baseUrl ?? vendor.baseUrl;
  if (given === undefined) report(path, `needs a \`baseUrl\`, which \`${input.kind}\` leaves open`);
  else checkUrl(given, input.baseUrl === undefined ? path : [...path, 'baseUrl'], report);
  if (input.apiKey === undefined && !vendor.isKeyless) {
    report(path, 'needs an `apiKey`, such as `{ env: NAME }` or `{ file: path }`');
  }
  const models = input.models ?? vendor.models;
  if (models.length === 0) report(path, 'needs `models`: the names or patterns that it serves');
  for (const header of Object.keys(input.headers ?? {})) checkHeader(name, header, report);
  return {
    name,
    kind: input.kind,
    protocol: input.protocol ?? vendor.protocol,
    alsoSpeaks: input.alsoSpeaks ?? (input.protocol === undefined ? vendor.alsoSpeaks : []),
    baseUrl: input.kind === 'azure' && given !== undefined ? azureBaseUrl(given) : (given ?? ''),
    auth: input.auth ?? vendor.auth,
    apiKey: input.apiKey && fetchSecret(input.apiKey, [...path, 'apiKey'], around),
    models,
    headers: { ...vendor.headers, ...input.headers },
    modelIdentity: input.modelIdentity,
  };
}

/** Providers whose keys stand in well-known environment variables. */
export function providersFromEnvironment({ env, report }: Around): ProviderConfig[] {
  const providers: ProviderConfig[] = [];
  for (const { kind, keys, endpoint } of VENDOR_KEYS) {
    const key = keys.map((name) => env[name]?.trim()).find((value) => value);
    const address = endpoint === undefined ? undefined : env[endpoint]?.trim();
    if (!key || (endpoint !== undefined && !address)) continue;
    const vendor: Vendor = VENDORS[kind];
    if (address && endpoint) checkUrl(address, [endpoint], report);
    providers.push({
      name: kind,
      kind,
      protocol: vendor.protocol,
      alsoSpeaks: vendor.alsoSpeaks,
      baseUrl: address ? azureBaseUrl(address) : (vendor.baseUrl ?? ''),
      auth: vendor.auth,
      apiKey: new Secret(key),
      models: vendor.models.length > 0 ? vendor.models : ['*'],
      headers: vendor.headers,
      modelIdentity: undefined,
    });
  }
  return providers;
}

/**
 * The targets of an alias: each text is `provider/model` where such a provider is configured, else
 * a model that one of them serves.
 */
export function resolveTargets(
  wanted: readonly string[],
  providers: readonly ProviderConfig[],
  path: readonly PropertyKey[],
  report: Report,
): ModelTarget[] {
  return wanted.flatMap((text, i) => {
    const slash = text.indexOf('/');
    const named = providers.find(({ name }) => slash > 0 && name === text.slice(0, slash));
    if (named) return [{ provider: named.name, model: text.slice(slash + 1) }];
    const serving = providers.find(({ models }) => models.some((p) => isServedBy(p, text)));
    if (serving) return [{ provider: serving.name, model: text }];
    const known = providers.map(({ name }) => name);
    const near = slash > 0 ? nearest(text.slice(0, slash), known) : undefined;
    const advice =
      near === undefined
        ? `write \`provider/model\` with one of ${known.map((k) => `\`${k}\``).join(', ')}`
        : `did you mean \`${near}${text.slice(slash)}\`?`;
    report(
      wanted.length === 1 ? path : [...path, i],
      `names \`${text}\`, which no configured provider serves; ${advice}`,
    );
    return [];
  });
}

function isServedBy(pattern: string, model: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === model;
  const [head, tail] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return (
    model.length >= head.length + tail.length && model.startsWith(head) && model.endsWith(tail)
  );
}

const RESERVED_HEADERS = new Set([
  'host',
  'connection',
  'content-length',
  'content-type',
  'content-encoding',
  'transfer-encoding',
  'accept-encoding',
  'expect',
  'te',
  'trailer',
  'upgrade',
]);

function checkHeader(provider: string, header: string, report: Report): void {
  const path = ['providers', provider, 'headers', header];
  const lower = header.toLowerCase();
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(lower)) report(path, 'is not the name of a header');
  else if (RESERVED_HEADERS.has(lower)) report(path, 'is a header that Proviso sets itself');
  else if (/key|token|secret|auth|cookie|password/.test(lower)) {
    report(path, 'looks like a secret, which never stands in the configuration; use `apiKey`');
  }
}
