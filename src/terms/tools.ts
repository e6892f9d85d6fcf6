/**
 * What tools can do to the world: the terms name classes, and which tool names are in them.
 *
 * An attacker chooses names. So `Fire_Weapon`, `fire-weapon`, `ｆｉｒｅweapon` and one with letters
 * that only look Latin are all `fireweapon` here. A name is in every class that matches, so that a
 * harmless pattern never hides a dangerous one. Names are hints all the same: rules look also at
 * the topics of a tool's description and schema.
 */

import confusables from 'unhomoglyph/data.json' with { type: 'json' };
import { isLike } from './like.ts';

/** The class of tools that no pattern names. */
export const UNCLASSIFIED = 'unclassified';

export interface ToolClasses {
  /** Never empty. */
  readonly classesOf: (toolName: string) => readonly string[];
}

/** @param patterns by class: tool names, where `*` stands for any text */
export function compileToolClasses(patterns: ReadonlyMap<string, readonly string[]>): ToolClasses {
  const classes = [...patterns].map(([name, list]) => ({ name, matches: list.map(namePattern) }));
  const known = new Map<string, readonly string[]>();
  return {
    classesOf(toolName) {
      let found = known.get(toolName);
      if (!found) {
        found = find(toolName);
        if (known.size >= KNOWN_NAMES_MAX) known.clear();
        known.set(toolName, found);
      }
      return found;
    },
  };

  function find(toolName: string): readonly string[] {
    const name = plainName(toolName);
    const found = classes.filter(({ matches }) => matches.some((matches) => matches(name)));
    return found.length > 0 ? found.map(({ name }) => name) : [UNCLASSIFIED];
  }
}

/** Lower case, compatibility forms resolved, lookalikes as Latin, letters and digits only. */
export function plainName(name: string): string {
  // Before and after lower case, since some letters look Latin in one of the two only.
  const plain = asLatin(asLatin(name.normalize('NFKD')).toLowerCase().normalize('NFKD'));
  return plain.replace(/[^\p{L}\p{N}]/gu, '');
}

function asLatin(text: string): string {
  let out = '';
  for (const character of text) out += LOOKALIKES.get(character) ?? character;
  return out;
}

/** Callers choose names, so what is remembered of them has a bound. */
const KNOWN_NAMES_MAX = 10_000;

function namePattern(pattern: string): (plain: string) => boolean {
  const pieces = pattern.split('*').map(plainName);
  return (plain) => isLike(plain, { pieces });
}

/** Letters beyond ASCII that look like one Latin letter (Unicode UTS 39). */
const LOOKALIKES: ReadonlyMap<string, string> = new Map(
  Object.entries(confusables)
    .filter(([from, to]) => from > '\x7f' && /^[a-z]$/i.test(to))
    .map(([from, to]) => [from, to.toLowerCase()]),
);
