/** Clauses that are not the same in two packs, by the hash of their words. */
import type { Pack } from '../pack.ts';

export interface ClauseChange {
  readonly id: string;
  readonly change: 'only in the first' | 'only in the second' | 'reworded' | 'renamed';
  readonly title: string;
  /** Its id in the second, where only that changed. */
  readonly to?: string | undefined;
  /** Ids of the rules, red lines and assurances that rest on it, in either pack. */
  readonly rules: readonly string[];
}

export function clauseChanges(first: Pack, second: Pack): readonly ClauseChange[] {
  const [before, after] = [hashes(first), hashes(second)];
  const renamed = new Map<string, string>();
  for (const [id, hash] of before) {
    if (after.has(id)) continue;
    const to = [...after].find(([other, same]) => same === hash && !before.has(other))?.[0];
    if (to !== undefined) renamed.set(id, to);
  }
  const changes: ClauseChange[] = [];
  const add = (pack: Pack, id: string, change: ClauseChange['change'], to?: string): void => {
    const title = pack.clauses.get(id)?.title ?? id;
    const rules = [...new Set([...rulesOn(first, id), ...rulesOn(second, to ?? id)])];
    changes.push({ id, change, title, ...(to === undefined ? {} : { to }), rules });
  };
  for (const [id, hash] of before) {
    const to = renamed.get(id);
    if (to !== undefined) add(first, id, 'renamed', to);
    else if (!after.has(id)) add(first, id, 'only in the first');
    else if (after.get(id) !== hash) add(second, id, 'reworded');
  }
  const isNew = new Set(renamed.values());
  for (const id of after.keys()) {
    if (!before.has(id) && !isNew.has(id)) add(second, id, 'only in the second');
  }
  return changes;
}

function hashes({ manifest }: Pack): ReadonlyMap<string, string> {
  return new Map(manifest.clauses.map(({ id, sha256 }) => [id, sha256]));
}

function rulesOn({ rules, redLines, assurances }: Pack, clause: string): readonly string[] {
  return [...rules, ...redLines, ...assurances]
    .filter((rule) => rule.clause === clause)
    .map(({ policy }) => policy.id);
}
