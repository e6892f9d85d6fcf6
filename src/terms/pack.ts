/**
 * A terms pack: text, rules, schema and tests that parties agree on, read whole or not at all.
 * What is on disk: docs/spec/terms.md
 */

import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { canonicalJson } from '#base/json.ts';
import { BASE_SCHEMA, checkBaseSchema } from './base-schema.ts';
import { type Clause, readClauses } from './clauses.ts';
import { type ApprovalTerms, type Manifest, manifestSchema } from './manifest.ts';
import { checkNames } from './names.ts';
import { type PackTest, readTests } from './pack-tests.ts';
import { checkParties } from './parties.ts';
import { type PackFile, type Problem, problemAt, termsInvalid } from './problems.ts';
import { checkRules, type PackRule, type RuleKind, readRules } from './rules.ts';
import { readYaml, type YamlFile } from './yaml.ts';

export interface Pack {
  readonly id: string;
  readonly version: string;
  readonly title: string;
  /** SHA-256, hexadecimal, over the canonical JSON of `{ path: SHA-256 of the file }`. */
  readonly hash: string;
  readonly files: ReadonlyMap<string, PackFile>;
  readonly manifest: Manifest;
  readonly clauses: ReadonlyMap<string, Clause>;
  readonly toolClasses: ReadonlyMap<string, readonly string[]>;
  /** What lifts each hold, by the name in `@hold`. */
  readonly approvals: ReadonlyMap<string, ApprovalTerms>;
  /** Phrases by topic, for the detectors. */
  readonly topics: Readonly<Record<string, readonly string[]>>;
  /** Proviso's base schema and the pack's own, as one text. */
  readonly schema: string;
  readonly rules: readonly PackRule[];
  readonly redLines: readonly PackRule[];
  readonly assurances: readonly PackRule[];
  readonly tests: readonly PackTest[];
}

/** @throws ProvisoError `terms_invalid`, with one line `file:line:column: problem` for each problem */
export function loadPack(dir: string): Pack {
  return parsePack(readPackFiles(dir), dir);
}

/**
 * As `loadPack`, from the contents of the files by path.
 * @param dir only named in errors
 */
