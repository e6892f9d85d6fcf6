/** Which of the parts that two texts share kept their order, and which moved. */

/** A part that both texts have, by where it begins in each. */
export interface Shared {
  readonly old: number;
  readonly new: number;
  /** How much would be said to have moved. */
  readonly weight: number;
}

/** The heaviest of them that stand in the same order in both texts; all others moved. */
export function inOrder<T extends Shared>(shared: readonly T[]): ReadonlySet<T> {
  const sorted = shared.toSorted((a, b) => a.old - b.old || a.new - b.new);
  const best: { readonly weight: number; readonly before: number }[] = [];
  for (const [i, part] of sorted.entries()) {
    let before = -1;
    for (let j = 0; j < i; j++) {
      const isBefore = (sorted[j]?.new ?? 0) < part.new && (sorted[j]?.old ?? 0) < part.old;
      if (isBefore && (best[j]?.weight ?? 0) > (best[before]?.weight ?? 0)) before = j;
    }
    best.push({ weight: part.weight + (best[before]?.weight ?? 0), before });
  }
  const kept = new Set<T>();
  let at = best.reduce((top, { weight }, i) => (weight > (best[top]?.weight ?? 0) ? i : top), -1);
  if (at < 0 && sorted.length > 0) at = 0;
  while (at >= 0) {
    const part = sorted[at];
    if (part) kept.add(part);
    at = best[at]?.before ?? -1;
  }
  return kept;
}
