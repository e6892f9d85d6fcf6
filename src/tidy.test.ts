/** House rules that a compiler does not know, held here so that breaking one fails by name. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const src = dirname(fileURLToPath(import.meta.url));

/** What each folder may import, beside itself: folders, or single files of one. */
const STAGE = ['base', 'wire/exchange.ts'];
const COMPOSED = [
  'base',
  'wire',
  'caller',
  'purpose',
  'signals',
  'terms',
  'oversight',
  'people',
  'tools',
  'providers',
];
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ['base'],
  caller: STAGE,
  purpose: STAGE,
  signals: STAGE,
  terms: STAGE,
  oversight: STAGE,
  people: ['base'],
  tools: ['base'],
  providers: ['base', 'wire'],
  ledger: ['base'],
  witness: ['base', 'ledger'],
  config: [...STAGE, 'oversight/exercises.ts', 'oversight/reviews.ts'],
  audit: [
    'base',
    'wire',
    'caller',
    'purpose',
    'signals',
    'terms',
    'oversight',
    'people',
    'tools',
    'ledger',
  ],
  disclosure: ['base', 'ledger', 'audit/values.ts'],
  gateway: [...COMPOSED, 'ledger', 'witness', 'config', 'audit', 'disclosure'],
  mcp: [...COMPOSED, 'ledger', 'config', 'gateway'],
  admin: [...COMPOSED, 'ledger', 'config', 'gateway', 'audit', 'disclosure'],
  // In a browser: only types of the server's own, and what needs nothing but the platform.
  console: ['admin/operations.ts', 'admin/streams.ts', 'base', 'disclosure'],
  cli: [
    ...COMPOSED,
    'ledger',
    'witness',
    'config',
    'gateway',
    'audit',
    'disclosure',
    'mcp',
    'admin',
  ],
};

const LINES_MAX = 400;

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && file.includes('/'))
  .map((file) => ({ file, text: readFileSync(join(src, file), 'utf8') }));
const modules = files.filter(({ file }) => !file.endsWith('.test.ts'));

test('imports follow the table', () => {
  const wrong = modules.flatMap(({ file, text }) => {
    const folder = file.slice(0, file.indexOf('/'));
    const allowed = MAY_IMPORT[folder];
    if (!allowed) return [`${file}: the folder ${folder} has no row in the import table`];
    return importsOf(text)
      .map((specifier) => resolveImport(file, specifier))
      .filter((target) => target !== undefined)
      .filter((target) => {
        const inFolder = target.slice(0, target.indexOf('/'));
        return inFolder !== folder && !allowed.includes(inFolder) && !allowed.includes(target);
      })
      .map((target) => `${file} may not import ${target}`);
  });
  assert.deepEqual(wrong, []);
});

test('other folders are imported through the # names', () => {
  const wrong = files.flatMap(({ file, text }) =>
    importsOf(text)
      .filter((specifier) => specifier.startsWith('.'))
      .filter((specifier) => {
        const target = join(dirname(file), specifier);
        return target.slice(0, target.indexOf('/')) !== file.slice(0, file.indexOf('/'));
      })
      .map((specifier) => `${file}: ${specifier}`),
  );
  assert.deepEqual(wrong, []);
});

test('modules are short', () => {
  const long = modules.flatMap(({ file, text }) => {
    const lines = text.split('\n').length;
    return lines > LINES_MAX ? [`${file} has ${lines} lines; split it along a noun`] : [];
  });
  assert.deepEqual(long, []);
});

test('every module says what it is for', () => {
  const silent = modules.filter(({ text }) => !text.startsWith('/**')).map(({ file }) => file);
  assert.deepEqual(silent, []);
});

test('only its own module makes a branded stage value', () => {
  const brands = new Map<string, string>();
  for (const { file, text } of modules) {
    const symbol = /declare const (\w+): unique symbol/.exec(text)?.[1];
    if (symbol === undefined) continue;
    for (const declaration of text.split(/^(?=export )/m)) {
      const name = /^export (?:interface|type) (\w+)/.exec(declaration)?.[1];
      if (name !== undefined && declaration.includes(`[${symbol}]: true`)) brands.set(name, file);
    }
  }
  assert.ok(brands.size >= 7, `found the brands ${[...brands.keys()].join(', ')}`);
  const casts = modules.flatMap(({ file, text }) =>
    [...text.matchAll(/\bas (?:\w+ & )?(\w+)/g)]
      .filter((match) => brands.has(match[1] ?? '') && brands.get(match[1] ?? '') !== file)
      .map((match) => `${file}: ${match[0]}`),
  );
  assert.deepEqual(casts, []);
});

test('the lock names the packages of every platform, which npm ci asks for on each', () => {
  const lock = JSON.parse(readFileSync(join(src, '../package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { optionalDependencies?: Record<string, string> }>>;
  };
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) =>
        !(`node_modules/${name}` in lock.packages) &&
        !(`${path}/node_modules/${name}` in lock.packages),
    ),
  );
  assert.deepEqual(missing, []);
});

function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

/** The path below src/, or undefined for packages. */
function resolveImport(file: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (!specifier.startsWith('.')) return undefined;
  return relative(src, join(src, dirname(file), specifier));
}
