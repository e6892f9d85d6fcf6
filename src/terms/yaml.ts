/** A YAML file of a pack, held to its zod schema; what is wrong is told by line and column. */
import { isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { PackFile, Problem } from './problems.ts';

export interface YamlFile<T> {
  readonly value: T;
  /** The problem, at the place of the value that `path` leads to. */
  readonly problem: (path: readonly PropertyKey[], message: string) => Problem;
}

/** What went wrong is added to `problems`, and then nothing is returned. */
export function readYaml<S extends z.ZodType>(
  file: PackFile,
  schema: S,
  problems: Problem[],
): YamlFile<z.output<S>> | undefined {
  const lines = new LineCounter();
  const document = parseDocument(file.text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number, message: string): Problem => {
    const { line, col } = lines.linePos(offset);
    return { path: file.path, line, column: col, message };
  };
  const problem = (path: readonly PropertyKey[], message: string): Problem =>
    at(offsetOf(document.contents, path), message);

  if (document.errors.length > 0) {
    problems.push(...document.errors.map(({ pos, message }) => at(pos[0], message)));
    return undefined;
  }
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return { value: parsed.data, problem };
  for (const issue of parsed.error.issues) {
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) {
        problems.push(problem([...issue.path, key], `\`${key}\` is not known here.`));
      }
    } else {
      const name = issue.path.map(String).join('.');
      problems.push(problem(issue.path, `\`${name}\`: ${issue.message}.`));
    }
  }
  return undefined;
}

/** Where the value begins, or as near to it as the file goes. */
function offsetOf(root: Node | null, path: readonly PropertyKey[]): number {
  let node: Node | null = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap<Node, Node>(node)) {
      const pair = node.items.find((item) => String(item.key) === String(key));
      offset = pair?.key.range?.[0] ?? offset;
      node = pair?.value ?? null;
    } else {
      node = isSeq<Node>(node) ? (node.items[Number(key)] ?? null) : null;
      offset = node?.range?.[0] ?? offset;
    }
  }
  return offset;
}
