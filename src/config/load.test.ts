import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { ProvisoError } from '#base/errors.ts';
import { DEFAULT_LIMITS } from '#base/limits.ts';
import { loadConfig, parseConfig } from './load.ts';
import { configJsonSchema } from './schema.ts';

const example = fileURLToPath(new URL('../../examples/proviso.yaml', import.meta.url));
const PLANTED = 'sk-planted-0123456789';

function problemsOf(text: string, env: Record<string, string> = {}): readonly string[] {
  try {
    parseConfig(text, '/etc/proviso.yaml', env);
  } catch (thrown) {
    assert.ok(thrown instanceof ProvisoError);
    assert.equal(thrown.code, 'config_invalid');
    const { problems } = thrown.facts;
    assert.ok(Array.isArray(problems));
    assert.equal(thrown.publicMessage, problems.join('\n'));
    return problems as readonly string[];
  }
  assert.fail('the configuration was accepted');
}

describe('without a file', () => {
  it('takes loopback, the example terms and the sandbox', () => {
    const config = loadConfig(undefined, {});
    assert.deepEqual(config.listen, { host: '127.0.0.1', port: 8787, tlsInFront: false });
    assert.match(config.termsDir, /examples\/terms\/restricted-use$/);
    assert.match(config.dataDir, /\/proviso-data$/);
    assert.deepEqual(config.limits, DEFAULT_LIMITS);
    assert.deepEqual(
      config.providers.map(({ name, kind, models }) => ({ name, kind, models })),
      [{ name: 'sandbox', kind: 'sandbox', models: ['sandbox', '*'] }],
    );
    assert.deepEqual(config.warnings, []);
  });

  it('finds the providers whose keys stand in the environment', () => {
    const config = loadConfig(undefined, {
      OPENAI_API_KEY: PLANTED,
      ANTHROPIC_API_KEY: PLANTED,
      GOOGLE_API_KEY: PLANTED,
      AZURE_OPENAI_API_KEY: PLANTED,
      AZURE_OPENAI_ENDPOINT: 'https://example.openai.azure.com/',
      XAI_API_KEY: PLANTED,
      MISTRAL_API_KEY: PLANTED,
      GROQ_API_KEY: PLANTED,
      DEEPSEEK_API_KEY: PLANTED,
      OPENROUTER_API_KEY: PLANTED,
    });
    const named = new Map(config.providers.map((provider) => [provider.name, provider]));
    assert.deepEqual([...named.keys()].sort(), [
      'anthropic',
      'azure',
      'deepseek',
      'gemini',
      'groq',
      'mistral',
      'openai',
      'openrouter',
      'xai',
    ]);
    assert.equal(named.get('azure')?.baseUrl, 'https://example.openai.azure.com/openai/v1');
    assert.equal(named.get('anthropic')?.auth, 'x-api-key');
    assert.equal(named.get('gemini')?.protocol, 'gemini');
    assert.equal(named.get('openai')?.apiKey?.reveal(), PLANTED);
  });

  it('leaves Azure out without its address', () => {
    const config = loadConfig(undefined, { AZURE_OPENAI_API_KEY: PLANTED });
    assert.deepEqual(
      config.providers.map(({ name }) => name),
      ['sandbox'],
    );
  });
});

