/**
 * What red lines name outside of the rules: tool classes and topics, whose patterns and phrases stand
 * in terms.yaml. A class that no longer holds a tool takes that tool from every red line that names
 * the class, and no solver sees it.
 */
import type { Pack } from '../pack.ts';
import type { PackRule } from '../rules.ts';

export interface LostWords {
  /** The old red line that named them. */
  readonly rule: PackRule;
  /** The tool class or topic. */
  readonly name: string;
  readonly words: readonly string[];
}

export function vocabularyLost(pack: Pack, old: Pack): readonly LostWords[] {
  return old.redLines.flatMap((rule) => {
    const names = namedIn(rule);
    return names.flatMap((name): LostWords[] => {
      const words = [
        ...lost(old.toolClasses.get(name), pack.toolClasses.get(name)),
        ...lost(old.topics[name], pack.topics[name]),
      ];
      return words.length === 0 ? [] : [{ rule, name, words }];
    });
  });
}

/** The texts that a rule is written with; ids of tool classes and names of topics are among them. */
function namedIn({ source }: PackRule): readonly string[] {
  return [...new Set([...source.text.matchAll(/"([^"\\]*)"/g)].map((match) => match[1] ?? ''))];
}

function lost(before: readonly string[] = [], after: readonly string[] = []): readonly string[] {
  return before.filter((word) => !after.includes(word));
}
