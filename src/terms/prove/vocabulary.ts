/**
 * What rules name outside of themselves: tool classes and topics, whose patterns and phrases stand
 * in terms.yaml. A class that no longer holds a tool takes that tool from every red line that names
 * the class; one that holds more takes tools from every assurance that leaves the class out. No
 * solver sees it, so the words themselves must stay.
 */
import type { Pack } from '../pack.ts';
import type { PackRule } from '../rules.ts';
import { ANY, usesOf } from '../uses.ts';

export interface WordsChanged {
  /** The old red line or assurance that matches less for it. */
  readonly rule: PackRule;
  /** The tool class or topic. */
  readonly name: string;
  readonly change: 'lost' | 'gained';
  readonly words: readonly string[];
}

/** Changed words by which an old red line or assurance matches less than it did. */
export function wordsAgainst(pack: Pack, old: Pack): readonly WordsChanged[] {
  const kinds = [
    { kind: 'class', before: old.toolClasses, after: pack.toolClasses },
    { kind: 'topic', before: topicsOf(old), after: topicsOf(pack) },
  ] as const;
  return [...old.redLines, ...old.assurances].flatMap((rule) => {
    const uses = usesOf(rule);
    return kinds.flatMap(({ kind, before, after }) =>
      [...new Set([...before.keys(), ...after.keys()])].flatMap((name): WordsChanged[] => {
        const grows = new Set([...(uses[kind].get(name) ?? []), ...(uses[kind].get(ANY) ?? [])]);
        const [a, b] = [before.get(name) ?? [], after.get(name) ?? []];
        return [
          { rule, name, change: 'lost' as const, words: grows.has(1) ? without(a, b) : [] },
          { rule, name, change: 'gained' as const, words: grows.has(-1) ? without(b, a) : [] },
        ].filter(({ words }) => words.length > 0);
      }),
    );
  });
}

function topicsOf({ topics }: Pack): ReadonlyMap<string, readonly string[]> {
  return new Map(Object.entries(topics));
}

function without(words: readonly string[], others: readonly string[]): readonly string[] {
  return words.filter((word) => !others.includes(word));
}
