/**
 * The end of a log: what is in no range, so the newest file of values and the journal. It may grow
 * while it is read.
 */
import { dirOf, type LogPlace } from '#ledger/archive.ts';
import { nodeDisk } from '#ledger/disk.ts';
import type { Entry } from '#ledger/entry.ts';
import { readJournal } from '#ledger/journal.ts';
import { readEntries } from '#ledger/read.ts';
import { VALUES_WIDTH, valuesFileOf } from '#ledger/values.ts';
import type { ChainGatherer } from './chain.ts';
import type { AuditFault } from './fault.ts';
import { checkValues, type ErasedBlob, erasedBlobs } from './fsck-values.ts';
import { journalKeys, type Values, ValuesReader, valuesOf } from './values.ts';

export interface AuditedTail {
  readonly place: LogPlace;
  readonly masterKey: Uint8Array | undefined;
  /** Of the published log. */
  readonly size: number;
  /** The entries that no range had, in order. */
  readonly tail: readonly Entry[];
}

/** @returns what was erased */
export async function auditTail(
  { place, masterKey, size, tail }: AuditedTail,
  gatherer: ChainGatherer,
  onFault: (fault: AuditFault) => void,
): Promise<ErasedBlob[]> {
  for (const entry of tail) gatherer.add(entry);
  if (!masterKey) return [];
  const records = await unpublished(place, size);
  const reader = new ValuesReader(place, masterKey, await journalKeys(place));
  const n = valuesFileOf(size);
  const from = n * VALUES_WIDTH;
  const published = await publishedFrom(place, size, from);
  const values = await reader.file(n);
  checkValues(
    values,
    { entries: published, from, to: size, isGrowing: records.length > 0 },
    onFault,
  );
  const erased = erasedBlobs(values);
  addCallers(
    tail.filter(({ index }) => index < size),
    values,
    gatherer,
  );
  for (const { firstIndex, count, bytes, path } of records) {
    const to = firstIndex + count;
    const entries = tail.filter(({ index }) => index >= firstIndex && index < to);
    const found = reader.opened(bytes, path);
    checkValues(found, { entries, from: firstIndex, to, isGrowing: false }, onFault);
    erased.push(...erasedBlobs(found));
    addCallers(entries, found, gatherer);
  }
  return erased;
}

interface UnpublishedValues {
  readonly firstIndex: number;
  readonly count: number;
  readonly bytes: Buffer;
  readonly path: string;
}

/** Values of what was acknowledged past the checkpoint. Damage is named by verification. */
async function unpublished(place: LogPlace, size: number): Promise<UnpublishedValues[]> {
  const found: UnpublishedValues[] = [];
  try {
    for await (const { record, path } of readJournal(nodeDisk, dirOf(place))) {
      const { firstIndex, count, values } = record;
      if (firstIndex >= size) found.push({ firstIndex, count, bytes: values, path });
    }
  } catch {
    return found;
  }
  return found;
}

/** What of them can be read; what cannot is a fault of its own. */
async function publishedFrom(place: LogPlace, size: number, from: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    for await (const entry of readEntries(place, size, from)) entries.push(entry);
  } catch {
    return entries;
  }
  return entries;
}

function addCallers(entries: readonly Entry[], values: Values, gatherer: ChainGatherer): void {
  for (const entry of entries) {
    if (entry.kind !== 'decision') continue;
    gatherer.addCaller(entry, valuesOf(entry, values).byName.get('caller'));
  }
}
