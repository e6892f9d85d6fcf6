/**
 * What lifts a red line stands in terms.yaml, and an assurance may ask for it: a version that makes
 * an approval easier takes from the red lines that it lifts, one that makes it harder takes from the
 * assurances that ask for it.
 */
import type { ApprovalTerms } from '../manifest.ts';
import type { Pack } from '../pack.ts';
import type { PackRule } from '../rules.ts';
import { ANY, usesOf } from '../uses.ts';

export interface ApprovalChanged {
  /** The old red line or assurance that is worth less for it. */
  readonly rule: PackRule;
  /** Of the approval. */
  readonly name: string;
  readonly change: 'easier' | 'harder';
  /** Which keys of the approval. */
  readonly keys: readonly string[];
}

export function approvalsAgainst(pack: Pack, old: Pack): readonly ApprovalChanged[] {
  return [...old.redLines, ...old.assurances].flatMap((rule) => {
    const uses = usesOf(rule).approval;
    return [...old.approvals].flatMap(([name, before]): ApprovalChanged[] => {
      const after = pack.approvals.get(name);
      const signs = new Set([...(uses.get(name) ?? []), ...(uses.get(ANY) ?? [])]);
      // Without it the rules that ask for it cannot be, and no pack is valid that has some.
      if (!after) return [];
      const easier = signs.has(-1) ? easierKeys(before, after) : [];
      const harder = signs.has(1) ? easierKeys(after, before) : [];
      return [
        { rule, name, change: 'easier' as const, keys: easier },
        { rule, name, change: 'harder' as const, keys: harder },
      ].filter(({ keys }) => keys.length > 0);
    });
  });
}

/** Where `b` asks for less than `a`. */
function easierKeys(a: ApprovalTerms, b: ApprovalTerms): readonly string[] {
  const isEasier: Readonly<Record<keyof ApprovalTerms, boolean>> = {
    // What people are asked is what they answer.
    meaning: a.meaning !== b.meaning,
    count: b.count < a.count,
    roles: b.roles.some((role) => !a.roles.includes(role)),
    distinct: a.distinct === 'teams' && b.distinct === 'people',
    requesterExcluded: a.requesterExcluded && !b.requesterExcluded,
    sameTeamExcluded: a.sameTeamExcluded && !b.sameTeamExcluded,
    within: b.within > a.within,
    validFor: b.validFor > a.validFor,
    localKeys: !a.localKeys && b.localKeys,
    drills: areDrillsEasier(a.drills, b.drills),
  };
  return Object.entries(isEasier).flatMap(([key, easier]) => (easier ? [key] : []));
}

function areDrillsEasier(a: ApprovalTerms['drills'], b: ApprovalTerms['drills']): boolean {
  if (!a) return false;
  return !b || b.caughtAtLeast < a.caughtAtLeast || b.of < a.of;
}
