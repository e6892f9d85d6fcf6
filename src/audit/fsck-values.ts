/**
 * The vault held to the log: each blob opens or was erased, each value is one that its entry commits
 * to, and each decision has the values that every decision has.
 */
import type { Entry } from '#ledger/entry.ts';
import { valuesFileOf, valuesPath } from '#ledger/values.ts';
import type { AuditFault } from './fault.ts';
import { committed, type OpenedBlob, type Values, valuesOf } from './values.ts';

/** What a range's values were erased with, for the comparison with the log's erasures. */
export interface ErasedBlob {
  /** 32 hex digits. */
  readonly slot: string;
  readonly generation: number;
  readonly path: string;
  readonly entry: number;
}

/** What each decision has in the vault; what came of a call that was answered; and keys and purposes. */
const DECISION_VALUES = ['caller', 'content', 'facts'];
const ANSWER_VALUES = ['content'];
const KEY_VALUES = ['caller', 'owner', 'organisation', 'teams'];
const PURPOSE_VALUES = ['title', 'owner', 'authority', 'dataClasses', 'callers', 'teams', 'allows'];

const LOST =
  'These values cannot be shown or computed again. Put the file back from a copy of the same time or later.';
const FOREIGN =
  'Somebody who has the vault’s keys put it there; it proves nothing and counts for nothing.';

export interface ValuesOwners {
  /** The entries that the file may have values of, in order; without those that cannot be read. */
  readonly entries: readonly Entry[];
  /** The first of them, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** The file may go on with values of entries that are not published yet. */
  readonly isGrowing: boolean;
}

export function checkValues(
  values: Values,
  { entries, from, to, isGrowing }: ValuesOwners,
  onFault: (fault: AuditFault) => void,
): void {
  if (!isGrowing) for (const fault of values.faults) onFault({ ...fault, consequence: LOST });
  const known = new Map(entries.map((entry) => [entry.index, entry]));
  const owners = { known, areAll: entries.length === to - from };
  let before = 0;
  for (const blob of values.blobs) {
    const { path, firstIndex, problem } = blob;
    // Written, and not published yet: no entry of this log so far.
    if (isGrowing && firstIndex >= to) continue;
    if (firstIndex < before) {
      const words = `\`${path}\` has values of entry ${firstIndex} out of their order.`;
      onFault({ file: path, entry: firstIndex, problem: words, consequence: LOST });
    }
    before = firstIndex;
    if (problem !== undefined) {
      onFault({ file: path, entry: firstIndex, problem, consequence: LOST });
    }
    checkBlob(blob, owners, onFault);
  }
  if (values.isPart) return;
  for (const entry of entries) checkPresence(entry, values, onFault);
}

export function erasedBlobs({ blobs }: Values): ErasedBlob[] {
  const erased = new Map<string, ErasedBlob>();
  for (const { slot, generation, path, firstIndex, isErased } of blobs) {
    const name = `${slot} ${generation}`;
    if (isErased && !erased.has(name)) {
      erased.set(name, { slot, generation, path, entry: firstIndex });
    }
  }
  return [...erased.values()];
}

function checkBlob(
  { path, firstIndex, texts }: OpenedBlob,
  { known, areAll }: { readonly known: ReadonlyMap<number, Entry>; readonly areAll: boolean },
  onFault: (fault: AuditFault) => void,
): void {
  for (const [index, found] of texts ?? []) {
    const entry = known.get(index);
    // Of an entry that cannot be read nothing can be said here; that is a fault of its own.
    if (!entry && !areAll) continue;
    if (!entry || index < firstIndex) {
      const problem = `\`${path}\` has values of an entry ${index}, which is none of its batch.`;
      onFault({ file: path, entry: firstIndex, problem, consequence: FOREIGN });
      continue;
    }
    if (found.every((text) => committed(text, entry.digests))) continue;
    const problem = `\`${path}\` has a value that entry ${index} does not commit to.`;
    onFault({ file: path, entry: index, problem, consequence: FOREIGN });
  }
}

function checkPresence(entry: Entry, values: Values, onFault: (fault: AuditFault) => void): void {
  const wanted = valuesWanted(entry);
  if (wanted.length === 0) return;
  const { byName, isErased } = valuesOf(entry, values);
  const missing = wanted.filter((name) => !byName.has(name));
  if (missing.length === 0 || isErased) return;
  const { index } = entry;
  const file = valuesPath(valuesFileOf(index));
  const problem = `The vault lacks ${missing.join(', ')} of entry ${index}.`;
  onFault({ file, entry: index, problem, consequence: LOST });
}

/** Other entries may have private values, which does not show: a commitment looks like a decoy. */
function valuesWanted({ kind, public: { action, outcome } }: Entry): readonly string[] {
  if (kind === 'decision') return DECISION_VALUES;
  if (kind === 'outcome' && outcome === 'answered') return ANSWER_VALUES;
  if (kind === 'key' && action === 'created') return KEY_VALUES;
  return kind === 'purpose' && action === 'registered' ? PURPOSE_VALUES : [];
}