describe('a file', () => {
  it('is told of every problem at once, each with its place and a suggestion', () => {
    const text = [
      'listen:',
      '  prot: 80',
      'providers:',
      '  main:',
      '    kind: opnai',
      '    baseurl: https://example.com',
      'callers:',
      '  batch:',
      '    owner: records office',
      'limits: { bodyBytesMax: -1 }',
    ].join('\n');
    assert.deepEqual(problemsOf(text), [
      '/etc/proviso.yaml:2:3: `listen.prot` is not known here; did you mean `port`?',
      '/etc/proviso.yaml:5:11: `providers.main.kind` must be one of `openai`, `azure`, `anthropic`, `gemini`, `xai`, `mistral`, `groq`, `deepseek`, `openrouter`, `ollama`, `vllm`, `sandbox`, `compatible`; did you mean `openai`?',
      '/etc/proviso.yaml:6:5: `providers.main.baseurl` is not known here; did you mean `baseUrl`?',
      '/etc/proviso.yaml:9:5: `callers.batch.keyHash` expected string, received undefined',
      '/etc/proviso.yaml:9:5: `callers.batch.organisation` expected string, received undefined',
      '/etc/proviso.yaml:10:25: `limits.bodyBytesMax` Too small: expected number to be >=1',
    ]);
  });

  it('refuses a secret in clear and does not repeat it', () => {
    const text = `providers:\n  main:\n    kind: openai\n    apiKey: ${PLANTED}\n`;
    const [problem = '', ...others] = problemsOf(text);
    assert.deepEqual(others, []);
    assert.match(
      problem,
      /:4:13: `providers.main.apiKey` a secret never stands in the configuration/,
    );
    assert.ok(!problem.includes(PLANTED));
  });

  it('fetches secrets from the environment and from files, and says which is missing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'proviso-config-'));
    writeFileSync(join(folder, 'key'), `${PLANTED}\n`);
    const text = [
      'providers:',
      '  a: { kind: openai, apiKey: { env: A_KEY } }',
      '  b: { kind: anthropic, apiKey: { file: key } }',
    ].join('\n');
    const file = join(folder, 'proviso.yaml');
    const config = parseConfig(text, file, { A_KEY: 'from-env' });
    assert.deepEqual(
      config.providers.map(({ apiKey }) => apiKey?.reveal()),
      ['from-env', PLANTED],
    );
    assert.match(problemsOf(text)[0] ?? '', /:2:37: .*`A_KEY`, which is not set/);
    assert.match(problemsOf(text)[1] ?? '', /:3:41: .*could not be read: ENOENT/);
  });

  it('keeps secrets out of JSON and inspection', () => {
    const config = loadConfig(undefined, { OPENAI_API_KEY: PLANTED });
    assert.ok(!JSON.stringify(config).includes(PLANTED));
    assert.ok(!inspect(config, { depth: null, showHidden: true }).includes(PLANTED));
    assert.ok(!String(config.providers[0]?.apiKey).includes(PLANTED));
  });

  it('takes only http and https addresses without credentials', () => {
    for (const [url, expected] of [
      ['file:///etc/passwd', /must be an address that begins with/],
      ['https://user:pass@example.com/v1', /must not hold a user name/],
      ['https://example.com/v1?key=1', /must not hold a query/],
    ] as const) {
      const text = `providers: { m: { kind: compatible, models: [a], baseUrl: "${url}" } }`;
      assert.match(problemsOf(text).join(), expected);
    }
  });

  it('refuses headers that Proviso sets or that look like secrets', () => {
    const text =
      'providers: { m: { kind: vllm, headers: { Host: a, X-Api-Key: b, "a b": c, x-team: ok } } }';
    assert.deepEqual(
      problemsOf(text).map((problem) => /`([^`]*)`/.exec(problem)?.[1]),
      ['Host', 'X-Api-Key', 'a b'].map((header) => `providers.m.headers.${header}`),
    );
  });

  it('resolves aliases to ordered targets', () => {
    const text = [
      'providers:',
      '  first: { kind: ollama, models: [small] }',
      '  second: { kind: vllm, models: [big-*] }',
      'models:',
      '  fast: [small, first/other, big-1]',
    ].join('\n');
    assert.deepEqual(parseConfig(text, '/etc/proviso.yaml', {}).models.get('fast'), [
      { provider: 'first', model: 'small' },
      { provider: 'first', model: 'other' },
      { provider: 'second', model: 'big-1' },
    ]);
    assert.match(
      problemsOf(text.replace('first/other', 'frist/other'))[0] ?? '',
      /:5:17: .*did you mean `first\/other`\?/,
    );
  });

  it('points at broken YAML and at duplicate keys', () => {
    assert.match(problemsOf('listen: [')[0] ?? '', /^\/etc\/proviso\.yaml:1:10: /);
    assert.match(
      problemsOf('dataDir: a\ndataDir: b')[0] ?? '',
      /^\/etc\/proviso\.yaml:2:1: .*unique/,
    );
  });

  it('may be empty', () => {
    assert.equal(parseConfig('', '/etc/proviso.yaml', {}).listen.port, 8787);
  });

  it('warns of an address that other machines reach', () => {
    const warnings = (listen: string) =>
      parseConfig(`listen: ${listen}`, '/etc/proviso.yaml', {}).warnings;
    assert.match(warnings('{ host: 0.0.0.0 }')[0] ?? '', /does not end TLS/);
    assert.match(warnings('{ host: "::" }')[0] ?? '', /does not end TLS/);
    assert.deepEqual(warnings('{ host: 0.0.0.0, tlsInFront: true }'), []);
    assert.deepEqual(warnings('{ host: 127.0.0.2 }'), []);
  });

  it('refuses one key for two callers', () => {
    const caller = (id: string) =>
      `  ${id}: { owner: o, organisation: o, keyHash: 'prv_0123456789ab:${'0'.repeat(64)}' }`;
    const problems = problemsOf(`callers:\n${caller('a')}\n${caller('b')}`);
    assert.deepEqual(problems.length, 1);
    assert.match(problems[0] ?? '', /`callers.b.keyHash` is the key of `a` too/);
  });
});

describe('the console', () => {
  it('takes an origin that browsers keep passkeys for, and no other', () => {
    const originOf = (origin: string) => parseConfig(stringify({ console: { origin } }), 'a', {});
    for (const origin of ['https://proviso.example.org', 'http://localhost:8787']) {
      assert.equal(originOf(origin).console.origin, origin);
    }
    for (const origin of [
      'http://proviso.example.org',
      'http://127.0.0.1:8787',
      'https://192.0.2.1',
      'https://[::1]',
      'https://proviso.example.org/',
      'https://proviso.example.org/console',
      'https://user@proviso.example.org',
      'proviso.example.org',
    ]) {
      assert.match(problemsOf(stringify({ console: { origin } }))[0] ?? '', /console\.origin/);
    }
  });

  it('fetches the secret of an OpenID client, and shows it nowhere', () => {
    const oidc = { issuer: 'https://id.example.org', clientId: 'a', clientSecret: { env: 'S' } };
    const config = parseConfig(stringify({ console: { oidc } }), 'a', { S: PLANTED });
    assert.equal(config.console.oidc?.clientSecret?.reveal(), PLANTED);
    assert.ok(!JSON.stringify(config.console).includes(PLANTED));
  });
});

describe('the example file', () => {
  it('loads, and uses every section', () => {
    const env = {
      OPENAI_API_KEY: PLANTED,
      ANTHROPIC_API_KEY: PLANTED,
      PROVISO_OIDC_SECRET: PLANTED,
    };
    const config = loadConfig(example, env);
    assert.deepEqual(config.warnings, []);
    const text = readFileSync(example, 'utf8');
    const properties = configJsonSchema()['properties'];
    assert.ok(properties !== null && typeof properties === 'object');
    for (const key of Object.keys(properties)) assert.match(text, new RegExp(`^${key}:`, 'm'));
  });
});

it('exports a JSON Schema that knows each limit', () => {
  const schema = JSON.stringify(configJsonSchema());
  for (const key of Object.keys(DEFAULT_LIMITS)) assert.ok(schema.includes(`"${key}"`));
});

it('reads back any valid configuration that YAML writes', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/);
  const input = fc.record({
    listen: fc.record({ host: fc.constantFrom('127.0.0.1', '::1'), port: fc.nat(65_535) }),
    askWhom: fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme' }),
    limits: fc.record({ attemptsMax: fc.integer({ min: 1, max: 9 }) }),
    purposes: fc.dictionary(
      name,
      fc.record({
        title: fc.constant('t'),
        owner: fc.constant('o'),
        authority: fc.string({ minLength: 1 }),
      }),
      { noNullPrototype: true },
    ),
  });
  fc.assert(
    fc.property(input, (wanted) => {
      const config = parseConfig(stringify(wanted), '/etc/proviso.yaml', {});
      assert.equal(config.listen.port, wanted.listen.port);
      assert.equal(config.askWhom, wanted.askWhom);
      assert.equal(config.limits.attemptsMax, wanted.limits.attemptsMax);
      assert.deepEqual(
        config.purposes.map(({ id, authority }) => [id, authority]),
        Object.entries(wanted.purposes).map(([id, { authority }]) => [id, authority]),
      );
    }),
  );
});
