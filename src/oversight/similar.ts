/** The last action like one that waits, so that a person sees what is different this time. */
import type { ActionDocument } from './action.ts';
import type { Hold } from './hold.ts';

/**
 * Of those released before the hold was opened, the newest by the same caller, with the same tool or
 * operation, that asked for the same approvals: whoever may see the one could see the other.
 * @param holds in the ledger's order
 */
export function lastSimilar(hold: Hold, holds: Iterable<Hold>): ActionDocument | undefined {
  const wanted = kindOf(hold.shown);
  let found: Hold | undefined;
  for (const other of holds) {
    const { end } = other;
    if (end?.end !== 'released' || end.entry >= hold.entry) continue;
    if (kindOf(other.shown) !== wanted) continue;
    if (found?.end === undefined || end.entry > found.end.entry) found = other;
  }
  return found?.shown;
}

function kindOf(document: ActionDocument): string {
  const { asks, caller, kind } = document;
  const what =
    document.kind === 'tool_call'
      ? [document.tool.name, document.tool.server ?? null]
      : [document.operation];
  return JSON.stringify([kind, caller.id, caller.organisation, asks, what]);
}
