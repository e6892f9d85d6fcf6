/**
 * What a change of wording does to the ground that a pack's rules stand on: the clauses of terms.yaml
 * whose words changed, moved or are gone, and the rules that name them.
 */
import type { Pack } from '../pack.ts';
import { offsetOfByte } from '../problems.ts';
import { type Span, spanIn } from './place.ts';
import type { Redline } from './redline.ts';

export interface GroundChange {
  readonly clause: string;
  readonly title: string;
  readonly result: 'changed' | 'moved' | 'gone';
  /** In the old text. */
  readonly at: Span;
  readonly rules: readonly GroundedRule[];
}

export interface GroundedRule {
  readonly id: string;
  readonly kind: 'rule' | 'red line' | 'assurance';
}

/** @param pack whose text is the redline's old one, byte by byte */
export function groundChanges(found: Redline, pack: Pack): readonly GroundChange[] {
  return pack.manifest.clauses.flatMap(({ id, start, end }): readonly GroundChange[] => {
    const { text } = found.old;
    const [from, to] = [offsetOfByte(text, start), offsetOfByte(text, end)];
    const result = resultOf(found, from, to);
    if (result === 'same') return [];
    const title = pack.clauses.get(id)?.title ?? id;
    return [
      { clause: id, title, result, at: spanIn(found.old, from, to), rules: rulesOf(pack, id) },
    ];
  });
}

export function rulesOf(pack: Pack, clause: string): readonly GroundedRule[] {
  const kinds = [
    ['rule', pack.rules],
    ['red line', pack.redLines],
    ['assurance', pack.assurances],
  ] as const;
  return kinds.flatMap(([kind, rules]) =>
    rules.filter((rule) => rule.clause === clause).map(({ policy }) => ({ id: policy.id, kind })),
  );
}

function resultOf(
  { alignment, links, dates, numbers }: Redline,
  from: number,
  to: number,
): GroundChange['result'] | 'same' {
  const inClause = new Set<number>();
  const fates = new Set<string>();
  for (const [i, old] of alignment.old.entries()) {
    for (const [k, word] of old.block.words.entries()) {
      if (word.start < from || word.end > to) continue;
      inClause.add(i);
      fates.add(old.fates[k] ?? 'changed');
    }
  }
  if (!fates.has('kept') && !fates.has('moved')) return 'gone';
  if (fates.has('changed') || addsWords(alignment, inClause)) return 'changed';
  const isIn = ({ oldBlock }: { readonly oldBlock?: number | undefined }): boolean =>
    oldBlock !== undefined && inClause.has(oldBlock);
  if ([...links, ...dates, ...numbers].some(isIn)) return 'changed';
  return fates.has('moved') ? 'moved' : 'same';
}

/** Whether new words stand in the clause, or in a block that follows on one of it. */
function addsWords({ new: blocks }: Redline['alignment'], inClause: ReadonlySet<number>): boolean {
  let isIn = false;
  let clause: unknown;
  for (const { block, fates, twins } of blocks) {
    const twin = twins.find((place) => place !== undefined);
    if (twin) isIn = inClause.has(twin.block);
    else if (block.clause !== clause) isIn = false;
    clause = block.clause;
    if (isIn && fates.includes('changed')) return true;
  }
  return false;
}
