/**
 * Reads proviso.yaml. Everything that is wrong with it is told at once, each with file, line and
 * column; a configuration is either wholly valid or not in force.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isAlias, isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { ProvisoError } from '#base/errors.ts';
import type { Config } from './config.ts';
import type { Environment, Problem } from './problem.ts';
import { type Resolved, resolveConfig } from './resolve.ts';
import { configSchema } from './schema.ts';

/**
 * @param path the file, or `undefined` for the defaults and what the environment brings
 * @throws ProvisoError `config_invalid`, with one line `file:line:column: problem` for each problem
 */
export function loadConfig(path: string | undefined, env: Environment): Config {
  if (path === undefined) {
    return inForce(resolveConfig(configSchema.parse({}), env, undefined, '.'));
  }
  const file = resolve(path);
  return parseConfig(read(file), file, env);
}

/** As `loadConfig`, for text that was read from `file`. */
export function parseConfig(text: string, file: string, env: Environment): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) {
    throw invalid(
      document.errors.map(({ pos, message }) => `${place(pos[0])}: ${oneLine(message)}`),
    );
  }
  const told = (problems: readonly Problem[]): ProvisoError =>
    invalid(
      problems.map(
        (problem) =>
          `${place(offsetOf(document.contents, problem))}: ${named(problem.path)}${problem.message}`,
      ),
    );
  // Copied: the parser's strings are views of the whole file, which JSON writes at half the speed.
  const parsed = configSchema.safeParse(structuredClone(document.toJS() ?? {}));
  if (!parsed.success) throw told(parsed.error.issues.flatMap(problemsOf));
  const resolved = resolveConfig(parsed.data, env, file, dirname(file));
  if (resolved.problems.length > 0) throw told(resolved.problems);
  return resolved.config;

  /** Where the problem's value begins, or as near to it as the file goes. */
  function offsetOf(root: Node | null, { path, isKey }: Problem): number {
    let node: Node | null = root;
    let offset = 0;
    for (const [depth, key] of path.entries()) {
      if (isAlias(node)) node = node.resolve(document) ?? null;
      offset = node?.range?.[0] ?? offset;
      if (isMap<Node, Node>(node)) {
        const pair = node.items.find((item) => String(item.key) === String(key));
        if (isKey && depth === path.length - 1) return pair?.key.range?.[0] ?? offset;
        node = pair?.value ?? null;
      } else node = isSeq<Node>(node) ? (node.items[Number(key)] ?? null) : null;
    }
    return node?.range?.[0] ?? offset;
  }
}

/** One problem for each key that zod lists, and no quotation of any value. */
function problemsOf(issue: Issue): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    return issue.keys.map((key, i) => ({
      path: [...issue.path, key],
      message: messages[i] ?? issue.message,
      isKey: true,
    }));
  }
  if (issue.code === 'invalid_key') {
    const message = issue.issues[0]?.message ?? issue.message;
    return [{ path: issue.path, message, isKey: true }];
  }
  return [{ path: issue.path, message: issue.message.replace(/^Invalid input: /, '') }];
}

type Issue = NonNullable<ReturnType<typeof configSchema.safeParse>['error']>['issues'][number];

function inForce(resolved: Resolved): Config {
  if (resolved.problems.length > 0) {
    throw invalid(resolved.problems.map(({ path, message }) => `${named(path)}${message}`));
  }
  return resolved.config;
}

function named(path: readonly PropertyKey[]): string {
  return path.length === 0 ? '' : `\`${path.map(String).join('.')}\` `;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new ProvisoError('config_invalid', `\`${file}\` could not be read: ${code}.`, { cause });
  }
}

function oneLine(message: string): string {
  return message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? message;
}

function invalid(problems: readonly string[]): ProvisoError {
  const [first = ''] = problems;
  return new ProvisoError('config_invalid', problems.join('\n'), {
    at: /^(.*?:\d+:\d+): /.exec(first)?.[1] ?? 'environment',
    facts: { problems },
  });
}
