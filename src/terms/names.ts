/**
 * Names that rules use and terms.yaml explains. A misspelt tool class, topic or approval is in no
 * call, so that a forbid that looks for it never applies, and nobody sees why.
 */
import type { Manifest } from './manifest.ts';
import { type Problem, problemAt } from './problems.ts';
import type { PackRule } from './rules.ts';
import { ANY, type Uses, usesOf } from './uses.ts';

export function checkNames(
  { toolClasses, topics, approvals }: Manifest,
  rules: readonly PackRule[],
  problems: Problem[],
): void {
  const known: readonly (readonly [keyof Uses, string, object])[] = [
    ['class', 'tool class', toolClasses],
    ['topic', 'topic', topics],
    ['approval', 'approval', approvals],
  ];
  for (const rule of rules) {
    const uses = usesOf(rule);
    for (const [kind, words, given] of known) {
      for (const name of uses[kind].keys()) {
        if (name === ANY || Object.hasOwn(given, name)) continue;
        const message = `The ${words} \`${name}\` is not in terms.yaml.`;
        problems.push(problemAt(rule.file, placeOf(name, rule), message));
      }
    }
    const { hold } = rule;
    if (hold === undefined || !Object.hasOwn(approvals, hold) || isLiftedBy(hold, uses)) continue;
    const message = `The approval \`${hold}\` that it asks for does not lift it: no \`unless { context.approvals.contains("${hold}") }\`.`;
    problems.push(problemAt(rule.file, rule.source.start, message));
  }
}

/** Whether the forbid matches less where the approval is given. */
function isLiftedBy(hold: string, { approval }: Uses): boolean {
  return [hold, ANY].some((name) => approval.get(name)?.has(-1) === true);
}

function placeOf(name: string, { source }: PackRule): number {
  return source.start + Math.max(0, source.text.indexOf(`"${name}"`));
}
