/**
 * What is not wrong with a pack and may not be meant: words that no clause covers, names that no rule
 * looks at, and tools of its tests that are in no class.
 */
import { manifestSchema } from './manifest.ts';
import type { Pack } from './pack.ts';
import { type PackFile, type Problem, problemAt } from './problems.ts';
import { compileToolClasses, UNCLASSIFIED } from './tools.ts';
import { namesWord } from './uses.ts';
import { readYaml } from './yaml.ts';

export function adviceOn(pack: Pack): readonly Problem[] {
  return [...uncoveredWords(pack), ...unusedNames(pack)];
}

/** Names of tools in the tests that no pattern matches. */
export function unclassifiedTools({ tests, toolClasses }: Pack): readonly string[] {
  const classes = compileToolClasses(toolClasses);
  const names = tests.flatMap(({ facts }) =>
    facts.operation === 'call_tool' ? [facts.tool.name] : facts.tools.map(({ name }) => name),
  );
  return [...new Set(names)]
    .filter((name) => classes.classesOf(name).includes(UNCLASSIFIED))
    .sort();
}

/** What stands before the first clause introduces the text; what stands between or behind does not. */
function* uncoveredWords({ files, manifest }: Pack): Generator<Problem> {
  const text = files.get('text.md');
  if (!text) return;
  const bytes = Buffer.from(text.text);
  const spans = manifest.clauses.toSorted((a, b) => a.start - b.start);
  let covered = spans[0]?.start ?? 0;
  for (const { start, end } of [...spans, { start: bytes.length, end: bytes.length }]) {
    const words = bytes.subarray(covered, Math.max(covered, start)).toString();
    if (words.trim() !== '') {
      yield wordsAt(text, bytes, covered, words);
    }
    covered = Math.max(covered, end);
  }
}

function wordsAt(text: PackFile, bytes: Buffer, start: number, words: string): Problem {
  const offset = bytes.subarray(0, start).toString().length + words.search(/\S/);
  const [line = ''] = words.trim().split('\n');
  const shown = line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line;
  return problemAt(text, offset, `Belongs to no clause: “${shown}”`);
}

const SHOWN_MAX = 60;

function* unusedNames({ files, rules, redLines, assurances, ...pack }: Pack): Generator<Problem> {
  const file = files.get('terms.yaml');
  const yaml = file && readYaml(file, manifestSchema, []);
  if (!yaml) return;
  const all = [...rules, ...redLines, ...assurances];
  const kinds = [
    ['class', 'toolClasses', 'tool class', [...pack.toolClasses.keys()]],
    ['topic', 'topics', 'topic', Object.keys(pack.topics)],
  ] as const;
  for (const [kind, section, words, names] of kinds) {
    for (const name of names) {
      if (all.some((rule) => namesWord(rule, kind, name))) continue;
      yield yaml.problem([section, name], `No rule looks at the ${words} \`${name}\`.`);
    }
  }
}
