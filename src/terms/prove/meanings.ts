/**
 * By what else than its text a red line or an assurance loses its meaning: the words that it
 * enforces, the tools and phrases that its names stand for, what lifts it, and who must agree when it
 * changes. No solver sees these, so they are held to what they were.
 */
import type { Pack } from '../pack.ts';
import { releasersLost } from '../parties.ts';
import type { PackRule } from '../rules.ts';
import { approvalsAgainst } from './approvals.ts';
import { wordsAgainst } from './vocabulary.ts';

export interface MeaningLost {
  /** Of the old version. */
  readonly rule: PackRule;
  readonly message: string;
}

export function* meaningsLost(pack: Pack, old: Pack): Generator<MeaningLost> {
  const say = (rule: PackRule, words: string): MeaningLost => ({
    rule,
    message: `\`${rule.policy.id}\` of the old version ${words}.`,
  });
  const kinds = [
    [old.redLines, pack.redLines],
    [old.assurances, pack.assurances],
  ] as const;
  for (const [before, now] of kinds) {
    const agreed = (rule: PackRule): boolean => standsOnSameWords(rule, old, now, pack);
    for (const rule of before) {
      if (agreed(rule)) continue;
      yield say(rule, `enforces the clause \`${rule.clause}\`, whose words are no longer the same`);
    }
  }
  for (const { rule, name, change, words } of wordsAgainst(pack, old)) {
    const [first = '', ...more] = words;
    const others = more.length === 0 ? '' : ` and ${more.length} more`;
    yield say(rule, `no longer means as much: \`${name}\` ${change} \`${first}\`${others}`);
  }
  for (const { rule, name, change, keys } of approvalsAgainst(pack, old)) {
    const what = keys.map((key) => `\`${key}\``).join(', ');
    yield say(
      rule,
      `no longer means as much: the approval \`${name}\` became ${change} in ${what}`,
    );
  }
  for (const { rule, parties } of releasersLost(pack, old)) {
    yield say(rule, `could change without ${parties.join(', ')}, who must release it`);
  }
}

/** The words may move, and the clause and the rule have other ids, as long as one is on the other. */
function standsOnSameWords(
  { policy, clause }: PackRule,
  old: Pack,
  now: readonly PackRule[],
  pack: Pack,
): boolean {
  const same = now.find((rule) => rule.policy.id === policy.id);
  const words = hashOf(clause, old);
  return (same ? [same] : now).some((rule) => hashOf(rule.clause, pack) === words);
}

function hashOf(clause: string, { manifest }: Pack): string | undefined {
  return manifest.clauses.find(({ id }) => id === clause)?.sha256;
}