export function parsePack(contents: ReadonlyMap<string, Uint8Array>, dir: string): Pack {
  const problems: Problem[] = [];
  const files = textFiles(contents, problems);
  const file = (path: string): PackFile => {
    const found = files.get(path);
    if (!found) problems.push({ path, message: 'The file is missing.' });
    return found ?? { path, text: '' };
  };
  const yaml = readYaml(file('terms.yaml'), manifestSchema, problems);
  const text = file('text.md');
  const schema = { base: BASE_SCHEMA, own: file('schema.cedarschema') };
  const rulesOf = (kind: RuleKind, path: RegExp): PackRule[] =>
    [...files.values()]
      .filter((file) => path.test(file.path))
      .flatMap((file) => readRules(file, kind, problems));
  const rules = rulesOf('rule', /^rules\//);
  const redLines = rulesOf('red line', /^redlines\.cedar$/);
  const assurances = rulesOf('assurance', /^assurances\.cedar$/);
  const tests = [...files.values()]
    .filter(({ path }) => path.startsWith('tests/'))
    .flatMap((file) => readTests(file, problems, yaml?.value.effective?.from));
  if (!yaml) throw termsInvalid(dir, problems);

  const clauses = readClauses(yaml, text, problems);
  const all = [...rules, ...redLines, ...assurances];
  checkRules(all, clauses, schema, problems);
  checkParties(yaml, [...redLines, ...assurances], problems);
  if (problems.length === 0) checkClauses(yaml, all, problems);
  if (problems.length === 0) {
    checkApprovals(yaml, all, problems);
    checkNames(yaml.value, all, problems);
    checkBaseSchema(schema.own, problems);
  }
  if (problems.length > 0) throw termsInvalid(dir, problems);
  const { id, version, title, topics, toolClasses, approvals } = yaml.value;
  return {
    id,
    version,
    title,
    hash: packHash(contents),
    files,
    manifest: yaml.value,
    clauses,
    toolClasses: new Map(Object.entries(toolClasses).map(([name, { names }]) => [name, names])),
    approvals: new Map(Object.entries(approvals)),
    topics,
    schema: schema.base + schema.own.text,
    rules,
    redLines,
    assurances,
    tests,
  };
}

function checkClauses(
  { value, problem }: YamlFile<Manifest>,
  rules: readonly PackRule[],
  problems: Problem[],
): void {
  for (const [i, { id, notEnforced }] of value.clauses.entries()) {
    const rule = rules.find(({ clause }) => clause === id);
    if ((rule === undefined) !== (notEnforced === undefined)) continue;
    const message = rule
      ? `\`notEnforced\` says why no rule enforces the clause \`${id}\`, and \`${rule.policy.id}\` does.`
      : `No rule names the clause \`${id}\`, and \`notEnforced\` does not say why.`;
    problems.push(problem(['clauses', i, rule ? 'notEnforced' : 'id'], message));
  }
}

/** A hold that nobody can lift, and an approval that lifts nothing, are names misspelt. */
function checkApprovals(
  { value, problem }: YamlFile<Manifest>,
  rules: readonly PackRule[],
  problems: Problem[],
): void {
  for (const { hold, file, source } of rules) {
    if (hold === undefined || Object.hasOwn(value.approvals, hold)) continue;
    const message = `The approval \`${hold}\` is not in \`approvals\` of terms.yaml.`;
    problems.push(problemAt(file, source.start, message));
  }
  for (const name of Object.keys(value.approvals)) {
    if (rules.some(({ hold }) => hold === name)) continue;
    problems.push(problem(['approvals', name], `No rule has \`@hold("${name}")\`.`));
  }
}

/** A misspelt name must not silently take a rule out of force. */
const PACK_PATH =
  /^(terms\.yaml|text\.md|schema\.cedarschema|redlines\.cedar|assurances\.cedar|rules\/[^/]+\.cedar|tests\/[^/]+\.yaml)$/;
/** Beside the pack, and not part of what is agreed. */
const BESIDE_PATH = /^(README\.md$|signatures\/)/;

/**
 * The files that are part of the pack, by path.
 * @throws ProvisoError `terms_invalid` where they cannot be read
 */
export function readPackFiles(dir: string): ReadonlyMap<string, Uint8Array> {
  try {
    return new Map(
      readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map(({ parentPath, name }) => relative(dir, join(parentPath, name)).replaceAll('\\', '/'))
        .filter((path) => !BESIDE_PATH.test(path))
        .sort()
        .map((path) => [path, readFileSync(join(dir, path))]),
    );
  } catch (cause) {
    const message = `Could not be read: ${(cause as Error).message}.`;
    throw termsInvalid(dir, [{ path: '.', message }]);
  }
}

function textFiles(
  contents: ReadonlyMap<string, Uint8Array>,
  problems: Problem[],
): ReadonlyMap<string, PackFile> {
  const files = new Map<string, PackFile>();
  for (const [path, bytes] of contents) {
    if (!PACK_PATH.test(path)) {
      problems.push({ path, message: 'Not part of a pack; is its name misspelt?' });
    } else if (isUtf8(bytes)) files.set(path, { path, text: Buffer.from(bytes).toString('utf8') });
    else problems.push({ path, message: 'Not UTF-8 text.' });
  }
  return files;
}

/** Over the files' bytes by path, whatever they say. */
export function packHash(contents: ReadonlyMap<string, Uint8Array>): string {
  const sha256 = (bytes: Uint8Array | string): string =>
    createHash('sha256').update(bytes).digest('hex');
  const hashes = [...contents].map(([path, bytes]) => [path, sha256(bytes)]);
  return sha256(canonicalJson(Object.fromEntries(hashes)));
}
