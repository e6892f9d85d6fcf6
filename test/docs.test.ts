/** What the documents name exists: links, commands, options, metrics, configuration keys, limits. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { isObject, type JsonValue } from '#base/json.ts';
import { DEFAULT_LIMITS } from '#base/limits.ts';
import { parseConfig } from '#config/load.ts';
import { configJsonSchema } from '#config/schema.ts';
import { VENDOR_KEYS, VENDOR_KINDS } from '#config/vendors.ts';
import { Metrics } from '#gateway/metrics.ts';
import { BASE_SCHEMA } from '#terms/base-schema.ts';
import { readSchema } from '#terms/engine.ts';
import { loadPack } from '#terms/pack.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const files = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md'], { cwd: root });
const documents = files.map((file) => ({ file, text: read(file) }));
const configurePage = read('docs/guide/configure.md');

test('every relative link leads to a file, and every anchor to a heading', () => {
  assert.ok(documents.length > 15);
  const broken = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/\]\((?![a-z]+:)([^)\s]*)\)/g)].flatMap(([, link = '']) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(root, file) : resolve(root, dirname(file), path);
      if (!existsSync(target)) return [`${file}: ${link}`];
      if (anchor === undefined) return [];
      return anchorsOf(readFileSync(target, 'utf8')).has(anchor) ? [] : [`${file}: ${link}`];
    }),
  );
  assert.deepEqual(broken, []);
});

test('every command that a document names is in the help, with its options', async () => {
  const named = new Map(
    documents.flatMap(({ file, text }) => commandsOf(text).map((line) => [line, file] as const)),
  );
  assert.ok(named.size > 30);
  const program = await wholeProgram();
  const wrong: string[] = [];
  for (const [line, file] of named) {
    const words = line.split(/\s+/);
    let found: Command | undefined = program;
    for (const word of words) {
      // A group such as `key` needs one of its own commands, where it is given a word at all.
      if (found.commands.length > 0) found = commandIn(found, word);
      if (!found) break;
    }
    if (!found) {
      wrong.push(`${file}: proviso ${line}`);
      continue;
    }
    const known = found.options.flatMap(({ long, short }) => [long, short]);
    for (const word of words) {
      if (/^--?[a-z]/.test(word) && !known.includes(word)) {
        wrong.push(`${file}: proviso ${line}: ${word}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

test('every script that a document names is in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = documents.flatMap(({ file, text }) =>
    [...text.matchAll(/npm run (?:-s )?([a-z:]+)/g)].map(([, name = '']) => ({ file, name })),
  );
  assert.ok(named.length > 5);
  assert.deepEqual(
    named.filter(({ name }) => !Object.hasOwn(scripts, name)),
    [],
  );
});

test('operate.md has every metric, and no other', async () => {
  const metrics = new Metrics({ ledgerSize: () => 0, providers: () => [], openHolds: () => 0 });
  const exposed = (await metrics.registry.getMetricsAsJSON()).map(({ name }) => name);
  const page = read('docs/guide/operate.md');
  const named = [...page.matchAll(/^\| `(proviso_[a-z_]+)`/gm)].map(([, name]) => name);
  assert.deepEqual(new Set(named), new Set(exposed.filter((name) => name.startsWith('proviso_'))));
});

test('configure.md has every key of proviso.yaml, and no other', () => {
  const rows = [...configurePage.matchAll(/^\| `([^`]+)` \|/gm)].map(([, key]) => key);
  assert.deepEqual(new Set(rows), new Set(keysOf(configJsonSchema() as JsonValue)));
});

test('configure.md has the value that each limit has unless given', () => {
  const rows = [...configurePage.matchAll(/^\| `limits\.(\w+)` \| ([\d,]+) \|/gm)];
  const named = rows.map(([, name = '', value = '']) => [name, Number(value.replaceAll(',', ''))]);
  assert.deepEqual(Object.fromEntries(named), DEFAULT_LIMITS);
});

test('configure.md has every kind of provider, and every variable that brings one', () => {
  const words = [
    ...VENDOR_KINDS,
    ...VENDOR_KEYS.flatMap(({ keys, endpoint }) => (endpoint ? [...keys, endpoint] : keys)),
  ];
  assert.deepEqual(
    words.filter((word) => !configurePage.includes(`\`${word}\``)),
    [],
  );
});

test('terms.md has every name of the base schema', () => {
  const [, section = ''] =
    /^## The base schema\n([^]*?)^## /m.exec(read('docs/spec/terms.md')) ?? [];
  const { entities, actions } = readSchema(BASE_SCHEMA);
  const names = [...entities.values()].flatMap(({ name, attributes: { attributes } }) => [
    name,
    ...attributes.keys(),
  ]);
  const asked = [...actions.values()].flatMap(({ action, context: { attributes } }) => [
    action.id,
    ...attributes.keys(),
  ]);
  const isThere = (name: string): boolean => new RegExp(`[\`"]${name}[?"\`]`).test(section);
  assert.deepEqual(
    [...names, ...asked].filter((name) => !isThere(name)),
    [],
  );
});

test('every configuration in the guide is valid', () => {
  const blocks = documents.flatMap(({ file, text }) =>
    file.startsWith('docs/guide/')
      ? [...text.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, yaml = '']) => ({ file, yaml }))
      : [],
  );
  assert.ok(blocks.length > 2);
  for (const { file, yaml } of blocks) {
    assert.doesNotThrow(() => parseConfig(yaml, join(root, file), { OPENAI_API_KEY: 'k' }), file);
  }
});

test('the first steps show the terms that are in force at a first start', () => {
  const { hash } = loadPack(join(root, 'examples/terms/restricted-use'));
  assert.ok(read('docs/guide/start.md').includes(hash), hash);
});

test('the README has the two commands', () => {
  for (const command of ['npm ci && npm start', 'npm ci && npm test', 'npx proviso demo']) {
    assert.ok(read('README.md').includes(command), command);
  }
});

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(headings);
}

/** What follows `proviso` in code, with continued lines joined. */
function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```[a-z]*\n([^]*?)^```$/gm)].map(([, block = '']) => block);
  const inBlocks = blocks
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => /^(?:\$ )?npx proviso (.+)$/.exec(line)?.[1]);
  const outside = text.replace(/^```[^]*?^```$/gm, '');
  const inline = [...outside.matchAll(/`(?:npx )?proviso ([a-z]+(?: [^`]*)?)`/g)].map(
    ([, rest]) => rest,
  );
  return [...inBlocks, ...inline].filter((line) => line !== undefined);
}

/** Every command, each defined as `proviso` itself defines it when it is asked for. */
async function wholeProgram(): Promise<Command> {
  const main = join(root, 'src/cli/main.ts');
  const help = execFileSync(process.execPath, [main, '--help'], { encoding: 'utf8' });
  const [, section = ''] = /^Commands:\n([^]*?)\n\n/m.exec(help) ?? [];
  const names = [...section.matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);
  const program = new Command();
  for (const name of names.filter((name) => name !== 'help')) {
    const url = new URL(`../src/cli/${name}.ts`, import.meta.url).href;
    const { define } = (await import(url)) as { define: (command: Command) => void };
    define(program.command(name));
  }
  return program;
}

function commandIn(group: Command, name: string | undefined): Command | undefined {
  return group.commands.find((command) => command.name() === name);
}

/** Each place for a value, as `providers.NAME.kind`, where `NAME` is for the reader to choose. */
function keysOf(schema: JsonValue | undefined, at = ''): string[] {
  if (!isObject(schema)) return [at];
  const { properties, additionalProperties } = schema;
  if (isObject(properties)) {
    return Object.entries(properties).flatMap(([key, inner]) =>
      keysOf(inner, at === '' ? key : `${at}.${key}`),
    );
  }
  if (isObject(additionalProperties) && isObject(additionalProperties['properties'])) {
    return keysOf(additionalProperties, `${at}.NAME`);
  }
  return [at];
}
