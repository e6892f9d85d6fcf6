/** An audit of a range of full bundles and their private values, as one core does it. */
import type { Entry } from '#ledger/entry.ts';
import { TILE_WIDTH } from '#ledger/tiles.ts';
import { VALUES_WIDTH, valuesFileOf } from '#ledger/values.ts';
import { type RangeTask, type VerifiedRange, verifyRange } from '#ledger/verify-range.ts';
import { ChainGatherer, type ChainRange } from './chain.ts';
import { type AuditFault, logFault } from './fault.ts';
import { checkValues, type ErasedBlob, erasedBlobs } from './fsck-values.ts';
import { ValuesReader, valuesOf } from './values.ts';

export interface AuditTask extends RangeTask {
  /** Absent where there is no vault to audit. */
  readonly masterKey: Uint8Array | undefined;
}

export interface AuditedRange extends VerifiedRange {
  /** Those of the log among them. */
  readonly auditFaults: readonly AuditFault[];
  readonly chain: ChainRange;
  readonly erased: readonly ErasedBlob[];
}

/** The task of one thread; see `base/cores.ts`. */
export async function run(task: AuditTask): Promise<AuditedRange> {
  const byFile = new Map<number, Entry[]>();
  const gatherer = new ChainGatherer();
  const verified = await verifyRange(task, (entry) => {
    const n = valuesFileOf(entry.index);
    const entries = byFile.get(n);
    if (entries) entries.push(entry);
    else byFile.set(n, [entry]);
    gatherer.add(entry);
  });
  const auditFaults = verified.faults.map(logFault);
  const erased: ErasedBlob[] = [];
  const { masterKey } = task;
  if (masterKey) {
    const reader = new ValuesReader(task.place, masterKey);
    const onFault = (fault: AuditFault): unknown => auditFaults.push(fault);
    for (const n of fullFiles(task)) {
      const entries = byFile.get(n) ?? [];
      const values = await reader.fileOrPart(n);
      const [from, to] = [n * VALUES_WIDTH, (n + 1) * VALUES_WIDTH];
      checkValues(values, { entries, from, to, isGrowing: false }, onFault);
      erased.push(...erasedBlobs(values));
      for (const entry of entries) {
        if (entry.kind !== 'decision') continue;
        gatherer.addCaller(entry, valuesOf(entry, values).byName.get('caller'));
      }
    }
  }
  // Faults travel once.
  return { ...verified, faults: [], auditFaults, chain: gatherer.range(), erased };
}

/** The files of values of a range; the newest one, which may be growing, is looked at by itself. */
function fullFiles({ from, to, size }: AuditTask): number[] {
  const files: number[] = [];
  const end = Math.min(valuesFileOf(to * TILE_WIDTH), valuesFileOf(size));
  for (let n = valuesFileOf(from * TILE_WIDTH); n < end; n++) files.push(n);
  return files;
}
