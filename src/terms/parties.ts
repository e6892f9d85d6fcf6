/**
 * Who agrees to a pack. Parties that name keys sign it, and have a say in each change of the red
 * lines and assurances that are theirs. docs/spec/terms.md, "Signatures"
 */
import { ProvisoError } from '#base/errors.ts';
import { type NoteVerifier, parseVerifierKey } from '#base/note.ts';
import type { Manifest } from './manifest.ts';
import type { Pack } from './pack.ts';
import { type Problem, problemAt } from './problems.ts';
import type { PackRule } from './rules.ts';
import type { YamlFile } from './yaml.ts';

export interface SigningParty {
  readonly id: string;
  readonly name: string;
  readonly keys: readonly NoteVerifier[];
}

/** Those that name keys. Where there are none, nobody's signature is asked for. */
export function signingParties({ parties }: Manifest): readonly SigningParty[] {
  return parties
    .filter(({ keys }) => keys.length > 0)
    .map(({ id, name, keys }) => ({ id, name, keys: keys.map(parseVerifierKey) }));
}

/**
 * Who must release a red line or an assurance before it may change: ids of those it names, or of
 * all that sign. Nobody where no party signs.
 */
export function releasersOf(rule: PackRule, manifest: Manifest): readonly string[] {
  const signing = signingParties(manifest).map(({ id }) => id);
  if (signing.length === 0) return [];
  return namedIn(rule) ?? signing;
}

/**
 * Red lines and assurances of an old version that lose some of those who must release them. One that
 * stands under another id has lost them all, whatever it means.
 */
export function releasersLost(
  pack: Pack,
  old: Pack,
): readonly { readonly rule: PackRule; readonly parties: readonly string[] }[] {
  const lostIn = (before: readonly PackRule[], now: readonly PackRule[]) =>
    before.map((rule) => {
      const same = now.find(({ policy }) => policy.id === rule.policy.id);
      const kept = same ? releasersOf(same, pack.manifest) : [];
      return {
        rule,
        parties: releasersOf(rule, old.manifest).filter((party) => !kept.includes(party)),
      };
    });
  return [
    ...lostIn(old.redLines, pack.redLines),
    ...lostIn(old.assurances, pack.assurances),
  ].filter(({ parties }) => parties.length > 0);
}

/** Keys that are keys, each of one party; and of each party that a rule names, that it is one. */
export function checkParties(
  { value: { parties }, problem }: YamlFile<Manifest>,
  rules: readonly PackRule[],
  problems: Problem[],
): void {
  const seen = new Set<string>();
  for (const [i, { id, keys }] of parties.entries()) {
    if (seen.has(`party ${id}`)) {
      problems.push(problem(['parties', i, 'id'], `The party \`${id}\` is given twice.`));
    }
    seen.add(`party ${id}`);
    for (const [j, key] of keys.entries()) {
      const fault = faultOf(key) ?? (seen.has(rawOf(key)) ? 'is given twice' : undefined);
      if (fault !== undefined) {
        problems.push(problem(['parties', i, 'keys', j], `The key \`${key}\` ${fault}.`));
      }
      seen.add(rawOf(key));
    }
  }
  for (const rule of rules) {
    for (const id of namedIn(rule) ?? []) {
      if (seen.has(`party ${id}`)) continue;
      const message = `The party \`${id}\` in \`@parties\` is not in terms.yaml.`;
      problems.push(problemAt(rule.file, rule.source.start, message));
    }
  }
}

function namedIn({ policy }: PackRule): readonly string[] | undefined {
  return policy.annotations
    .get('parties')
    ?.split(',')
    .map((id) => id.trim());
}

function faultOf(key: string): string | undefined {
  try {
    parseVerifierKey(key);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ProvisoError)) throw thrown;
    return 'is not one that `proviso party key` prints';
  }
}

/** The same key under another name is the same key. */
function rawOf(key: string): string {
  return `key ${key.split('+').slice(2).join('+')}`;
}
